"""Long work as rows: stored before it starts, taken up again after a crash, fair between tenants.

A job's handler must be idempotent, since a crash runs it again. Progress is kept in memory and written once a second, which also
says that the job's process lives. Why this and no workflow engine: docs/adr/0005-jobs.md.
"""

from __future__ import annotations

import asyncio
import itertools
import random
from collections.abc import Callable, Collection, Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime

import structlog

from core import job_rows as rows
from core.audit import record
from core.crossings import Crossing
from core.database import Database
from core.errors import ConflictError, CopilotError
from core.job_rows import FINISHED, MAX_CRASHES, STALE, JobStatus
from core.job_tries import Handler, Progress, Runner, Try
from core.models import Job, Json, new_id, now
from core.settings import JobSettings

__all__ = ["MAX_CRASHES", "STALE", "Handler", "JobLine", "JobStatus", "JobView", "Jobs", "Progress"]

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class JobLine:
    """A job as a list shows it. `error` is why it failed, or why it waits until `not_before`; `attempts` are failed tries."""

    id: str
    kind: str
    status: JobStatus
    progress: Json
    error: Json | None
    attempts: int
    not_before: datetime | None
    created_at: datetime
    updated_at: datetime


@dataclass(frozen=True, slots=True)
class JobView(JobLine):
    """A job as the API shows it."""

    result: Json


class Jobs:
    """Stores jobs and runs them in this process, one at a time for each tenant and at most `settings.parallel` at once.

    Work is taken from the table as slots come free, so that a long queue costs rows and no memory. Until `start` or `poll`
    only the tenants are served that submitted here: the command line runs its own jobs and nobody else's. `alone` says that
    no other process can be running jobs over this database.
    """

    def __init__(
        self,
        database: Database,
        handlers: Mapping[str, Handler],
        *,
        settings: JobSettings | None = None,
        alone: bool = False,
        kinds: Collection[str] | None = None,
        draw: Callable[[], float] = random.random,
    ) -> None:
        """`kinds`: jobs of other kinds are another object's business, and neither waits for the other's; None: all are its own."""
        self._database = database
        self._kinds = kinds
        self._settings = settings or JobSettings()
        self._alone = alone
        self._runner = Runner(database, handlers, self._settings, alone=alone, draw=draw)
        self._served: set[str] | None = set()
        self._turns: dict[str, int] = {}
        self._count = itertools.count(1)
        self._tries: dict[str, Try] = {}  # by owner
        self._tasks: set[asyncio.Task[None]] = set()
        self._loop: asyncio.Task[None] | None = None
        self._wake = asyncio.Event()
        self._closing = False

    def start(self) -> None:
        """From here on run every tenant's jobs, beside whatever else this process does."""
        self._served = None
        self._ensure_loop()

    async def poll(self) -> None:
        """A worker process' whole life: run every tenant's jobs, until cancelled."""
        self.start()
        if self._loop is not None:
            await asyncio.shield(self._loop)

    async def submit(self, tenant_id: str, kind: str, args: Json) -> JobView:
        """A new job, or the one with the same kind and arguments that is waiting already (`actor`, who asks, may differ).
        What somebody asks for is audited."""
        async with self._database.write(tenant_id) as session:
            job = await rows.enqueue(session, tenant_id, kind, args)
            if asker := args.get("actor"):
                record(session, tenant_id, actor=asker, action=f"{kind}.start", target=job.id)
        if self._served is not None:
            self._served.add(tenant_id)
        self._ensure_loop()
        return _view(job)

    async def get(self, tenant_id: str, job_id: str) -> JobView:
        """Raises `NotFoundError` for another tenant's job as for an unknown one."""
        async with self._database.read(tenant_id) as session:
            job = await rows.find(session, tenant_id, job_id)
        return _view(job, self._live(job))

    async def list(
        self, tenant_id: str, *, status: JobStatus | None = None, after: str | None = None, limit: int = 50
    ) -> list[JobLine]:
        """Newest first, `limit` at most; `after` is the id of the last job that was listed. Raises `NotFoundError` for an
        `after` that is no job of the tenant."""
        async with self._database.read(tenant_id) as session:
            found = await rows.page(session, tenant_id, status=status, after=after, limit=limit)
        return [_line(job, self._live(job)) for job in found]

    async def retry(self, tenant_id: str, job_id: str, *, actor: str) -> JobView:
        """Run a failed or cancelled job again, or a waiting one at once. Raises `ConflictError` (`job_not_failed`) for a
        running or done one, (`job_waiting`) where a later job does the same work."""
        async with self._database.write(tenant_id) as session:
            job = await rows.find(session, tenant_id, job_id, lock=True)
            if job.status in (JobStatus.RUNNING, JobStatus.DONE):
                raise ConflictError(f"the job is {job.status}, so there is nothing to retry", code="job_not_failed")
            if job.status != JobStatus.QUEUED and await rows.open_job(session, tenant_id, job.digest):
                raise ConflictError("another job waits or runs with the same work", code="job_waiting")
            job.status, job.error, job.attempts, job.crashes, job.not_before = JobStatus.QUEUED, None, 0, 0, now()
            record(session, tenant_id, actor=actor, action="job.retry", target=job_id)
        if self._served is not None:
            self._served.add(tenant_id)
        self._ensure_loop()
        return _view(job)

    async def cancel(self, tenant_id: str, job_id: str, *, actor: str) -> JobView:
        """Stop a job that waits or runs; what it finished stays. A running one ends within a second, in whichever process.
        Raises `ConflictError` (`job_ended`) where it is over."""
        async with self._database.write(tenant_id) as session:
            job = await rows.find(session, tenant_id, job_id, lock=True)
            if job.status in FINISHED:
                raise ConflictError(f"the job is {job.status} already", code="job_ended")
            job.status, job.owner, job.updated_at = JobStatus.CANCELLED, None, now()
            job.error = {"code": "cancelled", "detail": "somebody cancelled this job; retry it to go on"}
            record(session, tenant_id, actor=actor, action="job.cancel", target=job_id)
        for attempt in self._tries.values():
            if attempt.job.id == job_id:
                attempt.lost.set()
        return _view(job)

    async def wait(self, job_id: str) -> None:
        """Until the job has ended, wherever it runs."""
        while True:
            async with self._database.read(Crossing.JOBS) as session:
                job = await session.get(Job, job_id)
            if job is None or job.status in FINISHED:
                return
            await asyncio.sleep(0.02)

    async def aclose(self) -> None:
        """Stop running jobs and put them back into the queue, for the next start or another process. Counts as no attempt."""
        self._closing = True
        self._wake.set()
        if self._loop is not None:
            await self._loop  # not cancelled: a job that it is just claiming would stay `running`
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def _ensure_loop(self) -> None:
        self._wake.set()
        if self._loop is None and not self._closing:
            self._loop = asyncio.create_task(self._run_loop(), name="jobs")

    async def _run_loop(self) -> None:
        while not self._closing:
            self._wake.clear()
            try:
                await self._take_back()
                await self._fill()
            except CopilotError as fault:  # the database is away, or full: it is asked again
                log.warning("jobs_not_taken_up", code=fault.code)
            except Exception as fault:  # a process edge: whatever it is, tomorrow's jobs must still run
                log.error("jobs_not_taken_up", exc_info=fault)
            with suppress(TimeoutError):
                async with asyncio.timeout(self._settings.poll_s):
                    await self._wake.wait()

    async def _take_back(self) -> None:
        own = list(self._tries)
        async with self._database.read(Crossing.JOBS) as session:
            if not await rows.any_dead(session, alone=self._alone, but=own, kinds=self._kinds):
                return
        async with self._database.write(Crossing.JOBS) as session:
            await rows.take_back(session, alone=self._alone, but=own, kinds=self._kinds)

    async def _fill(self) -> None:
        """Start jobs while there are slots: of the tenant first that was served longest ago."""
        while len(self._tasks) < self._settings.parallel and not self._closing:
            async with self._database.read(Crossing.JOBS) as session:
                waiting = await rows.waiting_tenants(session, self._served, kinds=self._kinds)
            for tenant_id in sorted(waiting, key=lambda tenant: self._turns.get(tenant, 0)):
                if await self._begin(tenant_id):
                    break
            else:
                return

    async def _begin(self, tenant_id: str) -> bool:
        owner = new_id()
        async with self._database.write(tenant_id) as session:
            job = await rows.claim(session, tenant_id, owner, kinds=self._kinds)
        if job is None:
            return False
        self._turns[tenant_id] = next(self._count)
        attempt = self._tries[owner] = Try(job, owner)
        task = asyncio.create_task(self._runner.run(attempt), name=owner)
        self._tasks.add(task)
        task.add_done_callback(self._ended)
        return True

    def _ended(self, task: asyncio.Task[None]) -> None:
        del self._tries[task.get_name()]
        self._tasks.discard(task)
        self._wake.set()

    def _live(self, job: Job) -> Progress | None:
        attempt = self._tries.get(job.owner or "")
        return attempt.progress if attempt else None


def _line(job: Job, live: Progress | None = None) -> JobLine:
    return JobLine(
        id=job.id,
        kind=job.kind,
        status=JobStatus(job.status),
        progress=live.snapshot() if live else job.progress,
        error=job.error,
        attempts=job.attempts,
        not_before=job.not_before if job.status == JobStatus.QUEUED else None,
        created_at=job.created_at,
        updated_at=job.updated_at,
    )


def _view(job: Job, live: Progress | None = None) -> JobView:
    line = _line(job, live)
    return JobView(**{name: getattr(line, name) for name in JobLine.__slots__}, result=job.result)
