"""Retention by the clock: each tenant gets a run a day, one however many processes look."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import datetime

import structlog
from sqlalchemy import func, select

from core import job_rows
from core.crossings import Crossing
from core.database import Database
from core.errors import CopilotError
from core.models import Job, Tenant, now
from core.retention import JOB
from core.schedule import next_turn
from core.settings import RetentionSettings
from core.tasks import beside

log = structlog.get_logger()

ACTOR = "schedule"
JITTER = 0.1
"""Share of its interval that a tenant's turn moves, so that not all come at once."""


class RetentionSchedule:
    def __init__(self, database: Database, settings: RetentionSettings) -> None:
        self._database = database
        self._settings = settings

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Looks through the tenants again and again, beside whatever else this process does."""
        async with beside(self._run(), "retention-schedule"):
            yield

    async def submit_due(self) -> int:
        """Queue a run for every tenant whose turn has come; how many."""
        async with self._database.read(Crossing.DIRECTORY) as session:
            made = {row.id: row.created_at for row in await session.execute(select(Tenant.id, Tenant.created_at))}
        async with self._database.read(Crossing.SCHEDULE) as session:
            ends = select(Job.tenant_id, func.max(Job.updated_at)).where(Job.kind == JOB).group_by(Job.tenant_id)
            last = {row[0]: row[1] for row in await session.execute(ends)}
        due = [tenant for tenant, began in made.items() if self._is_due(tenant, last.get(tenant, began))]
        return sum([await self._submit(tenant_id) for tenant_id in due])

    def _is_due(self, tenant_id: str, last: datetime) -> bool:
        every_s = self._settings.every_hours * 3600
        return next_turn(f"{JOB}/{tenant_id}", last, every_s=every_s, jitter=JITTER) <= now()

    async def _submit(self, tenant_id: str) -> bool:
        """Whether one waits already is asked under the tenant's lock: another process may have been quicker."""
        async with self._database.write(tenant_id) as session:
            await session.execute(select(Tenant.id).where(Tenant.id == tenant_id).with_for_update(key_share=True))
            if await job_rows.open_job(session, tenant_id, job_rows.digest(JOB, {})):
                return False
            last = await job_rows.last_end(session, tenant_id, job_rows.digest(JOB, {}))
            if last is not None and not self._is_due(tenant_id, last):
                return False
            await job_rows.enqueue(session, tenant_id, JOB, {"actor": ACTOR})
        return True

    async def _run(self) -> None:
        while True:
            try:
                await self.submit_due()
            except CopilotError as fault:
                log.warning("retention_not_looked_through", code=fault.code)
            except Exception as fault:  # a process edge: tomorrow's turns must still come
                log.error("retention_not_looked_through", exc_info=fault)
            await asyncio.sleep(self._settings.poll_s)
