"""The audit, for auditors: pages of it, and whether it is whole."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query

from api.deps import ServicesDep, allowed
from api.examples import PROBLEMS
from api.schemas import AuditOut
from core.audit_book import Verdict
from core.domain import Permission, Principal

router = APIRouter(prefix="/v1/audit", responses=PROBLEMS, tags=["Audit"])

Auditor = Annotated[Principal, allowed(Permission.AUDIT_READ)]
Before = Annotated[int | None, Query(ge=1, le=2**31 - 1, description="only those below this number: the next page")]


@router.get("", response_model=AuditOut)
async def audit(
    services: ServicesDep,
    principal: Auditor,
    before: Before = None,
    action: Annotated[
        str | None, Query(max_length=64, pattern=r"^[a-z_.]+$", description="only this kind of act")
    ] = None,
    limit: Annotated[int, Query(ge=1, le=1000)] = 50,
) -> AuditOut:
    """Who did what, newest first. At most COPILOT_AUDIT__PAGE_SIZE rows a page."""
    found = await services.audit.page(principal.tenant_id, before=before, action=action, limit=limit)
    return AuditOut.of(found)


@router.get("/verify", response_model=Verdict)
async def verify(services: ServicesDep, principal: Auditor) -> Verdict:
    """Whether each row of the chain is as it was written, and none is missing; where not, the first one that is wrong."""
    return await services.audit.verify(principal.tenant_id)
