"""Sources, and the syncs that bring a corpus to their state."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Annotated

from fastapi import APIRouter

from api.deps import ServicesDep, allowed
from api.examples import PROBLEMS
from api.schemas import SourceIn
from core.domain import Permission, Principal
from core.jobs import JobView

router = APIRouter(prefix="/v1", responses=PROBLEMS)

Writer = Annotated[Principal, allowed(Permission.SOURCES_WRITE)]


@router.post("/sources", status_code=201, tags=["Sources"])
async def add_source(body: SourceIn, services: ServicesDep, principal: Writer) -> dict[str, str]:
    """Register a folder on the server as a source of a corpus."""
    return asdict(await services.library.add_folder(principal, corpus=body.corpus, path=Path(body.uri)))


@router.post("/sources/{source_id}/sync", status_code=202, response_model=JobView, tags=["Sources"])
async def sync(source_id: str, services: ServicesDep, principal: Writer) -> JobView:
    """Bring the corpus to the state of its source, as a job."""
    source = await services.library.source(principal.tenant_id, source_id)
    return await services.jobs.submit(principal.tenant_id, "sync", {"source_id": source.id, "actor": principal.id})
