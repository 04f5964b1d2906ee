"""The text behind the vectors, read from the database, which has the last word on permission."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Protocol

from sqlalchemy import select, tuple_

from core.database import Database
from core.domain import DocType, DocumentStatus, Passage, Scope
from core.models import Corpus, Document, PassageRow, Revision
from retrieval.index import Candidate


class Ranked(Protocol):
    """A scored candidate, best first."""

    @property
    def candidate(self) -> Candidate: ...
    @property
    def dense(self) -> float: ...
    @property
    def sparse(self) -> float: ...
    @property
    def score(self) -> float: ...
    @property
    def sentence_scores(self) -> tuple[float, ...]: ...


class Passages:
    """Loads passages for one scope."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def load(self, scope: Scope, ranked: Sequence[Ranked]) -> list[Passage]:
        """In the given order. A document withdrawn or re-classified since it was indexed is left out: permission is current."""
        keys = {(r.candidate.payload.revision_id, r.candidate.payload.number): r for r in ranked}
        if not keys:
            return []
        query = (
            select(PassageRow, Revision, Document, Corpus.name)
            .join(Revision, PassageRow.revision_id == Revision.id)
            .join(Document, Revision.document_id == Document.id)
            .join(Corpus, Document.corpus_id == Corpus.id)
            .where(
                PassageRow.tenant_id == scope.tenant_id,
                tuple_(PassageRow.revision_id, PassageRow.number).in_(list(keys)),
                Document.status != DocumentStatus.WITHDRAWN,
                Document.audience.in_(scope.audience.readable()),
            )
        )
        async with self._database.read() as session:
            rows = {
                (p.revision_id, p.number): _passage(p, r, d, corpus, keys[p.revision_id, p.number])
                for p, r, d, corpus in await session.execute(query)
            }
        return [rows[key] for key in keys if key in rows]

    async def corpus_ids(self, tenant_id: str, names: Sequence[str]) -> tuple[str, ...]:
        if not names:
            return ()
        async with self._database.read() as session:
            found = await session.scalars(
                select(Corpus.id).where(Corpus.tenant_id == tenant_id, Corpus.name.in_(names))
            )
            return tuple(found)

    async def customers(self, scope: Scope) -> list[str]:
        """The customers that this asker may ask about."""
        query = (
            select(Document.customer)
            .where(
                Document.tenant_id == scope.tenant_id,
                Document.customer.is_not(None),
                Document.status == DocumentStatus.PUBLISHED,
                Document.audience.in_(scope.audience.readable()),
            )
            .distinct()
        )
        async with self._database.read() as session:
            return sorted(name for name in await session.scalars(query) if name)


def _passage(row: PassageRow, revision: Revision, document: Document, corpus: str, ranked: Ranked) -> Passage:
    info = revision.info
    effective = info.get("effective_from")
    return Passage(
        id=ranked.candidate.id,
        document_id=document.id,
        source=document.path,
        title=info.get("title") or document.title,
        heading_path=tuple(row.heading_path),
        text=row.text,
        doc_type=DocType(info.get("doc_type", DocType.PRODUCT_DOC)),
        corpus=corpus,
        score=round(min(1.0, ranked.score), 4),
        dense_score=round(ranked.dense, 4),
        sparse_score=round(ranked.sparse, 4),
        number=row.number,
        page=row.page,
        url=info.get("url"),
        version=info.get("versions"),
        effective_from=date.fromisoformat(effective) if effective else None,
        customer=document.customer,
        sentences=tuple((start, end) for start, end in row.sentences),
        sentence_scores=ranked.sentence_scores,
    )
