from __future__ import annotations

import asyncio
from datetime import datetime, timedelta

import pytest
from sqlalchemy import select, update

from core.crossings import Crossing
from core.database import Database
from core.jobs import Jobs, Progress
from core.models import Corpus, Job, Json, Source, Tenant, now
from core.settings import JobSettings
from ingest.schedule import SourceSchedule

HOUR = 3600
SETTINGS = JobSettings(schedule_jitter=0.1, schedule_poll_s=0.02, poll_s=0.02)


@pytest.fixture
async def corpus(database: Database) -> Corpus:
    tenant = Tenant(slug="acme", name="Acme")
    async with database.write(Crossing.UPKEEP) as session:
        session.add(tenant)
        await session.flush()
        row = Corpus(tenant_id=tenant.id, name="docs")
        session.add(row)
    return row


async def add(database: Database, corpus: Corpus, name: str = "pages", **values: object) -> Source:
    source = Source(tenant_id=corpus.tenant_id, corpus_id=corpus.id, kind="files", uri=f"/{name}", **values)
    async with database.write(Crossing.UPKEEP) as session:
        session.add(source)
    return source


async def queued(database: Database) -> list[str]:
    """The sources whose syncs wait."""
    async with database.read(Crossing.UPKEEP) as session:
        jobs = await session.scalars(select(Job).where(Job.kind == "sync", Job.status == "queued"))
        return sorted(job.args["source_id"] for job in jobs)


def ago(seconds: float) -> datetime:
    return now() - timedelta(seconds=seconds)


@pytest.mark.parametrize(
    ("schedule_s", "seconds_ago", "due"),
    [
        (HOUR, {}, True),
        (HOUR, {"synced_at": 1.06 * HOUR}, True),
        (HOUR, {"synced_at": 0.94 * HOUR}, False),
        (HOUR, {"synced_at": 2 * HOUR, "paused_until": -60}, False),
        (HOUR, {"synced_at": 2 * HOUR, "paused_until": 60}, True),
        (None, {"synced_at": 1000 * HOUR}, False),
    ],
    ids=["never synced", "due", "not yet", "paused", "pause is over", "on demand only"],
)
async def test_source_gets_a_sync_when_its_turn_has_come(
    database: Database, corpus: Corpus, schedule_s: int | None, seconds_ago: dict[str, float], due: bool
) -> None:
    times = {name: ago(seconds) for name, seconds in seconds_ago.items()}  # counted from the test, not its collection
    source = await add(database, corpus, schedule_s=schedule_s, **times)
    assert await SourceSchedule(database, SETTINGS).submit_due() == due
    assert await queued(database) == ([source.id] if due else [])


async def test_source_is_queued_once_however_many_processes_look(
    database: Database, corpus: Corpus, database_url: str
) -> None:
    names = [(await add(database, corpus, f"pages{n}", schedule_s=HOUR)).id for n in range(8)]
    other = Database(database_url)
    looking = [SourceSchedule(each, SETTINGS).submit_due() for each in (database, other) * 4]
    assert sum(await asyncio.gather(*looking)) == 8
    await other.aclose()
    assert await queued(database) == sorted(names)


@pytest.mark.parametrize("status", ["queued", "running"])
async def test_source_whose_sync_waits_or_runs_gets_no_second_one(
    database: Database, corpus: Corpus, status: str
) -> None:
    await add(database, corpus, schedule_s=HOUR)
    schedule = SourceSchedule(database, SETTINGS)
    assert await schedule.submit_due() == 1
    async with database.write(Crossing.UPKEEP) as session:
        await session.execute(update(Job).values(status=status))
    assert await schedule.submit_due() == 0


@pytest.mark.parametrize("status", ["done", "failed", "cancelled"])
async def test_interval_runs_from_the_end_of_the_last_sync_also_of_one_that_failed(
    database: Database, corpus: Corpus, status: str
) -> None:
    """A source that fails is not asked again and again."""
    await add(database, corpus, schedule_s=HOUR)
    schedule = SourceSchedule(database, SETTINGS)
    await schedule.submit_due()
    async with database.write(Crossing.UPKEEP) as session:
        await session.execute(update(Job).values(status=status, updated_at=ago(0.5 * HOUR)))
    assert await schedule.submit_due() == 0
    async with database.write(Crossing.UPKEEP) as session:
        await session.execute(update(Job).values(updated_at=ago(1.5 * HOUR)))
    assert await schedule.submit_due() == 1


async def test_sync_that_a_person_asked_for_counts(database: Database, corpus: Corpus) -> None:
    source = await add(database, corpus, schedule_s=HOUR)

    async def sync(_tenant: str, _args: Json, _progress: Progress) -> Json:
        await asyncio.sleep(3600)
        return {}

    jobs = Jobs(database, {"sync": sync}, settings=SETTINGS)
    await jobs.submit(corpus.tenant_id, "sync", {"source_id": source.id, "actor": "ann"})
    assert await SourceSchedule(database, SETTINGS).submit_due() == 0
    await jobs.aclose()


async def test_running_schedule_and_jobs_sync_again_and_again(database: Database, corpus: Corpus) -> None:
    source = await add(database, corpus, schedule_s=1)
    runs: list[str] = []

    async def sync(_tenant: str, args: Json, _progress: Progress) -> Json:
        runs.append(args["source_id"])
        return {}

    jobs = Jobs(database, {"sync": sync}, settings=SETTINGS)
    jobs.start()
    async with SourceSchedule(database, SETTINGS).running(), asyncio.timeout(60):
        while len(runs) < 3:
            await asyncio.sleep(0.02)
    await jobs.aclose()
    assert set(runs) == {source.id}
