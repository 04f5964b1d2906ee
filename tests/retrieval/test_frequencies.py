from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from retrieval.frequencies import FRESH_S, Frequencies
from retrieval.index import IndexFilter

WITHIN = IndexFilter(release=1, audiences=("public",), as_of=738_000)


class Counting:
    """An index of one passage that holds the term 7; it notes what it was asked."""

    def __init__(self) -> None:
        self.asked: list[object] = []

    async def count(self, collection: str, within: IndexFilter) -> int:
        self.asked.append((collection, within))
        return 1

    async def document_frequencies(self, collection: str, within: IndexFilter, terms: Sequence[int]) -> dict[int, int]:
        self.asked.append((collection, within, tuple(terms)))
        return {term: 1 for term in terms if term == 7}


def counts(index: Counting, **given: object) -> Frequencies:
    return Frequencies(index, **given)  # type: ignore[arg-type]


async def test_a_count_is_asked_for_once() -> None:
    index = Counting()
    known = counts(index)
    for _ in range(3):
        assert await known.total("a", WITHIN) == 1
        assert await known.of("a", WITHIN, [7, 8]) == {7: 1}
    assert index.asked == [("a", WITHIN), ("a", WITHIN, (7, 8))]


async def test_only_terms_that_are_not_known_are_asked_for() -> None:
    index = Counting()
    known = counts(index)
    await known.of("a", WITHIN, [7])
    await known.of("a", WITHIN, [7, 9])
    assert index.asked == [("a", WITHIN, (7,)), ("a", WITHIN, (9,))]


async def test_no_count_is_shared_between_collections_releases_or_audiences() -> None:
    index = Counting()
    known = counts(index)
    views = [
        ("a", WITHIN),
        ("b", WITHIN),
        ("a", replace(WITHIN, release=2)),
        ("a", replace(WITHIN, audiences=("agent",))),
    ]
    for collection, within in views:
        await known.total(collection, within)
        await known.of(collection, within, [7])
    assert len(index.asked) == 2 * len(views)


async def test_a_count_grows_old() -> None:
    now = 0.0
    index = Counting()
    known = counts(index, clock=lambda: now)
    await known.total("a", WITHIN)
    now = FRESH_S + 1
    await known.total("a", WITHIN)
    assert len(index.asked) == 2


async def test_the_least_used_counts_make_room() -> None:
    index = Counting()
    known = counts(index, kept=2)
    await known.of("a", WITHIN, [1, 2])
    await known.of("a", WITHIN, [1])
    await known.of("a", WITHIN, [3])
    index.asked.clear()
    await known.of("a", WITHIN, [1, 3])
    assert index.asked == []
    await known.of("a", WITHIN, [2])
    assert len(index.asked) == 1
