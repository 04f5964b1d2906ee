"""A source that fails again and again, keeps a sync waiting or lists without measure: the sync ends, and says why."""

from __future__ import annotations

import asyncio

import pytest
from ingest_world import World, statuses
from sqlalchemy import select
from sync_world import FakeSource, Shelf, page

from core.crossings import Crossing
from core.models import IngestFailure, Source
from ingest.sources.base import SourceItem, SourceUnreachableError
from ingest.sync import SyncPolicy

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


def away() -> SourceUnreachableError:
    return SourceUnreachableError("the site did not answer")


def shelf_of(world: World, count: int, *, failing: set[int], policy: SyncPolicy) -> Shelf:
    """Documents by number; the `failing` ones for as many tries as one sync makes."""
    source = FakeSource({f"{n:03}.md": page(n, words=8) for n in range(count)})
    source.faults = {f"{n:03}.md": [away() for _ in range(3)] for n in failing}
    return Shelf(world, source, policy=policy)


async def source_row(world: World) -> Source:
    async with world.database.read(Crossing.UPKEEP) as session:
        return (await session.scalars(select(Source))).one()


async def test_source_that_fails_in_the_middle_is_given_up_and_the_next_sync_goes_on(world: World) -> None:
    shelf = shelf_of(world, 40, failing=set(range(10, 40)), policy=SyncPolicy(source_faults=5))
    report = await shelf.sync()
    assert report["gave_up"]["code"] == "source_failing"
    assert "COPILOT_INGEST__SOURCE_FAULTS" in report["gave_up"]["detail"]
    assert report["counts"] == {"indexed": 10, "failed": 5}
    assert len(set(shelf.source.fetched)) == 15
    row = await source_row(world)
    assert (row.failures, (row.last_error or {})["code"]) == (1, "source_failing")
    shelf.source.faults.clear()
    assert (await shelf.sync())["counts"] == {"indexed": 30, "unchanged": 10}
    assert (await source_row(world)).failures == 0


async def test_source_that_is_given_up_retires_nothing_and_forgets_no_failure(world: World) -> None:
    shelf = shelf_of(world, 20, failing=set(), policy=SyncPolicy(source_faults=3))
    shelf.source.write("019.md", "")
    assert (await shelf.sync())["counts"] == {"indexed": 19, "skipped": 1}
    del shelf.source.files["018.md"]
    for number in range(5):
        shelf.source.write(f"{number:03}.md", page(100 + number))
        shelf.source.faults[f"{number:03}.md"] = [away() for _ in range(3)]
    report = await shelf.sync()
    assert report["gave_up"]["code"] == "source_failing" and "retired" not in report["counts"]
    assert (await world.documents())["018.md"].status != "retired"
    async with world.database.read(Crossing.UPKEEP) as session:
        assert list(await session.scalars(select(IngestFailure.path))) == ["019.md"]


async def test_source_that_misses_every_tenth_answer_is_read_to_its_end(world: World) -> None:
    failing = set(range(0, 60, 10))
    shelf = shelf_of(world, 60, failing=failing, policy=SyncPolicy(source_faults=3))
    report = await shelf.sync()
    assert (report["counts"], "gave_up" in report) == ({"indexed": 54, "failed": 6}, False)


async def test_faults_that_will_not_pass_are_the_files_own(world: World) -> None:
    shelf = shelf_of(world, 10, failing=set(), policy=SyncPolicy(source_faults=2))
    for number in range(8):
        shelf.source.write(f"{number:03}.md", "")
    report = await shelf.sync()
    assert (report["counts"], "gave_up" in report) == ({"indexed": 2, "skipped": 8}, False)


async def test_source_that_keeps_a_sync_waiting_is_given_up(world: World) -> None:
    class Slow(FakeSource):
        async def fetch(self, item: SourceItem) -> bytes:
            await asyncio.sleep(0.05)
            return await super().fetch(item)

    shelf = Shelf(world, Slow({f"{n:03}.md": page(n) for n in range(30)}), policy=SyncPolicy(source_wait_s=0.3))
    report = await shelf.sync()
    assert report["gave_up"]["code"] == "source_slow"
    assert "COPILOT_INGEST__SOURCE_WAIT_S" in report["gave_up"]["detail"]
    taken = report["counts"]["indexed"]
    assert 0 < taken < 30
    report = await shelf.sync()
    assert report["counts"]["unchanged"] == taken and report["counts"]["indexed"] > 0


async def test_report_names_so_many_files_and_first_those_that_went_wrong(world: World) -> None:
    source = FakeSource({f"{n:03}.md": page(n, words=8) for n in range(12)})
    source.write("011.md", "")
    report = await Shelf(world, source, policy=SyncPolicy(most_listed=4)).sync()
    assert (report["counts"], report["unlisted"]) == ({"indexed": 11, "skipped": 1}, 8)
    assert [file["path"] for file in report["files"]] == ["000.md", "001.md", "002.md", "011.md"]
    assert statuses(report)["011.md"] == "skipped:empty"
