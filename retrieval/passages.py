"""The text behind the vectors, read from the database, which has the last word on permission."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from datetime import date
from typing import Protocol

from sqlalchemy import ColumnElement, and_, or_, select

from core.database import Database, ReadSession
from core.domain import DocType, DocumentStatus, Passage, Scope
from core.models import Corpus, Document, Membership, PassageRow, Revision
from retrieval.index import Candidate

_STEP = re.compile(r"^\s*\d{1,2}[.)]\s", re.MULTILINE)


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

    async def load(self, scope: Scope, ranked: Sequence[Ranked], *, whole_procedures: bool = False) -> list[Passage]:
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
                *_among(keys),
                Document.status != DocumentStatus.WITHDRAWN,
                Document.audience.in_(scope.audience.readable()),
            )
        )
        async with self._database.read(scope.reader) as session:
            read = ((p, r, d, corpus) for p, r, d, corpus in await session.execute(query))
            found = {key: row for row in read if (key := (row[0].revision_id, row[0].number)) in keys}
            rows = [row for row, *_ in found.values()] if whole_procedures else []
            rest = await self._rest_of_procedures(session, rows)
        loaded = [_passage(*found[key], keys[key]) for key in keys if key in found]
        return [*loaded, *_following(rest, found, keys)]

    async def texts(self, reader: str, candidates: Sequence[Candidate]) -> dict[str, str]:
        """Title, headings and text of each that the tenant `reader` may read, by candidate id: for scoring only, an audience is
        not looked at."""
        ids = {(c.payload.revision_id, c.payload.number): c.id for c in candidates}
        if not ids:
            return {}
        query = (
            select(PassageRow.revision_id, PassageRow.number, PassageRow.text, PassageRow.heading_path, Revision.info)
            .join(Revision, PassageRow.revision_id == Revision.id)
            .where(*_among(ids))
        )
        async with self._database.read(reader) as session:
            return {
                ids[revision, number]: "\n".join((info.get("title", ""), *headings, text))
                for revision, number, text, headings, info in await session.execute(query)
                if (revision, number) in ids
            }

    async def _rest_of_procedures(self, session: ReadSession, rows: Sequence[PassageRow]) -> list[PassageRow]:
        """The other passages of sections whose steps were cut in two: half a procedure must not be all that an answer sees."""
        cut = {(row.revision_id, tuple(row.heading_path)) for row in rows if _STEP.search(row.text)}
        if not cut:
            return []
        known = {row.id for row in rows}
        siblings = await session.scalars(
            select(PassageRow)
            .where(PassageRow.revision_id.in_({revision_id for revision_id, _ in cut}))
            .order_by(PassageRow.number)
        )
        return [
            row
            for row in siblings
            if row.id not in known and (row.revision_id, tuple(row.heading_path)) in cut and _STEP.search(row.text)
        ]

    async def corpus_ids(self, tenant_id: str, names: Sequence[str]) -> tuple[str, ...]:
        if not names:
            return ()
        async with self._database.read(tenant_id) as session:
            found = await session.scalars(
                select(Corpus.id).where(Corpus.tenant_id == tenant_id, Corpus.name.in_(names))
            )
            return tuple(found)

    async def authoritative(self, scope: Scope, release: int) -> tuple[str, ...]:
        """The revisions that the release shows and high-impact questions are answered from. An admin's choice goes before what a
        document states, and holds at once, in every release."""
        query = (
            select(Revision.id)
            .join(Document, Revision.document_id == Document.id)
            .join(Membership, Membership.revision_id == Revision.id)
            .where(
                Document.tenant_id == scope.tenant_id,
                Document.status != DocumentStatus.WITHDRAWN,
                or_(
                    Document.authoritative_set.is_(True),
                    and_(Document.authoritative_set.is_(None), Revision.authoritative),
                ),
                Membership.added_in <= release,
                Membership.removed_in > release,
            )
            .order_by(Revision.id)
            .distinct()
        )
        async with self._database.read(scope.reader) as session:
            return tuple(await session.scalars(query))

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
        async with self._database.read(scope.tenant_id) as session:
            return sorted(name for name in await session.scalars(query) if name)


def _among(keys: Collection[tuple[str, int]]) -> tuple[ColumnElement[bool], ColumnElement[bool]]:
    """Rows of these revisions and numbers: some more than the pairs, which the caller leaves out. SQLite reads the whole table for
    a list of pairs, and an index for two lists."""
    revisions, numbers = ({key[place] for key in keys} for place in (0, 1))
    return PassageRow.revision_id.in_(revisions), PassageRow.number.in_(numbers)


def _following(
    rest: Sequence[PassageRow],
    found: Mapping[tuple[str, int], tuple[PassageRow, Revision, Document, str]],
    ranked: Mapping[tuple[str, int], Ranked],
) -> list[Passage]:
    """Passages that came with another one: its document and score, no scores of sentences, since nothing asked for them."""
    by_revision = {revision_id: key for key in reversed(list(found)) for revision_id in [key[0]]}
    passages = []
    for row in rest:
        key = by_revision[row.revision_id]
        _, revision, document, corpus = found[key]
        passage = _passage(row, revision, document, corpus, ranked[key])
        passages.append(replace(passage, id=f"{passage.id}/{row.number}", dense_score=0.0, sentence_scores=()))
    return passages


def _passage(row: PassageRow, revision: Revision, document: Document, corpus: str, ranked: Ranked) -> Passage:
    info = revision.info
    days = {name: date.fromisoformat(info[name]) for name in ("effective_from", "effective_to") if info.get(name)}
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
        effective_from=days.get("effective_from"),
        effective_to=days.get("effective_to"),
        region=info.get("region"),
        customer=document.customer,
        product=info.get("product"),
        module=info.get("module"),
        authoritative=_marked(document, revision),
        suspect=bool(revision.signals),
        tenant_id=document.tenant_id,
        sentences=tuple((start, end) for start, end in row.sentences),
        sentence_scores=ranked.sentence_scores,
    )


def _marked(document: Document, revision: Revision) -> bool:
    return revision.authoritative if document.authoritative_set is None else document.authoritative_set
