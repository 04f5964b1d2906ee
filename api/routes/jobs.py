"""Jobs: how far long work is, what failed, once more or not at all; and the index made anew."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query

from api.deps import ServicesDep, allowed
from api.examples import PROBLEMS
from api.schemas import JobsOut
from core.domain import Permission, Principal
from core.jobs import JobStatus, JobView
from ingest.reindex import REINDEX

router = APIRouter(prefix="/v1", responses=PROBLEMS, tags=["Jobs"])

Reader = Annotated[Principal, allowed(Permission.JOBS_READ)]
Writer = Annotated[Principal, allowed(Permission.JOBS_WRITE)]
After = Annotated[str | None, Query(max_length=64, description="the last job of the page before")]


@router.get("/jobs", response_model=JobsOut)
async def jobs(
    services: ServicesDep,
    principal: Reader,
    status: JobStatus | None = None,
    after: After = None,
    limit: Annotated[int, Query(ge=1, le=200)] = 50,
) -> JobsOut:
    """The tenant's jobs, newest first, without their results. `status=failed` lists what wants a person."""
    found = await services.jobs.list(principal.tenant_id, status=status, after=after, limit=limit)
    return JobsOut(jobs=found, next=found[-1].id if len(found) == limit else None)


@router.get("/jobs/{job_id}", response_model=JobView)
async def job(job_id: str, services: ServicesDep, principal: Reader) -> JobView:
    """How far a job is, and how each file ended."""
    return await services.jobs.get(principal.tenant_id, job_id)


@router.post("/jobs/{job_id}/retry", status_code=202, response_model=JobView)
async def retry(job_id: str, services: ServicesDep, principal: Writer) -> JobView:
    """Run a failed or cancelled job again, or one that waits for a fault to pass at once."""
    return await services.jobs.retry(principal.tenant_id, job_id, actor=principal.id)


@router.post("/jobs/{job_id}/cancel", response_model=JobView)
async def cancel(job_id: str, services: ServicesDep, principal: Writer) -> JobView:
    """Stop a job that waits or runs; what it finished stays."""
    return await services.jobs.cancel(principal.tenant_id, job_id, actor=principal.id)


@router.post("/reindex", status_code=202, response_model=JobView)
async def reindex(services: ServicesDep, principal: Writer) -> JobView:
    """Make the tenant's vectors anew with this service's model, as a job; answers go on from the present ones meanwhile."""
    return await services.jobs.submit(principal.tenant_id, REINDEX, {"actor": principal.id})
