"""What stands in a tenant's corpora and what waits for whom: lists for the people who curate, and the corpora's settings."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import ColumnElement, func, or_, select, tuple_

from core.audit import record
from core.clock import today
from core.database import Database, WriteSession
from core.domain import Audience, DocumentStatus, Permission, Principal
from core.errors import NotFoundError
from core.models import APIKey, Corpus, Document, Membership, Revision, Tenant, User
from ingest.life import Act, possible
from ingest.paging import Page, PageRequest, cursor
from ingest.repository import Session

_OVER = (DocumentStatus.RETIRED, DocumentStatus.WITHDRAWN)
_APPROVERS = frozenset({Act.APPROVE, Act.REJECT})
_OTHERS = frozenset({Act.PUBLISH})
"""Done by a publish, not by a person to one document."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which documents to list; what is None or False does not narrow. `text` is looked for in titles and paths."""

    corpus: str | None = None
    status: DocumentStatus | None = None
    text: str | None = None
    due: bool = False
    """Whose review-by date has passed."""
    duplicates: bool = False


@dataclass(frozen=True, slots=True)
class DocumentRow:
    """A document in a list, without its text. `acts` are what this principal may do to it now."""

    id: str
    source: str
    corpus: str
    title: str
    status: DocumentStatus
    audience: Audience
    customer: str | None
    owner: str | None
    review_by: date | None
    duplicate_of: str | None
    duplicate_kind: str | None
    revision_id: str | None
    """The newest revision: the one that an approval must name."""
    author: str
    """The principal who brought the newest revision in; `author_name` is their key's, where it has one."""
    author_name: str
    published_revision_id: str | None
    """The revision that the live release shows."""
    requires_approval: bool
    acts: tuple[Act, ...]
    updated_at: datetime


@dataclass(frozen=True, slots=True)
class CorpusRow:
    """A corpus with its documents counted by status."""

    name: str
    requires_approval: bool
    documents: Mapping[str, int]


class Catalogue:
    """Lists what a principal may read; nothing above their audience, not even a title."""

    def __init__(self, database: Database, *, page_size: int, day: Callable[[], date] = today) -> None:
        self._database = database
        self._page_size = page_size
        self._day = day

    async def documents(self, principal: Principal, wanted: Wanted, page: PageRequest) -> Page[DocumentRow]:
        """By path. Raises `InvalidRequestError` for a cursor or limit that cannot be."""
        size, after = page.size(self._page_size), page.after()
        query = (
            select(Document, Corpus)
            .join(Corpus, Corpus.id == Document.corpus_id)
            .where(*_visible(principal), *self._conditions(wanted))
            .order_by(Document.path, Document.id)
            .limit(size + 1)
        )
        if after is not None:
            query = query.where(tuple_(Document.path, Document.id) > tuple_(*after))
        async with self._database.read(principal.tenant_id) as session:
            found = [(row[0], row[1]) for row in await session.execute(query)]
            rows = await _rows(session, principal, found[:size])
        last = rows[-1] if len(found) > size else None
        return Page(rows, cursor(last.source, last.id) if last else None)

    async def document(self, principal: Principal, document_id: str) -> DocumentRow:
        """Raises `NotFoundError` as `readable` does."""
        async with self._database.read(principal.tenant_id) as session:
            document = await readable(session, principal, document_id)
            corpus = (await session.scalars(select(Corpus).where(Corpus.id == document.corpus_id))).one()
            return (await _rows(session, principal, [(document, corpus)]))[0]

    async def corpora(self, principal: Principal) -> list[CorpusRow]:
        corpora = select(Corpus).where(Corpus.tenant_id == principal.tenant_id).order_by(Corpus.name)
        counts = (
            select(Document.corpus_id, Document.status, func.count())
            .where(*_visible(principal))
            .group_by(Document.corpus_id, Document.status)
        )
        async with self._database.read(principal.tenant_id) as session:
            counted: dict[str, dict[str, int]] = {}
            for corpus_id, status, count in await session.execute(counts):
                counted.setdefault(corpus_id, {})[status] = count
            found = await session.scalars(corpora)
            return [CorpusRow(c.name, c.requires_approval, counted.get(c.id, {})) for c in found]

    async def set_approval(self, principal: Principal, corpus: str, *, required: bool) -> CorpusRow:
        """Whether revisions that arrive from now on wait for a second person. What is approved stays so."""
        query = select(Corpus).where(Corpus.tenant_id == principal.tenant_id, Corpus.name == corpus).with_for_update()
        async with self._database.write(principal.tenant_id) as session:
            row = await session.scalar(query)
            if row is None:
                raise NotFoundError("no such corpus", code="unknown_corpus")
            row.requires_approval = required
            audit(session, principal, "corpus.update", row.id, requires_approval=required)
        return next(each for each in await self.corpora(principal) if each.name == corpus)

    def _conditions(self, wanted: Wanted) -> list[ColumnElement[bool]]:
        conditions: list[ColumnElement[bool]] = []
        if wanted.corpus is not None:
            conditions.append(Corpus.name == wanted.corpus)
        if wanted.status is not None:
            conditions.append(Document.status == wanted.status)
        if wanted.text:
            conditions.append(
                or_(
                    Document.title.icontains(wanted.text, autoescape=True),
                    Document.path.icontains(wanted.text, autoescape=True),
                )
            )
        if wanted.due:
            conditions += [Document.review_by < self._day(), Document.status.not_in(_OVER)]
        if wanted.duplicates:
            conditions += [Document.duplicate_of.is_not(None), Document.status.not_in(_OVER)]
        return conditions


async def readable(session: Session, principal: Principal, document_id: str, *, lock: bool = False) -> Document:
    """The document. Raises `NotFoundError` for another tenant's, and for one above the principal's audience, as for one that
    is unknown."""
    query = select(Document).where(Document.id == document_id, *_visible(principal))
    document = await session.scalar(query.with_for_update() if lock else query)
    if document is None:
        raise NotFoundError("no such document")
    return document


def audit(session: WriteSession, principal: Principal, action: str, target: str, **details: object) -> None:
    """Ids and states only: an audit quotes nobody."""
    record(session, principal.tenant_id, actor=principal.id, action=action, target=target, **details)


async def published_revisions(session: Session, tenant_id: str, document_ids: Sequence[str]) -> dict[str, str]:
    """Document → the revision that the live release shows."""
    query = (
        select(Revision.document_id, Revision.id)
        .join(Membership, Membership.revision_id == Revision.id)
        .join(Tenant, Tenant.id == Membership.tenant_id)
        .where(
            Membership.tenant_id == tenant_id,
            Revision.document_id.in_(document_ids),
            Membership.added_in <= Tenant.live_release,
            Membership.removed_in > Tenant.live_release,
        )
    )
    return {row[0]: row[1] for row in await session.execute(query)}


def _visible(principal: Principal) -> tuple[ColumnElement[bool], ...]:
    """A document without a revision is one that is being taken in for the first time, or whose first ingest was cut short."""
    return (
        Document.tenant_id == principal.tenant_id,
        Document.audience.in_(principal.audience.readable()),
        Document.revision_id.is_not(None),
    )


async def _rows(
    session: Session, principal: Principal, found: Sequence[tuple[Document, Corpus]]
) -> tuple[DocumentRow, ...]:
    ids = [document.id for document, _ in found]
    shown = await published_revisions(session, principal.tenant_id, ids)
    newest = [document.revision_id for document, _ in found]
    query = select(Revision.id, Revision.author).where(Revision.id.in_(newest))
    authors = {row[0]: row[1] for row in await session.execute(query)}
    names = await names_of(session, principal.tenant_id, authors.values())
    rows = []
    for document, corpus in found:
        author = authors.get(document.revision_id or "", "")
        rows.append(_row(principal, document, corpus, shown.get(document.id), (author, names.get(author, ""))))
    return tuple(rows)


async def names_of(session: Session, tenant_id: str, principal_ids: Iterable[str]) -> dict[str, str]:
    """The names of these principals' keys and accounts, for people to read: names are not unique, and prove nothing."""
    wanted = set(principal_ids)
    keys = select(APIKey.id, APIKey.name).where(APIKey.tenant_id == tenant_id, APIKey.id.in_(wanted))
    people = select(User.id, User.name).where(User.tenant_id == tenant_id, User.id.in_(wanted))
    return {row[0]: row[1] for row in await session.execute(keys.union_all(people))}


def _row(
    principal: Principal, document: Document, corpus: Corpus, published: str | None, author: tuple[str, str]
) -> DocumentRow:
    status = DocumentStatus(document.status)
    return DocumentRow(
        id=document.id,
        source=document.path,
        corpus=corpus.name,
        title=document.title,
        status=status,
        audience=Audience(document.audience),
        customer=document.customer,
        owner=document.owner,
        review_by=document.review_by,
        duplicate_of=document.duplicate_of,
        duplicate_kind=document.duplicate_kind,
        revision_id=document.revision_id,
        author=author[0],
        author_name=author[1],
        published_revision_id=published,
        requires_approval=corpus.requires_approval,
        acts=tuple(act for act in possible(status) if _may(principal, act)),
        updated_at=document.updated_at,
    )


def _may(principal: Principal, act: Act) -> bool:
    needed = Permission.DOCUMENTS_APPROVE if act in _APPROVERS else Permission.DOCUMENTS_WRITE
    return act not in _OTHERS and needed in principal.permissions
