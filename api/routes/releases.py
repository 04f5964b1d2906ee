"""Releases: list, look at, publish behind the gate, roll back, collect."""

from __future__ import annotations

from dataclasses import asdict
from typing import Annotated, Any

from fastapi import APIRouter, Query
from fastapi import Path as PathParameter

from api.deps import ServicesDep, allowed
from api.examples import PROBLEMS
from api.schemas import CollectIn, ReleaseIn, ReleasesOut
from core.domain import Permission, Principal
from ingest.garbage import Collected
from ingest.gate import GateFailedError, gate_for
from ingest.release_views import ReleaseDetail

router = APIRouter(prefix="/v1", responses=PROBLEMS, tags=["Releases"])

Publisher = Annotated[Principal, allowed(Permission.RELEASES_WRITE)]
Reader = Annotated[Principal, allowed(Permission.DOCUMENTS_READ)]
ReleaseNumber = Annotated[int, PathParameter(ge=1, le=2**31 - 1)]
Before = Annotated[int | None, Query(ge=1, le=2**31 - 1, description="only those below this number: the next page")]
Limit = Annotated[int, Query(ge=1, le=200)]


@router.get("/releases", response_model=ReleasesOut)
async def releases(services: ServicesDep, principal: Reader, before: Before = None, limit: Limit = 50) -> ReleasesOut:
    """Newest first, with what the gate counted; the release that is answered from is `live`."""
    found = await services.release_catalogue.page(principal.tenant_id, before=before, limit=limit)
    return ReleasesOut(releases=found)


@router.get("/releases/{number}", response_model=ReleaseDetail)
async def release(number: ReleaseNumber, services: ServicesDep, principal: Reader) -> ReleaseDetail:
    """One release: the answers that its gate compared, and the documents in which it differs from the live one."""
    return await services.release_catalogue.show(principal.tenant_id, number, audience=principal.audience)


@router.post("/releases", status_code=201)
async def publish(body: ReleaseIn, services: ServicesDep, principal: Publisher) -> dict[str, Any]:
    """Make every approved document answerable, all at once. Where golden questions that pass now would fail, 409 `gate_failed`."""
    tenant_id, actor = principal.tenant_id, principal.id
    try:
        if body.dry_run:
            done = asdict(await services.releases.rehearse(tenant_id, actor=actor))
        else:
            made = services.releases.publish(
                tenant_id, actor=actor, note=body.note, override_reason=body.override_reason
            )
            done = asdict(await made)
    except GateFailedError as error:
        raise error.seen_by(principal.audience) from None
    return {**done, "gate": gate_for(done["gate"], principal.audience)}


@router.post("/releases/{number}/rollback")
async def rollback(number: ReleaseNumber, services: ServicesDep, principal: Publisher) -> dict[str, int]:
    """Answer from an earlier release again, from the next question on."""
    return {"release": await services.releases.rollback(principal.tenant_id, number, actor=principal.id)}


@router.post("/releases/collect", response_model=Collected)
async def collect(body: CollectIn, services: ServicesDep, principal: Publisher) -> Collected:
    """Delete what no kept release and no kept answer needs. A collected release cannot be rolled back to."""
    return await services.garbage.collect(principal.tenant_id, actor=principal.id, keep=body.keep)
