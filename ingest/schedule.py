"""Sources that are synced by the clock: each gets a job when its turn has come, one however many processes look."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta

import structlog
from sqlalchemy import select

from core import job_rows
from core.crossings import Crossing
from core.database import Database, ReadSession, WriteSession
from core.errors import CopilotError
from core.models import Source, now
from core.schedule import next_turn
from core.settings import JobSettings
from core.tasks import beside

log = structlog.get_logger()

SYNC = "sync"
"""The kind of job that brings a corpus to the state of a source; its argument is `source_id`."""
ACTOR = "schedule"


class SourceSchedule:
    """A source with `schedule_s` is due so long after its last sync ended, however that ended; a paused one is not. One that was
    never synced is due at once."""

    def __init__(self, database: Database, settings: JobSettings) -> None:
        self._database = database
        self._settings = settings

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Looks through the sources again and again, beside whatever else this process does."""
        async with beside(self._run(), "source-schedule"):
            yield

    async def submit_due(self) -> int:
        """Queue a sync for every source whose turn has come; how many."""
        async with self._database.read(Crossing.SCHEDULE) as session:
            found = await self._scheduled(session)
            due = [(source.tenant_id, source.id) for source in found if await self._is_due(session, source)]
        return sum([await self._submit(tenant_id, source_id) for tenant_id, source_id in due])

    async def _run(self) -> None:
        while True:
            try:
                await self.submit_due()
            except CopilotError as fault:
                log.warning("schedule_not_looked_through", code=fault.code)
            except Exception as fault:  # a process edge: the other sources' turns must still come
                log.error("schedule_not_looked_through", exc_info=fault)
            await asyncio.sleep(self._settings.schedule_poll_s)

    async def _scheduled(self, session: ReadSession) -> list[Source]:
        """Without those that were synced so lately that no jitter makes them due."""
        query = select(Source).where(Source.schedule_s.is_not(None))
        return [source for source in await session.scalars(query) if self._may_be_due(source)]

    def _may_be_due(self, source: Source) -> bool:
        paused = source.paused_until is not None and source.paused_until > now()
        if paused or source.schedule_s is None:
            return False
        least = source.schedule_s * (1 - self._settings.schedule_jitter / 2)
        return source.synced_at is None or source.synced_at + timedelta(seconds=least) <= now()

    async def _submit(self, tenant_id: str, source_id: str) -> bool:
        """Whether it is still due is asked again under the source's lock: another process may have been quicker."""
        async with self._database.write(tenant_id) as session:
            query = select(Source).where(Source.id == source_id).with_for_update()
            source = await session.scalar(query)
            if source is None or not self._may_be_due(source) or not await self._is_due(session, source):
                return False
            await job_rows.enqueue(session, source.tenant_id, SYNC, {"source_id": source.id, "actor": ACTOR})
        return True

    async def _is_due(self, session: ReadSession | WriteSession, source: Source) -> bool:
        work = job_rows.digest(SYNC, {"source_id": source.id})
        if await job_rows.open_job(session, source.tenant_id, work):
            return False
        ends = (source.synced_at, await job_rows.last_end(session, source.tenant_id, work))
        last = max((end for end in ends if end is not None), default=None)
        if last is None or source.schedule_s is None:
            return source.schedule_s is not None
        turn = next_turn(source.id, last, every_s=source.schedule_s, jitter=self._settings.schedule_jitter)
        return turn <= now()
