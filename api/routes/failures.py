"""The dead-letter list: files of sources that could not be taken in, and another try."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query
from pydantic import BaseModel

from api.deps import ServicesDep, allowed
from api.examples import PROBLEMS
from core.domain import Permission, Principal
from core.jobs import JobView
from ingest.failures import FailureView

router = APIRouter(prefix="/v1", responses=PROBLEMS, tags=["Sources"])

Reader = Annotated[Principal, allowed(Permission.JOBS_READ)]
Writer = Annotated[Principal, allowed(Permission.SOURCES_WRITE)]
Limit = Annotated[int, Query(ge=1, le=1000)]
Offset = Annotated[int, Query(ge=0, le=1_000_000_000)]


class FailuresOut(BaseModel):
    failures: list[FailureView]
    total: int


@router.get("/failures", response_model=FailuresOut)
async def list_failures(
    services: ServicesDep,
    principal: Reader,
    source_id: Annotated[str | None, Query(max_length=64)] = None,
    skipped: bool = False,
    limit: Limit = 100,
    offset: Offset = 0,
) -> FailuresOut:
    """Files that failed for good, the latest first; with `skipped` also those that hold nothing, such as pictures."""
    found = await services.failures.list(
        principal.tenant_id, source_id=source_id, skipped=skipped, limit=limit, offset=offset
    )
    return FailuresOut(failures=found.failures, total=found.total)


@router.post("/failures/{failure_id}/retry", status_code=202, response_model=JobView)
async def retry(failure_id: str, services: ServicesDep, principal: Writer) -> JobView:
    """Try the file again, changed or not: a sync of its source, as a job."""
    source_id = await services.failures.retry(principal.tenant_id, failure_id)
    source = await services.sources.require_active(principal.tenant_id, source_id)
    return await services.jobs.submit(principal.tenant_id, "sync", {"source_id": source.id, "actor": principal.id})
