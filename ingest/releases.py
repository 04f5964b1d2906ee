"""Releases: numbers that are never reused, published and rolled back by one pointer.

A release N shows the revisions with ``added_in <= N < removed_in``. Publishing marks what enters and leaves with N+1, which nobody
searches yet, and then moves the tenant's live pointer in one transaction. Design: docs/releases.md.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass

import structlog
from sqlalchemy import func, select, update

from core.database import Database, ReadSession, WriteSession
from core.domain import DocumentStatus
from core.errors import ConflictError, InvalidRequestError, NotFoundError
from core.models import AuditRow, Corpus, Document, Json, Membership, Release, Revision, Tenant, new_id, now
from core.tenancy import TenantInfo, Tenants
from core.versions import OPEN_END
from ingest.repository import batches, point_id
from retrieval.index import VectorIndex

log = structlog.get_logger()

PUBLISHABLE = (DocumentStatus.APPROVED, DocumentStatus.PUBLISHED)


@dataclass(frozen=True, slots=True)
class Published:
    """`entered` and `left` count documents' revisions."""

    release: int
    gate: Json
    entered: int
    left: int


@dataclass(frozen=True, slots=True)
class _Changes:
    entering: frozenset[str]
    leaving: frozenset[str]


class Releases:
    """Publishes and rolls back, one at a time for each tenant."""

    def __init__(self, *, database: Database, index: VectorIndex, tenants: Tenants) -> None:
        self._database = database
        self._index = index
        self._tenants = tenants

    async def publish(self, tenant_id: str, *, actor: str, note: str = "") -> Published:
        """Make every approved document answerable. Raises `InvalidRequestError` (`empty_release`) where nothing is approved."""
        async with self._turn(tenant_id):
            tenant = await self._tenants.get(tenant_id)
            await self._undo_abandoned(tenant)
            async with self._database.read() as session:
                highest = await _highest(session, tenant_id)
                candidate = await _candidate(session, tenant_id)
                changes = _diff(candidate, await _shown(session, tenant_id, highest))
            if not candidate and tenant.live_release == 0:
                raise InvalidRequestError(
                    "there is no approved document to publish; ingest some first", code="empty_release"
                )
            if not changes.entering and not changes.leaving and tenant.live_release == highest:
                async with self._database.write() as session:
                    await _set_published(session, candidate)  # back at the bytes that are shown already
                return Published(highest, {}, 0, 0)
            number = await self._begin(tenant_id, note)
            await self._mark(tenant, number, changes)
            await self._flip(tenant_id, number, changes, candidate, actor=actor)
        await self._index.optimize(tenant.collection)
        return Published(number, {}, len(changes.entering), len(changes.leaving))

    async def rollback(self, tenant_id: str, number: int, *, actor: str) -> int:
        """Show release `number` again. Moves the pointer only. Raises `NotFoundError` where it was never published."""
        async with self._turn(tenant_id), self._database.write() as session:
            release = await session.scalar(
                select(Release).where(
                    Release.tenant_id == tenant_id, Release.number == number, Release.status == "published"
                )
            )
            if release is None:
                raise NotFoundError(f"there is no published release {number}", code="unknown_release")
            await session.execute(update(Tenant).where(Tenant.id == tenant_id).values(live_release=number))
            _audit(session, tenant_id, actor, "release.rollback", number)
        return number

    async def reconcile(self) -> None:
        """At start: undo the marks of publishes that a crash cut short. The database is the truth."""
        async with self._database.read() as session:
            query = select(Release.tenant_id).where(Release.status == "candidate").distinct()
            tenant_ids = (await session.scalars(query)).all()
        for tenant_id in tenant_ids:
            # In turn: where another process publishes just now, there is nothing to undo when it has done.
            async with self._turn(tenant_id):
                await self._undo_abandoned(await self._tenants.get(tenant_id))

    def _turn(self, tenant_id: str) -> AbstractAsyncContextManager[None]:
        return self._database.exclusive(f"releases/{tenant_id}")

    async def _undo_abandoned(self, tenant: TenantInfo) -> None:
        query = select(Release.number).where(Release.tenant_id == tenant.id, Release.status == "candidate")
        async with self._database.read() as session:
            numbers = (await session.scalars(query)).all()
        for number in numbers:
            await self._undo(tenant, number)
            log.warning("release_abandoned", tenant=tenant.slug, release=number)

    async def _begin(self, tenant_id: str, note: str) -> int:
        async with self._database.write() as session:
            number = await _highest(session, tenant_id) + 1
            session.add(Release(id=new_id(), tenant_id=tenant_id, number=number, status="candidate", note=note))
        return number

    async def _mark(self, tenant: TenantInfo, number: int, changes: _Changes) -> None:
        """Prepare the points of release `number`. Whatever fails here leaves the live release as it was."""
        try:
            async with self._database.read() as session:
                stays = {r: n for r, n in (await _stays(session, tenant.id)).items() if r in changes.entering}
                sizes = await _sizes(session, stays)
            first = sorted(r for r in changes.entering if r not in stays)
            await self._index.enter(tenant.collection, first, number)
            for revision_id in sorted(stays):
                copy = stays[revision_id]
                ids = {
                    point_id(revision_id, n, copy - 1): point_id(revision_id, n, copy)
                    for n in range(sizes[revision_id])
                }
                await self._index.copy(tenant.collection, revision_id, ids, number)
            await self._index.leave(tenant.collection, sorted(changes.leaving), number)
        except BaseException:
            await asyncio.shield(self._undo(tenant, number))
            raise

    async def _flip(
        self, tenant_id: str, number: int, changes: _Changes, candidate: Iterable[str], *, actor: str
    ) -> None:
        async with self._database.write() as session:
            stays = await _stays(session, tenant_id)
            session.add_all(
                Membership(
                    tenant_id=tenant_id, revision_id=r, copy=stays.get(r, 0), added_in=number, removed_in=OPEN_END
                )
                for r in await _still_indexed(session, changes.entering)
            )
            for batch in batches(changes.leaving):
                await session.execute(
                    update(Membership)
                    .where(Membership.revision_id.in_(batch), Membership.removed_in == OPEN_END)
                    .values(removed_in=number)
                )
            await _set_published(session, candidate)
            await session.execute(
                update(Release)
                .where(Release.tenant_id == tenant_id, Release.number == number)
                .values(status="published", published_at=now())
            )
            await session.execute(update(Tenant).where(Tenant.id == tenant_id).values(live_release=number))
            _audit(session, tenant_id, actor, "release.publish", number)

    async def _undo(self, tenant: TenantInfo, number: int) -> None:
        await self._index.undo(tenant.collection, number)
        async with self._database.write() as session:
            await session.execute(
                update(Release)
                .where(Release.tenant_id == tenant.id, Release.number == number)
                .values(status="abandoned")
            )


async def require_publishable(session: ReadSession, tenant_id: str, corpus: str) -> None:
    """Raises `ConflictError` (`approval_required`) where the corpus' documents need a person's approval first."""
    query = select(Corpus.requires_approval).where(Corpus.tenant_id == tenant_id, Corpus.name == corpus)
    if await session.scalar(query):
        raise ConflictError(
            f"corpus '{corpus}' requires approval, so --publish is refused; approve its documents, then publish",
            code="approval_required",
        )


def _diff(candidate: Iterable[str], shown: Iterable[str]) -> _Changes:
    wanted, present = frozenset(candidate), frozenset(shown)
    return _Changes(wanted - present, present - wanted)


async def _highest(session: ReadSession | WriteSession, tenant_id: str) -> int:
    """Abandoned numbers count: a number is never used twice."""
    return await session.scalar(select(func.max(Release.number)).where(Release.tenant_id == tenant_id)) or 0


async def _candidate(session: ReadSession, tenant_id: str) -> set[str]:
    query = (
        select(Document.revision_id)
        .join(Revision, Revision.id == Document.revision_id)
        .where(Document.tenant_id == tenant_id, Document.status.in_(PUBLISHABLE), Revision.indexed)
    )
    return {revision_id for revision_id in await session.scalars(query) if revision_id}


async def _still_indexed(session: WriteSession, revision_ids: Iterable[str]) -> list[str]:
    """Without those whose document was withdrawn while the release was prepared."""
    found: list[str] = []
    for batch in batches(revision_ids):
        found += await session.scalars(select(Revision.id).where(Revision.id.in_(batch), Revision.indexed))
    return found


async def _set_published(session: WriteSession, revision_ids: Iterable[str]) -> None:
    """Only documents whose shown revision is their newest: one that changed meanwhile waits for the next release."""
    for batch in batches(revision_ids):
        await session.execute(
            update(Document)
            .where(Document.revision_id.in_(batch), Document.status == DocumentStatus.APPROVED)
            .values(status=DocumentStatus.PUBLISHED)
        )


async def _shown(session: ReadSession, tenant_id: str, release: int) -> set[str]:
    query = select(Membership.revision_id).where(
        Membership.tenant_id == tenant_id, Membership.added_in <= release, Membership.removed_in > release
    )
    return set(await session.scalars(query))


async def _stays(session: ReadSession | WriteSession, tenant_id: str) -> dict[str, int]:
    """How many stays each revision has had; those with none are absent."""
    query = (
        select(Membership.revision_id, func.count())
        .where(Membership.tenant_id == tenant_id)
        .group_by(Membership.revision_id)
    )
    return {row[0]: row[1] for row in await session.execute(query)}


async def _sizes(session: ReadSession, revision_ids: Iterable[str]) -> dict[str, int]:
    sizes: dict[str, int] = {}
    for batch in batches(revision_ids):
        rows = await session.execute(select(Revision.id, Revision.passages).where(Revision.id.in_(batch)))
        sizes.update((revision_id, passages) for revision_id, passages in rows)
    return sizes


def _audit(session: WriteSession, tenant_id: str, actor: str, action: str, number: int) -> None:
    session.add(AuditRow(tenant_id=tenant_id, actor=actor, action=action, target=str(number)))
