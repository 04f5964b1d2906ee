"""One person's data, exported or erased over every store; and a whole tenant's."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query, Response

from api.deps import ServicesDep, allowed
from api.examples import PROBLEMS
from api.rights.requests import RequestKind, RequestView
from api.schemas.rights import SubjectIn, SubjectRequestsOut, TenantEraseIn
from core.domain import Permission, Principal

router = APIRouter(prefix="/v1", responses=PROBLEMS, tags=["Rights"])

Operator = Annotated[Principal, allowed(Permission.GOVERN)]


@router.post("/subjects/erase", status_code=202, response_model=RequestView)
async def erase(body: SubjectIn, services: ServicesDep, principal: Operator) -> RequestView:
    """Erase one person over every store, as a job. What redaction stands in for them goes, too; it cannot be undone."""
    who = body.model_dump()
    return await services.rights.requests.submit(principal, RequestKind.ERASE, who, services.jobs)


@router.post("/subjects/export", status_code=202, response_model=RequestView)
async def export(body: SubjectIn, services: ServicesDep, principal: Operator) -> RequestView:
    """Gather all that is found about one person into a ZIP, as a job."""
    who = body.model_dump()
    return await services.rights.requests.submit(principal, RequestKind.EXPORT, who, services.jobs)


@router.get("/subjects", response_model=SubjectRequestsOut)
async def requests(
    services: ServicesDep, principal: Operator, limit: Annotated[int, Query(ge=1, le=200)] = 50
) -> SubjectRequestsOut:
    """Newest first, by keyed digests: nobody's name is in the list."""
    return SubjectRequestsOut(requests=await services.rights.requests.list(principal.tenant_id, limit=limit))


@router.get("/subjects/{request_id}", response_model=RequestView)
async def request(request_id: str, services: ServicesDep, principal: Operator) -> RequestView:
    """How far it is, and what was found and done."""
    return await services.rights.requests.get(principal.tenant_id, request_id)


@router.get("/subjects/{request_id}/export", response_class=Response)
async def fetch(request_id: str, services: ServicesDep, principal: Operator) -> Response:
    """The ZIP of a finished export, for COPILOT_SUBJECTS__EXPORT_DAYS. Each fetch is audited."""
    data = await services.rights.requests.fetch(principal, request_id)
    headers = {"Content-Disposition": f'attachment; filename="export-{request_id}.zip"', "Cache-Control": "no-store"}
    return Response(data, media_type="application/zip", headers=headers)


@router.delete("/tenant", response_model=dict[str, int])
async def erase_tenant(body: TenantEraseIn, services: ServicesDep, principal: Operator) -> dict[str, int]:
    """Erase the whole tenant of the key. Answers with the number of rows that went, by table."""
    return await services.rights.tenants.run(principal.tenant_id, confirm=body.confirm, actor=principal.id)
