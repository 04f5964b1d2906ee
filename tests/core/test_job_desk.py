from __future__ import annotations

import asyncio
from collections import Counter
from datetime import timedelta

import pytest
from job_world import Open, doubled, forever, new_tenant, row, until
from sqlalchemy import select

from core.crossings import Crossing
from core.database import Database
from core.errors import ConflictError, InvalidRequestError, NotFoundError, StorageFullError
from core.jobs import JobStatus, Progress
from core.models import AuditRow, Job, Json, now
from tests.fakes import trail


async def test_same_work_twice_is_one_job_while_it_waits(opened: Open, tenant: str, database: Database) -> None:
    gate, ran = asyncio.Event(), Counter[int]()

    async def handler(_tenant: str, args: Json, _progress: Progress) -> Json:
        ran[args["n"]] += 1
        await gate.wait()
        return {}

    jobs = opened(handler)
    first = await jobs.submit(tenant, "work", {"n": 1, "actor": "ann"})

    async def runs() -> bool:
        return ran[1] == 1

    await until(runs)
    second = await jobs.submit(tenant, "work", {"n": 1, "actor": "ann"})
    third = await jobs.submit(tenant, "work", {"actor": "bob", "n": 1})
    other = await jobs.submit(tenant, "work", {"n": 2})
    assert second.id == third.id != first.id, "what runs may have missed what changed; what waits has not"
    assert other.id not in (first.id, second.id)
    elsewhere = await jobs.submit(await new_tenant(database, "b"), "work", {"n": 1, "actor": "ann"})
    assert elsewhere.id != second.id
    gate.set()
    for job in (first, second, other, elsewhere):
        await jobs.wait(job.id)
    assert ran == {1: 3, 2: 1}


async def test_same_work_at_the_same_moment_from_two_processes_is_one_job(
    opened: Open, tenant: str, database: Database, database_url: str
) -> None:
    blocker = Job(tenant_id=tenant, kind="work", args={}, status="running", owner="0" * 32)
    async with database.write(Crossing.UPKEEP) as session:
        session.add(blocker)
    other = Database(database_url, trail=trail())
    services = [opened(doubled), opened(doubled, on=other)]
    views = await asyncio.gather(*(services[n % 2].submit(tenant, "work", {"n": 1}) for n in range(10)))
    assert len({view.id for view in views}) == 1
    for each in services:
        await each.aclose()
    await other.aclose()


async def test_submitting_again_ends_a_pause(opened: Open, tenant: str) -> None:
    tries = []

    async def handler(_tenant: str, _args: Json, _progress: Progress) -> Json:
        tries.append(1)
        if len(tries) == 1:
            raise StorageFullError("free some space")
        return {}

    jobs = opened(handler, full_disk_pause_s=1000)
    job = await jobs.submit(tenant, "work", {})

    async def waits() -> bool:
        return (await jobs.get(tenant, job.id)).error is not None

    await until(waits)
    assert (await jobs.submit(tenant, "work", {})).id == job.id
    await jobs.wait(job.id)


async def test_cancelled_before_its_turn_a_job_never_runs(opened: Open, tenant: str, database: Database) -> None:
    ran = []

    async def handler(_tenant: str, args: Json, _progress: Progress) -> Json:
        ran.append(args["n"])
        await asyncio.sleep(0.1)
        return {}

    jobs = opened(handler)
    first = await jobs.submit(tenant, "work", {"n": 1})
    second = await jobs.submit(tenant, "work", {"n": 2})
    view = await jobs.cancel(tenant, second.id, actor="ann")
    assert (view.status, view.error and view.error["code"]) == (JobStatus.CANCELLED, "cancelled")
    await jobs.wait(first.id)
    await asyncio.sleep(0.2)
    assert ran == [1]
    async with database.read(Crossing.UPKEEP) as session:
        rows = await session.scalars(select(AuditRow))
        assert [(row.actor, row.action, row.target) for row in rows] == [("ann", "job.cancel", second.id)]


@pytest.mark.parametrize("where", ["here", "in another process"])
async def test_cancelled_while_it_runs_a_job_stops_and_its_tenant_goes_on(
    opened: Open, tenant: str, database: Database, where: str
) -> None:
    stopped = asyncio.Event()

    async def handler(_tenant: str, args: Json, progress: Progress) -> Json:
        if "quick" in args:
            return {}
        try:
            return await forever(_tenant, args, progress)
        finally:
            stopped.set()

    jobs = opened(handler)
    job = await jobs.submit(tenant, "work", {})

    async def runs() -> bool:
        return (await row(database, job.id)).status == "running"

    await until(runs)
    canceller = jobs if where == "here" else opened(handler)
    await canceller.cancel(tenant, job.id, actor="ann")
    async with asyncio.timeout(60):
        await stopped.wait()
    following = await jobs.submit(tenant, "work", {"quick": True})
    await jobs.wait(following.id)
    assert (await jobs.get(tenant, job.id)).status is JobStatus.CANCELLED


async def test_failed_and_cancelled_jobs_can_be_retried_and_others_not(
    opened: Open, tenant: str, database: Database
) -> None:
    broken = True

    async def handler(_tenant: str, _args: Json, _progress: Progress) -> Json:
        if broken:
            raise InvalidRequestError("there is no such folder", code="source_not_found")
        return {"ok": True}

    jobs = opened(handler)
    job = await jobs.submit(tenant, "work", {})
    await jobs.wait(job.id)
    broken = False
    retried = await jobs.retry(tenant, job.id, actor="ann")
    assert (retried.status, retried.error, retried.attempts) == (JobStatus.QUEUED, None, 0)
    await jobs.wait(job.id)
    assert (await jobs.get(tenant, job.id)).result == {"ok": True}
    for act, code in ((jobs.retry, "job_not_failed"), (jobs.cancel, "job_ended")):
        with pytest.raises(ConflictError) as caught:
            await act(tenant, job.id, actor="ann")
        assert caught.value.code == code
    foreign = await new_tenant(database, "b")
    for act in (jobs.retry, jobs.cancel):
        with pytest.raises(NotFoundError):
            await act(foreign, job.id, actor="eve")


async def test_retry_of_work_that_waits_anew_is_refused(opened: Open, tenant: str, database: Database) -> None:
    jobs = opened(forever)
    job = await jobs.submit(tenant, "work", {"n": 1})
    await jobs.cancel(tenant, job.id, actor="ann")
    await jobs.submit(tenant, "work", {"n": 1})
    with pytest.raises(ConflictError) as caught:
        await jobs.retry(tenant, job.id, actor="ann")
    assert caught.value.code == "job_waiting"


async def test_list_is_paged_newest_first_by_status_and_of_one_tenant(
    opened: Open, tenant: str, database: Database
) -> None:
    other = await new_tenant(database, "b")
    moment = now()
    async with database.write(Crossing.UPKEEP) as session:
        session.add_all(
            Job(id=f"{n:032}", tenant_id=tenant, kind="work", args={}, status=("done", "failed")[n % 2], created_at=at)
            for n in range(25)
            for at in [moment - timedelta(minutes=25 - n // 3)]  # three at a time at the same instant
        )
        session.add(Job(id="f" * 32, tenant_id=other, kind="work", args={}, status="failed"))
    jobs = opened(doubled)
    seen: list[str] = []
    while page := await jobs.list(tenant, after=seen[-1] if seen else None, limit=4):
        assert len(page) <= 4
        seen += [line.id for line in page]
    assert seen == [f"{n:032}" for n in reversed(range(25))]
    failed = await jobs.list(tenant, status=JobStatus.FAILED, limit=50)
    assert [line.id for line in failed] == [f"{n:032}" for n in reversed(range(25)) if n % 2]
    with pytest.raises(NotFoundError):
        await jobs.list(tenant, after="f" * 32)


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
