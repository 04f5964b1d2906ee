"""Knowledge gaps: what was asked and not answered."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query
from pydantic import BaseModel

from answers.gaps import Gap
from api.deps import ServicesDep, allowed
from api.examples import PROBLEMS
from core.domain import Permission, Principal

router = APIRouter(prefix="/v1", responses=PROBLEMS, tags=["Curation"])

Reader = Annotated[Principal, allowed(Permission.GAPS_READ)]
Limit = Annotated[int, Query(ge=1, le=1000)]
Offset = Annotated[int, Query(ge=0, le=1_000_000_000)]


class GapsOut(BaseModel):
    gaps: list[Gap]
    total: int


@router.get("/gaps", response_model=GapsOut)
async def list_gaps(services: ServicesDep, principal: Reader, limit: Limit = 100, offset: Offset = 0) -> GapsOut:
    """Questions that no published document answered, redacted, the most asked first; nearly the same ones count as one."""
    page = await services.gaps.list(principal.tenant_id, limit=limit, offset=offset)
    return GapsOut(gaps=list(page.gaps), total=page.total)
