"""Golden questions, which the publish gate asks, and how many of them may fail."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query

from api.deps import ServicesDep, allowed
from api.examples import PROBLEMS
from api.schemas import GateLimitsPatch, GoldenIn, GoldenOut
from core.domain import Permission, Principal
from evals.golden_store import Imported
from ingest.gate import GateLimits

router = APIRouter(prefix="/v1", responses=PROBLEMS, tags=["Releases"])

Admin = Annotated[Principal, allowed(Permission.RELEASES_WRITE)]
After = Annotated[str, Query(max_length=100, description="only those behind this id: the next page")]
Limit = Annotated[int, Query(ge=1, le=500)]


@router.get("/golden", response_model=GoldenOut)
async def questions(services: ServicesDep, principal: Admin, after: After = "", limit: Limit = 200) -> GoldenOut:
    """The tenant's golden questions by id, redacted."""
    found = await services.golden.page(principal.tenant_id, after=after, limit=limit)
    return GoldenOut(questions=found)


@router.post("/golden", response_model=Imported)
async def put(body: GoldenIn, services: ServicesDep, principal: Admin) -> Imported:
    """Add golden questions; one whose id is known is replaced."""
    return await services.golden.put(principal, body.questions, replace=body.replace)


@router.delete("/golden/{key:path}", status_code=204)
async def remove(key: str, services: ServicesDep, principal: Admin) -> None:
    """Remove a golden question."""
    await services.golden.remove(principal, key)


@router.get("/golden/limits", response_model=GateLimits)
async def limits(services: ServicesDep, principal: Admin) -> GateLimits:
    """What the gate lets pass."""
    return await services.golden.limits(principal.tenant_id)


@router.patch("/golden/limits", response_model=GateLimits)
async def set_limits(body: GateLimitsPatch, services: ServicesDep, principal: Admin) -> GateLimits:
    """Say what the gate lets pass. Only the fields that are sent change."""
    return await services.golden.set_limits(principal, body.model_dump(exclude_none=True))
