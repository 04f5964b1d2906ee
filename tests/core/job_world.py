"""What the tests of jobs share: handlers, rows, and waiting for them."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from datetime import timedelta

from sqlalchemy import select, update

from core.crossings import Crossing
from core.database import Database
from core.jobs import Jobs, Progress
from core.models import Job, Json, Tenant, now

Open = Callable[..., Jobs]


async def new_tenant(database: Database, slug: str) -> str:
    row = Tenant(slug=slug, name=slug)
    async with database.write(Crossing.UPKEEP) as session:
        session.add(row)
    return row.id


async def row(database: Database, job_id: str) -> Job:
    async with database.read(Crossing.UPKEEP) as session:
        return (await session.scalars(select(Job).where(Job.id == job_id))).one()


async def until(condition: Callable[[], Awaitable[bool]]) -> None:
    async with asyncio.timeout(60):
        while not await condition():
            await asyncio.sleep(0.01)


async def doubled(_tenant: str, args: Json, progress: Progress) -> Json:
    progress.total = progress.done = args["n"]
    return {"twice": args["n"] * 2}


async def forever(_tenant: str, _args: Json, progress: Progress) -> Json:
    progress.stage, progress.done, progress.total = "indexing", 3, 10
    await asyncio.Event().wait()
    return {}


async def left_running(database: Database, tenant: str, *, crashes: int, silent: timedelta) -> str:
    """As a process leaves a job that is killed."""
    job = Job(tenant_id=tenant, kind="work", args={"n": 2}, status="running", crashes=crashes, owner="0" * 32)
    async with database.write(Crossing.UPKEEP) as session:
        session.add(job)
        await session.flush()
        await session.execute(update(Job).where(Job.id == job.id).values(updated_at=now() - silent))
    return job.id
