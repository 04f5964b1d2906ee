"""Readers during publishes and rollbacks, one after another: every result is one release, whole, and none is empty."""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import Mapping
from dataclasses import dataclass, field

import pytest
from ingest_world import World
from releases_world import live, require_sound, retire
from sqlalchemy import select

from core.crossings import Crossing
from core.domain import DocumentStatus
from core.models import Document

READERS = 8
EDITIONS = 5
PATHS = [f"d{n}.md" for n in range(EDITIONS)]

Shown = frozenset[str]


def words(path: str, edition: int) -> str:
    """Several passages, each of which says what it belongs to."""
    return "\n\n".join(f"manual {path}, edition {edition}, part {n}: " + "words " * 20 for n in range(3))


@dataclass(slots=True)
class Timeline:
    """What was live, in turn. `settled` is the place of what the last flip that is done has shown; what a flip under way will show
    stands after it."""

    shown: list[Shown] = field(default_factory=list)
    settled: int = 0


@dataclass(slots=True)
class Reads:
    total: int = 0
    flipped: int = 0
    """Those that a flip was done under."""
    empty: int = 0
    mixed: int = 0
    stale: int = 0
    """Whole, but of a release that was not live at any moment of the search."""


@dataclass(frozen=True, slots=True)
class Edition:
    """Every document says something else than in the other editions, and one is not there. `revisions` by document."""

    shown: Shown
    revisions: Mapping[str, str]


async def published(world: World, number: int) -> Edition:
    gone = PATHS[number]
    for path in PATHS:
        if path != gone:
            await world.upload(path, words(path, number))
    document = (await world.documents()).get(gone)
    if document:
        await retire(world, document.id)
    assert await world.publish() == number + 1
    found = await world.found()
    assert {passage.split(":")[0] for passage in found} == {*PATHS} - {gone}
    assert all(f"edition {number}," in passage for passage in found)
    assert len(found) > len(PATHS), "every document is a single passage: none can be shown in part"
    documents = (await world.documents()).items()
    return Edition(frozenset(found), {row.id: str(row.revision_id) for path, row in documents if path != gone})


async def restore(world: World, edition: Edition) -> None:
    """As a restore of every document would: the next publish shows this edition again."""
    async with world.database.write(Crossing.UPKEEP) as session:
        for document in await session.scalars(select(Document).where(Document.tenant_id == world.tenant.id)):
            if revision_id := edition.revisions.get(document.id):
                document.revision_id, document.status = revision_id, DocumentStatus.APPROVED
            else:
                document.status = DocumentStatus.RETIRED


async def read_on(world: World, timeline: Timeline, reads: Reads, chosen: random.Random) -> None:
    """With objects of its own, as in another process; searches begin at any moment of a flip."""
    reader = World(world.database, world.folder, world.index)
    reader.tenant = world.tenant
    while True:
        await asyncio.sleep(chosen.uniform(0, 0.2))
        first = timeline.settled
        found = frozenset(await reader.found())
        reads.total += 1
        reads.flipped += timeline.settled > first
        reads.empty += not found
        reads.mixed += bool(found) and found not in timeline.shown
        reads.stale += found in timeline.shown and found not in timeline.shown[first:]


def next_flip(releases: dict[int, int], now: int, chosen: random.Random) -> tuple[str, int]:
    """Publish, and the edition to; or roll back, and the release to. `now` is the edition that is live."""
    if chosen.random() < 0.5:
        return "rollback", chosen.choice([release for release, shown in releases.items() if shown != now])
    return "publish", chosen.choice([number for number in range(EDITIONS) if number != now])


@pytest.mark.parametrize(
    ("flips", "seed"),
    [
        pytest.param(12, 1),
        pytest.param(1000, 2026, marks=[pytest.mark.proof, pytest.mark.timeout(3600)]),
    ],
)
async def test_readers_see_one_release_whole_whatever_is_published_and_rolled_back(
    world: World, flips: int, seed: int
) -> None:
    chosen = random.Random(seed)
    editions = [await published(world, number) for number in range(EDITIONS)]
    releases = {number + 1: number for number in range(EDITIONS)}
    timeline, reads = Timeline([editions[-1].shown]), Reads()
    done = {"publish": 0, "rollback": 0}
    began = time.perf_counter()
    readers = [asyncio.create_task(read_on(world, timeline, reads, random.Random(seed + n))) for n in range(READERS)]
    for _ in range(flips):
        act, number = next_flip(releases, releases[await live(world)], chosen)
        if act == "publish":
            await restore(world, editions[number])
            timeline.shown.append(editions[number].shown)
            releases[await world.publish()] = number
        else:
            timeline.shown.append(editions[releases[number]].shown)
            await world.releases.rollback(world.tenant.id, number, actor="admin")
        done[act] += 1
        timeline.settled += 1
    for reader in readers:
        reader.cancel()
    ended = await asyncio.gather(*readers, return_exceptions=True)
    print(f"seed {seed}: {done} in {time.perf_counter() - began:.0f} s under {READERS} readers: {reads}")
    assert all(isinstance(each, asyncio.CancelledError) for each in ended), ended
    assert (reads.mixed, reads.empty, reads.stale) == (0, 0, 0)
    assert reads.flipped >= flips / 10, "hardly a search ran during a flip"
    assert min(done.values()) >= flips / 4
    await require_sound(world)
