"""Documents that say what another one says are flagged with it, and kept."""

from __future__ import annotations

import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from ingest_world import World
from sqlalchemy import func, select
from sync_world import FakeSource, Shelf, of, page

from core.crossings import Crossing
from core.models import MinHashBand
from ingest.resemblance import BANDS, band_keys, fingerprint, resemblance

SQLITE = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
WORDS = st.lists(st.sampled_from(["till", "printer", "scale", "drawer", "price", "sync", "key", "menu"]), max_size=60)


async def flags(world: World) -> dict[str, tuple[str, str]]:
    """Path of each copy → path of its original, and the kind."""
    documents = await world.documents()
    paths = {row.id: path for path, row in documents.items()}
    return {
        path: (paths[row.duplicate_of], str(row.duplicate_kind)) for path, row in documents.items() if row.duplicate_of
    }


async def bands(world: World) -> int:
    async with world.database.read(Crossing.UPKEEP) as session:
        return await session.scalar(select(func.count()).select_from(MinHashBand)) or 0


async def test_copy_is_flagged_with_its_original_and_answers_all_the_same(world: World) -> None:
    shelf = Shelf(world, FakeSource({"a.md": page(1)}))
    await shelf.sync()
    shelf.source.write("copy.md", page(1).upper().replace("\n\n", "\n\n\n"))
    shelf.source.write("near.md", page(1).replace("n1p2w7", "changed"))
    shelf.source.write("other.md", page(2))
    report = await shelf.sync()
    original = (await world.documents())["a.md"].id
    assert of(report, "copy.md")["duplicate"] == {"of": original, "path": "a.md", "kind": "exact"}
    assert of(report, "near.md")["duplicate"] == {"of": original, "path": "a.md", "kind": "near"}
    assert "duplicate" not in of(report, "other.md")
    assert await flags(world) == {"copy.md": ("a.md", "exact"), "near.md": ("a.md", "near")}
    await world.publish()
    assert {found.split(":")[0] for found in await world.found("n1p0w1")} == {
        "a.md",
        "copy.md",
        "near.md",
        "other.md",
    }
    view = await world.library.describe(world.principal(), (await world.documents())["near.md"].id)
    assert (view.duplicate_of, view.duplicate_kind) == (original, "near")


async def test_copies_of_a_copy_are_flagged_with_the_original(world: World) -> None:
    """And lie in no band: a thousand copies of one text are compared with one document."""
    shelf = Shelf(world, FakeSource({f"{n}.md": page(1) for n in range(6)}))
    await shelf.sync()
    found = await flags(world)
    [original] = {of for of, _ in found.values()}
    assert len(found) == 5
    assert original not in found
    assert await bands(world) == BANDS


@SQLITE
async def test_upload_is_flagged_too(world: World) -> None:
    first = await world.upload("a.md", page(1))
    status = await world.library.upload(
        world.principal(), corpus="docs", name="b.md", data=page(1).encode(), metadata={}
    )
    assert status.duplicate is not None
    assert (status.duplicate.of, status.duplicate.path, status.duplicate.kind) == (first, "a.md", "exact")


@SQLITE
async def test_same_text_in_another_corpus_is_no_duplicate(world: World) -> None:
    await world.upload("a.md", page(1))
    await world.library.upload(world.principal(), corpus="more", name="b.md", data=page(1).encode(), metadata={})
    assert await flags(world) == {}


@SQLITE
async def test_copy_that_changes_is_a_copy_no_longer(world: World) -> None:
    await world.upload("a.md", page(1))
    await world.upload("b.md", page(1))
    await world.upload("b.md", page(2))
    assert await flags(world) == {}


async def test_original_that_changes_leaves_its_place_to_the_oldest_copy(world: World) -> None:
    for name in ("a.md", "b.md", "c.md"):
        await world.upload(name, page(1))
    await world.upload("a.md", page(2))
    assert await flags(world) == {"c.md": ("b.md", "exact")}
    await world.upload("a.md", page(1))
    assert await flags(world) == {"c.md": ("b.md", "exact"), "a.md": ("b.md", "exact")}


@SQLITE
@pytest.mark.parametrize("how", ["withdrawn", "retired"])
async def test_original_that_leaves_leaves_its_place_to_the_oldest_copy(world: World, how: str) -> None:
    shelf = Shelf(world, FakeSource({f"{n}.md": page(1) for n in range(3)}))
    await shelf.sync()
    [original] = {of for of, _ in (await flags(world)).values()}
    if how == "withdrawn":
        await world.library.withdraw(world.principal(), (await world.documents())[original].id)
    else:
        del shelf.source.files[original]
        await shelf.sync()
    found = await flags(world)
    assert len(found) == 1
    assert original not in {name for pair in found.items() for name in (pair[0], pair[1][0])}


@SQLITE
async def test_unchanged_original_stays_the_original_when_a_copy_comes_back_to_it(world: World) -> None:
    await world.upload("a.md", page(1))
    await world.upload("b.md", page(2))
    await world.upload("b.md", page(1))
    await world.upload("a.md", page(1), audience="agent")
    assert await flags(world) == {"b.md": ("a.md", "exact")}


@SQLITE
async def test_near_duplicates_are_found_among_many_others(world: World) -> None:
    source = FakeSource({f"{n:03}.md": page(n) for n in range(60)})
    copies = random.Random(7).sample(range(60), 10)
    for number in copies:
        source.write(f"{number:03}-edited.md", page(number).replace(f"n{number}p1w3", "edited"))
    await Shelf(world, source).sync()
    pairs = {frozenset((path, of)) for path, (of, kind) in (await flags(world)).items() if kind == "near"}
    assert pairs == {frozenset((f"{number:03}-edited.md", f"{number:03}.md")) for number in copies}


@given(WORDS)
@settings(max_examples=50)
def test_layout_and_case_are_no_part_of_a_fingerprint(words: list[str]) -> None:
    plain = fingerprint([" ".join(words)])
    assert fingerprint(["\n* ".join(words).upper() + "."]) == plain
    assert fingerprint(words) == plain
    assert resemblance(plain.minhash, plain.minhash) == 1.0
    assert len(plain.minhash) == 512


@pytest.mark.parametrize("share", [0.2, 0.5, 0.85, 0.95])
def test_estimated_resemblance_is_near_the_true_one(share: float) -> None:
    """Over 40 pairs of texts whose shingles overlap by `share`: the mean within a hundredth or two."""
    length = 600
    kept = round(2 * share * length / (1 + share))
    estimates, truths = [], []
    for seed in range(40):
        draw = random.Random(seed)
        common = [f"c{draw.randrange(10**9)}" for _ in range(kept)]
        one = [*common, *(f"a{draw.randrange(10**9)}" for _ in range(length - kept))]
        other = [*common, *(f"b{draw.randrange(10**9)}" for _ in range(length - kept))]
        sets = [{tuple(words[n : n + 3]) for n in range(len(words) - 2)} for words in (one, other)]
        truths.append(len(sets[0] & sets[1]) / len(sets[0] | sets[1]))
        estimates.append(resemblance(fingerprint(one).minhash, fingerprint(other).minhash))
    assert abs(sum(estimates) - sum(truths)) / 40 < 0.02
    assert max(abs(e - t) for e, t in zip(estimates, truths, strict=True)) < 0.16


def test_bands_meet_for_texts_that_are_alike_and_seldom_for_others() -> None:
    met = {0.5: 0, 0.9: 0}
    for share in met:
        for seed in range(100):
            draw = random.Random(seed)
            kept = round(2 * share * 400 / (1 + share))
            common = [f"c{draw.randrange(10**9)}" for _ in range(kept)]
            one, other = (
                band_keys(fingerprint([*common, *(f"{side}{n}{seed}" for n in range(400 - kept))]).minhash)
                for side in "ab"
            )
            met[share] += bool(set(one) & set(other))
    assert met[0.9] >= 99
    assert met[0.5] <= 20


def test_fingerprints_mean_the_same_for_ever() -> None:
    """They are stored: another version of numpy, or of us, must come to the same bytes."""
    found = fingerprint(["The receipt printer prints nothing."])
    assert found.text_hash[:16] == "4ec99472681c5aa3"
    assert found.minhash[:8].hex() == "10c2ea99d74b3c21"
    assert band_keys(found.minhash)[0] == 1831448138729634867
