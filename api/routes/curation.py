"""The life of documents: lists of what waits, revisions, review, and which corpora ask for a second person."""

from __future__ import annotations

from dataclasses import asdict
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query
from pydantic import BeforeValidator

from api.deps import ServicesDep, allowed
from api.examples import PROBLEMS
from api.schemas import (
    ApprovalIn,
    ApprovalsIn,
    AssignmentIn,
    CommentIn,
    CorpusPatch,
    RejectionIn,
    RestoreIn,
)
from core.domain import DocumentStatus, Permission, Principal
from ingest.catalogue import CorpusRow, DocumentRow, Wanted
from ingest.curation import Comment, Named
from ingest.paging import PageRequest
from ingest.revisions import RevisionDiff

router = APIRouter(prefix="/v1", responses=PROBLEMS)

Reader = Annotated[Principal, allowed(Permission.DOCUMENTS_READ)]
Writer = Annotated[Principal, allowed(Permission.DOCUMENTS_WRITE)]
Approver = Annotated[Principal, allowed(Permission.DOCUMENTS_APPROVE)]
Text = Annotated[
    str | None,
    Query(max_length=200),
    BeforeValidator(lambda value: value.replace("\x00", "") if isinstance(value, str) else value),
]


async def _page(
    cursor: Annotated[str | None, Query(max_length=8000, description="next_cursor of the page before")] = None,
    limit: Annotated[int | None, Query(ge=-(2**31), le=2**31 - 1, description="rows a page; 50 if absent")] = None,
) -> PageRequest:
    return PageRequest(cursor, limit)


async def _wanted(
    corpus: Text = None,
    status: DocumentStatus | None = None,
    q: Text = None,
    due: Annotated[bool, Query(description="only those whose review-by date has passed")] = False,
    duplicates: Annotated[bool, Query(description="only those that repeat another document")] = False,
) -> Wanted:
    return Wanted(corpus, status, q, due, duplicates)


PageDep = Annotated[PageRequest, Depends(_page)]
WantedDep = Annotated[Wanted, Depends(_wanted)]


@router.get("/documents", tags=["Curation"])
async def documents(services: ServicesDep, principal: Reader, wanted: WantedDep, page: PageDep) -> dict[str, Any]:
    """Documents by path, without their text: all, or what waits for somebody."""
    found = await services.catalogue.documents(principal, wanted, page)
    return {"documents": found.items, "next_cursor": found.next_cursor}


@router.post("/documents/approve", tags=["Curation"])
async def approve_many(body: ApprovalsIn, services: ServicesDep, principal: Approver) -> dict[str, Any]:
    """Approve many revisions, each for itself; the answer tells how each ended."""
    verdicts = await services.curation.approve_many(principal, [each.to_domain() for each in body.documents])
    return {"results": [{key: value for key, value in asdict(each).items() if value} for each in verdicts]}


@router.get("/documents/{document_id}/revisions", tags=["Curation"])
async def revisions(document_id: str, services: ServicesDep, principal: Reader, page: PageDep) -> dict[str, Any]:
    """A document as the lists show it, and its revisions, newest first."""
    found = await services.revisions.history(principal, document_id, page)
    document = await services.catalogue.document(principal, document_id)
    return {"document": document, "revisions": found.items, "next_cursor": found.next_cursor}


@router.get("/documents/{document_id}/diff", response_model=RevisionDiff, tags=["Curation"])
async def diff(
    document_id: str,
    services: ServicesDep,
    principal: Reader,
    before: Annotated[Text, Query(alias="from", description="a revision; what is published if absent")] = None,
    after: Annotated[Text, Query(alias="to", description="a revision; the newest if absent")] = None,
) -> RevisionDiff:
    """What changed between two revisions, in the redacted text and in what the document states about itself."""
    return await services.revisions.diff(principal, document_id, before=before, after=after)


@router.post("/documents/{document_id}/submit", response_model=DocumentRow, tags=["Curation"])
async def submit(document_id: str, services: ServicesDep, principal: Writer) -> DocumentRow:
    """Ask for a review of a draft."""
    await services.curation.submit(principal, document_id)
    return await services.catalogue.document(principal, document_id)


@router.post("/documents/{document_id}/approve", response_model=DocumentRow, tags=["Curation"])
async def approve(document_id: str, body: ApprovalIn, services: ServicesDep, principal: Approver) -> DocumentRow:
    """Approve one revision: the next release takes it. Where the corpus asks for a second person, not by its author."""
    await services.curation.approve(principal, Named(document_id, body.revision_id), comment=body.comment)
    return await services.catalogue.document(principal, document_id)


@router.post("/documents/{document_id}/reject", response_model=DocumentRow, tags=["Curation"])
async def reject(document_id: str, body: RejectionIn, services: ServicesDep, principal: Approver) -> DocumentRow:
    """Send a revision back to draft, with the reason."""
    await services.curation.reject(principal, Named(document_id, body.revision_id), comment=body.comment)
    return await services.catalogue.document(principal, document_id)


@router.post("/documents/{document_id}/retire", response_model=DocumentRow, tags=["Curation"])
async def retire(document_id: str, services: ServicesDep, principal: Writer) -> DocumentRow:
    """Take a document that was uploaded out of the answers with the next release."""
    await services.curation.retire(principal, document_id)
    return await services.catalogue.document(principal, document_id)


@router.post("/documents/{document_id}/restore", response_model=DocumentRow, tags=["Curation"])
async def restore(document_id: str, body: RestoreIn, services: ServicesDep, principal: Writer) -> DocumentRow:
    """Make an earlier revision the newest again; its corpus decides whether it waits for approval."""
    await services.revisions.restore(principal, document_id, body.revision_id)
    return await services.catalogue.document(principal, document_id)


@router.get("/documents/{document_id}/comments", tags=["Curation"])
async def comments(document_id: str, services: ServicesDep, principal: Reader, page: PageDep) -> dict[str, Any]:
    """What was said about a document, oldest first."""
    found = await services.curation.comments(principal, document_id, page)
    return {"comments": found.items, "next_cursor": found.next_cursor}


@router.post("/documents/{document_id}/comments", status_code=201, response_model=Comment, tags=["Curation"])
async def comment(document_id: str, body: CommentIn, services: ServicesDep, principal: Writer) -> Comment:
    """Say something about the newest revision; personal data in it is redacted."""
    return await services.curation.comment(principal, document_id, body.text)


@router.post("/documents/{document_id}/assign", response_model=DocumentRow, tags=["Curation"])
async def assign(document_id: str, body: AssignmentIn, services: ServicesDep, principal: Writer) -> DocumentRow:
    """Say who answers for a document, and by when it is to be looked at again."""
    await services.curation.assign(principal, document_id, body.to_domain())
    return await services.catalogue.document(principal, document_id)


@router.get("/corpora", tags=["Curation"])
async def corpora(services: ServicesDep, principal: Reader) -> dict[str, list[CorpusRow]]:
    """The corpora, with their documents counted by status."""
    return {"corpora": await services.catalogue.corpora(principal)}


@router.patch("/corpora/{name:path}", response_model=CorpusRow, tags=["Curation"])
async def change_corpus(name: str, body: CorpusPatch, services: ServicesDep, principal: Approver) -> CorpusRow:
    """Say whether revisions that arrive from now on wait for a second person."""
    return await services.catalogue.set_approval(principal, name, required=body.requires_approval)
