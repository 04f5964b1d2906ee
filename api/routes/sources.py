"""Sources, and the syncs that bring a corpus to their state."""

from __future__ import annotations

import asyncio
from typing import Annotated

from fastapi import APIRouter
from pydantic import BaseModel

from api.deps import ServicesDep, allowed
from api.examples import PROBLEMS
from api.schemas import SourceIn, SourcesOut
from core.domain import Permission, Principal
from core.jobs import JobView
from ingest.source_desk import KindView, Leftover, SourceState

router = APIRouter(prefix="/v1", responses=PROBLEMS, tags=["Sources"])

Writer = Annotated[Principal, allowed(Permission.SOURCES_WRITE)]


class KindsOut(BaseModel):
    kinds: list[KindView]


@router.post("/sources", status_code=201, response_model=SourceState)
async def add_source(body: SourceIn, services: ServicesDep, principal: Writer) -> SourceState:
    """Register a source of a corpus: a folder, a website, a Git repository, a bucket, an archive. It must answer. The same
    kind and address again changes what is given and leaves the rest."""
    return await services.sources.add(principal, body.to_domain())


@router.get("/sources", response_model=SourcesOut)
async def list_sources(services: ServicesDep, principal: Writer) -> SourcesOut:
    """Every source of the tenant, without its secrets, by corpus and address."""
    return SourcesOut(sources=await services.sources.all(principal.tenant_id))


@router.get("/source-kinds", response_model=KindsOut)
async def list_kinds(services: ServicesDep, _principal: Writer) -> KindsOut:
    """The kinds of source that this server knows, each with the keys of its `config` and the names of its `credentials`."""
    return KindsOut(kinds=await asyncio.to_thread(services.sources.kinds))


@router.get("/sources/{source_id}", response_model=SourceState)
async def read_source(source_id: str, services: ServicesDep, principal: Writer) -> SourceState:
    """A source: when it was last synced, and why not where that failed."""
    return await services.sources.get(principal.tenant_id, source_id)


@router.delete("/sources/{source_id}", status_code=204)
async def remove_source(
    source_id: str, services: ServicesDep, principal: Writer, documents: Leftover = Leftover.RETIRE
) -> None:
    """Forget a source and its credentials. Its documents are retired with the next release, or kept as they are."""
    await services.sources.remove(principal, source_id, documents=documents)


@router.post("/sources/{source_id}/pause", response_model=SourceState)
async def pause_source(source_id: str, services: ServicesDep, principal: Writer) -> SourceState:
    """No sync begins until the source is resumed; one that runs goes on."""
    return await services.sources.pause(principal, source_id)


@router.post("/sources/{source_id}/resume", response_model=SourceState)
async def resume_source(source_id: str, services: ServicesDep, principal: Writer) -> SourceState:
    """Let syncs begin again, whether an admin or repeated faults held them back."""
    return await services.sources.resume(principal, source_id)


@router.post("/sources/{source_id}/sync", status_code=202, response_model=JobView)
async def sync(source_id: str, services: ServicesDep, principal: Writer, confirm_retire: bool = False) -> JobView:
    """Bring the corpus to the state of its source, as a job. One that would retire much of the corpus changes nothing and says
    so, unless `confirm_retire` is given."""
    source = await services.sources.require_active(principal.tenant_id, source_id)
    args = {"source_id": source.id, "actor": principal.id} | ({"confirm_retire": True} if confirm_retire else {})
    return await services.jobs.submit(principal.tenant_id, "sync", args)
