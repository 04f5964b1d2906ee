"""Points of a revision from its stored text: its bytes need not be read again, and what is shown is what was reviewed."""

from __future__ import annotations

from datetime import date

from sqlalchemy import select

from core.database import Database
from core.domain import Audience, DocType, DocumentStatus, Metadata
from core.models import Document, Json, PassageRow, Revision
from core.tenancy import Tenants
from ingest.chunk import Chunk, TokenBudget
from ingest.formats.elements import ElementKind
from ingest.points import embed_item, points
from ingest.repository import NewRevision
from ingest.resemblance import Fingerprint
from ingest.revisions import audience_of
from retrieval.embedding import Embedder
from retrieval.index import VectorIndex

_DAYS = ("effective_from", "effective_to", "review_by")


class Staging:
    """Puts a revision into the index that is not in it any more, since its document was withdrawn or its points were lost."""

    def __init__(
        self, *, database: Database, index: VectorIndex, embedder: Embedder, tenants: Tenants, budget: TokenBudget
    ) -> None:
        self._database = database
        self._index = index
        self._embedder = embedder
        self._tenants = tenants
        self._budget = budget

    async def stage(self, tenant_id: str, document: Document, revision: Revision) -> None:
        """Points that no release shows yet. Twice leaves the same points."""
        collection = (await self._tenants.get(tenant_id)).collection
        await self._index.ensure(collection)
        if document.status == DocumentStatus.WITHDRAWN:  # again: a crash may have come between withdrawal and index
            await self._index.delete_document(collection, document.id)
        query = select(PassageRow).where(PassageRow.revision_id == revision.id).order_by(PassageRow.number)
        async with self._database.read(tenant_id) as session:
            stored = _as_new(document, revision, list(await session.scalars(query)))
        items = [embed_item(chunk, stored.metadata.title, self._budget) for chunk in stored.chunks]
        vectors = await self._embedder.embed_passages(items)
        placed = points(stored, document.corpus_id, audience_of(document, revision), items, vectors)
        await self._index.upsert(collection, placed)


def _as_new(document: Document, revision: Revision, rows: list[PassageRow]) -> NewRevision:
    """The revision as it was when it came in, from what was stored of it then."""
    return NewRevision(
        document_id=document.id,
        path=document.path,
        content_hash=revision.content_hash,
        metadata=_metadata(revision.info),
        chunks=tuple(_chunk(row) for row in rows),
        redactions=revision.redactions,
        signals=tuple(revision.signals),
        warnings=tuple(revision.warnings),
        original=b"",
        fingerprint=Fingerprint(revision.text_hash, revision.minhash or b""),
        embedded_hashes=tuple(row.embedded_hash for row in rows),
    )


def _metadata(info: Json) -> Metadata:
    """As `repository.metadata_json` wrote it."""
    values = dict(info)
    values.update({key: date.fromisoformat(info[key]) for key in _DAYS if key in info})
    values.update(doc_type=DocType(info["doc_type"]), audience=Audience(info["audience"]))
    return Metadata(**values)


def _chunk(row: PassageRow) -> Chunk:
    spans = tuple((start, end) for start, end in row.sentences)
    return Chunk(row.number, row.text, tuple(row.heading_path), row.page, ElementKind(row.kind), spans)
