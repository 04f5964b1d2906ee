"""Collection of what no kept release and no kept answer needs: marks, points, passages, originals.

The database first, then the index: a crash between the two leaves points of nobody, which the next start deletes.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from sqlalchemy import delete, select, update

from core.audit import record
from core.crossings import Crossing
from core.database import Database, ReadSession, WriteSession
from core.models import AnswerRow, AuditRow, Corpus, Document, Membership, Original, PassageRow, Release, Revision, now
from core.tenancy import TenantInfo, Tenants
from ingest.release_rows import highest, locked_tenant, pending
from ingest.releases import turn
from ingest.repository import Session, batches, point_id
from retrieval.index import VectorIndex


@dataclass(frozen=True, slots=True)
class Collected:
    """What went: release numbers, points, and revisions whose text and original bytes went with them."""

    releases: tuple[int, ...] = ()
    points: int = 0
    revisions: int = 0


@dataclass(frozen=True, slots=True)
class _Stay:
    id: str
    revision_id: str
    copy: int
    added_in: int
    removed_in: int


@dataclass(frozen=True, slots=True)
class _Held:
    """A revision of a corpus, with its stays; `newest` counts from 0, the document's youngest."""

    id: str
    passages: int
    indexed: bool
    current: bool
    newest: int
    stays: tuple[_Stay, ...] = ()


@dataclass(frozen=True, slots=True)
class _Garbage:
    stays: tuple[str, ...]
    points: tuple[str, ...]
    revisions: tuple[_Held, ...]


class Garbage:
    """Collects what is not needed of one tenant at a time, never while a publish of it runs.

    `keep` releases and `keep_revisions` of each document stay. For `grace_s` seconds a release that was live may still be read
    by a question that is being answered.
    """

    def __init__(
        self,
        *,
        database: Database,
        index: VectorIndex,
        tenants: Tenants,
        keep: int = 20,
        keep_revisions: int = 5,
        grace_s: float = 600.0,
    ) -> None:
        self._database = database
        self._index = index
        self._tenants = tenants
        self._keep = keep
        self._keep_revisions = keep_revisions
        self._grace = timedelta(seconds=grace_s)

    async def collect(self, tenant_id: str, *, actor: str, keep: int | None = None) -> Collected:
        """Keeps the newest `keep` releases, the live one, those that were live within minutes, and every one that a kept answer
        names; what is published after them finds all that it needs."""
        tenant = await self._tenants.get(tenant_id)
        async with self._database.exclusive(turn(tenant_id)):
            numbers = await self._collect_numbers(tenant_id, keep or self._keep, actor)
        found = Collected(tuple(numbers))
        async with self._database.read(tenant_id) as session:
            corpora = list(await session.scalars(select(Corpus.id).where(Corpus.tenant_id == tenant_id)))
        for corpus_id in corpora:
            # A corpus is brought up to date under its own lock: bytes that come back are taken from the index as they are.
            async with self._database.exclusive(f"corpus/{corpus_id}"), self._database.exclusive(turn(tenant_id)):
                points, revisions = await self._collect_corpus(tenant, corpus_id)
            found = replace(found, points=found.points + points, revisions=found.revisions + revisions)
        return found

    async def due(self, tenant_id: str) -> int:
        """How many releases `collect` would let go now. Changes nothing."""
        async with self._database.read(Crossing.CITED_RELEASES) as session:
            named = await _named_by_answers(session, tenant_id)
        tenant = await self._tenants.get(tenant_id)
        async with self._database.read(tenant_id) as session:
            return len(await self._surplus(session, tenant_id, tenant.live_release, self._keep, named))

    async def _surplus(
        self, session: Session, tenant_id: str, live: int, keep: int, named: Collection[int]
    ) -> list[int]:
        """Published releases that nothing holds, oldest first."""
        published = await _published(session, tenant_id)
        lately = await _lately_live(session, tenant_id, now() - self._grace)
        return sorted(set(published) - {*published[:keep], live, *named, *lately})

    async def _collect_numbers(self, tenant_id: str, keep: int, actor: str) -> list[int]:
        async with self._database.read(Crossing.CITED_RELEASES) as session:
            named = await _named_by_answers(session, tenant_id)
        async with self._database.write(tenant_id) as session:
            tenant = await locked_tenant(session, tenant_id)
            gone = await self._surplus(session, tenant_id, tenant.live_release, keep, named)
            for batch in batches(map(str, gone)):
                await session.execute(
                    update(Release)
                    .where(Release.tenant_id == tenant_id, Release.number.in_([int(n) for n in batch]))
                    .values(status="collected")
                )
            record(session, tenant_id, actor=actor, action="release.collect", keep=keep, collected=gone)
        return gone

    async def _collect_corpus(self, tenant: TenantInfo, corpus_id: str) -> tuple[int, int]:
        async with self._database.write(tenant.id) as session:
            undoable = await pending(session, tenant.id)
            kept = {
                *await _published(session, tenant.id),
                await highest(session, tenant.id),
                *(n - 1 for n in undoable),
            }
            garbage = _garbage(await _held(session, corpus_id), kept, self._keep_revisions, undoable)
            for batch in batches(garbage.stays):
                await session.execute(delete(Membership).where(Membership.id.in_(batch)))
            await _drop(session, [revision.id for revision in garbage.revisions])
        indexed = [revision for revision in garbage.revisions if revision.indexed]
        if garbage.points:
            await self._index.delete_points(tenant.collection, garbage.points)
        for batch in batches([revision.id for revision in indexed], 500):
            await self._index.delete_revisions(tenant.collection, batch)
        dropped = sum(revision.passages * max(1, len(revision.stays)) for revision in indexed)
        return len(garbage.points) + dropped, len(garbage.revisions)


def _garbage(held: Iterable[_Held], kept: Collection[int], keep_revisions: int, undoable: Collection[int]) -> _Garbage:
    """`undoable` are candidates: where one is given up, what was before it must still be there."""
    stays: list[str] = []
    points: list[str] = []
    revisions: list[_Held] = []
    for revision in held:
        needed = {stay.id for stay in revision.stays if any(stay.added_in <= n < stay.removed_in for n in kept)}
        if not (needed or revision.current or revision.newest < keep_revisions):
            if revision.passages:
                revisions.append(revision)
            stays += [stay.id for stay in revision.stays]
            continue
        # The newest stay's points are what a later stay is copied from.
        lasting = [stay for stay in revision.stays if stay.added_in not in undoable]
        spare = any(stay.id in needed for stay in lasting)
        last = max(lasting, key=lambda stay: stay.copy, default=None)
        for stay in revision.stays:
            if stay.id not in needed and (spare or stay is not last):
                stays.append(stay.id)
                points += [point_id(revision.id, n, stay.copy) for n in range(revision.passages)]
    return _Garbage(tuple(stays), tuple(points), tuple(revisions))


async def _published(session: Session, tenant_id: str) -> list[int]:
    """Newest first."""
    query = select(Release.number).where(Release.tenant_id == tenant_id, Release.status == "published")
    return list(await session.scalars(query.order_by(Release.number.desc())))


async def _named_by_answers(session: ReadSession, tenant_id: str) -> set[int]:
    """By any tenant's answers: a partner's names the releases of the vendors whose corpora it was read from."""
    number = AnswerRow.answer[("releases", tenant_id)].as_integer()
    return set(await session.scalars(select(number).where(number.is_not(None)).distinct()))


async def _lately_live(session: Session, tenant_id: str, since: datetime) -> set[int]:
    moves = select(AuditRow.target, AuditRow.at, AuditRow.details).where(
        AuditRow.tenant_id == tenant_id, AuditRow.action.in_(("release.publish", "release.rollback"))
    )
    found: set[int] = set()
    for target, at, details in await session.execute(moves.order_by(AuditRow.id.desc()).limit(1000)):
        found |= {int(target)} | ({details["was"]} if at >= since and "was" in details else set())
        if at < since:
            break  # what was live when the grace began
    return found


async def _held(session: WriteSession, corpus_id: str) -> list[_Held]:
    """The documents are locked meanwhile: nobody makes an older revision the newest."""
    documents = select(Document.id, Document.revision_id).where(Document.corpus_id == corpus_id).with_for_update()
    newest = {row[0]: row[1] for row in await session.execute(documents)}
    stays: dict[str, list[_Stay]] = defaultdict(list)
    of_corpus = (
        select(Revision.id).join(Document, Document.id == Revision.document_id).where(Document.corpus_id == corpus_id)
    )
    query = select(
        Membership.id, Membership.revision_id, Membership.copy, Membership.added_in, Membership.removed_in
    ).where(Membership.revision_id.in_(of_corpus))
    for row in await session.execute(query):
        stays[row[1]].append(_Stay(*row))
    revisions = (
        select(Revision.id, Revision.document_id, Revision.passages, Revision.indexed)
        .join(Document, Document.id == Revision.document_id)
        .where(Document.corpus_id == corpus_id)
        .order_by(Revision.created_at.desc(), Revision.id)
    )
    seen: dict[str, int] = defaultdict(int)
    held = []
    for id_, document_id, passages, indexed in await session.execute(revisions):
        current = newest[document_id] == id_
        held.append(_Held(id_, passages, indexed, current, seen[document_id], tuple(stays[id_])))
        seen[document_id] += 1
    return held


async def _drop(session: WriteSession, revision_ids: Sequence[str]) -> None:
    """The revision's row stays, without passages: who wrote and approved it, and when, is history."""
    for batch in batches(revision_ids):
        await session.execute(delete(PassageRow).where(PassageRow.revision_id.in_(batch)))
        await session.execute(delete(Original).where(Original.revision_id.in_(batch)))
        await session.execute(update(Revision).where(Revision.id.in_(batch)).values(indexed=False, passages=0))
