"""The desk for people's requests: taken in sealed, done as jobs, told of without a name."""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from sqlalchemy import select, update

from api.rights.erase import Eraser
from api.rights.export import Exporter
from api.rights.ledger import Erasure
from api.rights.subject import Subject
from core.audit import record
from core.database import Database
from core.domain import Principal
from core.errors import ConflictError, NotFoundError
from core.job_tries import Handler, Progress
from core.jobs import Jobs
from core.keyring import Keyring
from core.models import Json, SubjectRequest, new_id, now


class RequestKind(StrEnum):
    ERASE = "erase"
    EXPORT = "export"

    @property
    def job(self) -> str:
        return f"subject.{self}"


@dataclass(frozen=True, slots=True)
class RequestView:
    """`digest` is keyed: the same for the same person, and nothing to anybody without the master key. `report` counts what was
    found and done; `fetchable_until` says how long an export can be fetched."""

    id: str
    kind: RequestKind
    digest: str
    job_id: str | None
    report: Json
    created_at: datetime
    finished_at: datetime | None
    fetchable_until: datetime | None


class Requests:
    def __init__(
        self,
        database: Database,
        keyring: Keyring,
        *,
        eraser: Eraser,
        exporter: Exporter,
        export_days: float,
    ) -> None:
        self._database = database
        self._keyring = keyring
        self._eraser = eraser
        self._exporter = exporter
        self._keep = timedelta(days=export_days)

    async def submit(
        self, principal: Principal, kind: RequestKind, who: Mapping[str, Collection[str]], jobs: Jobs
    ) -> RequestView:
        """Queue it. Raises `InvalidRequestError` (`invalid_subject`)."""
        subject = Subject.of(who)
        row = self._row(new_id(), principal.tenant_id, kind, subject.canonical, principal.id)
        async with self._database.write(principal.tenant_id) as session:
            session.add(row)
        job = await jobs.submit(principal.tenant_id, kind.job, {"request_id": row.id, "actor": principal.id})
        async with self._database.write(principal.tenant_id) as session:
            await session.execute(update(SubjectRequest).where(SubjectRequest.id == row.id).values(job_id=job.id))
        row.job_id = job.id
        return _view(row)

    async def redo(self, erasure: Erasure) -> bool:
        """Do an erasure once more in a database that does not know of it, since it was restored. False where it was done before the
        backup was made."""
        if erasure.subject is None:
            raise ValueError("a tenant's erasure is not a person's")
        async with self._database.read(erasure.tenant_id) as session:
            known = await session.get(SubjectRequest, erasure.id)
        if known is not None and known.finished_at is not None:
            return False
        row = self._row(erasure.id, erasure.tenant_id, RequestKind.ERASE, erasure.subject, erasure.actor)
        async with self._database.write(erasure.tenant_id) as session:
            await session.merge(row)
        await self._erase(erasure.tenant_id, {"request_id": erasure.id}, Progress())
        return True

    async def get(self, tenant_id: str, request_id: str) -> RequestView:
        """Raises `NotFoundError` for another tenant's request as for an unknown one."""
        return _view(await self._find(tenant_id, request_id))

    async def list(self, tenant_id: str, *, limit: int) -> list[RequestView]:
        """Newest first."""
        query = select(SubjectRequest).where(SubjectRequest.tenant_id == tenant_id)
        async with self._database.read(tenant_id) as session:
            rows = await session.scalars(query.order_by(SubjectRequest.created_at.desc()).limit(limit))
            return [_view(row) for row in rows]

    async def fetch(self, principal: Principal, request_id: str) -> bytes:
        """The export's ZIP; that it was fetched is audited. Raises `ConflictError` (`export_not_ready`, `export_gone`)."""
        row = await self._find(principal.tenant_id, request_id)
        if row.finished_at is None or row.kind != RequestKind.EXPORT:
            raise ConflictError("this is no finished export", code="export_not_ready")
        if row.result is None or row.expires_at is None or row.expires_at <= now():
            raise ConflictError("the export is gone; ask for another one", code="export_gone")
        async with self._database.write(principal.tenant_id) as session:
            told = {"target": row.id, "digest": row.digest}
            record(session, principal.tenant_id, actor=principal.id, action="subject.export.fetch", **told)
        return self._keyring.decrypt(row.result, context=_context(row, "result"))

    async def expire(self, tenant_id: str) -> int:
        """Drop exports that can be fetched no more; how many."""
        over = SubjectRequest.tenant_id == tenant_id, SubjectRequest.expires_at <= now()
        async with self._database.write(tenant_id) as session:
            held = update(SubjectRequest).where(*over, SubjectRequest.result.is_not(None))
            done = await session.execute(held.values(result=None))
            return max(0, getattr(done, "rowcount", 0))

    def handlers(self) -> dict[str, Handler]:
        return {RequestKind.ERASE.job: self._erase, RequestKind.EXPORT.job: self._export}

    async def _erase(self, tenant_id: str, args: Json, progress: Progress) -> Json:
        row = await self._find(tenant_id, str(args["request_id"]))
        if row.subject is None:
            return {"request_id": row.id}  # done: the process died before it could say so
        await self._eraser.run(row, self._who(row), progress)
        return {"request_id": row.id}

    async def _export(self, tenant_id: str, args: Json, progress: Progress) -> Json:
        row = await self._find(tenant_id, str(args["request_id"]))
        if row.subject is None:
            return {"request_id": row.id}
        data, report = await self._exporter.run(row, self._who(row), progress)
        values = {
            "subject": None,
            "report": report,
            "result": self._keyring.encrypt(data, context=_context(row, "result")),
            "finished_at": now(),
            "expires_at": now() + self._keep,
        }
        async with self._database.write(tenant_id) as session:
            await session.execute(update(SubjectRequest).where(SubjectRequest.id == row.id).values(values))
            told = {"target": row.id, "digest": row.digest, "bytes": len(data), **report}
            record(session, tenant_id, actor=row.actor, action="subject.export", **told)
        return {"request_id": row.id}

    async def _find(self, tenant_id: str, request_id: str) -> SubjectRequest:
        async with self._database.read(tenant_id) as session:
            row = await session.get(SubjectRequest, request_id)
        if row is None or row.tenant_id != tenant_id:
            raise NotFoundError("no such request")
        return row

    def _who(self, row: SubjectRequest) -> Subject:
        opened = self._keyring.decrypt(row.subject or b"", context=_context(row, "subject"))
        return Subject.of(json.loads(opened))

    def _row(self, request_id: str, tenant_id: str, kind: RequestKind, subject: str, actor: str) -> SubjectRequest:
        digest = self._keyring.digest("subjects", f"{tenant_id}\n{subject}")
        row = SubjectRequest(
            id=request_id, tenant_id=tenant_id, kind=kind, digest=digest, actor=actor, report={}, created_at=now()
        )
        row.subject = self._keyring.encrypt(subject.encode(), context=_context(row, "subject"))
        return row


def _context(row: SubjectRequest, what: str) -> str:
    return f"{row.tenant_id}/subject_requests/{row.id}/{what}"


def _view(row: SubjectRequest) -> RequestView:
    until = row.expires_at if row.result is not None else None
    return RequestView(
        row.id,
        RequestKind(row.kind),
        row.digest,
        row.job_id,
        row.report or {},
        row.created_at,
        row.finished_at,
        until,
    )
