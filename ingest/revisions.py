"""Every state that a document was ingested in: which there were, what changed between two, and back to one of them."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from sqlalchemy import select, tuple_, update

from core.database import Database, ReadSession
from core.domain import Audience, DocumentStatus, Principal
from core.errors import ConflictError, NotFoundError
from core.models import Corpus, Document, Json, PassageRow, Revision, now
from ingest import duplicates
from ingest.catalogue import audit, names_of, published_revisions, readable
from ingest.life import Act, after, arrival
from ingest.paging import Page, PageRequest, cursor
from ingest.repository import Session
from ingest.resemblance import Fingerprint
from ingest.textdiff import Hunk, diff_lines, unified

_GONE = (DocumentStatus.RETIRED, DocumentStatus.WITHDRAWN)


@dataclass(frozen=True, slots=True)
class RevisionView:
    """`newest` is what approval and publishing are about; `published` what the live release shows."""

    id: str
    author: str
    author_name: str
    approved_by: str | None
    approved_by_name: str
    approved_at: datetime | None
    created_at: datetime
    metadata: Json
    passages: int
    redactions: Mapping[str, int]
    signals: tuple[str, ...]
    warnings: tuple[str, ...]
    newest: bool
    published: bool
    kept: bool
    """False where its text was collected: nothing to compare with, nothing to restore."""


@dataclass(frozen=True, slots=True)
class FieldChange:
    """A statement of the document about itself; None where it made none."""

    field: str
    before: str | None
    after: str | None


@dataclass(frozen=True, slots=True)
class RevisionDiff:
    """Of the redacted texts. `before` is None where there was nothing before; `left_out` lines of the hunks are not listed."""

    before: str | None
    after: str
    metadata: tuple[FieldChange, ...]
    hunks: tuple[Hunk, ...]
    added: int
    removed: int
    left_out: int
    unified: str


class Stages(Protocol):
    """The need of a restore: points of a stored revision, as a first ingest leaves them."""

    async def stage(self, tenant_id: str, document: Document, revision: Revision) -> None: ...


class Revisions:
    """Nothing above the principal's audience is told of: neither the document's nor that of a single revision.

    All methods raise `NotFoundError` as `catalogue.readable` does, and for a revision that is not this document's.
    """

    def __init__(self, *, database: Database, staging: Stages, page_size: int, max_diff_lines: int) -> None:
        self._database = database
        self._staging = staging
        self._page_size = page_size
        self._max_diff_lines = max_diff_lines

    async def history(self, principal: Principal, document_id: str, page: PageRequest) -> Page[RevisionView]:
        """Newest first, by when each first came in."""
        size, begun = page.size(self._page_size), page.after_instant()
        query = (
            select(Revision)
            .where(Revision.tenant_id == principal.tenant_id, Revision.document_id == document_id)
            .order_by(Revision.created_at.desc(), Revision.id.desc())
            .limit(size + 1)
        )
        if begun is not None:
            query = query.where(tuple_(Revision.created_at, Revision.id) < tuple_(*begun))
        async with self._database.read(principal.tenant_id) as session:
            document = await readable(session, principal, document_id)
            found = (await session.scalars(query)).all()
            shown = await published_revisions(session, principal.tenant_id, [document_id])
            people = {person for row in found for person in (row.author, row.approved_by) if person}
            names = await names_of(session, principal.tenant_id, people)
        seen = [row for row in found[:size] if audience_of(document, row) in principal.audience.readable()]
        last = found[size - 1] if len(found) > size else None
        return Page(
            tuple(_view(row, document, shown.get(document_id), names) for row in seen),
            cursor(last.created_at.isoformat(), last.id) if last else None,
        )

    async def diff(
        self, principal: Principal, document_id: str, *, before: str | None = None, after: str | None = None
    ) -> RevisionDiff:
        """From `before` (what is published, if None; nothing, where nothing is) to `after` (the newest, if None).

        Raises `ConflictError` (`revision_collected`)."""
        async with self._database.read(principal.tenant_id) as session:
            document = await readable(session, principal, document_id)
            later = await _revision(session, principal, document, after or document.revision_id or "")
            shown = await published_revisions(session, principal.tenant_id, [document_id])
            chosen = before or shown.get(document_id)
            earlier = await _revision(session, principal, document, chosen) if chosen else None
            for each in filter(None, (earlier, later)):
                _require_kept(each)
            texts = await _lines(session, earlier.id) if earlier else [], await _lines(session, later.id)
        found = await asyncio.to_thread(diff_lines, *texts, most_lines=self._max_diff_lines)
        stated = _changes(earlier.info if earlier else {}, later.info)
        name = earlier.id if earlier else "nothing"
        return RevisionDiff(
            before=earlier.id if earlier else None,
            after=later.id,
            metadata=stated,
            hunks=found.hunks,
            added=found.added,
            removed=found.removed,
            left_out=found.left_out,
            unified=unified(found, name, later.id),
        )

    async def restore(self, principal: Principal, document_id: str, revision_id: str) -> DocumentStatus:
        """Make a revision the document's newest again, as if it had arrived now. What is published stays until the next publish.

        Raises `ConflictError` (`already_newest`, `revision_collected`). A retired or withdrawn document comes back.
        """
        async with self._database.read(principal.tenant_id) as session:
            corpus_id = (await readable(session, principal, document_id)).corpus_id
        async with self._database.exclusive(f"corpus/{corpus_id}"):  # ingests of the corpus wait, as for each other
            async with self._database.read(principal.tenant_id) as session:
                document = await readable(session, principal, document_id)
                revision = await _revision(session, principal, document, revision_id)
            if revision.id == document.revision_id and document.status not in _GONE:
                raise ConflictError(
                    "this is the document's newest revision already; submit it for review instead",
                    code="already_newest",
                )
            _require_kept(revision)
            if not revision.indexed:
                await self._staging.stage(principal.tenant_id, document, revision)
            return await self._adopt(principal, document, revision)

    async def _adopt(self, principal: Principal, seen: Document, revision: Revision) -> DocumentStatus:
        async with self._database.write(principal.tenant_id) as session:
            document = await readable(session, principal, seen.id, lock=True)
            before = DocumentStatus(document.status)
            after(Act.RESTORE, before)
            if before != seen.status and before is DocumentStatus.WITHDRAWN:
                raise ConflictError("the document was withdrawn at this moment; try again", code="conflict")
            corpus = (await session.scalars(select(Corpus).where(Corpus.id == document.corpus_id))).one()
            shown = await published_revisions(session, principal.tenant_id, [document.id])
            back = shown.get(document.id) == revision.id  # said already, so there is nothing to approve
            reached = DocumentStatus.PUBLISHED if back else arrival(requires_approval=corpus.requires_approval)
            kept = {} if reached is DocumentStatus.PUBLISHED else {"approved_by": None, "approved_at": None}
            await session.execute(update(Revision).where(Revision.id == revision.id).values(indexed=True, **kept))
            _put(document, revision, reached)
            await session.flush()
            print_ = Fingerprint(revision.text_hash, revision.minhash or b"")
            if print_.minhash:
                await duplicates.flag(session, principal.tenant_id, document.corpus_id, {document.id: print_})
            told = {"revision_id": revision.id, "was": before, "status": reached}
            audit(session, principal, "document.restore", document.id, **told)
        return reached


def _require_kept(revision: Revision) -> None:
    if not revision.passages:
        raise ConflictError(
            "the text of this revision was collected, so that only its history is left (COPILOT_RELEASES__KEEP_REVISIONS); "
            "ingest the earlier file again",
            code="revision_collected",
        )


def audience_of(document: Document, revision: Revision) -> Audience:
    """Who may read a revision: what an admin has set for the document, else what the revision stated."""
    return Audience(document.audience_set or revision.info.get("audience") or document.audience)


def _put(document: Document, revision: Revision, status: DocumentStatus) -> None:
    """The document is what this revision says of it.

    `content_hash` stays that of the source's bytes: a sync that finds them unchanged must leave the restored revision alone. An
    uploaded document has no source, so that the same upload again means what it says. A retired one has left its source.
    """
    if document.status == DocumentStatus.RETIRED:
        document.source_id = None
    if document.source_id is None:
        document.content_hash = revision.content_hash
    document.revision_id = revision.id
    document.title = str(revision.info.get("title", ""))[:500]
    document.audience = audience_of(document, revision)
    document.customer = revision.info.get("customer")
    document.status = status
    document.updated_at = now()


async def _revision(session: Session, principal: Principal, document: Document, revision_id: str) -> Revision:
    revision = await session.get(Revision, revision_id)
    if revision is None or revision.document_id != document.id or revision.tenant_id != principal.tenant_id:
        raise NotFoundError("this document has no such revision", code="unknown_revision")
    if audience_of(document, revision) not in principal.audience.readable():
        raise NotFoundError("this document has no such revision", code="unknown_revision")
    return revision


async def _lines(session: ReadSession, revision_id: str) -> list[str]:
    """The stored text by lines. A heading stands before the passages under it: a changed one must show."""
    query = (
        select(PassageRow.heading_path, PassageRow.text)
        .where(PassageRow.revision_id == revision_id)
        .order_by(PassageRow.number)
    )
    lines: list[str] = []
    under: Sequence[str] = ()
    for heading_path, text in await session.execute(query):
        if heading_path != under:
            lines += ["", f"[{' > '.join(heading_path)}]"] if heading_path else []
            under = heading_path
        lines += ["", *text.split("\n")]
    return lines[1:]


def _changes(before: Json, after: Json) -> tuple[FieldChange, ...]:
    names = sorted({*before, *after})
    return tuple(
        FieldChange(name, _stated(before.get(name)), _stated(after.get(name)))
        for name in names
        if before.get(name) != after.get(name)
    )


def _stated(value: object) -> str | None:
    return None if value is None else str(value)


def _view(row: Revision, document: Document, published: str | None, names: Mapping[str, str]) -> RevisionView:
    return RevisionView(
        id=row.id,
        author=row.author,
        author_name=names.get(row.author, ""),
        approved_by=row.approved_by,
        approved_by_name=names.get(row.approved_by or "", ""),
        approved_at=row.approved_at,
        created_at=row.created_at,
        metadata=row.info,
        passages=row.passages,
        redactions=row.redactions,
        signals=tuple(row.signals),
        warnings=tuple(row.warnings),
        newest=row.id == document.revision_id,
        published=row.id == published,
        kept=row.passages > 0,
    )
