"""What evaluations read from the tables and keep there."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from typing import Any

from sqlalchemy import Select, and_, exists, or_, select

from answers.types import Answer, Citation
from core.crossings import NO_TENANT
from core.database import Database
from core.domain import Audience
from core.errors import NotFoundError
from core.models import Corpus, CorpusGrant, Document, EvalRun, Json, Membership, PassageRow, Revision, Tenant, now


@dataclass(frozen=True, slots=True)
class CitationFaults:
    """Of one answer's citations: `foreign` cite a document that the tenant may not read or that does not exist, `broken` quote what
    it does not say."""

    foreign: int
    broken: int


class CitationCheck:
    """Looks behind citations, into the tables, without any of the pipeline's own code."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def check(self, tenant_id: str, answer: Answer) -> CitationFaults:
        """Against what the answer's releases show; white space is not compared."""
        ids = {citation.document_id for citation in answer.citations}
        if not ids:
            return CitationFaults(0, 0)
        async with self._database.read(tenant_id) as session:
            own = set(await session.scalars(_readable(ids, tenant_id)))
            rows = list(await session.execute(_texts(ids)))
        stored = _joined(
            (document_id, text)
            for document_id, text, owner, added, removed in rows
            if added <= answer.releases.get(owner, answer.release) < removed
        )
        return CitationFaults(
            foreign=sum(citation.document_id not in own for citation in answer.citations),
            broken=sum(not _stands(citation, stored) for citation in answer.citations),
        )


def _readable(document_ids: Iterable[str], tenant_id: str) -> Select[str]:
    """The tenant's own documents, and what it is granted now: never the owner's agent-only ones, never a customer's."""
    granted = exists().where(
        CorpusGrant.corpus_id == Document.corpus_id,
        CorpusGrant.grantee_id == tenant_id,
        or_(CorpusGrant.expires_at.is_(None), CorpusGrant.expires_at > now()),
    )
    shared = and_(granted, Document.audience != Audience.AGENT, Document.customer.is_(None))
    return select(Document.id).where(Document.id.in_(document_ids), or_(Document.tenant_id == tenant_id, shared))


def _texts(document_ids: Iterable[str]) -> Any:
    """Document, passage, owner, and the releases ``[added_in, removed_in)`` that show it."""
    return (
        select(Revision.document_id, PassageRow.text, Membership.tenant_id, Membership.added_in, Membership.removed_in)
        .join(PassageRow, PassageRow.revision_id == Revision.id)
        .join(Membership, Membership.revision_id == Revision.id)
        .where(Revision.document_id.in_(document_ids))
        .order_by(Revision.id, PassageRow.number)
    )


def _joined(passages: Iterable[tuple[str, str]]) -> dict[str, str]:
    texts: dict[str, list[str]] = {}
    for document_id, text in passages:
        texts.setdefault(document_id, []).append(_plain(text))
    return {document_id: " ".join(parts) for document_id, parts in texts.items()}


def _stands(citation: Citation, stored: Mapping[str, str]) -> bool:
    quote = _plain(citation.quote)
    return bool(quote) and quote in stored.get(citation.document_id, "")


def _plain(text: str) -> str:
    return " ".join(text.split())


@dataclass(frozen=True, slots=True)
class StoredRun:
    """A run as it was kept; `rows` are plain JSON, since older code may have written them."""

    id: str
    dataset: str
    metrics: Json
    context: Json
    rows: list[Json]
    created_at: datetime


class EvalRuns:
    """Runs by data set, newest last."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def last(self, dataset: str) -> StoredRun | None:
        query = select(EvalRun).where(EvalRun.dataset == dataset).order_by(EvalRun.created_at.desc()).limit(1)
        async with self._database.read(NO_TENANT) as session:
            row = await session.scalar(query)
        return _stored(row) if row else None

    async def one(self, run_id: str) -> StoredRun:
        """By its id or the beginning of it. Raises `NotFoundError` (`unknown_run`) where none or several begin so."""
        query = select(EvalRun).where(EvalRun.id.startswith(run_id, autoescape=True)).limit(2)
        async with self._database.read(NO_TENANT) as session:
            rows = list(await session.scalars(query))
        if len(rows) != 1:
            raise NotFoundError(f"no single run begins with '{run_id}'", code="unknown_run")
        return _stored(rows[0])

    async def keep(self, dataset: str, *, metrics: Json, context: Json, rows: list[Json]) -> StoredRun:
        row = EvalRun(dataset=dataset, metrics=metrics, context=context, rows=rows)
        async with self._database.write(NO_TENANT) as session:
            session.add(row)
        return _stored(row)


def _stored(row: EvalRun) -> StoredRun:
    return StoredRun(row.id, row.dataset, row.metrics, row.context, list(row.rows), row.created_at)


class Holdings:
    """What tenants hold, so that a run can say what it was measured on."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def corpora(self, tenant_id: str) -> set[str]:
        """The names of its corpora."""
        async with self._database.read(tenant_id) as session:
            return set(await session.scalars(select(Corpus.name).where(Corpus.tenant_id == tenant_id)))

    async def fingerprint(self, tenant_ids: Iterable[str]) -> Json:
        """`documents`, how many the live releases show, and `corpus`, which changes with any of their bytes or places, and with how
        bytes are stored."""
        query = (
            select(Tenant.slug, Corpus.name, Document.path, Revision.content_hash)
            .join(Membership, Membership.tenant_id == Tenant.id)
            .join(Revision, Revision.id == Membership.revision_id)
            .join(Document, Document.id == Revision.document_id)
            .join(Corpus, Corpus.id == Document.corpus_id)
            .where(
                Membership.added_in <= Tenant.live_release,
                Membership.removed_in > Tenant.live_release,
            )
        )
        shown: list[str] = []
        for tenant_id in set(tenant_ids):
            async with self._database.read(tenant_id) as session:
                shown += ["\0".join(row) for row in await session.execute(query.where(Tenant.id == tenant_id))]
        shown.sort()
        return {"documents": len(shown), "corpus": sha256("\n".join(shown).encode()).hexdigest()[:16]}
