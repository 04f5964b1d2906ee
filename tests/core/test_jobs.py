from __future__ import annotations

import asyncio
import subprocess
import sys
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import select, update

from core.database import Database
from core.errors import NotFoundError, StorageFullError
from core.jobs import MAX_ATTEMPTS, STALE, Handler, Jobs, JobStatus, Progress
from core.models import Job, Json, Tenant, now

Open = Callable[..., Jobs]


@pytest.fixture
async def tenant(database: Database) -> str:
    return await new_tenant(database, "a")


async def new_tenant(database: Database, slug: str) -> str:
    row = Tenant(slug=slug, name=slug)
    async with database.write() as session:
        session.add(row)
    return row.id


@pytest.fixture
async def opened(database: Database) -> AsyncIterator[Open]:
    """Makes services over the same database, as a restart or another process does."""
    made: list[Jobs] = []

    def make(handler: Handler, *, parallel: int = 2, on: Database = database) -> Jobs:
        made.append(Jobs(on, {"work": handler}, parallel=parallel))
        return made[-1]

    yield make
    for jobs in made:
        await jobs.aclose()


async def row(database: Database, job_id: str) -> Job:
    async with database.read() as session:
        return (await session.scalars(select(Job).where(Job.id == job_id))).one()


async def until(condition: Callable[[], Awaitable[bool]]) -> None:
    async with asyncio.timeout(20):
        while not await condition():
            await asyncio.sleep(0.01)


async def doubled(_tenant: str, args: Json, progress: Progress) -> Json:
    progress.total = progress.done = args["n"]
    return {"twice": args["n"] * 2}


async def forever(_tenant: str, _args: Json, progress: Progress) -> Json:
    progress.stage, progress.done, progress.total = "indexing", 3, 10
    await asyncio.Event().wait()
    return {}


async def test_job_runs_and_keeps_its_result(opened: Open, tenant: str) -> None:
    jobs = opened(doubled)
    submitted = await jobs.submit(tenant, "work", {"n": 21})
    assert submitted.status is JobStatus.QUEUED
    await jobs.wait(submitted.id)
    view = await jobs.get(tenant, submitted.id)
    assert (view.status, view.result, view.error) == (JobStatus.DONE, {"twice": 42}, None)
    assert (view.progress["done"], view.progress["total"]) == (21, 21)


async def test_running_job_shows_how_far_it_is(opened: Open, tenant: str) -> None:
    jobs = opened(forever)
    job = await jobs.submit(tenant, "work", {})

    async def begun() -> bool:
        progress = (await jobs.get(tenant, job.id)).progress
        return progress.get("done") == 3 and progress["rate"] > 0

    await until(begun)
    view = await jobs.get(tenant, job.id)
    assert view.status is JobStatus.RUNNING
    assert view.progress["stage"] == "indexing"
    assert view.progress["rate"] > 0
    assert view.progress["eta_s"] >= 0


async def test_progress_is_written_for_other_processes_to_see(opened: Open, tenant: str, database: Database) -> None:
    jobs = opened(forever)
    job = await jobs.submit(tenant, "work", {})

    async def stored() -> bool:
        return (await row(database, job.id)).progress.get("done") == 3

    await until(stored)


async def test_fault_is_recorded_with_its_code(opened: Open, tenant: str) -> None:
    async def full(_tenant: str, _args: Json, _progress: Progress) -> Json:
        raise StorageFullError("free some space")

    jobs = opened(full)
    job = await jobs.submit(tenant, "work", {})
    await jobs.wait(job.id)
    view = await jobs.get(tenant, job.id)
    assert view.status is JobStatus.FAILED
    assert view.error == {"code": "storage_full", "detail": "free some space"}
    assert view.result == {}


async def test_unexpected_fault_is_recorded_without_its_message(opened: Open, tenant: str) -> None:
    async def broken(_tenant: str, _args: Json, _progress: Progress) -> Json:
        raise ValueError("the customer's name is Zoe Lind")

    jobs = opened(broken)
    job = await jobs.submit(tenant, "work", {})
    await jobs.wait(job.id)
    view = await jobs.get(tenant, job.id)
    assert view.error is not None
    assert view.error["code"] == "internal_error"
    assert "ValueError" in view.error["detail"]
    assert "Zoe" not in str(view)


async def test_job_of_a_kind_that_nobody_handles_fails(opened: Open, tenant: str) -> None:
    jobs = opened(doubled)
    job = await jobs.submit(tenant, "unheard-of", {})
    await jobs.wait(job.id)
    assert (await jobs.get(tenant, job.id)).status is JobStatus.FAILED


async def test_another_tenants_job_is_as_unknown_as_none(opened: Open, tenant: str, database: Database) -> None:
    jobs = opened(doubled)
    job = await jobs.submit(tenant, "work", {"n": 1})
    foreign = await new_tenant(database, "b")
    details = set()
    for tenant_id, job_id in ((foreign, job.id), (tenant, "0" * 32), (tenant, "")):
        with pytest.raises(NotFoundError) as caught:
            await jobs.get(tenant_id, job_id)
        details.add(caught.value.detail)
    assert len(details) == 1


async def test_tenants_run_side_by_side_but_each_one_job_at_a_time(opened: Open, database: Database) -> None:
    tenants = [await new_tenant(database, slug) for slug in "abc"]
    running: Counter[str] = Counter()
    most: Counter[str] = Counter()
    together = 0

    async def handler(tenant: str, _args: Json, _progress: Progress) -> Json:
        nonlocal together
        running[tenant] += 1
        most[tenant] = max(most[tenant], running[tenant])
        together = max(together, running.total())
        await asyncio.sleep(0.05)
        running[tenant] -= 1
        return {}

    jobs = opened(handler, parallel=3)
    submitted = [await jobs.submit(tenant, "work", {}) for tenant in tenants * 3]
    for job in submitted:
        await jobs.wait(job.id)
    assert most == dict.fromkeys(tenants, 1)
    assert 1 < together <= 3


async def test_tenant_with_many_jobs_does_not_hold_up_another(opened: Open, database: Database) -> None:
    first, second = await new_tenant(database, "a"), await new_tenant(database, "b")
    order: list[str] = []

    async def handler(tenant: str, _args: Json, _progress: Progress) -> Json:
        await asyncio.sleep(0.02)
        order.append(tenant)
        return {}

    jobs = opened(handler, parallel=2)
    submitted = [await jobs.submit(first, "work", {}) for _ in range(10)]
    submitted.append(await jobs.submit(second, "work", {}))
    for job in submitted:
        await jobs.wait(job.id)
    assert order.index(second) < 9


async def test_whoever_gives_up_waiting_does_not_stop_the_job(opened: Open, tenant: str) -> None:
    gate = asyncio.Event()

    async def handler(_tenant: str, _args: Json, _progress: Progress) -> Json:
        await gate.wait()
        return {"ok": True}

    jobs = opened(handler)
    job = await jobs.submit(tenant, "work", {})
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.2):
            await jobs.wait(job.id)
    gate.set()
    await jobs.wait(job.id)
    assert (await jobs.get(tenant, job.id)).status is JobStatus.DONE


async def test_job_interrupted_by_a_shutdown_goes_back_into_the_queue(
    opened: Open, tenant: str, database: Database
) -> None:
    for _ in range(MAX_ATTEMPTS + 2):  # deployments are no crashes: none of them counts
        jobs = opened(forever)
        await jobs.take_up(alone=False)
        async with database.read() as session:
            known = (await session.scalars(select(Job.id))).all()
        job_id = known[0] if known else (await jobs.submit(tenant, "work", {})).id

        async def runs(job_id: str = job_id) -> bool:
            return (await row(database, job_id)).status == "running"

        await until(runs)
        await jobs.aclose()
        left = await row(database, job_id)
        assert (left.status, left.attempts) == ("queued", 0)
    after = opened(doubled)
    async with database.write() as session:
        await session.execute(update(Job).values(args={"n": 1}))
    await after.take_up(alone=False)
    await after.wait(job_id)
    assert (await after.get(tenant, job_id)).status is JobStatus.DONE


async def left_running(database: Database, tenant: str, *, attempts: int, silent: timedelta) -> str:
    """As a process leaves a job that is killed."""
    job = Job(tenant_id=tenant, kind="work", args={"n": 2}, status="running", attempts=attempts)
    async with database.write() as session:
        session.add(job)
        await session.flush()
        await session.execute(update(Job).where(Job.id == job.id).values(updated_at=now() - silent))
    return job.id


@pytest.mark.parametrize("alone", [True, False])
async def test_job_of_a_dead_process_is_taken_up(opened: Open, tenant: str, database: Database, alone: bool) -> None:
    silent = timedelta(0) if alone else 2 * STALE
    job_id = await left_running(database, tenant, attempts=1, silent=silent)
    jobs = opened(doubled)
    await jobs.take_up(alone=alone)
    await jobs.wait(job_id)
    assert (await jobs.get(tenant, job_id)).result == {"twice": 4}
    assert (await row(database, job_id)).attempts == 2


async def test_job_that_another_process_may_be_running_is_left_alone(
    opened: Open, tenant: str, database: Database
) -> None:
    job_id = await left_running(database, tenant, attempts=1, silent=timedelta(0))
    jobs = opened(doubled)
    await jobs.take_up(alone=False)
    await jobs.wait(job_id)
    assert (await jobs.get(tenant, job_id)).status is JobStatus.RUNNING


async def test_job_that_keeps_killing_its_process_is_given_up(opened: Open, tenant: str, database: Database) -> None:
    ran = []

    async def handler(_tenant: str, _args: Json, _progress: Progress) -> Json:
        ran.append(1)
        return {}

    job_id = await left_running(database, tenant, attempts=MAX_ATTEMPTS, silent=timedelta(0))
    jobs = opened(handler)
    await jobs.take_up(alone=True)
    await jobs.wait(job_id)
    view = await jobs.get(tenant, job_id)
    assert view.status is JobStatus.FAILED
    assert view.error is not None
    assert view.error["code"] == "gave_up"
    assert ran == []
    await jobs.take_up(alone=True)
    await jobs.wait(job_id)
    assert (await row(database, job_id)).status == "failed"


async def test_finished_jobs_are_not_run_again(opened: Open, tenant: str) -> None:
    ran = []

    async def handler(_tenant: str, _args: Json, _progress: Progress) -> Json:
        ran.append(1)
        return {}

    jobs = opened(handler)
    job = await jobs.submit(tenant, "work", {})
    await jobs.wait(job.id)
    await opened(handler).take_up(alone=True)
    await asyncio.sleep(0.1)
    assert ran == [1]


async def test_two_processes_run_a_queued_job_once(
    opened: Open, tenant: str, database: Database, database_url: str
) -> None:
    ran: Counter[str] = Counter()

    async def handler(_tenant: str, args: Json, _progress: Progress) -> Json:
        ran[args["name"]] += 1
        await asyncio.sleep(0.02)
        return {}

    names = [f"job{n}" for n in range(12)]
    async with database.write() as session:
        session.add_all(Job(tenant_id=tenant, kind="work", args={"name": n}, status="queued") for n in names)
    other = Database(database_url)
    services = [opened(handler), opened(handler, on=other)]
    pollers = [asyncio.create_task(each.poll(every_s=0.01)) for each in services]

    async def all_done() -> bool:
        async with database.read() as session:
            return set(await session.scalars(select(Job.status))) == {"done"}

    await until(all_done)
    for poller in pollers:
        poller.cancel()
    await asyncio.gather(*pollers, return_exceptions=True)
    for each in services:
        await each.aclose()
    await other.aclose()
    assert ran == dict.fromkeys(names, 1)


CRASHING = """
import asyncio, os, sys
from core.database import Database
from core.jobs import Jobs

async def handler(tenant, args, progress):
    os._exit(9)

async def main():
    jobs = Jobs(Database(sys.argv[1]), {"work": handler})
    await (jobs.submit(sys.argv[2], "work", {"n": 5}) if sys.argv[3] == "submit" else jobs.take_up(alone=True))
    await asyncio.sleep(60)

asyncio.run(main())
"""


@pytest.mark.slow
async def test_job_survives_the_sudden_death_of_its_process(
    opened: Open, tenant: str, database: Database, database_url: str
) -> None:
    for verb in ("submit", "take up"):
        command = [sys.executable, "-c", CRASHING, database_url, tenant, verb]
        done = await asyncio.to_thread(
            subprocess.run, command, cwd=Path(__file__).parents[2], check=False, timeout=60, capture_output=True
        )
        assert done.returncode == 9, done.stderr
    async with database.read() as session:
        job = (await session.scalars(select(Job))).one()
    assert (job.status, job.attempts) == ("running", 2)
    jobs = opened(doubled)
    await jobs.take_up(alone=True)
    await jobs.wait(job.id)
    assert (await jobs.get(tenant, job.id)).result == {"twice": 10}
