"""Releases as an admin sees them: the list, one in full, and what it would change beside the live one."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from sqlalchemy import select

from core.database import Database
from core.domain import Audience
from core.errors import NotFoundError
from core.models import Corpus, Document, Json, Release, Revision, Tenant
from ingest.gate import gate_for
from ingest.release_rows import READY, Session, find, shown_revisions
from ingest.repository import batches


@dataclass(frozen=True, slots=True)
class DocumentRef:
    id: str
    source: str
    title: str
    corpus: str


@dataclass(frozen=True, slots=True)
class ReleaseChanges:
    """Documents by path; each list names at most the configured number, `counts` says how many there are."""

    entering: tuple[DocumentRef, ...] = ()
    leaving: tuple[DocumentRef, ...] = ()
    changed: tuple[DocumentRef, ...] = ()
    counts: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class ReleaseView:
    """`entered` and `left` count revisions; `status` is candidate, published, blocked, abandoned or collected."""

    number: int
    status: str
    live: bool
    note: str
    entered: int
    left: int
    created_at: datetime
    published_at: datetime | None
    published_by: str
    override_reason: str | None
    gate: Json


@dataclass(frozen=True, slots=True)
class ReleaseDetail:
    """`changes`: what would enter, leave or change if this release were live instead; None where its passages are gone."""

    release: ReleaseView
    live_release: int
    changes: ReleaseChanges | None


class ReleaseCatalogue:
    """Reads releases; `max_listed` bounds each list of documents."""

    def __init__(self, database: Database, *, max_listed: int = 500) -> None:
        self._database = database
        self._max_listed = max_listed

    async def page(self, tenant_id: str, *, before: int | None = None, limit: int = 50) -> list[ReleaseView]:
        """Newest first, those below the number `before`; the gates without their single answers."""
        known = Release.tenant_id == tenant_id, Release.status != READY
        query = select(Release).where(*known).order_by(Release.number.desc()).limit(limit)
        if before is not None:
            query = query.where(Release.number < before)
        async with self._database.read(tenant_id) as session:
            live = await _live(session, tenant_id)
            found = await session.scalars(query)
            return [_view(row, live, _summary(row.gate)) for row in found]

    async def show(self, tenant_id: str, number: int, *, audience: Audience) -> ReleaseDetail:
        """Raises `NotFoundError` (`unknown_release`)."""
        async with self._database.read(tenant_id) as session:
            row = await find(session, tenant_id, number)
            if row is None or row.status == READY:
                raise NotFoundError(f"there is no release {number}", code="unknown_release")
            live = await _live(session, tenant_id)
            held = row.status in ("published", "candidate")
            diff = await changes(session, tenant_id, live, number, limit=self._max_listed) if held else None
        return ReleaseDetail(_view(row, live, gate_for(row.gate, audience)), live, diff)


async def changes(session: Session, tenant_id: str, live: int, number: int, *, limit: int) -> ReleaseChanges:
    """What release `number` shows otherwise than release `live`."""
    after = await shown_revisions(session, tenant_id, number)
    before = await shown_revisions(session, tenant_id, live)
    here, there = await _documents(session, after - before), await _documents(session, before - after)
    kinds = {
        "entering": {i: d for i, d in here.items() if i not in there},
        "leaving": {i: d for i, d in there.items() if i not in here},
        "changed": {i: d for i, d in here.items() if i in there},
    }
    lists = {kind: tuple(sorted(found.values(), key=lambda d: d.source)[:limit]) for kind, found in kinds.items()}
    return ReleaseChanges(**lists, counts={kind: len(found) for kind, found in kinds.items()})


async def _documents(session: Session, revision_ids: set[str]) -> dict[str, DocumentRef]:
    found: dict[str, DocumentRef] = {}
    for batch in batches(revision_ids):
        query = (
            select(Document.id, Document.path, Document.title, Corpus.name)
            .join(Revision, Revision.document_id == Document.id)
            .join(Corpus, Corpus.id == Document.corpus_id)
            .where(Revision.id.in_(batch))
        )
        found.update((row[0], DocumentRef(*row)) for row in await session.execute(query))
    return found


async def _live(session: Session, tenant_id: str) -> int:
    return await session.scalar(select(Tenant.live_release).where(Tenant.id == tenant_id)) or 0


def _summary(gate: Json) -> Json:
    return {key: value for key, value in gate.items() if key != "changes"}


def _view(row: Release, live: int, gate: Json) -> ReleaseView:
    return ReleaseView(
        number=row.number,
        status="candidate" if row.status == "undoing" else row.status,
        live=row.number == live,
        note=row.note,
        entered=row.entered,
        left=row.left,
        created_at=row.created_at,
        published_at=row.published_at,
        published_by=row.published_by,
        override_reason=row.override_reason,
        gate=gate,
    )
