"""One try of a job: its handler beside a beat that says that it lives, and how it ended, written for certain."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import timedelta

import structlog

from core import job_rows as rows
from core.database import Database
from core.errors import CopilotError, StorageFullError, UnavailableError
from core.job_rows import STALE, JobStatus
from core.models import Job, Json, now
from core.schedule import is_passing, pause_s
from core.settings import JobSettings

log = structlog.get_logger()

BEAT_S = 1.0
LEASE_S = STALE.total_seconds() * 0.7
"""A try that could not say for so long that it lives ends itself, before another process takes its job for dead."""
UNWRITTEN_S = 30.0
"""Longest pause between two tries to write how a job ended."""


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
class Try:
    """One run of a job in this process; `owner` is its alone, `lost` is set where the job is not its own any more."""

    job: Job
    owner: str
    progress: Progress = field(default_factory=Progress)
    lost: asyncio.Event = field(default_factory=asyncio.Event)


class Runner:
    """Runs tries to their end. `alone`: no other process can take a job for dead, so none is given up for want of a beat."""

    def __init__(
        self,
        database: Database,
        handlers: Mapping[str, Handler],
        settings: JobSettings,
        *,
        alone: bool,
        draw: Callable[[], float],
    ) -> None:
        self._database = database
        self._handlers = handlers
        self._settings = settings
        self._alone = alone
        self._draw = draw

    async def run(self, attempt: Try) -> None:
        """Cancelled, it puts the job back into the queue; the try counts for nothing then."""
        try:
            values = await self._outcome(attempt)
            await self._settle(attempt, values | {"progress": attempt.progress.snapshot()})
        except asyncio.CancelledError:
            await asyncio.shield(self._store(attempt, {"status": JobStatus.QUEUED}))
            raise

    async def _outcome(self, attempt: Try) -> Json:
        """The handler's, unless the job is lost meanwhile: then the handler is stopped."""
        job = attempt.job
        work = asyncio.create_task(self._handled(job, attempt.progress))
        beat = asyncio.create_task(self._beat(attempt))
        try:
            await asyncio.wait({work, beat}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in (work, beat):
                task.cancel()
            await asyncio.wait({work, beat})
        if not work.cancelled():
            return work.result()
        return self._after(job, UnavailableError("the job was interrupted", code="interrupted"))

    async def _handled(self, job: Job, progress: Progress) -> Json:
        try:
            result = await self._handlers[job.kind](job.tenant_id, job.args, progress)
            json.dumps(result)  # here, where it is the job's own fault
        except CopilotError as fault:
            return self._after(job, fault)
        except Exception as fault:  # a job is a process edge: the fault is recorded, never lost
            log.error("job_failed", job=job.id, kind=job.kind, exc_info=fault)
            detail = f"unexpected {type(fault).__name__}; see the service's log"
            return _failed("internal_error", detail)
        return {"status": JobStatus.DONE, "result": result, "error": None}

    def _after(self, job: Job, fault: CopilotError) -> Json:
        """Queued again where the fault may pass, failed where it will not."""
        settings = self._settings
        if isinstance(fault, StorageFullError):  # no fault of the job's: it waits, however long, until there is room
            return _waiting(fault, settings.full_disk_pause_s)
        if not is_passing(fault):
            return _failed(fault.code, fault.detail)
        tried = job.attempts + 1
        if tried >= settings.max_attempts:
            return _failed(fault.code, f"{fault.detail} (tried {tried} times)") | {"attempts": tried}
        pause = pause_s(tried, base_s=settings.backoff_s, most_s=settings.max_backoff_s, draw=self._draw)
        return _waiting(fault, pause) | {"attempts": tried}

    async def _beat(self, attempt: Try) -> None:
        """Writes progress; returns when the job is lost: cancelled, another's, or not to be kept for want of a database."""
        said = time.monotonic()
        while not attempt.lost.is_set():
            with suppress(TimeoutError):
                async with asyncio.timeout(BEAT_S):
                    await attempt.lost.wait()
            try:
                if not await self._store(attempt, {"progress": attempt.progress.snapshot()}):
                    return
                said = time.monotonic()
            except CopilotError as fault:  # a job outlives a database that is away for a moment
                log.warning("job_progress_not_stored", job=attempt.job.id, code=fault.code)
                if time.monotonic() - said > LEASE_S and not self._alone:
                    return

    async def _settle(self, attempt: Try, values: Json) -> None:
        """Write how it ended, however long the database is away or full: the row must not stay `running`."""
        pause = BEAT_S
        while True:
            try:
                if not await self._store(attempt, values):
                    log.info("job_lost", job=attempt.job.id)
                return
            except CopilotError as fault:
                log.warning("job_outcome_not_stored", job=attempt.job.id, code=fault.code)
            await asyncio.sleep(pause)
            pause = min(2 * pause, UNWRITTEN_S)

    async def _store(self, attempt: Try, values: Json) -> bool:
        async with self._database.write(attempt.job.tenant_id) as session:
            return await rows.store(session, attempt.job.id, attempt.owner, values)


def _failed(code: str, detail: str) -> Json:
    return {"status": JobStatus.FAILED, "error": {"code": code, "detail": detail}}


def _waiting(fault: CopilotError, pause: float) -> Json:
    error = {"code": fault.code, "detail": fault.detail}
    return {"status": JobStatus.QUEUED, "error": error, "not_before": now() + timedelta(seconds=pause)}
