from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.errors import InvalidRequestError
from core.versions import OPEN_END, range_text, version_key, version_range, version_text

numbers = st.integers(0, 999)
versions = st.lists(numbers, min_size=1, max_size=3).map(lambda parts: ".".join(map(str, parts)))


def covers(written: str, version: str) -> bool:
    low, high = version_range(written)
    return low <= version_key(version) < high


@pytest.mark.parametrize(
    ("written", "covered", "not_covered"),
    [
        ("7.4", ["7.4", "7.4.0", "7.4.9", "v7.4.1"], ["7.5", "7.3.999", "8"]),
        ("7", ["7.0", "7.9.9"], ["8", "6.9"]),
        ("7.4.1", ["7.4.1"], ["7.4.2", "7.4"]),
        (">=7.2 <8.0", ["7.2", "7.9.9"], ["8", "7.1.9"]),
        (">=7.2, <8.0", ["7.2"], ["8"]),
        (">7.4", ["7.5", "8"], ["7.4", "7.4.9"]),
        ("<=7.4", ["7.4.9", "0"], ["7.5"]),
        ("<7.4", ["7.3.999"], ["7.4"]),
        ("==7.4", ["7.4.3"], ["7.5"]),
        ("=v7.4", ["7.4.3"], ["7.5"]),
        (" * ", ["0", "999.999.999"], []),
        ("", ["7"], []),
    ],
)
def test_range_covers_what_it_says(written: str, covered: list[str], not_covered: list[str]) -> None:
    assert [v for v in covered if not covers(written, v)] == []
    assert [v for v in not_covered if covers(written, v)] == []


def test_no_statement_covers_everything() -> None:
    assert version_range(None) == (0, OPEN_END)


@pytest.mark.parametrize(
    "written",
    ["soon", "7.x", ">=8 <7", "7.4 7.5", "<0", ">=", "7..4", "7.", "1000", "7.4-beta", ">=7 or 8", "७.४", "~7", "=>7"],
)
def test_what_is_no_range_is_refused_with_its_code(written: str) -> None:
    with pytest.raises(InvalidRequestError) as caught:
        version_range(written)
    assert caught.value.code == "invalid_version_range"


@pytest.mark.parametrize("written", ["", "x", "7.", ".7", "7.4.x", "1000", "-1", "7 4", "٧", "7.4\n7"])
def test_what_is_no_version_is_refused_with_its_code(written: str) -> None:
    with pytest.raises(InvalidRequestError) as caught:
        version_key(written)
    assert caught.value.code == "invalid_version"


def test_refusal_repeats_only_the_beginning_of_long_input() -> None:
    with pytest.raises(InvalidRequestError) as caught:
        version_key("x" * 100_000)
    assert len(caught.value.detail) < 200


@given(st.tuples(numbers, numbers, numbers), st.tuples(numbers, numbers, numbers))
def test_keys_are_ordered_as_versions_are(a: tuple[int, ...], b: tuple[int, ...]) -> None:
    first, second = (version_key(".".join(map(str, parts))) for parts in (a, b))
    assert (first < second) == (a < b)
    assert (first == second) == (a == b)


@given(versions)
def test_every_version_covers_itself_and_its_patches_but_not_the_next(version: str) -> None:
    parts = [int(part) for part in version.split(".")]
    low, high = version_range(version)
    assert low == version_key(version)
    assert high > low
    if len(parts) < 3:
        assert covers(version, f"{version}.999")
    if parts[-1] < 999:
        assert high == version_key(".".join(map(str, [*parts[:-1], parts[-1] + 1])))


@given(versions, versions)
def test_from_and_below_are_half_open(a: str, b: str) -> None:
    low, high = sorted((version_key(a), version_key(b)))
    written = f">={a} <{b}" if version_key(a) <= version_key(b) else f">={b} <{a}"
    if low == high:
        with pytest.raises(InvalidRequestError):
            version_range(written)
    else:
        assert version_range(written) == (low, high)


@given(versions, versions)
def test_below_and_from_split_all_versions_in_two(at: str, asked: str) -> None:
    if version_key(at) > 0:
        assert covers(f"<{at}", asked) != covers(f">={at}", asked)


@given(versions, versions)
def test_up_to_and_above_split_all_versions_in_two(at: str, asked: str) -> None:
    assert covers(f"<={at}", asked) != covers(f">{at}", asked)


@given(st.text(max_size=40))
def test_any_text_is_a_range_or_refused(text: str) -> None:
    code = ""
    low, high = 0, OPEN_END
    try:
        low, high = version_range(text)
    except InvalidRequestError as error:
        code = error.code
    assert code in ("", "invalid_version_range")
    assert 0 <= low < high <= OPEN_END


@pytest.mark.parametrize(
    ("written", "same"),
    [
        ("7.2-7.4", ">=7.2 <7.5"),
        ("7.2 – 7.4", ">=7.2 <7.5"),
        ("7.2 to 8", ">=7.2 <9"),
        ("from 7.2 through v7.4.1", ">=7.2 <7.4.2"),
        ("7.4+", ">=7.4"),
        ("7.4 and later", ">=7.4"),
        ("v7.4 or newer", ">=7.4"),
        ("since 7.4", ">=7.4"),
        ("From 7.4 onwards", ">=7.4"),
        ("up to 7.3", "<=7.3"),
        ("7.3 and earlier", "<=7.3"),
        ("before 8.0", "<8.0"),
        ("after 7.4", ">7.4"),
    ],
)
def test_a_range_in_words_is_the_one_in_comparisons(written: str, same: str) -> None:
    assert version_range(written) == version_range(same)


@pytest.mark.parametrize("written", ["7.4-7.2", "7.2-", "-7.4", "7.2-7.4-7.5", "and later", "7.4 later", "7.4++"])
def test_what_only_looks_like_a_range_in_words_is_refused(written: str) -> None:
    with pytest.raises(InvalidRequestError):
        version_range(written)


@pytest.mark.parametrize(
    ("written", "said"),
    [
        (">=7.4", "7.4 and later"),
        (">=7.4.2", "7.4.2 and later"),
        ("7.4", "7.4"),
        ("7.4.1", "7.4.1"),
        ("7", "7.x"),
        (">=7.2 <7.5", "7.2 to 7.4"),
        ("7.2-7.4", "7.2 to 7.4"),
        (">=7.2 <8.0", "7.2 and later, before 8.0"),
        ("<8.0", "versions before 8.0"),
        ("<=7.4", "versions before 7.5"),
        ("*", "all versions"),
    ],
)
def test_a_range_is_said_as_people_say_it(written: str, said: str) -> None:
    assert range_text(*version_range(written)) == said


@given(versions)
def test_a_versions_text_is_that_version(version: str) -> None:
    assert version_key(version_text(version_key(version))) == version_key(version)
