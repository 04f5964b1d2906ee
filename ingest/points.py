"""A document's chunks as points of the index; vectors of unchanged text are taken over from its previous revision."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from hashlib import sha256

from sqlalchemy import select

from core.database import ReadSession
from core.models import Document, Membership, PassageRow
from core.versions import OPEN_END, version_range
from ingest.chunk import Chunk, TokenBudget, embedded_text
from ingest.repository import NewRevision, batches, point_id
from retrieval.embedding import Embedded, EmbedItem
from retrieval.index import IndexPoint, PointPayload, VectorIndex
from retrieval.sparse import encode_document

_PAGE = 64
"""Points read at once: a larger read of the embedded index holds up every other thread."""


def embed_item(chunk: Chunk, title: str, budget: TokenBudget) -> EmbedItem:
    text = embedded_text(chunk.text, title, chunk.heading_path, budget)
    shift = len(text) - len(chunk.text)
    return EmbedItem(text, tuple((start + shift, end + shift) for start, end in chunk.sentences))


def embedded_hash(item: EmbedItem) -> str:
    """Equal for what has equal vectors: the text, its heading included, and where its sentences lie."""
    return sha256(f"{item.spans}\0{item.text}".encode()).hexdigest()


@dataclass(frozen=True, slots=True)
class Placed:
    """Where one chunk's vectors may lie: its revision, its number, and how often it was copied."""

    revision_id: str
    number: int


async def placed(session: ReadSession, document_ids: Collection[str]) -> dict[str, dict[str, Placed]]:
    """Document → embedded hash → chunk, of the documents' newest revisions."""
    query = (
        select(Document.id, PassageRow.embedded_hash, PassageRow.revision_id, PassageRow.number)
        .join(PassageRow, PassageRow.revision_id == Document.revision_id)
        .where(Document.id.in_(document_ids), PassageRow.embedded_hash != "")
    )
    found: dict[str, dict[str, Placed]] = defaultdict(dict)
    for document_id, hashed, revision_id, number in await session.execute(query):
        found[document_id][hashed] = Placed(revision_id, number)
    return found


async def copies(session: ReadSession, revision_ids: Collection[str]) -> dict[str, int]:
    """The latest copy of each revision's points; 0 for those that releases showed once or never."""
    latest = dict.fromkeys(revision_ids, 0)
    for batch in batches(revision_ids):
        rows = await session.execute(
            select(Membership.revision_id, Membership.copy).where(Membership.revision_id.in_(batch))
        )
        for revision_id, copy in rows:
            latest[revision_id] = max(latest[revision_id], copy)
    return latest


async def stored_vectors(
    index: VectorIndex, collection: str, wanted: Collection[Placed], latest: Mapping[str, int]
) -> dict[Placed, Embedded]:
    """The vectors of those chunks whose points are still there."""
    ids = {point_id(each.revision_id, each.number, latest.get(each.revision_id, 0)): each for each in wanted}
    found: dict[Placed, Embedded] = {}
    names = list(ids)
    for start in range(0, len(names), _PAGE):
        vectors = await index.vectors(collection, names[start : start + _PAGE])
        found.update((ids[name], embedded) for name, embedded in vectors.items())
    return found


def points(
    revision: NewRevision,
    corpus_id: str,
    audience: str,
    items: Sequence[EmbedItem],
    vectors: Sequence[Embedded],
    *,
    first: int = 0,
) -> list[IndexPoint]:
    """`first` is the number of the first item's chunk."""
    return [
        IndexPoint(
            id=point_id(revision.id, number),
            dense=embedded.dense,
            sentences=embedded.sentences,
            sparse=encode_document(item.text),
            payload=_payload(revision, corpus_id, audience, number),
        )
        for number, (item, embedded) in enumerate(zip(items, vectors, strict=True), start=first)
    ]


def _payload(revision: NewRevision, corpus_id: str, audience: str, number: int) -> PointPayload:
    metadata = revision.metadata
    version_from, version_to = version_range(metadata.versions)
    return PointPayload(
        document_id=revision.document_id,
        revision_id=revision.id,
        corpus_id=corpus_id,
        number=number,
        doc_type=metadata.doc_type,
        audience=audience,
        product=metadata.product,
        module=metadata.module,
        region=metadata.region,
        customer=metadata.customer,
        version_from=version_from,
        version_to=version_to,
        effective_from=first_day(metadata.effective_from),
        effective_to=day_after(metadata.effective_to),
    )


def first_day(stated: date | None) -> int:
    return stated.toordinal() if stated else 0


def day_after(stated: date | None) -> int:
    """Documents state the last day on which they are in force; an index compares half-open."""
    return stated.toordinal() + 1 if stated else OPEN_END
