"""Long work as rows: stored before it starts, taken up again after a crash, fair between tenants.

A job's handler must be idempotent, since a crash runs it again. Progress is kept in memory and written at most once a second.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from enum import StrEnum

import structlog
from sqlalchemy import ColumnElement, and_, or_, select, true, update

from core.database import Database
from core.errors import CopilotError, NotFoundError
from core.models import Job, Json, new_id, now

log = structlog.get_logger()

STALE = timedelta(seconds=30)
"""A running job writes its progress every second: silent for this long, its process is dead."""
MAX_ATTEMPTS = 3
"""Starts of one job: a job that takes the process down with it must not do so for ever."""


class JobStatus(StrEnum):
    QUEUED = "queued"
    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"


@dataclass(slots=True)
class Progress:
    """How far a job is. `total` is 0 until it is known."""

    done: int = 0
    total: int = 0
    stage: str = ""
    started: float = field(default_factory=time.monotonic)

    def snapshot(self) -> Json:
        """Rate in items a second, remaining time in seconds (absent until something is done)."""
        elapsed = max(time.monotonic() - self.started, 1e-6)
        rate = self.done / elapsed
        eta = (self.total - self.done) / rate if rate and self.total else None
        return {
            "done": self.done,
            "total": self.total,
            "stage": self.stage,
            "rate": round(rate, 2),
            "eta_s": eta and round(eta, 1),
        }


Handler = Callable[[str, Json, Progress], Awaitable[Json]]
"""`(tenant_id, args, progress) -> result`"""


@dataclass(frozen=True, slots=True)
class JobView:
    """A job as the API shows it."""

    id: str
    kind: str
    status: JobStatus
    progress: Json
    result: Json
    error: Json | None


class Jobs:
    """Stores jobs and runs them in this process, one at a time for each tenant and at most `parallel` at once."""

    def __init__(self, database: Database, handlers: Mapping[str, Handler], *, parallel: int = 2) -> None:
        self._database = database
        self._handlers = handlers
        self._slots = asyncio.Semaphore(parallel)
        self._tenants: dict[str, asyncio.Lock] = {}
        self._progress: dict[str, Progress] = {}
        self._tasks: set[asyncio.Task[None]] = set()

    async def take_up(self, *, alone: bool) -> None:
        """Run what is queued, and what a dead process left running. `alone`: no other process can be running jobs."""
        async with self._database.read() as session:
            left = await session.execute(
                select(Job.id, Job.tenant_id).where(_claimable(alone=alone)).order_by(Job.created_at)
            )
            pending = [(job_id, tenant_id) for job_id, tenant_id in left if job_id not in self._running()]
        for job_id, tenant_id in pending:
            self._spawn(job_id, tenant_id, alone=alone)

    async def poll(self, *, every_s: float = 1.0) -> None:
        """A worker process' whole life: take up jobs that any process has submitted, until cancelled."""
        while True:
            await self.take_up(alone=False)
            await asyncio.sleep(every_s)

    async def submit(self, tenant_id: str, kind: str, args: Json) -> JobView:
        job = Job(
            id=new_id(), tenant_id=tenant_id, kind=kind, args=args, status=JobStatus.QUEUED, progress={}, result={}
        )
        async with self._database.write() as session:
            session.add(job)
        self._spawn(job.id, tenant_id)
        return _view(job)

    async def get(self, tenant_id: str, job_id: str) -> JobView:
        """Raises `NotFoundError` for another tenant's job as for an unknown one."""
        async with self._database.read() as session:
            job = await session.scalar(select(Job).where(Job.id == job_id, Job.tenant_id == tenant_id))
        if job is None:
            raise NotFoundError("no such job")
        view = _view(job)
        live = self._progress.get(job_id)
        return (
            view if live is None else JobView(view.id, view.kind, view.status, live.snapshot(), view.result, view.error)
        )

    async def wait(self, job_id: str) -> None:
        """Until the job, if it runs in this process, has ended."""
        tasks = [task for task in self._tasks if task.get_name() == job_id]
        if tasks:
            await asyncio.wait(tasks)  # not `gather`, which cancels the job with whoever waits for it

    async def aclose(self) -> None:
        """Stop running jobs and put them back into the queue, for the next start or another process. Counts as no attempt."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def _running(self) -> set[str]:
        return {task.get_name() for task in self._tasks}

    def _spawn(self, job_id: str, tenant_id: str, *, alone: bool = False) -> None:
        task = asyncio.create_task(self._run_in_turn(job_id, tenant_id, alone=alone), name=job_id)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _run_in_turn(self, job_id: str, tenant_id: str, *, alone: bool) -> None:
        async with self._tenants.setdefault(tenant_id, asyncio.Lock()), self._slots:
            job = await self._claim(job_id, alone=alone)
            if job is None:
                return
            progress = self._progress[job_id] = Progress()
            try:
                async with self._reporting(job_id, progress):
                    values = await self._outcome(job, progress)
            except asyncio.CancelledError:
                await asyncio.shield(self._store(job_id, status=JobStatus.QUEUED, attempts=job.attempts - 1))
                raise
            finally:
                del self._progress[job_id]
            await self._store(job_id, **values, progress=progress.snapshot())

    async def _claim(self, job_id: str, *, alone: bool) -> Job | None:
        """One statement decides who runs it, however many processes try."""
        async with self._database.write() as session:
            job = await session.scalar(
                update(Job)
                .where(Job.id == job_id, _claimable(alone=alone))
                .values(status=JobStatus.RUNNING, attempts=Job.attempts + 1, updated_at=now())
                .returning(Job)
            )
            if job is None or job.attempts <= MAX_ATTEMPTS:
                return job
            job.status = JobStatus.FAILED
            job.error = {"code": "gave_up", "detail": f"the process died {MAX_ATTEMPTS} times while this job ran"}
        return None

    async def _outcome(self, job: Job, progress: Progress) -> Json:
        try:
            result = await self._handlers[job.kind](job.tenant_id, job.args, progress)
        except CopilotError as fault:
            return {"status": JobStatus.FAILED, "error": {"code": fault.code, "detail": fault.detail}}
        except Exception as fault:  # a job is a process edge: the fault is recorded, never lost
            log.error("job_failed", job=job.id, kind=job.kind, exc_info=fault)
            detail = f"unexpected {type(fault).__name__}; see the service's log"
            return {"status": JobStatus.FAILED, "error": {"code": "internal_error", "detail": detail}}
        return {"status": JobStatus.DONE, "result": result}

    @asynccontextmanager
    async def _reporting(self, job_id: str, progress: Progress) -> AsyncIterator[None]:
        """Writes progress meanwhile; ended before the outcome is stored, so that no late write follows it."""
        reporter = asyncio.create_task(self._report(job_id, progress))
        try:
            yield
        finally:
            reporter.cancel()
            await asyncio.wait([reporter])

    async def _report(self, job_id: str, progress: Progress) -> None:
        while True:
            await asyncio.sleep(1)
            try:
                await self._store(job_id, progress=progress.snapshot())
            except CopilotError as fault:  # a job outlives a database that is away for a moment
                log.warning("job_progress_not_stored", job=job_id, code=fault.code)

    async def _store(self, job_id: str, **values: object) -> None:
        async with self._database.write() as session:
            await session.execute(update(Job).where(Job.id == job_id).values(updated_at=now(), **values))


def _claimable(*, alone: bool) -> ColumnElement[bool]:
    dead = true() if alone else Job.updated_at < now() - STALE
    return or_(Job.status == JobStatus.QUEUED, and_(Job.status == JobStatus.RUNNING, dead))


def _view(job: Job) -> JobView:
    return JobView(job.id, job.kind, JobStatus(job.status), job.progress, job.result, job.error)
