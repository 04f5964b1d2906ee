"""Revisions as the database keeps them, as points of an index: nothing is read again but their redacted text."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection
from dataclasses import dataclass
from datetime import date

from sqlalchemy import select
from sqlalchemy.orm import defer

from core.database import ReadSession
from core.domain import DocType
from core.models import Document, Membership, PassageRow, Revision
from core.versions import OPEN_END, version_range
from ingest.chunk import Chunk, TokenBudget
from ingest.formats.elements import ElementKind
from ingest.points import day_after, embed_item, first_day
from ingest.repository import batches, point_id
from ingest.revisions import audience_of
from retrieval.embedding import EmbedItem
from retrieval.index import STAGED, PointPayload


@dataclass(frozen=True, slots=True)
class Stay:
    """The releases that show one copy of a revision's points; a revision that none has shown has one staged copy."""

    copy: int = 0
    added_in: int = STAGED
    removed_in: int = OPEN_END


@dataclass(frozen=True, slots=True)
class StoredRevision:
    """A revision that the index holds, and everything that its points say; `payload` is that of its chunk 0, staged."""

    payload: PointPayload
    title: str
    passages: int
    text_hash: str
    stays: tuple[Stay, ...]

    @property
    def id(self) -> str:
        return self.payload.revision_id

    @property
    def points(self) -> int:
        return self.passages * len(self.stays)

    def point_ids(self) -> set[str]:
        return {point_id(self.id, number, stay.copy) for stay in self.stays for number in range(self.passages)}


async def revisions(session: ReadSession, tenant_id: str) -> list[StoredRevision]:
    """What the tenant's index must hold, the revisions of a document together."""
    stays: dict[str, list[Stay]] = defaultdict(list)
    memberships = select(Membership).where(Membership.tenant_id == tenant_id).order_by(Membership.copy)
    for row in await session.scalars(memberships):
        stays[row.revision_id].append(Stay(row.copy, row.added_in, row.removed_in))
    query = (
        select(Revision, Document)
        .join(Document, Document.id == Revision.document_id)
        .where(Revision.tenant_id == tenant_id, Revision.indexed)
        .options(defer(Revision.minhash))
        .order_by(Document.id, Revision.created_at)
    )
    return [
        StoredRevision(
            payload=_payload(document, revision),
            title=str(revision.info.get("title", "")),
            passages=revision.passages,
            text_hash=revision.text_hash,
            stays=tuple(stays.get(revision.id, [Stay()])),
        )
        for revision, document in await session.execute(query)
    ]


async def items(
    session: ReadSession, wanted: Collection[StoredRevision], budget: TokenBudget
) -> dict[str, list[EmbedItem]]:
    """What is embedded for each chunk of each revision, in order: the same as when it was ingested."""
    titles = {revision.id: revision.title for revision in wanted}
    found: dict[str, list[EmbedItem]] = {revision_id: [] for revision_id in titles}
    for batch in batches(titles):
        query = select(PassageRow).where(PassageRow.revision_id.in_(batch)).order_by(PassageRow.number)
        for row in await session.scalars(query):
            found[row.revision_id].append(embed_item(_chunk(row), titles[row.revision_id], budget))
    return found


def _chunk(row: PassageRow) -> Chunk:
    sentences = tuple((start, end) for start, end in row.sentences)
    return Chunk(row.number, row.text, tuple(row.heading_path), row.page, ElementKind(row.kind), sentences)


def _payload(document: Document, revision: Revision) -> PointPayload:
    info = revision.info
    version_from, version_to = version_range(info.get("versions"))
    newest = revision.id == document.revision_id
    return PointPayload(
        document_id=document.id,
        revision_id=revision.id,
        corpus_id=document.corpus_id,
        number=0,
        doc_type=info.get("doc_type", DocType.PRODUCT_DOC),
        audience=document.audience if newest else audience_of(document, revision),
        product=info.get("product"),
        module=info.get("module"),
        region=info.get("region"),
        customer=info.get("customer"),
        version_from=version_from,
        version_to=version_to,
        effective_from=first_day(_day(info.get("effective_from"))),
        effective_to=day_after(_day(info.get("effective_to"))),
    )


def _day(stated: str | None) -> date | None:
    return date.fromisoformat(stated) if stated else None
