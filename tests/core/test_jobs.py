from __future__ import annotations

import asyncio
import subprocess
import sys
import time
from collections import Counter
from datetime import timedelta
from pathlib import Path

import pytest
from job_world import Open, doubled, forever, left_running, new_tenant, row, until
from sqlalchemy import insert, select, update

from core.crossings import Crossing
from core.database import Database
from core.jobs import MAX_CRASHES, STALE, JobStatus, Progress
from core.models import Job, Json, now
from tests.fakes import trail


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
    submitted = [await jobs.submit(tenant, "work", {"n": n}) for n, tenant in enumerate(tenants * 3)]
    for job in submitted:
        await jobs.wait(job.id)
    assert most == dict.fromkeys(tenants, 1)
    assert 1 < together <= 3


async def test_tenant_with_many_jobs_does_not_hold_up_another(opened: Open, database: Database) -> None:
    """One slot: the second tenant's job is next, though the first one's queue is long and was there before."""
    first, second = await new_tenant(database, "a"), await new_tenant(database, "b")
    order: list[str] = []

    async def handler(tenant: str, _args: Json, _progress: Progress) -> Json:
        await asyncio.sleep(0.02)
        order.append(tenant)
        return {}

    jobs = opened(handler, parallel=1)
    for n in range(10):
        await jobs.submit(first, "work", {"n": n})
    for n in range(3):
        last = await jobs.submit(second, "work", {"n": n})
    await jobs.wait(last.id)
    turns = order[order.index(second) - 1 :][:6]
    assert turns == [first, second] * 3, order


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
    for _ in range(MAX_CRASHES + 2):  # deployments are no crashes: none of them counts
        jobs = opened(forever)
        jobs.start()
        async with database.read(Crossing.UPKEEP) as session:
            known = (await session.scalars(select(Job.id))).all()
        job_id = known[0] if known else (await jobs.submit(tenant, "work", {})).id

        async def runs(job_id: str = job_id) -> bool:
            return (await row(database, job_id)).status == "running"

        await until(runs)
        await jobs.aclose()
        left = await row(database, job_id)
        assert (left.status, left.attempts, left.crashes, left.owner) == ("queued", 0, 0, None)
    after = opened(doubled)
    async with database.write(Crossing.UPKEEP) as session:
        await session.execute(update(Job).values(args={"n": 1}))
    after.start()
    await after.wait(job_id)
    assert (await after.get(tenant, job_id)).status is JobStatus.DONE


@pytest.mark.parametrize("alone", [True, False])
async def test_job_of_a_dead_process_is_taken_up(opened: Open, tenant: str, database: Database, alone: bool) -> None:
    silent = timedelta(0) if alone else 2 * STALE
    job_id = await left_running(database, tenant, crashes=0, silent=silent)
    jobs = opened(doubled, alone=alone)
    jobs.start()
    await jobs.wait(job_id)
    assert (await jobs.get(tenant, job_id)).result == {"twice": 4}
    assert (await row(database, job_id)).crashes == 1


async def test_job_that_another_process_may_be_running_is_left_alone_and_keeps_the_tenants_turn(
    opened: Open, tenant: str, database: Database
) -> None:
    job_id = await left_running(database, tenant, crashes=0, silent=timedelta(0))
    jobs = opened(doubled)
    jobs.start()
    other = await jobs.submit(tenant, "work", {"n": 7})
    await asyncio.sleep(0.3)
    assert (await jobs.get(tenant, job_id)).status is JobStatus.RUNNING
    assert (await jobs.get(tenant, other.id)).status is JobStatus.QUEUED


async def test_job_that_keeps_killing_its_process_is_given_up(opened: Open, tenant: str, database: Database) -> None:
    ran = []

    async def handler(_tenant: str, _args: Json, _progress: Progress) -> Json:
        ran.append(1)
        return {}

    job_id = await left_running(database, tenant, crashes=MAX_CRASHES - 1, silent=timedelta(0))
    jobs = opened(handler, alone=True)
    jobs.start()
    await jobs.wait(job_id)
    view = await jobs.get(tenant, job_id)
    assert view.status is JobStatus.FAILED
    assert view.error is not None
    assert view.error["code"] == "gave_up"
    assert ran == []
    await jobs.retry(tenant, job_id, actor="admin")
    await jobs.wait(job_id)
    assert ((await row(database, job_id)).status, ran) == ("done", [1])


async def test_finished_jobs_are_not_run_again(opened: Open, tenant: str) -> None:
    ran = []

    async def handler(_tenant: str, _args: Json, _progress: Progress) -> Json:
        ran.append(1)
        return {}

    jobs = opened(handler)
    job = await jobs.submit(tenant, "work", {})
    await jobs.wait(job.id)
    opened(handler, alone=True).start()
    await asyncio.sleep(0.2)
    assert ran == [1]


async def test_two_processes_run_a_queued_job_once(
    opened: Open, tenant: str, database: Database, database_url: str
) -> None:
    ran: Counter[str] = Counter()
    at_once = most = 0

    async def handler(_tenant: str, args: Json, _progress: Progress) -> Json:
        nonlocal at_once, most
        ran[args["name"]] += 1
        at_once += 1
        most = max(most, at_once)
        await asyncio.sleep(0.02)
        at_once -= 1
        return {}

    names = [f"job{n}" for n in range(12)]
    async with database.write(Crossing.UPKEEP) as session:
        session.add_all(Job(tenant_id=tenant, kind="work", args={"name": n}, status="queued") for n in names)
    other = Database(database_url, trail=trail())
    services = [opened(handler), opened(handler, on=other)]
    pollers = [asyncio.create_task(each.poll()) for each in services]

    async def all_done() -> bool:
        async with database.read(Crossing.UPKEEP) as session:
            return set(await session.scalars(select(Job.status))) == {"done"}

    await until(all_done)
    for poller in pollers:
        poller.cancel()
    await asyncio.gather(*pollers, return_exceptions=True)
    for each in services:
        await each.aclose()
    await other.aclose()
    assert ran == dict.fromkeys(names, 1)
    assert most == 1, "a tenant's jobs ran side by side in two processes"


async def test_long_queue_costs_rows_and_no_tasks(opened: Open, database: Database) -> None:
    await _flooded(opened, database, queued=5_000)


@pytest.mark.proof
@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
@pytest.mark.timeout(900)
async def test_million_queued_jobs_hold_up_nobody(opened: Open, database: Database) -> None:
    await _flooded(opened, database, queued=1_000_000)


async def _flooded(opened: Open, database: Database, *, queued: int) -> None:
    """One tenant's flood, half of it in a pause, and another tenant's one job behind it."""
    flooder, other = await new_tenant(database, "a"), await new_tenant(database, "b")
    early, late = now() - timedelta(days=1), now() + timedelta(days=1)
    for start in range(0, queued, 5_000):
        rows = [
            {"id": f"{n:032}", "tenant_id": flooder, "kind": "work", "args": {"n": n}, "status": "queued"}
            | {"not_before": late if n % 2 else early, "created_at": early, "digest": str(n)}
            for n in range(start, start + 5_000)
        ]
        async with database.write(Crossing.UPKEEP) as session:
            await session.execute(insert(Job), rows)
    served: list[str] = []

    async def handler(tenant: str, _args: Json, _progress: Progress) -> Json:
        served.append(tenant)
        await asyncio.sleep(0.01)
        return {}

    jobs = opened(handler, parallel=1)
    jobs.start()
    began = time.monotonic()
    job = await jobs.submit(other, "work", {"n": 1})
    most = 0
    while (await jobs.get(other, job.id)).status is not JobStatus.DONE:
        most = max(most, len(asyncio.all_tasks()))
        await asyncio.sleep(0)
    waited = time.monotonic() - began
    assert served.index(other) <= 3
    assert most < 10
    assert waited < 25  # the flood is 25 s of work


async def test_job_that_was_taken_away_writes_nothing_more_and_stops(
    opened: Open, tenant: str, database: Database
) -> None:
    """As happens to a process that stood still for longer than a dead one may be silent."""
    stopped = asyncio.Event()

    async def handler(_tenant: str, _args: Json, progress: Progress) -> Json:
        try:
            return await forever(_tenant, _args, progress)
        finally:
            stopped.set()

    jobs = opened(handler)
    job = await jobs.submit(tenant, "work", {})

    async def runs() -> bool:
        return (await row(database, job.id)).status == "running"

    await until(runs)
    async with database.write(Crossing.UPKEEP) as session:
        await session.execute(update(Job).values(owner="f" * 32, progress={"done": 99}))
    async with asyncio.timeout(60):
        await stopped.wait()
    await jobs.aclose()
    left = await row(database, job.id)
    assert (left.status, left.owner, left.progress) == ("running", "f" * 32, {"done": 99})


async def test_process_that_serves_nobody_runs_its_own_tenants_jobs_alone(
    opened: Open, tenant: str, database: Database
) -> None:
    """The command line: it runs what it submitted, and not what waits for the service."""
    other = await new_tenant(database, "b")
    async with database.write(Crossing.UPKEEP) as session:
        session.add(Job(id="0" * 32, tenant_id=other, kind="work", args={"n": 1}, status="queued"))
    jobs = opened(doubled)
    own = await jobs.submit(tenant, "work", {"n": 2})
    await jobs.wait(own.id)
    await asyncio.sleep(0.2)
    assert (await row(database, "0" * 32)).status == "queued"
    jobs.start()
    await jobs.wait("0" * 32)


CRASHING = """
import asyncio, os, sys
from core.database import Database, WriteSession
from core.jobs import Jobs

async def handler(tenant, args, progress):
    os._exit(9)

async def main():
    jobs = Jobs(Database(sys.argv[1]), {"work": handler}, alone=True)
    if sys.argv[3] == "submit":
        await jobs.submit(sys.argv[2], "work", {"n": 5})
    await jobs.poll()

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
    async with database.read(Crossing.UPKEEP) as session:
        job = (await session.scalars(select(Job))).one()
    assert (job.status, job.crashes) == ("running", 1)
    jobs = opened(doubled, alone=True)
    jobs.start()
    await jobs.wait(job.id)
    assert (await jobs.get(tenant, job.id)).result == {"twice": 10}
