"""SQL of releases: what one shows, what the next one would, the marks of a candidate and their undoing."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace

from sqlalchemy import ColumnElement, and_, delete, func, insert, or_, select, update

from core.audit import record
from core.database import ReadSession, WriteSession
from core.domain import DocumentStatus
from core.errors import NotFoundError
from core.models import Document, Json, Membership, Release, Revision, Tenant, new_id, now
from core.versions import OPEN_END
from ingest.repository import batches, point_id

Session = ReadSession | WriteSession

PUBLISHABLE = (DocumentStatus.APPROVED, DocumentStatus.PUBLISHED)
WAITING = (DocumentStatus.DRAFT, DocumentStatus.IN_REVIEW)
"""Documents whose newest revision nobody has approved: what was approved before stays."""

UNFINISHED = ("candidate", "undoing")
"""Releases whose marks belong to nobody unless a publish is at work on them just now."""

READY = "ready"
"""A candidate that was marked before anybody asked for it, at most one a tenant. Nobody has searched it, not even a gate: where it
is given up, its number is free again."""


@dataclass(frozen=True, slots=True)
class Ready:
    """The marks of a candidate that stands ready: revision → copy number, and revisions that leave."""

    entering: Mapping[str, int]
    leaving: frozenset[str]


@dataclass(frozen=True, slots=True)
class Plan:
    """Release `number` in the making, beside the `live` one. `entering` maps revisions to their stay's copy number; 0 is the
    first stay, whose points are the staged ones. `sources` are the copies that later stays are copied from. `ready` is what a
    candidate of that number has marked already."""

    number: int
    live: int
    candidate: frozenset[str]
    shown_live: frozenset[str]
    leaving: frozenset[str] = frozenset()
    entering: Mapping[str, int] = field(default_factory=dict)
    sources: Mapping[str, int] = field(default_factory=dict)
    ready: Ready | None = None

    @property
    def fits(self) -> bool:
        """Whether all that stands ready is wanted still."""
        ready = self.ready
        return ready is None or (ready.entering.items() <= self.entering.items() and ready.leaving <= self.leaving)

    @property
    def rest(self) -> Plan:
        """What is to be marked yet."""
        ready = self.ready
        if ready is None:
            return self
        entering = {r: copy for r, copy in self.entering.items() if r not in ready.entering}
        sources = {r: copy for r, copy in self.sources.items() if r in entering}
        return replace(self, entering=entering, sources=sources, leaving=self.leaving - ready.leaving)

    @property
    def marked(self) -> bool:
        return self.ready is not None and not (self.rest.entering or self.rest.leaving)

    @property
    def unchanged(self) -> bool:
        return self.candidate == self.shown_live

    @property
    def first(self) -> list[str]:
        return sorted(r for r in self.entering if r not in self.sources)


async def locked_tenant(session: WriteSession, tenant_id: str) -> Tenant:
    """Whoever moves the live pointer, or decides by it, takes this row first."""
    row = await session.get(Tenant, tenant_id, with_for_update=True, populate_existing=True)
    if row is None:
        raise NotFoundError("no such tenant", code="unknown_tenant")
    return row


async def find(session: Session, tenant_id: str, number: int) -> Release | None:
    return await session.scalar(select(Release).where(Release.tenant_id == tenant_id, Release.number == number))


async def unfinished(session: Session, tenant_id: str) -> list[int]:
    query = select(Release.number).where(Release.tenant_id == tenant_id, Release.status.in_(UNFINISHED))
    return list(await session.scalars(query))


async def pending(session: Session, tenant_id: str) -> list[int]:
    """Candidates of any kind: their marks may be undone."""
    waiting = Release.status.in_((*UNFINISHED, READY))
    return list(await session.scalars(select(Release.number).where(Release.tenant_id == tenant_id, waiting)))


async def ready(session: Session, tenant_id: str) -> int | None:
    query = select(Release.number).where(Release.tenant_id == tenant_id, Release.status == READY)
    return await session.scalar(query)


async def highest(session: Session, tenant_id: str) -> int:
    """Abandoned numbers count: a number is never used twice."""
    return await session.scalar(select(func.max(Release.number)).where(Release.tenant_id == tenant_id)) or 0


async def planned(session: Session, tenant: Tenant) -> Plan:
    """What the next release would change against what the highest number shows: its marks are the newest ones there are."""
    standing = await ready(session, tenant.id)
    number = standing or await highest(session, tenant.id) + 1
    shown = await shown_revisions(session, tenant.id, number - 1)
    candidate = frozenset(await _candidate(session, tenant))
    copies = await _copies(session, tenant.id, before=number)
    entering = {r: copies[r] + 1 if r in copies else 0 for r in candidate - shown}
    return Plan(
        number=number,
        live=tenant.live_release,
        candidate=candidate,
        shown_live=frozenset(await shown_revisions(session, tenant.id, tenant.live_release)),
        leaving=frozenset(shown - candidate),
        entering=entering,
        sources={r: copies[r] for r in entering if r in copies},
        ready=await _marks(session, tenant.id, standing) if standing else None,
    )


async def begin(session: WriteSession, tenant_id: str, plan: Plan, *, actor: str, note: str) -> None:
    """The candidate's row and its marks; nobody reads its number yet."""
    values: Json = {"status": "candidate", "note": note, "published_by": actor, "created_at": now()}
    values |= {"entered": len(plan.entering), "left": len(plan.leaving)}
    if plan.ready is None:
        session.add(Release(id=new_id(), tenant_id=tenant_id, number=plan.number, **values))
    else:
        own = Release.tenant_id == tenant_id, Release.number == plan.number
        await session.execute(update(Release).where(*own).values(values))
    rest = plan.rest
    rows = [
        {
            "id": new_id(),
            "tenant_id": tenant_id,
            "revision_id": revision_id,
            "copy": copy,
            "added_in": plan.number,
            "removed_in": OPEN_END,
        }
        for revision_id, copy in sorted(rest.entering.items())
    ]
    if rows:
        await session.execute(insert(Membership), rows)
    for batch in batches(rest.leaving):
        await session.execute(
            update(Membership)
            .where(Membership.revision_id.in_(batch), Membership.removed_in == OPEN_END)
            .values(removed_in=plan.number)
        )


async def keep_ready(session: WriteSession, tenant_id: str, number: int) -> None:
    """The candidate is marked, and waits to be published."""
    own = Release.tenant_id == tenant_id, Release.number == number
    await session.execute(update(Release).where(*own).values(status=READY))


async def settle(session: WriteSession, tenant_id: str, plan: Plan, *, gate: Json, override: str | None) -> bool:
    """Make the candidate the live release; False where it is no candidate any more."""
    done = await session.scalar(
        update(Release)
        .where(Release.tenant_id == tenant_id, Release.number == plan.number, Release.status == "candidate")
        .values(status="published", published_at=now(), gate=gate, override_reason=override)
        .returning(Release.id)
    )
    if done is None:
        return False
    await session.execute(update(Tenant).where(Tenant.id == tenant_id).values(live_release=plan.number))
    await set_published(session, tenant_id, plan.number)
    return True


async def give_up(session: WriteSession, tenant_id: str, number: int, gate: Json | None) -> bool:
    """False where the release is published: its marks are nobody's to take back.

    Waits for a flip that was cut off and may still be committing: the row decides.
    """
    values: Json = {"status": "undoing"} | ({"gate": gate} if gate is not None else {})
    return bool(
        await session.scalar(
            update(Release)
            .where(Release.tenant_id == tenant_id, Release.number == number, Release.status.in_((*UNFINISHED, READY)))
            .values(values)
            .returning(Release.id)
        )
    )


async def undo(session: WriteSession, tenant_id: str, number: int, status: str | None) -> None:
    """Without a status, the number has never been."""
    own = Membership.tenant_id == tenant_id
    await session.execute(delete(Membership).where(own, Membership.added_in == number))
    await session.execute(update(Membership).where(own, Membership.removed_in == number).values(removed_in=OPEN_END))
    release = Release.tenant_id == tenant_id, Release.number == number
    if status is None:
        await session.execute(delete(Release).where(*release))
    else:
        await session.execute(update(Release).where(*release).values(status=status, entered=0, left=0))


async def copied_points(session: Session, tenant_id: str, number: int) -> list[str]:
    """Ids of the points that were copied for release `number`."""
    query = (
        select(Membership.revision_id, Membership.copy, Revision.passages)
        .join(Revision, Revision.id == Membership.revision_id)
        .where(Membership.tenant_id == tenant_id, Membership.added_in == number, Membership.copy > 0)
    )
    return [point_id(r, n, copy) for r, copy, passages in await session.execute(query) for n in range(passages)]


async def set_published(session: WriteSession, tenant_id: str, number: int) -> None:
    """Only documents whose shown revision is their newest: one that changed meanwhile waits for the next release."""
    shown = select(Membership.revision_id).where(shows(tenant_id, number))
    await session.execute(
        update(Document)
        .where(
            Document.tenant_id == tenant_id,
            Document.status == DocumentStatus.APPROVED,
            Document.revision_id.in_(shown),
        )
        .values(status=DocumentStatus.PUBLISHED)
        .execution_options(synchronize_session=False)  # no document is loaded here, and thousands change
    )


async def shown_revisions(session: Session, tenant_id: str, release: int) -> set[str]:
    return set(await session.scalars(select(Membership.revision_id).where(shows(tenant_id, release))))


async def sizes(session: Session, revision_ids: Iterable[str]) -> dict[str, int]:
    """Passages by revision."""
    found: dict[str, int] = {}
    for batch in batches(revision_ids):
        rows = await session.execute(select(Revision.id, Revision.passages).where(Revision.id.in_(batch)))
        found.update((revision_id, passages) for revision_id, passages in rows)
    return found


def shows(tenant_id: str, release: int) -> ColumnElement[bool]:
    return and_(Membership.tenant_id == tenant_id, Membership.added_in <= release, Membership.removed_in > release)


def audit(session: WriteSession, tenant_id: str, actor: str, action: str, number: int, **details: object) -> None:
    record(session, tenant_id, actor=actor, action=action, target=str(number), **details)


async def _candidate(session: Session, tenant: Tenant) -> set[str]:
    """The live release plus the approved changes: a change that waits for approval leaves what is live in its place."""
    live = select(Membership.revision_id).where(shows(tenant.id, tenant.live_release))
    wanted = or_(
        and_(Document.status.in_(PUBLISHABLE), Revision.id == Document.revision_id),
        and_(Document.status.in_(WAITING), Revision.id.in_(live)),
    )
    query = (
        select(Revision.id)
        .join(Document, Revision.document_id == Document.id)
        .where(Document.tenant_id == tenant.id, Revision.indexed, wanted)
    )
    return set(await session.scalars(query))


async def _copies(session: Session, tenant_id: str, *, before: int) -> dict[str, int]:
    """The newest stay's copy number by revision, of the stays that began before release `before`; those without one are absent."""
    query = (
        select(Membership.revision_id, func.max(Membership.copy))
        .where(Membership.tenant_id == tenant_id, Membership.added_in < before)
        .group_by(Membership.revision_id)
    )
    return {row[0]: row[1] for row in await session.execute(query)}


async def _marks(session: Session, tenant_id: str, number: int) -> Ready:
    own = Membership.tenant_id == tenant_id
    came = select(Membership.revision_id, Membership.copy).where(own, Membership.added_in == number)
    went = select(Membership.revision_id).where(own, Membership.removed_in == number)
    return Ready(
        entering={row[0]: row[1] for row in await session.execute(came)},
        leaving=frozenset(await session.scalars(went)),
    )
