"""Cases: what was handed over to people, and where that is told."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Path, Query
from pydantic import BaseModel

from answers.case_routes import Route
from answers.case_views import CaseStatus, CaseView
from api.deps import ServicesDep, allowed
from api.examples import PROBLEMS
from api.schemas import CaseRouteIn, ResolveIn
from core.domain import Permission, Principal

router = APIRouter(prefix="/v1", responses=PROBLEMS, tags=["Cases"])

Asker = Annotated[Principal, allowed(Permission.HANDOFF)]
Worker = Annotated[Principal, allowed(Permission.CASES_WORK)]
Admin = Annotated[Principal, allowed(Permission.TENANT_WRITE)]
CaseId = Annotated[str, Path(max_length=20, description="such as C-12")]
Status = Annotated[CaseStatus | None, Query(description="only those of this status")]


class CasesOut(BaseModel):
    cases: list[CaseView]
    total: int


class CaseRoutesOut(BaseModel):
    routes: list[Route]


@router.get("/cases", response_model=CasesOut)
async def list_cases(
    services: ServicesDep,
    principal: Asker,
    status: Status = None,
    limit: Annotated[int, Query(ge=1, le=1000)] = 50,
    offset: Annotated[int, Query(ge=0, le=1_000_000_000)] = 0,
) -> CasesOut:
    """Your own cases, newest first; all of the tenant's for who works on cases. At most COPILOT_CASES__PAGE_SIZE a page."""
    most = min(limit, services.settings.cases.page_size)
    page = await services.cases.page(principal, status=status, limit=most, offset=offset)
    return CasesOut(cases=list(page.cases), total=page.total)


@router.get("/cases/{case_id}", response_model=CaseView)
async def show_case(case_id: CaseId, services: ServicesDep, principal: Asker) -> CaseView:
    """One case with its evidence packet; how to reach the asker only for who works on cases."""
    return await services.cases.show(principal, case_id)


@router.post("/cases/{case_id}/claim", response_model=CaseView)
async def claim_case(case_id: CaseId, services: ServicesDep, principal: Worker) -> CaseView:
    """Take a case: the copilot is silent where it was asked, until you hand it back or resolve it."""
    return await services.cases.claim(principal, case_id)


@router.post("/cases/{case_id}/hand-back", response_model=CaseView)
async def hand_back_case(case_id: CaseId, services: ServicesDep, principal: Worker) -> CaseView:
    """Give a claimed case back: it is open again, and the copilot answers again where it was asked."""
    return await services.cases.hand_back(principal, case_id)


@router.post("/cases/{case_id}/resolve", response_model=CaseView)
async def resolve_case(case_id: CaseId, body: ResolveIn, services: ServicesDep, principal: Worker) -> CaseView:
    """End a case."""
    return await services.cases.resolve(principal, case_id, resolution=body.resolution)


@router.get("/case-routes", response_model=CaseRoutesOut)
async def list_routes(services: ServicesDep, principal: Admin) -> CaseRoutesOut:
    """Where the tenant's cases are told."""
    return CaseRoutesOut(routes=await services.case_routes.of(principal.tenant_id))


@router.post("/case-routes", response_model=Route, status_code=201)
async def add_route(body: CaseRouteIn, services: ServicesDep, principal: Admin) -> Route:
    """Tell cases to a Slack channel, an e-mail address or a webhook, whose secret is shown this once."""
    return await services.case_routes.add(principal, body.kind, body.target)


@router.delete("/case-routes/{route_id}", status_code=204)
async def remove_route(route_id: Annotated[str, Path(max_length=64)], services: ServicesDep, principal: Admin) -> None:
    """Tell no more cases there."""
    await services.case_routes.remove(principal, route_id)
