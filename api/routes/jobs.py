"""Jobs: how far long work is."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter

from api.deps import ServicesDep, allowed
from api.examples import PROBLEMS
from core.domain import Permission, Principal
from core.jobs import JobView

router = APIRouter(prefix="/v1", responses=PROBLEMS)

Reader = Annotated[Principal, allowed(Permission.JOBS_READ)]


@router.get("/jobs/{job_id}", response_model=JobView, tags=["Sources"])
async def job(job_id: str, services: ServicesDep, principal: Reader) -> JobView:
    """How far a job is, and how each file ended."""
    return await services.jobs.get(principal.tenant_id, job_id)
