"""At start: the index against the database, which is the truth.

One facet of the index by revision and one query tell a tenant's state, however many points it has; only what differs is looked at
further.
"""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Collection, Mapping
from dataclasses import dataclass

import structlog
from sqlalchemy import case, delete, func, select, update

from core.database import Database, ReadSession
from core.errors import UnavailableError
from core.models import Document, Membership, Revision
from core.tenancy import TenantInfo
from ingest.repository import batches, point_id
from retrieval.index import VectorIndex

log = structlog.get_logger()

MOST_MISSING = 0.2
"""Of a tenant's revisions: where more lack points, the index itself was lost. Then every release is still told by the database,
and `partner-copilot reindex` makes it again; to forget the releases would make the loss lasting."""


@dataclass(frozen=True, slots=True)
class Reconciled:
    """Revisions by what was found: points of nobody, which were deleted; points that are missing (`marked` ones are taken in
    again by the next sync); points of a stay that never came about, which were deleted; busy ones, which were left alone."""

    tenant: str
    orphans: int = 0
    missing: int = 0
    marked: int = 0
    surplus: int = 0
    busy: int = 0

    @property
    def sound(self) -> bool:
        return not (self.orphans or self.missing or self.surplus or self.busy)


@dataclass(frozen=True, slots=True)
class Expected:
    """A revision as the database says: its points are `passages` for each stay, or once while it waits for its first."""

    corpus_id: str
    passages: int
    indexed: bool
    stays: int
    newest: int

    @property
    def points(self) -> int:
        return self.passages * max(1, self.stays) if self.indexed else 0


@dataclass(frozen=True, slots=True)
class Differences:
    orphans: frozenset[str]
    missing: frozenset[str]
    surplus: Mapping[str, tuple[str, ...]]
    """Points to delete, by revision."""
    expected: int

    @property
    def revisions(self) -> frozenset[str]:
        return self.orphans | self.missing | frozenset(self.surplus)


class Reconciliation:
    """`wait_s` is how long to wait for a corpus that another process is bringing up to date: it changes under its own lock."""

    def __init__(self, database: Database, index: VectorIndex, *, wait_s: float) -> None:
        self._database = database
        self._index = index
        self._wait_s = wait_s

    async def run(self, tenant: TenantInfo) -> Reconciled:
        """Raises `UnavailableError` where the index does not answer."""
        async with self._database.read(tenant.id) as session:
            rows = await _expected(session, tenant.id)
        if not rows:
            return Reconciled(tenant.slug)
        found = await self._compare(tenant, rows)
        result = Reconciled(tenant.slug, *(await self._mend_all(tenant, rows, found)))
        if not result.sound:
            log.warning("index_reconciled", **{name: getattr(result, name) for name in Reconciled.__slots__})
        return result

    async def _compare(self, tenant: TenantInfo, rows: Mapping[str, Expected]) -> Differences:
        try:
            counts = await self._index.revisions(tenant.collection)
        except UnavailableError as fault:
            if fault.code != "index_missing":
                raise
            counts = {}
        return _differences(rows, counts)

    async def _mend_all(self, tenant: TenantInfo, rows: Mapping[str, Expected], found: Differences) -> tuple[int, ...]:
        """Corpus by corpus, each looked at again once nobody is at work on it."""
        by_corpus: dict[str | None, set[str]] = defaultdict(set)
        for revision_id in found.revisions:
            by_corpus[rows[revision_id].corpus_id if revision_id in rows else None].add(revision_id)
        mark = len(found.missing) <= max(1, MOST_MISSING * found.expected)
        if not mark:
            log.error("index_lost", tenant=tenant.slug, missing=len(found.missing), remedy="partner-copilot reindex")
        counts, busy = [0, 0, 0, 0], 0
        for corpus_id, revisions in by_corpus.items():
            try:
                mended = await self._mend_corpus(tenant, corpus_id, revisions, mark=mark)
            except TimeoutError:
                busy += len(revisions)
                continue
            counts = [a + b for a, b in zip(counts, mended, strict=True)]
        return (*counts, busy)

    async def _mend_corpus(
        self, tenant: TenantInfo, corpus_id: str | None, revisions: Collection[str], *, mark: bool
    ) -> tuple[int, int, int, int]:
        """Raises `TimeoutError` where the corpus is not free in time."""
        async with asyncio.timeout(self._wait_s) as waiting, self._database.exclusive(f"corpus/{corpus_id}"):
            waiting.reschedule(None)
            async with self._database.read(tenant.id) as session:
                rows = await _expected(session, tenant.id)
            found = await self._compare(tenant, rows)
            orphans, missing = found.orphans & set(revisions), found.missing & set(revisions)
            surplus = [id_ for r, ids in found.surplus.items() if r in revisions for id_ in ids]
            await self._delete(tenant, orphans)
            if surplus:
                await self._index.delete_points(tenant.collection, surplus)
            if mark and missing:
                await self._mark_missing(tenant.id, missing)
                await self._delete(tenant, missing)
        return len(orphans), len(missing), len(missing) if mark else 0, len(found.surplus.keys() & set(revisions))

    async def _delete(self, tenant: TenantInfo, revision_ids: Collection[str]) -> None:
        for batch in batches(revision_ids, 500):
            await self._index.delete_revisions(tenant.collection, batch)

    async def _mark_missing(self, tenant_id: str, revision_ids: Collection[str]) -> None:
        """Out of every release, since no search finds them there; the next sync takes the bytes in again."""
        for batch in batches(revision_ids):
            async with self._database.write(tenant_id) as session:
                await session.execute(delete(Membership).where(Membership.revision_id.in_(batch)))
                await session.execute(update(Revision).where(Revision.id.in_(batch)).values(indexed=False))
                await session.execute(
                    update(Document).where(Document.revision_id.in_(batch)).values(content_hash="", version_tag="")
                )


async def _expected(session: ReadSession, tenant_id: str) -> dict[str, Expected]:
    query = (
        select(
            Revision.id,
            Document.corpus_id,
            Revision.passages,
            Revision.indexed,
            func.count(Membership.id),
            func.max(case((Membership.id.is_not(None), Membership.copy), else_=0)),
        )
        .join(Document, Document.id == Revision.document_id)
        .outerjoin(Membership, Membership.revision_id == Revision.id)
        .where(Revision.tenant_id == tenant_id)
        .group_by(Revision.id, Document.corpus_id, Revision.passages, Revision.indexed)
    )
    return {row[0]: Expected(*row[1:]) for row in await session.execute(query)}


def _differences(rows: Mapping[str, Expected], counts: Mapping[str, int]) -> Differences:
    wanted = {r: row for r, row in rows.items() if row.points}
    return Differences(
        orphans=frozenset(r for r in counts if r not in wanted),
        missing=frozenset(r for r, row in wanted.items() if counts.get(r, 0) < row.points),
        surplus={r: _beyond(r, row, counts[r]) for r, row in wanted.items() if counts.get(r, 0) > row.points},
        expected=len(wanted),
    )


def _beyond(revision_id: str, row: Expected, count: int) -> tuple[str, ...]:
    """The points of copies above the newest stay's: a stay's copy gets the next number, and each abandoned try the same."""
    copies = -(-count // row.passages)
    return tuple(
        point_id(revision_id, n, row.newest + copy) for copy in range(1, copies + 1) for n in range(row.passages)
    )
