"""What a reader is shown of a document: one of the own tenant, or one that another tenant shares."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import and_, select

from core.database import ReadSession
from core.domain import Audience, DocumentStatus, Scope
from core.grants import GrantedCorpora, granted
from core.models import Corpus, Document, Json, Membership, Revision, Tenant
from ingest import repository

SHARED = ("title", "doc_type", "url", "product", "versions", "module", "region", "effective_from", "effective_to")
"""What a grantee is told of a document beside its text; who owns and reviews it is the owner's matter."""


@dataclass(frozen=True, slots=True)
class DocumentView:
    """A document as the API shows it; `text` is the stored, redacted text of its newest revision."""

    id: str
    source: str
    corpus: str
    title: str
    status: DocumentStatus
    audience: Audience
    customer: str | None
    metadata: Json
    redactions: Mapping[str, int]
    signals: tuple[str, ...]
    warnings: tuple[str, ...]
    passages: int
    text: str
    duplicate_of: str | None = None
    """The document that says the same; `duplicate_kind` is `exact` or `near`."""
    duplicate_kind: str | None = None
    authoritative: bool = False
    """Whether high-impact questions are answered from it."""


def document_view(document: Document, revision: Revision | None, corpus: str, text: str) -> DocumentView:
    return DocumentView(
        id=document.id,
        source=document.path,
        corpus=corpus,
        title=document.title,
        status=DocumentStatus(document.status),
        audience=Audience(document.audience),
        customer=document.customer,
        metadata=revision.info if revision else {},
        redactions=revision.redactions if revision else {},
        signals=tuple(revision.signals) if revision else (),
        warnings=tuple(revision.warnings) if revision else (),
        passages=revision.passages if revision else 0,
        text=text,
        duplicate_of=document.duplicate_of,
        duplicate_kind=document.duplicate_kind,
        authoritative=authority_of(document, revision),
    )


def authority_of(document: Document, revision: Revision | None) -> bool:
    """What an admin has set for the document, else what the revision stated."""
    if document.authoritative_set is not None:
        return document.authoritative_set
    return revision is not None and revision.authoritative


async def shared_view(
    session: ReadSession, scope: Scope, parts: Sequence[GrantedCorpora], document_id: str
) -> DocumentView | None:
    """A granted document as its owner's live release shows it; None where `scope` may not read it."""
    for part in parts:
        narrowed = granted(scope, part.owner_id)
        live = and_(Membership.added_in <= Tenant.live_release, Membership.removed_in > Tenant.live_release)
        query = (
            select(Document, Revision, Corpus.name)
            .join(Revision, Revision.document_id == Document.id)
            .join(Membership, Membership.revision_id == Revision.id)
            .join(Tenant, Tenant.id == Document.tenant_id)
            .join(Corpus, Corpus.id == Document.corpus_id)
            .where(
                Document.id == document_id,
                Document.tenant_id == part.owner_id,
                Document.corpus_id.in_(part.corpus_ids),
                Document.audience.in_(narrowed.audience.readable()),
                Document.customer.is_(None),
                Document.status != DocumentStatus.WITHDRAWN,
                live,
            )
        )
        if found := (await session.execute(query)).first():
            document, revision, corpus = found
            text = await repository.document_text(session, revision.id)
            return DocumentView(
                id=document.id,
                source=document.path,
                corpus=corpus,
                title=revision.info.get("title") or document.title,
                status=DocumentStatus.PUBLISHED,
                audience=Audience(document.audience),
                customer=None,
                metadata={key: revision.info[key] for key in SHARED if key in revision.info},
                redactions=revision.redactions,
                signals=(),
                warnings=(),
                passages=revision.passages,
                text=text,
                authoritative=authority_of(document, revision),
            )
    return None
