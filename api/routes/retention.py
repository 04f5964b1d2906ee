"""How long what is kept, and what would go now."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter

from api.deps import ServicesDep, allowed
from api.examples import PROBLEMS
from api.schemas.rights import RetentionOut, RetentionPatch
from core.domain import Permission, Principal
from core.jobs import JobView
from core.retention import JOB

router = APIRouter(prefix="/v1/retention", responses=PROBLEMS, tags=["Rights"])

Reader = Annotated[Principal, allowed(Permission.AUDIT_READ)]
Operator = Annotated[Principal, allowed(Permission.GOVERN)]


@router.get("", response_model=RetentionOut)
async def retention(services: ServicesDep, principal: Reader) -> RetentionOut:
    """Days after which each kind goes; null: it stays."""
    return RetentionOut.of(await services.rights.retention.of(principal.tenant_id))


@router.get("/due", response_model=RetentionOut)
async def due(services: ServicesDep, principal: Reader) -> RetentionOut:
    """A dry run: how many rows of each kind a run would delete now."""
    found = await services.rights.retention.due(principal.tenant_id)
    return RetentionOut.of(found.days, found.rows)


@router.patch("", response_model=RetentionOut)
async def change(body: RetentionPatch, services: ServicesDep, principal: Operator) -> RetentionOut:
    """Set the tenant's own days. Only the kinds that are sent change; 0 takes one back."""
    return RetentionOut.of(await services.rights.retention.change(principal.tenant_id, body.days, actor=principal.id))


@router.post("/run", status_code=202, response_model=JobView)
async def run(services: ServicesDep, principal: Operator) -> JobView:
    """Delete now what is due, as a job. By itself it runs every COPILOT_RETENTION__EVERY_HOURS."""
    return await services.jobs.submit(principal.tenant_id, JOB, {"actor": principal.id})
