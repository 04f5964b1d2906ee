"""Documents: upload, read, re-classify, withdraw."""

from __future__ import annotations

from dataclasses import asdict
from typing import Annotated, Any

from fastapi import APIRouter, Form, Response
from fastapi import Body as JSONBody
from fastapi.routing import APIRoute
from starlette.datastructures import Headers
from starlette.routing import Match
from starlette.types import Scope

from api.bootstrap import Services
from api.deps import ServicesDep, allowed
from api.examples import PROBLEMS
from api.pushed import PUSHED
from api.schemas import DocumentIn, DocumentPatch, UploadForm
from core.domain import Permission, Principal
from core.errors import InvalidRequestError
from ingest.document_views import DocumentView
from ingest.pipeline import FileState, FileStatus
from ingest.records import canonical

router = APIRouter(prefix="/v1", responses=PROBLEMS)

Reader = Annotated[Principal, allowed(Permission.DOCUMENTS_READ)]
Writer = Annotated[Principal, allowed(Permission.DOCUMENTS_WRITE)]


class _JSONRoute(APIRoute):
    """Shares its path with the upload of files, and is the one that is meant where the body is JSON."""

    def matches(self, scope: Scope) -> tuple[Match, Scope]:
        match, child = super().matches(scope)
        kind = Headers(scope=scope).get("content-type", "").partition(";")[0].strip().lower()
        return (match, child) if match is not Match.FULL or kind == "application/json" else (Match.NONE, {})


async def push(
    services: ServicesDep, principal: Writer, response: Response, record: Annotated[DocumentIn, JSONBody()]
) -> dict[str, Any]:
    """Take in a record of another system: a ticket's resolution, a configuration record, a text."""
    pushed = record.root
    name = _name(pushed.source)
    status = await services.library.upload(
        principal,
        corpus=pushed.corpus,
        name=name if name.lower().endswith(".json") else f"{name}.json",
        data=canonical(pushed),
        metadata={},
    )
    return await _taken(services, principal, response, status)


# Before `upload`, which takes whatever this one leaves. OpenAPI knows one operation of a path and method: `upload` tells of both.
router.add_api_route(
    "/documents", push, methods=["POST"], status_code=201, tags=["Documents"], route_class_override=_JSONRoute
)


@router.post("/documents", status_code=201, tags=["Documents"], openapi_extra=PUSHED)
async def upload(
    services: ServicesDep,
    principal: Writer,
    response: Response,
    form: Annotated[UploadForm, Form(media_type="multipart/form-data")],
) -> dict[str, Any]:
    """Upload one file or a ZIP of them, or push a record as JSON. It is answered from after the next release; the same source again
    replaces it, unchanged content does nothing. Each member of a ZIP becomes a document of its own, with a status in `documents`.
    """
    name, data = _name(form.source or form.file.filename or ""), await form.file.read()
    if name.lower().endswith(".zip"):
        return await _unpacked(services, principal, response, form, name, data)
    status = await services.library.upload(principal, corpus=form.corpus, name=name, data=data, metadata=form.stated())
    return await _taken(services, principal, response, status)


async def _unpacked(
    services: Services, principal: Principal, response: Response, form: UploadForm, name: str, data: bytes
) -> dict[str, Any]:
    statuses = await services.inbound.take_archive(
        principal, corpus=form.corpus, name=name, data=data, metadata=form.stated()
    )
    response.status_code = 201 if any(each.state is FileState.INDEXED for each in statuses) else 200
    return {"source": name, "corpus": form.corpus, "documents": [each.as_json() for each in statuses]}


async def _taken(services: Services, principal: Principal, response: Response, status: FileStatus) -> dict[str, Any]:
    response.status_code = 200 if status.state is FileState.UNCHANGED else 201
    view = await services.library.describe(principal, status.document_id)
    return asdict(view) | {"ingest": status.as_json()}


@router.get("/documents/{document_id}", response_model=DocumentView, tags=["Documents"])
async def read(document_id: str, services: ServicesDep, principal: Reader) -> DocumentView:
    """A document with its stored, redacted text."""
    return await services.library.get(principal, document_id)


@router.patch("/documents/{document_id}", response_model=DocumentView, tags=["Documents"])
async def reclassify(document_id: str, body: DocumentPatch, services: ServicesDep, principal: Writer) -> DocumentView:
    """Change who may read a document, and whether high-impact questions are answered from it: at once, in every release."""
    if body.authoritative is not None:
        view = await services.library.set_authority(principal, document_id, authoritative=body.authoritative)
    if body.audience is not None:
        view = await services.library.reclassify(principal, document_id, audience=body.audience)
    return view


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
