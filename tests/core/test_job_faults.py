from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta

import pytest
from job_world import Open, doubled, row, until

from core.crossings import Crossing
from core.database import Database, WriteSession
from core.errors import InvalidRequestError, StorageFullError, UnavailableError
from core.jobs import JobStatus, Progress
from core.models import Json, now


class FullDatabase(Database):
    """No write succeeds while `full` is set."""

    full = False

    @asynccontextmanager
    async def write(self, whose: str | Crossing) -> AsyncIterator[WriteSession]:
        if self.full:
            raise StorageFullError("the disk that holds the database is full; free space and try again")
        async with super().write(whose) as session:
            yield session


async def test_permanent_fault_goes_straight_to_the_failed_jobs(opened: Open, tenant: str) -> None:
    ran = []

    async def wrong(_tenant: str, _args: Json, _progress: Progress) -> Json:
        ran.append(1)
        raise InvalidRequestError("there is no such folder", code="source_not_found")

    jobs = opened(wrong)
    job = await jobs.submit(tenant, "work", {})
    await jobs.wait(job.id)
    view = await jobs.get(tenant, job.id)
    assert view.status is JobStatus.FAILED
    assert view.error == {"code": "source_not_found", "detail": "there is no such folder"}
    assert (view.result, ran) == ({}, [1])
    assert [line.id for line in await jobs.list(tenant, status=JobStatus.FAILED)] == [job.id]


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


async def test_passing_fault_is_tried_again_until_it_has_passed(opened: Open, tenant: str, database: Database) -> None:
    tries = []

    async def handler(_tenant: str, _args: Json, _progress: Progress) -> Json:
        tries.append(1)
        if len(tries) < 4:
            raise UnavailableError("the index does not answer", code="index_unavailable")
        return {"ok": True}

    jobs = opened(handler)
    job = await jobs.submit(tenant, "work", {})
    await jobs.wait(job.id)
    view = await jobs.get(tenant, job.id)
    assert (view.status, view.error, view.attempts, len(tries)) == (JobStatus.DONE, None, 3, 4)


async def test_waiting_job_says_why_and_until_when(opened: Open, tenant: str) -> None:
    async def handler(_tenant: str, _args: Json, _progress: Progress) -> Json:
        raise UnavailableError("the index does not answer", code="index_unavailable")

    jobs = opened(handler, backoff_s=1000.0, max_backoff_s=2000.0)
    job = await jobs.submit(tenant, "work", {})

    async def waits() -> bool:
        return (await jobs.get(tenant, job.id)).attempts == 1

    await until(waits)
    view = await jobs.get(tenant, job.id)
    assert (view.status, view.error) == (
        JobStatus.QUEUED,
        {"code": "index_unavailable", "detail": "the index does not answer"},
    )
    assert view.not_before is not None and now() - timedelta(seconds=30) < view.not_before < now() + timedelta(
        seconds=1000
    )


async def test_passing_fault_that_does_not_pass_ends_in_the_failed_jobs(opened: Open, tenant: str) -> None:
    tries = []

    async def handler(_tenant: str, _args: Json, _progress: Progress) -> Json:
        tries.append(1)
        raise UnavailableError("the index does not answer", code="index_unavailable")

    jobs = opened(handler, max_attempts=3)
    job = await jobs.submit(tenant, "work", {})
    await jobs.wait(job.id)
    view = await jobs.get(tenant, job.id)
    assert view.status is JobStatus.FAILED
    assert view.error == {"code": "index_unavailable", "detail": "the index does not answer (tried 3 times)"}
    assert len(tries) == 3


async def test_full_disk_is_a_pause_that_counts_as_no_try(opened: Open, tenant: str) -> None:
    tries = []

    async def handler(_tenant: str, _args: Json, _progress: Progress) -> Json:
        tries.append(1)
        if len(tries) < 6:
            raise StorageFullError("free some space")
        return {}

    jobs = opened(handler, max_attempts=1, full_disk_pause_s=0.01)
    job = await jobs.submit(tenant, "work", {})
    await jobs.wait(job.id)
    view = await jobs.get(tenant, job.id)
    assert (view.status, view.attempts, len(tries)) == (JobStatus.DONE, 0, 6)


@pytest.mark.parametrize("ending", ["done", "storage_full"])
async def test_job_whose_disk_is_full_to_the_last_byte_does_not_stay_running(
    opened: Open, tenant: str, database_url: str, ending: str
) -> None:
    disk = FullDatabase(database_url)
    ran = 0

    async def handler(_tenant: str, _args: Json, _progress: Progress) -> Json:
        nonlocal ran
        ran += 1
        disk.full = ran == 1
        if disk.full and ending == "storage_full":
            raise StorageFullError("free some space")
        return {}

    jobs = opened(handler, on=disk, full_disk_pause_s=0.01)
    job = await jobs.submit(tenant, "work", {})
    async with asyncio.timeout(60):
        while not ran:
            await asyncio.sleep(0.01)
    await asyncio.sleep(0.2)
    assert (await row(disk, job.id)).status == "running"  # what could say otherwise cannot be written
    disk.full = False
    await jobs.wait(job.id)
    assert (await row(disk, job.id)).status == "done"
    assert ran == (1 if ending == "done" else 2)
    await jobs.aclose()
    await disk.aclose()


async def test_result_that_is_no_json_fails_the_job_and_not_the_service(opened: Open, tenant: str) -> None:
    async def handler(_tenant: str, _args: Json, _progress: Progress) -> Json:
        return {"when": now()}

    jobs = opened(handler)
    job = await jobs.submit(tenant, "work", {})
    await jobs.wait(job.id)
    view = await jobs.get(tenant, job.id)
    assert (view.status, view.error and view.error["code"]) == (JobStatus.FAILED, "internal_error")
