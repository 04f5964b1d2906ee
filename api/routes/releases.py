"""Releases: publish and roll back."""

from __future__ import annotations

from dataclasses import asdict
from typing import Annotated, Any

from fastapi import APIRouter
from fastapi import Path as PathParameter

from api.deps import ServicesDep, allowed
from api.examples import PROBLEMS
from api.schemas import ReleaseIn
from core.domain import Permission, Principal

router = APIRouter(prefix="/v1", responses=PROBLEMS)

Publisher = Annotated[Principal, allowed(Permission.RELEASES_WRITE)]
ReleaseNumber = Annotated[int, PathParameter(ge=1, le=2**31 - 1, description="a published release")]


@router.post("/releases", status_code=201, tags=["Releases"])
async def publish(body: ReleaseIn, services: ServicesDep, principal: Publisher) -> dict[str, Any]:
    """Make every approved document answerable, all at once."""
    return asdict(await services.releases.publish(principal.tenant_id, actor=principal.id, note=body.note))


@router.post("/releases/{number}/rollback", tags=["Releases"])
async def rollback(number: ReleaseNumber, services: ServicesDep, principal: Publisher) -> dict[str, int]:
    """Answer from an earlier release again, from the next question on."""
    return {"release": await services.releases.rollback(principal.tenant_id, number, actor=principal.id)}
