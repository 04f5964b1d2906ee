"""SQL of jobs: who waits, who runs, what is over. Each function is a part of its caller's transaction.

Whoever decides about a tenant's jobs holds the lock of the tenant's row (SQLite: the write lock), so that two processes neither
start two jobs of one tenant nor store the same work twice.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable
from datetime import datetime, timedelta
from enum import StrEnum
from hashlib import sha256
from typing import Any, cast

from sqlalchemy import ColumnElement, CursorResult, and_, exists, or_, select, true, update
from sqlalchemy.orm import aliased, defer

from core.database import ReadSession, WriteSession
from core.errors import NotFoundError
from core.models import Job, Json, Tenant, new_id, now

STALE = timedelta(seconds=30)
"""A running job says so every second: silent for this long, its process is dead, or cut off and has given the job up."""
MAX_CRASHES = 3
"""A job that takes its process down with it must not do so for ever."""
_NO_WORK = ("actor",)
"""Arguments that say who asked, not what for."""


class JobStatus(StrEnum):
    QUEUED = "queued"
    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"
    CANCELLED = "cancelled"


FINISHED = (JobStatus.DONE, JobStatus.FAILED, JobStatus.CANCELLED)


def digest(kind: str, args: Json) -> str:
    """Of the work: the same for two who ask for the same."""
    work = {key: value for key, value in args.items() if key not in _NO_WORK}
    return sha256(json.dumps([kind, work], sort_keys=True).encode()).hexdigest()


async def enqueue(session: WriteSession, tenant_id: str, kind: str, args: Json, *, after_s: float = 0.0) -> Job:
    """The job that waits for its turn with this work: a new one, or the one that waits already, which then waits no longer
    than this one would."""
    turn = now() + timedelta(seconds=after_s)
    await session.execute(select(Tenant.id).where(Tenant.id == tenant_id).with_for_update(key_share=True))
    waiting = await session.scalar(
        select(Job)
        .where(Job.tenant_id == tenant_id, Job.digest == digest(kind, args), Job.status == JobStatus.QUEUED)
        .order_by(Job.created_at)
        .limit(1)
    )
    if waiting is not None:
        if waiting.not_before is None or waiting.not_before > turn:
            waiting.not_before, waiting.error = turn, None
        return waiting
    job = Job(
        id=new_id(),
        tenant_id=tenant_id,
        kind=kind,
        args=args,
        status=JobStatus.QUEUED,
        progress={},
        result={},
        attempts=0,
        crashes=0,
        digest=digest(kind, args),
        not_before=turn,
        created_at=now(),
        updated_at=now(),
    )
    session.add(job)
    return job


async def open_job(session: ReadSession | WriteSession, tenant_id: str, work: str) -> bool:
    """Whether work of this digest waits or runs."""
    query = select(Job.id).where(Job.tenant_id == tenant_id, Job.digest == work, Job.status.not_in(FINISHED)).limit(1)
    return await session.scalar(query) is not None


async def last_end(session: ReadSession | WriteSession, tenant_id: str, work: str) -> datetime | None:
    """When work of this digest ended last, however it did."""
    query = (
        select(Job.updated_at)
        .where(Job.tenant_id == tenant_id, Job.digest == work, Job.status.in_(FINISHED))
        .order_by(Job.updated_at.desc())
        .limit(1)
    )
    return await session.scalar(query)


def _of(job: type[Job], kinds: Collection[str] | None) -> ColumnElement[bool]:
    """Jobs of these kinds; None: all."""
    return true() if kinds is None else job.kind.in_(kinds)


async def waiting_tenants(
    session: ReadSession, among: Collection[str] | None, *, kinds: Collection[str] | None = None
) -> list[str]:
    """Tenants of which a job of these kinds could start now. One probe of an index for each tenant, however long a queue is."""
    of = Job.tenant_id == Tenant.id
    ready = exists().where(of, _of(Job, kinds), Job.status == JobStatus.QUEUED, Job.not_before <= now())
    busy = exists().where(of, _of(Job, kinds), Job.status == JobStatus.RUNNING)
    named = true() if among is None else Tenant.id.in_(among)
    return list(await session.scalars(select(Tenant.id).where(named, ready, ~busy)))


async def claim(
    session: WriteSession, tenant_id: str, owner: str, *, kinds: Collection[str] | None = None
) -> Job | None:
    """Start the tenant's next job of these kinds, where none of them runs; None where there is none, or another process decides
    about it at this moment."""
    lock = select(Tenant.id).where(Tenant.id == tenant_id).with_for_update(key_share=True, skip_locked=True)
    if await session.scalar(lock) is None:
        return None
    running = aliased(Job)
    busy = exists().where(running.tenant_id == tenant_id, _of(running, kinds), running.status == JobStatus.RUNNING)
    chosen = (
        select(Job.id)
        .where(Job.tenant_id == tenant_id, _of(Job, kinds), Job.status == JobStatus.QUEUED)
        .where(Job.not_before <= now(), ~busy)
        .order_by(Job.not_before, Job.created_at)
        .limit(1)
    )
    return await session.scalar(
        update(Job)
        .where(Job.id == chosen.scalar_subquery(), Job.status == JobStatus.QUEUED)
        .values(status=JobStatus.RUNNING, owner=owner, error=None, updated_at=now())
        .returning(Job)
    )


async def store(session: WriteSession, job_id: str, owner: str, values: Json) -> bool:
    """Write what a running try has to say; with a `status` it lets go of the job. False where the job is not its own any
    more: then nothing is written."""
    statement = update(Job).where(Job.id == job_id, Job.owner == owner, Job.status == JobStatus.RUNNING)
    kept = {"owner": None} if "status" in values else {}
    done = cast(CursorResult[Any], await session.execute(statement.values({"updated_at": now(), **values, **kept})))
    return done.rowcount == 1


async def any_dead(
    session: ReadSession, *, alone: bool, but: Iterable[str], kinds: Collection[str] | None = None
) -> bool:
    return await session.scalar(select(Job.id).where(_dead(alone=alone, but=but, kinds=kinds)).limit(1)) is not None


async def take_back(
    session: WriteSession, *, alone: bool, but: Iterable[str], kinds: Collection[str] | None = None
) -> None:
    """Put what dead processes ran into the queue again, and give up what killed too many. `alone`: nothing else runs
    such jobs, so whatever is running and not among the tries `but` is dead."""
    dead = _dead(alone=alone, but=but, kinds=kinds)
    gave_up = {"code": "gave_up", "detail": f"the process died {MAX_CRASHES} times while this job ran"}
    ended = {"owner": None, "updated_at": now(), "crashes": Job.crashes + 1}
    last = Job.crashes >= MAX_CRASHES - 1
    await session.execute(update(Job).where(dead, last).values(status=JobStatus.FAILED, error=gave_up, **ended))
    await session.execute(update(Job).where(dead).values(status=JobStatus.QUEUED, not_before=now(), **ended))


def _dead(*, alone: bool, but: Iterable[str], kinds: Collection[str] | None) -> ColumnElement[bool]:
    silent = true() if alone else Job.updated_at < now() - STALE
    foreign = or_(Job.owner.is_(None), Job.owner.not_in(list(but)))
    return and_(Job.status == JobStatus.RUNNING, _of(Job, kinds), silent, foreign)


async def find(session: ReadSession | WriteSession, tenant_id: str, job_id: str, *, lock: bool = False) -> Job:
    """Raises `NotFoundError` for another tenant's job as for an unknown one."""
    query = select(Job).where(Job.id == job_id, Job.tenant_id == tenant_id)
    job = await session.scalar(query.with_for_update() if lock else query)
    if job is None:
        raise NotFoundError("no such job")
    return job


async def page(
    session: ReadSession, tenant_id: str, *, status: JobStatus | None, after: str | None, limit: int
) -> list[Job]:
    """Newest first, without arguments and results; `after` is the last job of the page before."""
    query = (
        select(Job)
        .where(Job.tenant_id == tenant_id)
        .options(defer(Job.args), defer(Job.result))
        .order_by(Job.created_at.desc(), Job.id.desc())
        .limit(limit)
    )
    if status is not None:
        query = query.where(Job.status == status)
    if after is not None:
        last = await find(session, tenant_id, after)
        same = and_(Job.created_at == last.created_at, Job.id < last.id)
        query = query.where(or_(Job.created_at < last.created_at, same))
    return list(await session.scalars(query))
