"""Knowledge: documents, sources, jobs, releases."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any

from fastapi import APIRouter, Form, Response
from fastapi import Path as PathParameter

from api.deps import ServicesDep, allowed
from api.examples import PROBLEMS
from api.schemas import DocumentPatch, ReleaseIn, SourceIn, UploadForm
from core.domain import Permission, Principal
from core.errors import InvalidRequestError
from core.jobs import JobView
from ingest.library import DocumentView
from ingest.pipeline import FileState

router = APIRouter(prefix="/v1", responses=PROBLEMS)

Reader = Annotated[Principal, allowed(Permission.DOCUMENTS_READ)]
Writer = Annotated[Principal, allowed(Permission.DOCUMENTS_WRITE)]
SourceWriter = Annotated[Principal, allowed(Permission.SOURCES_WRITE)]
Publisher = Annotated[Principal, allowed(Permission.RELEASES_WRITE)]
JobReader = Annotated[Principal, allowed(Permission.JOBS_READ)]
ReleaseNumber = Annotated[int, PathParameter(ge=1, le=2**31 - 1, description="a published release")]


@router.post("/documents", status_code=201, tags=["Documents"])
async def upload(
    services: ServicesDep,
    principal: Writer,
    response: Response,
    form: Annotated[UploadForm, Form(media_type="multipart/form-data")],
) -> dict[str, Any]:
    """Upload one file. It is answered from after the next release; the same name again replaces it, unchanged bytes do nothing."""
    status = await services.library.upload(
        principal,
        corpus=form.corpus,
        name=_name(form.source or form.file.filename or ""),
        data=await form.file.read(),
        metadata=form.stated(),
    )
    response.status_code = 200 if status.state is FileState.UNCHANGED else 201
    view = await services.library.describe(principal, status.document_id)
    return asdict(view) | {"ingest": status.as_json()}


@router.get("/documents/{document_id}", response_model=DocumentView, tags=["Documents"])
async def read(document_id: str, services: ServicesDep, principal: Reader) -> DocumentView:
    """A document with its stored, redacted text."""
    return await services.library.get(principal, document_id)


@router.patch("/documents/{document_id}", response_model=DocumentView, tags=["Documents"])
async def reclassify(document_id: str, body: DocumentPatch, services: ServicesDep, principal: Writer) -> DocumentView:
    """Change who may read a document, at once and in every release."""
    return await services.library.reclassify(principal, document_id, audience=body.audience)


@router.delete("/documents/{document_id}", status_code=204, tags=["Documents"])
async def withdraw(document_id: str, services: ServicesDep, principal: Writer) -> None:
    """Withdraw a document: out of every answer from the next question on."""
    await services.library.withdraw(principal, document_id)


@router.post("/sources", status_code=201, tags=["Sources"])
async def add_source(body: SourceIn, services: ServicesDep, principal: SourceWriter) -> dict[str, str]:
    """Register a folder on the server as a source of a corpus."""
    return asdict(await services.library.add_folder(principal, corpus=body.corpus, path=Path(body.uri)))


@router.post("/sources/{source_id}/sync", status_code=202, response_model=JobView, tags=["Sources"])
async def sync(source_id: str, services: ServicesDep, principal: SourceWriter) -> JobView:
    """Bring the corpus to the state of its source, as a job."""
    source = await services.library.source(principal.tenant_id, source_id)
    return await services.jobs.submit(principal.tenant_id, "sync", {"source_id": source.id, "actor": principal.id})


@router.get("/jobs/{job_id}", response_model=JobView, tags=["Sources"])
async def job(job_id: str, services: ServicesDep, principal: JobReader) -> JobView:
    """How far a job is, and how each file ended."""
    return await services.jobs.get(principal.tenant_id, job_id)


@router.post("/releases", status_code=201, tags=["Releases"])
async def publish(body: ReleaseIn, services: ServicesDep, principal: Publisher) -> dict[str, Any]:
    """Make every approved document answerable, all at once."""
    return asdict(await services.releases.publish(principal.tenant_id, actor=principal.id, note=body.note))


@router.post("/releases/{number}/rollback", tags=["Releases"])
async def rollback(number: ReleaseNumber, services: ServicesDep, principal: Publisher) -> dict[str, int]:
    """Answer from an earlier release again, from the next question on."""
    return {"release": await services.releases.rollback(principal.tenant_id, number, actor=principal.id)}


def _name(name: str) -> str:
    """A relative path without steps upwards: it becomes the document's `source`."""
    parts = [part for part in name.replace("\\", "/").split("/") if part not in ("", ".")]
    cleaned = "/".join(parts)
    if not cleaned or ".." in parts or len(cleaned) > 500:
        raise InvalidRequestError("give the file a name of 1-500 characters without '..'", code="invalid_name")
    return cleaned
