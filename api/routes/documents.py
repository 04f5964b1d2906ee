"""Documents: upload, read, re-classify, withdraw."""

from __future__ import annotations

from dataclasses import asdict
from typing import Annotated, Any

from fastapi import APIRouter, Form, Response

from api.deps import ServicesDep, allowed
from api.examples import PROBLEMS
from api.schemas import DocumentPatch, UploadForm
from core.domain import Permission, Principal
from core.errors import InvalidRequestError
from ingest.library import DocumentView
from ingest.pipeline import FileState

router = APIRouter(prefix="/v1", responses=PROBLEMS)

Reader = Annotated[Principal, allowed(Permission.DOCUMENTS_READ)]
Writer = Annotated[Principal, allowed(Permission.DOCUMENTS_WRITE)]


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


def _name(name: str) -> str:
    """A relative path without steps upwards: it becomes the document's `source`."""
    parts = [part for part in name.replace("\\", "/").split("/") if part not in ("", ".")]
    cleaned = "/".join(parts)
    if not cleaned or ".." in parts or len(cleaned) > 500:
        raise InvalidRequestError("give the file a name of 1-500 characters without '..'", code="invalid_name")
    return cleaned
