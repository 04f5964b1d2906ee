"""Dead letters, passing faults, and sources that rest."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import timedelta

import pytest
from ingest_world import World, statuses
from sqlalchemy import select, update
from sync_world import FakeSource, Shelf, of, page

from core.crossings import Crossing
from core.domain import Audience
from core.errors import ConflictError, CopilotError, DocumentError, NotFoundError, RateLimitedError, UnavailableError
from core.models import Document, Json, Source, now
from ingest.failures import Failures, FailureView
from ingest.retries import Retries, is_transient
from ingest.source_desk import PAUSED
from ingest.source_health import Pauses
from ingest.sources.base import SourceItem, SourceUnreachableError
from ingest.sync import SyncPolicy
from ingest.worker import NOT_STARTED

SQLITE = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
BAD = b"PK\x03\x04 cut short"


def busy() -> DocumentError:
    return DocumentError("the site did not answer in time", code="timeout", status=504)


async def letters(world: World, *, skipped: bool = False) -> dict[str, FailureView]:
    page = await Failures(world.database).list(world.tenant.id, skipped=skipped)
    assert page.total == len(page.failures)
    return {failure.path: failure for failure in page.failures}


async def row(world: World) -> Source:
    async with world.database.read(Crossing.UPKEEP) as session:
        return (await session.scalars(select(Source))).one()


async def test_file_that_fails_for_good_is_listed_until_it_is_taken_in(world: World) -> None:
    shelf = Shelf(world, FakeSource({"bad.docx": BAD, "empty.md": "", "good.md": "manual"}))
    await shelf.sync()
    listed = await letters(world)
    assert set(listed) == {"bad.docx"}
    failure = listed["bad.docx"]
    assert (failure.reason, failure.attempts, failure.corpus) == ("unreadable_document", 1, "docs")
    assert failure.detail
    assert set(await letters(world, skipped=True)) == {"bad.docx", "empty.md"}
    shelf.source.write("bad.docx", BAD + b"er")
    await shelf.sync()
    again = (await letters(world))["bad.docx"]
    assert (again.id, again.attempts, again.first_at) == (failure.id, 2, failure.first_at)
    assert again.last_at > failure.last_at
    del shelf.source.files["bad.docx"]
    shelf.source.write("empty.md", "manual no longer empty")
    await shelf.sync()
    assert await letters(world, skipped=True) == {}


@SQLITE
async def test_unchanged_file_that_failed_is_neither_fetched_nor_parsed_again(world: World) -> None:
    shelf = Shelf(world, FakeSource({"bad.docx": BAD, "empty.md": ""}))
    first = await shelf.sync()
    second = await shelf.sync()
    assert second == first
    assert statuses(second) == {"bad.docx": "failed:unreadable_document", "empty.md": "skipped:empty"}
    assert shelf.source.fetched == []
    assert world.workers.taken == []
    assert (await letters(world))["bad.docx"].attempts == 1


@SQLITE
async def test_retry_tries_an_unchanged_file_again(world: World) -> None:
    shelf = Shelf(world, FakeSource({"bad.docx": BAD, "worse.docx": BAD}))
    await shelf.sync()
    source_id = await Failures(world.database).retry(world.tenant.id, (await letters(world))["bad.docx"].id)
    assert source_id == await shelf.source_id()
    await shelf.sync()
    assert shelf.source.fetched == ["bad.docx"]
    assert {path: each.attempts for path, each in (await letters(world)).items()} == {"bad.docx": 2, "worse.docx": 1}
    await shelf.sync()
    assert shelf.source.fetched == []


@SQLITE
async def test_raised_limit_tries_failed_files_again(world: World) -> None:
    source = FakeSource({"bad.docx": BAD})
    await Shelf(world, source).sync()
    await Shelf(world, source, policy=SyncPolicy(conditions="more memory")).sync()
    assert source.fetched == ["bad.docx"]


@SQLITE
async def test_source_without_heads_has_its_failed_files_tried_each_time(world: World) -> None:
    shelf = Shelf(world, FakeSource({"bad.docx": BAD}))
    shelf.source.headless = True
    for _ in range(2):
        assert statuses(await shelf.sync()) == {"bad.docx": "failed:unreadable_document"}
        assert shelf.source.fetched == ["bad.docx"]
    assert (await letters(world))["bad.docx"].attempts == 2


@SQLITE
async def test_another_tenants_failure_is_as_unknown_as_none(world: World) -> None:
    shelf = Shelf(world, FakeSource({"bad.docx": BAD}))
    await shelf.sync()
    spy = await world.tenants.create("other")
    failures = Failures(world.database)
    assert (await failures.list(spy.id, skipped=True)).failures == ()
    for failure_id in ((await letters(world))["bad.docx"].id, "0" * 32):
        with pytest.raises(NotFoundError):
            await failures.retry(spy.id, failure_id)
    await shelf.sync()
    assert shelf.source.fetched == []


@SQLITE
async def test_list_is_paged_and_narrowed_to_a_source(world: World) -> None:
    first = Shelf(world, FakeSource({f"{n}.docx": BAD for n in range(5)}))
    other = Shelf(world, FakeSource({"x.docx": BAD}), name="other")
    await first.sync()
    await other.sync()
    failures = Failures(world.database)
    pages = [await failures.list(world.tenant.id, limit=2, offset=offset) for offset in (0, 2, 4)]
    assert {each.path for page in pages for each in page.failures} == {*(f"{n}.docx" for n in range(5)), "x.docx"}
    assert {page.total for page in pages} == {6}
    narrowed = await failures.list(world.tenant.id, source_id=await other.source_id())
    assert [each.path for each in narrowed.failures] == ["x.docx"]


@SQLITE
async def test_path_of_another_source_is_a_failure_until_it_is_free(world: World) -> None:
    await world.upload("a.md", "manual one")
    shelf = Shelf(world, FakeSource({"a.md": "manual two"}))
    await shelf.sync()
    assert (await letters(world))["a.md"].reason == "path_taken"
    async with world.database.write(Crossing.UPKEEP) as session:
        await session.execute(update(Document).values(status="retired"))
    assert statuses(await shelf.sync()) == {"a.md": "indexed"}
    assert await letters(world) == {}


@SQLITE
async def test_passing_fault_of_a_fetch_is_tried_again_within_the_sync(world: World) -> None:
    shelf = Shelf(world, FakeSource({"a.md": "manual one"}))
    shelf.source.faults["a.md"] = [busy(), busy()]
    assert statuses(await shelf.sync()) == {"a.md": "indexed"}
    assert shelf.source.fetched == ["a.md"] * 3


@SQLITE
async def test_fault_that_does_not_pass_is_reported_as_passing_and_is_no_dead_letter(world: World) -> None:
    shelf = Shelf(world, FakeSource({"a.md": "manual one", "b.md": "manual two"}))
    shelf.source.faults["a.md"] = [busy() for _ in range(3)]
    report = await shelf.sync()
    failed = of(report, "a.md")
    assert (failed["status"], failed["reason"], failed["transient"]) == ("failed", "timeout", True)
    assert of(report, "b.md")["status"] == "indexed"
    assert await letters(world, skipped=True) == {}
    assert statuses(await shelf.sync()) == {"a.md": "indexed"}


@SQLITE
async def test_lasting_fault_of_a_fetch_is_not_tried_again(world: World) -> None:
    shelf = Shelf(world, FakeSource({"a.md": "manual one"}))
    shelf.source.faults["a.md"] = [DocumentError("a link", code="link")]
    assert statuses(await shelf.sync()) == {"a.md": "failed:link"}
    assert shelf.source.fetched == ["a.md"]


def test_file_whose_parsing_takes_too_long_fails_for_good() -> None:
    assert not is_transient(DocumentError("reading the file took longer than 60 s", code="timeout"))


@SQLITE
async def test_embedder_that_fails_for_a_moment_holds_up_nothing(world: World) -> None:
    shelf = Shelf(world, FakeSource({"a.md": "manual one"}))
    shelf.embedder.faults = [UnavailableError("no memory", code="embedding_failed")] * 2
    assert statuses(await shelf.sync()) == {"a.md": "indexed"}


@SQLITE
async def test_embedder_that_is_away_longer_fails_the_batch_for_now(world: World) -> None:
    shelf = Shelf(world, FakeSource({"a.md": "manual one", "b.md": "manual two"}))
    shelf.embedder.faults = [UnavailableError("no memory", code="embedding_failed")] * 3
    report = await shelf.sync()
    assert statuses(report) == {"a.md": "failed:embedding_failed", "b.md": "failed:embedding_failed"}
    assert of(report, "a.md")["transient"]
    assert await letters(world, skipped=True) == {}
    assert statuses(await shelf.sync()) == {"a.md": "indexed", "b.md": "indexed"}


@SQLITE
async def test_index_that_stays_away_ends_the_sync_with_its_own_fault(world: World) -> None:
    long = "\n\n".join(f"manual part {n} " + f"word{n} " * 35 for n in range(300))
    shelf = Shelf(world, FakeSource({f"{n}.md": f"# {n}\n\n{long}" for n in range(3)}))
    shelf.embedder.faults = [UnavailableError("away", code="index_unavailable")] * 9
    with pytest.raises(UnavailableError) as caught:
        await shelf.sync()
    assert caught.value.code == "index_unavailable"
    assert len(shelf.embedder.faults) == 3  # two batches of three tries, and no third batch
    assert (await row(world)).failures == 0  # the source is not to blame


def not_started() -> list[CopilotError]:
    """As often as one file is tried."""
    return [UnavailableError("no worker started", code=NOT_STARTED) for _ in range(3)]


@SQLITE
async def test_file_for_which_no_worker_starts_waits_for_the_next_sync_and_the_others_go_on(world: World) -> None:
    shelf = Shelf(world, FakeSource({f"{n}.md": page(n) for n in range(6)}))
    world.workers.faults = {"1.md": not_started()[:2], "3.md": not_started()}
    report = await shelf.sync()
    assert report["counts"] == {"indexed": 5, "failed": 1}
    assert of(report, "3.md")["reason"] == NOT_STARTED
    assert of(report, "3.md")["transient"]
    assert await letters(world, skipped=True) == {}
    assert (await shelf.sync())["counts"] == {"indexed": 1, "unchanged": 5}


@SQLITE
async def test_workers_that_do_not_start_at_all_end_the_sync(world: World) -> None:
    shelf = Shelf(world, FakeSource({f"{n}.md": page(n) for n in range(6)}))
    world.workers.faults = {f"{n}.md": not_started() for n in range(6)}
    with pytest.raises(UnavailableError) as caught:
        await shelf.sync()
    assert caught.value.code == NOT_STARTED
    assert (await row(world)).failures == 0  # the source is not to blame
    world.workers.faults.clear()
    assert (await shelf.sync())["counts"] == {"indexed": 6}


async def test_attempts_and_pauses_of_retries_are_bounded() -> None:
    tried = 0

    async def work() -> None:
        nonlocal tried
        tried += 1
        raise RateLimitedError("slow down")

    with pytest.raises(RateLimitedError):
        await Retries(attempts=5, wait_s=100.0, longest_s=0.001).run(work)
    assert tried == 5


@SQLITE
async def test_source_that_keeps_failing_rests_for_longer_and_longer(world: World) -> None:
    shelf = Shelf(world, FakeSource({"a.md": "manual"}), pauses=Pauses(after=2, first_s=100, longest_s=350))
    shelf.source.broken = SourceUnreachableError("the site did not answer")
    rests = []
    for _ in range(5):
        with pytest.raises(SourceUnreachableError):
            await shelf.sync()
        source = await row(world)
        rests.append(source.paused_until and round((source.paused_until - now()).total_seconds(), -1))
    assert rests == [None, 100, 200, 350, 350]
    assert source.failures == 5
    assert source.last_error is not None
    assert source.last_error["code"] == "source_unreachable"
    with pytest.raises(UnavailableError) as caught:
        await shelf.sync(scheduled=True)
    assert caught.value.code == "source_paused"
    assert (await row(world)).failures == 5
    shelf.source.broken = None
    assert (await shelf.sync())["counts"] == {"indexed": 1}  # by hand
    source = await row(world)
    assert (source.failures, source.paused_until, source.last_error) == (0, None, None)
    assert source.synced_at is not None
    assert (await shelf.sync(scheduled=True))["counts"] == {"unchanged": 1}


@SQLITE
async def test_source_none_of_whose_files_can_be_had_has_failed_as_a_whole(world: World) -> None:
    shelf = Shelf(world, FakeSource({"a.md": "manual", "b.md": "manual more"}))
    shelf.source.faults = {path: [busy() for _ in range(3)] for path in ("a.md", "b.md")}
    report = await shelf.sync()
    assert report["counts"] == {"failed": 2}
    source = await row(world)
    assert source.failures == 1
    assert source.last_error is not None
    assert source.last_error["code"] == "timeout"


@SQLITE
async def test_rest_that_is_over_lets_a_scheduled_sync_through(world: World) -> None:
    shelf = Shelf(world, FakeSource({"a.md": "manual"}))
    await shelf.source_id()
    async with world.database.write(Crossing.UPKEEP) as session:
        await session.execute(update(Source).values(paused_until=now() - timedelta(seconds=1), failures=4))
    assert (await shelf.sync(scheduled=True))["counts"] == {"indexed": 1}


@SQLITE
@pytest.mark.parametrize("fails", [True, False])
async def test_pause_of_an_admin_is_not_lifted_by_the_end_of_a_sync(world: World, fails: bool) -> None:
    class PausedMeanwhile(FakeSource):
        async def discover(self) -> AsyncIterator[SourceItem]:
            async with world.database.write(Crossing.UPKEEP) as session:
                await session.execute(update(Source).values(paused_until=PAUSED))
            async for item in super().discover():
                yield item

    shelf = Shelf(world, PausedMeanwhile({"a.md": "manual"}), pauses=Pauses(after=1))
    if fails:
        shelf.source.broken = SourceUnreachableError("away")
        with pytest.raises(SourceUnreachableError):
            await shelf.sync()
    else:
        await shelf.sync()
    assert (await row(world)).paused_until == PAUSED


@SQLITE
async def test_job_that_waited_while_an_admin_paused_its_source_does_not_begin(world: World) -> None:
    shelf = Shelf(world, FakeSource({"a.md": "manual"}))
    await shelf.source_id()
    async with world.database.write(Crossing.UPKEEP) as session:
        await session.execute(update(Source).values(paused_until=PAUSED))
    with pytest.raises(ConflictError) as caught:
        await shelf.sync()
    assert (caught.value.code, shelf.source.asked["discover"]) == ("source_paused", 0)
    assert (await row(world)).failures == 0


@SQLITE
async def test_stopped_sync_is_told_of_at_its_source_and_is_no_failure(world: World) -> None:
    shelf = Shelf(world, FakeSource({f"{n}.md": page(n) for n in range(10)}))
    await shelf.sync()
    shelf.source.files.clear()
    await shelf.sync()
    source = await row(world)
    assert source.failures == 0
    error: Json = source.last_error or {}
    assert error["code"] == "retire_limit"


async def test_whole_life_of_a_source_on_each_database(world: World) -> None:
    """Every statement once on either database."""
    shelf = Shelf(world, FakeSource({"a.md": page(1), "b.md": page(2), "bad.docx": BAD, "empty.md": ""}))
    assert (await shelf.sync())["counts"] == {"indexed": 2, "failed": 1, "skipped": 1}
    await world.publish()
    document = (await world.documents())["a.md"]
    await world.library.reclassify(world.principal(), document.id, audience=Audience.AGENT)
    shelf.source.move("a.md", "c.md")
    shelf.source.write("b.md", page(2).replace("n2p1w1", "changed"))
    shelf.source.write("copy.md", page(1))
    await Failures(world.database).retry(world.tenant.id, (await letters(world))["bad.docx"].id)
    report = await shelf.sync()
    assert report["counts"] == {"indexed": 2, "failed": 1, "renamed": 1, "skipped": 1}
    assert of(report, "c.md")["document_id"] == document.id
    assert of(report, "copy.md")["duplicate"]["kind"] == "exact"
    await world.library.withdraw(world.principal(), document.id)
    del shelf.source.files["b.md"], shelf.source.files["bad.docx"]
    report = await shelf.sync()
    assert report["counts"] == {"retired": 1, "skipped": 2, "unchanged": 1}
    assert await letters(world) == {}
    shelf.source.broken = SourceUnreachableError("away")
    with pytest.raises(SourceUnreachableError):
        await shelf.sync()
    assert (await row(world)).failures == 1
