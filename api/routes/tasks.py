"""Curation tasks: what answers that did not help left to do."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Path, Query
from pydantic import BaseModel

from answers.tasks import Task, TaskStatus
from api.deps import ServicesDep, allowed
from api.examples import PROBLEMS
from core.domain import Permission, Principal

router = APIRouter(prefix="/v1", responses=PROBLEMS, tags=["Curation"])

Reader = Annotated[Principal, allowed(Permission.GAPS_READ)]
Editor = Annotated[Principal, allowed(Permission.DOCUMENTS_APPROVE)]


class TasksOut(BaseModel):
    tasks: list[Task]
    total: int


@router.get("/tasks", response_model=TasksOut)
async def list_tasks(
    services: ServicesDep,
    principal: Reader,
    status: Annotated[TaskStatus | None, Query(description="only those of this status")] = None,
    limit: Annotated[int, Query(ge=1, le=1000)] = 100,
    offset: Annotated[int, Query(ge=0, le=1_000_000_000)] = 0,
) -> TasksOut:
    """Answers that were rejected with a reason, newest first, with what would have been right and what they cited."""
    page = await services.tasks.page(principal.tenant_id, status=status, limit=limit, offset=offset)
    return TasksOut(tasks=list(page.tasks), total=page.total)


@router.post("/tasks/{task_id}/close", response_model=Task)
async def close_task(task_id: Annotated[str, Path(max_length=64)], services: ServicesDep, principal: Editor) -> Task:
    """The documents are right now, or were."""
    return await services.tasks.close(principal, task_id)
