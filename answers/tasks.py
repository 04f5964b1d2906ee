"""Curation tasks: what an answer that did not help leaves for a knowledge admin to do."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import func, select, true

from core.audit import record
from core.database import Database, WriteSession
from core.domain import Principal
from core.errors import ConflictError, NotFoundError
from core.models import AnswerRow, CurationTask, new_id, now


class TaskStatus(StrEnum):
    OPEN = "open"
    DONE = "done"


@dataclass(frozen=True, slots=True)
class Task:
    """`documents` are those that the rejected answer cited: `document_id` and `title`; texts are redacted."""

    id: str
    answer_id: str
    reason: str
    question: str
    correction: str | None
    documents: tuple[dict[str, Any], ...]
    status: TaskStatus
    closed_by: str | None
    created_at: datetime
    closed_at: datetime | None


@dataclass(frozen=True, slots=True)
class TaskPage:
    tasks: tuple[Task, ...]
    total: int


class Tasks:
    """A tenant's tasks, one a rejected answer: what is said of it later is written into the same one, and opens it again."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def page(self, tenant_id: str, *, status: TaskStatus | None = None, limit: int, offset: int = 0) -> TaskPage:
        """Newest first."""
        wanted = (CurationTask.tenant_id == tenant_id, CurationTask.status == status if status else true())
        query = select(CurationTask).where(*wanted).order_by(CurationTask.created_at.desc(), CurationTask.id)
        async with self._database.read(tenant_id) as session:
            total = await session.scalar(select(func.count()).select_from(CurationTask).where(*wanted))
            rows = (await session.scalars(query.limit(limit).offset(offset))).all()
        return TaskPage(tuple(map(_task, rows)), total or 0)

    async def close(self, principal: Principal, task_id: str) -> Task:
        """Raises `NotFoundError`, `ConflictError` (`task_done`)."""
        async with self._database.write(principal.tenant_id) as session:
            row = await session.get(CurationTask, task_id, with_for_update=True)
            if row is None or row.tenant_id != principal.tenant_id:
                raise NotFoundError("no such task")
            if row.status == TaskStatus.DONE:
                raise ConflictError("this task is done already", code="task_done")
            row.status, row.closed_by, row.closed_at = TaskStatus.DONE, principal.id, now()
            record(session, row.tenant_id, actor=principal.id, action="task.close", target=row.id)
            return _task(row)


async def open_task(
    session: WriteSession, tenant_id: str, answer_id: str, *, reason: str, correction: str | None
) -> None:
    """Part of the transaction that stores the vote. `correction` is redacted."""
    answer = await session.get(AnswerRow, answer_id)
    if answer is None:
        return
    query = select(CurationTask).where(CurationTask.tenant_id == tenant_id, CurationTask.answer_id == answer_id)
    row = await session.scalar(query.with_for_update())
    if row is None:
        cited = {one["document_id"]: one["title"] for one in answer.answer.get("citations", ())}
        documents = [{"document_id": key, "title": title} for key, title in cited.items()]
        row = CurationTask(
            id=new_id(), tenant_id=tenant_id, answer_id=answer_id, question=answer.question, documents=documents
        )
        session.add(row)
    row.reason, row.correction = reason, correction or row.correction
    row.status, row.closed_by, row.closed_at = TaskStatus.OPEN, None, None


def _task(row: CurationTask) -> Task:
    return Task(
        id=row.id,
        answer_id=row.answer_id,
        reason=row.reason,
        question=row.question,
        correction=row.correction,
        documents=tuple(row.documents),
        status=TaskStatus(row.status),
        closed_by=row.closed_by,
        created_at=row.created_at,
        closed_at=row.closed_at,
    )
