"""What people decide about documents: submit, approve, reject, retire, discuss, and who answers for which."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Protocol, TypedDict

from sqlalchemy import select, tuple_

from core.database import Database, ReadSession, WriteSession
from core.domain import DocumentStatus, Principal, RedactedText, RedactionProfile, Role
from core.errors import ConflictError, CopilotError, ForbiddenError, InvalidRequestError, TooLargeError
from core.models import APIKey, Corpus, Document, DocumentComment, Revision, new_id, now
from core.tenancy import Tenants
from guardrails.vault import Place, Vault
from guardrails.withheld import Withheld, withheld
from ingest import duplicates
from ingest.catalogue import audit, names_of, readable
from ingest.life import Act, after
from ingest.paging import Page, PageRequest, cursor
from ingest.revisions import audience_of


class Redacts(Protocol):
    """The need of this module; `guardrails.guards.Guards` meets it."""

    async def redact_many(self, texts: Sequence[str], profile: RedactionProfile) -> list[RedactedText]: ...


@dataclass(frozen=True, slots=True)
class CurationLimits:
    page_size: int = 200
    max_comment_chars: int = 8000
    max_bulk: int = 200


@dataclass(frozen=True, slots=True)
class Comment:
    """What somebody said about a revision, redacted. `author_name` is their key's, where it has one."""

    id: str
    revision_id: str | None
    author: str
    author_name: str
    text: str
    created_at: datetime


@dataclass(frozen=True, slots=True)
class Named:
    """One revision of one document: what an approval is of."""

    document_id: str
    revision_id: str


@dataclass(frozen=True, slots=True)
class Verdict:
    """How one of many approvals ended: the new status, or the fault's code and sentence."""

    id: str
    status: DocumentStatus | None = None
    code: str = ""
    detail: str = ""


@dataclass(frozen=True, slots=True)
class _Said:
    """A comment without personal data, and what its placeholders stand for."""

    text: str
    withheld: tuple[Withheld, ...]


class Assignment(TypedDict, total=False):
    """None clears; what is absent stays."""

    owner: str | None
    review_by: date | None


class Curation:
    """Moves documents along `life.TRANSITIONS`. Every act is audited in its own transaction.

    All methods raise `NotFoundError` as `catalogue.readable` does; the acts raise `ConflictError` (`invalid_transition`) where the
    table has no way.
    """

    def __init__(
        self, *, database: Database, vault: Vault, tenants: Tenants, redactor: Redacts, limits: CurationLimits
    ) -> None:
        self._database = database
        self._vault = vault
        self._tenants = tenants
        self._redactor = redactor
        self._limits = limits

    async def submit(self, principal: Principal, document_id: str) -> DocumentStatus:
        return await self._act(principal, document_id, Act.SUBMIT)

    async def approve(self, principal: Principal, named: Named, *, comment: str = "") -> DocumentStatus:
        """Let the next publish take this revision. Raises `ConflictError` (`revision_changed`) where a newer one has arrived, and
        `ForbiddenError` (`own_revision`) for its author where the corpus asks for a second person."""
        return await self._act(principal, named.document_id, Act.APPROVE, named.revision_id, comment)

    async def approve_many(self, principal: Principal, named: Sequence[Named]) -> list[Verdict]:
        """Each for itself, in its own transaction. Raises `TooLargeError` (`too_many`)."""
        if len(named) > self._limits.max_bulk:
            raise TooLargeError(
                f"at most {self._limits.max_bulk} documents at once (COPILOT_CURATION__MAX_BULK)", code="too_many"
            )
        return [await self._verdict(principal, each) for each in named]

    async def reject(self, principal: Principal, named: Named, *, comment: str) -> DocumentStatus:
        """Back to its author, with the reason. An approved revision that is not yet published can be sent back too."""
        self._require_text(comment)
        return await self._act(principal, named.document_id, Act.REJECT, named.revision_id, comment)

    async def retire(self, principal: Principal, document_id: str) -> DocumentStatus:
        """Out of the answers with the next publish. A source's documents retire when they vanish from it."""
        return await self._act(principal, document_id, Act.RETIRE)

    async def comment(self, principal: Principal, document_id: str, text: str) -> Comment:
        """Raises `InvalidRequestError` (`empty_comment`) or `TooLargeError`."""
        self._require_text(text)
        redacted = await self._redacted(principal, document_id, text)
        async with self._database.write(principal.tenant_id) as session:
            document = await readable(session, principal, document_id)
            row = await self._add_comment(session, principal, document, redacted)
            audit(session, principal, "document.comment", document_id, comment_id=row.id)
            names = await names_of(session, principal.tenant_id, [principal.id])
        return _view(row, names)

    async def comments(self, principal: Principal, document_id: str, page: PageRequest) -> Page[Comment]:
        """Oldest first, without those on revisions above the principal's audience."""
        size, begun = page.size(self._limits.page_size), page.after_instant()
        query = (
            select(DocumentComment, Revision)
            .outerjoin(Revision, Revision.id == DocumentComment.revision_id)
            .where(DocumentComment.tenant_id == principal.tenant_id, DocumentComment.document_id == document_id)
            .order_by(DocumentComment.created_at, DocumentComment.id)
            .limit(size + 1)
        )
        if begun is not None:
            query = query.where(tuple_(DocumentComment.created_at, DocumentComment.id) > tuple_(*begun))
        async with self._database.read(principal.tenant_id) as session:
            document = await readable(session, principal, document_id)
            found = [(row[0], row[1]) for row in await session.execute(query)]
            names = await names_of(session, principal.tenant_id, {row.author for row, _ in found})
        seen = [
            _view(row, names)
            for row, revision in found[:size]
            if revision is None or audience_of(document, revision) in principal.audience.readable()
        ]
        last = found[size - 1][0] if len(found) > size else None
        return Page(tuple(seen), cursor(last.created_at.isoformat(), last.id) if last else None)

    async def assign(self, principal: Principal, document_id: str, changes: Assignment) -> None:
        """Say who answers for a document, and by when it is to be looked at again."""
        async with self._database.write(principal.tenant_id) as session:
            document = await readable(session, principal, document_id, lock=True)
            document.owner = changes.get("owner", document.owner)
            document.review_by = changes.get("review_by", document.review_by)
            document.updated_at = now()
            review_by = document.review_by and document.review_by.isoformat()
            audit(session, principal, "document.assign", document_id, changed=sorted(changes), review_by=review_by)

    async def _act(
        self, principal: Principal, document_id: str, act: Act, revision_id: str | None = None, comment: str = ""
    ) -> DocumentStatus:
        redacted = await self._redacted(principal, document_id, comment) if comment.strip() else None
        async with self._database.write(principal.tenant_id) as session:
            document = await readable(session, principal, document_id, lock=True)
            before = DocumentStatus(document.status)
            if revision_id is not None and revision_id != document.revision_id:
                raise ConflictError(
                    "this is not the document's newest revision; look at what has changed, then decide about that one",
                    code="revision_changed",
                )
            reached = after(act, before)
            await self._follow(session, principal, document, act)
            document.status, document.updated_at = reached, now()
            if redacted:
                await self._add_comment(session, principal, document, redacted)
            audit(session, principal, f"document.{act}", document_id, revision_id=document.revision_id, was=before)
        return reached

    async def _follow(self, session: WriteSession, principal: Principal, document: Document, act: Act) -> None:
        """What an act asks for and leaves behind besides the status."""
        if act is Act.RETIRE and document.source_id is not None:
            raise ConflictError(
                "this document comes from a source, whose next sync would bring it back; remove it there, or withdraw it",
                code="has_source",
            )
        if act is Act.RETIRE:
            await duplicates.release(session, principal.tenant_id, document.corpus_id, [document.id])
        revision = await session.get(Revision, document.revision_id, with_for_update=True)
        if revision is None or act not in (Act.APPROVE, Act.REJECT):
            return
        if act is Act.APPROVE:
            await _require_second_person(session, principal, document, revision)
        revision.approved_by = principal.id if act is Act.APPROVE else None
        revision.approved_at = now() if act is Act.APPROVE else None

    async def _verdict(self, principal: Principal, named: Named) -> Verdict:
        try:
            return Verdict(named.document_id, await self.approve(principal, named))
        except CopilotError as error:
            if error.status >= 500:
                raise
            return Verdict(named.document_id, None, error.code, error.detail)

    async def _redacted(self, principal: Principal, document_id: str, text: str) -> _Said:
        """The comment without personal data; only for a document that the principal may read, before any model runs."""
        if len(text) > self._limits.max_comment_chars:
            raise TooLargeError(
                f"a comment has at most {self._limits.max_comment_chars:,} characters (COPILOT_CURATION__MAX_COMMENT_CHARS)"
            )
        async with self._database.read(principal.tenant_id) as session:
            await readable(session, principal, document_id)
        profile = await self._tenants.profile(principal.tenant_id)
        [clean] = await self._redactor.redact_many([text.strip()], profile)
        return _Said(clean.text, withheld(text.strip(), clean))

    async def _add_comment(
        self, session: WriteSession, principal: Principal, document: Document, said: _Said
    ) -> DocumentComment:
        row = _comment(principal, document, said.text)
        session.add(row)
        if said.withheld:
            await self._vault.keep(session, row.tenant_id, {Place("document_comments", row.id): said.withheld})
        return row

    def _require_text(self, comment: str) -> None:
        if not comment.strip():
            raise InvalidRequestError("say in a comment what is meant", code="empty_comment")


async def _require_second_person(
    session: WriteSession, principal: Principal, document: Document, revision: Revision
) -> None:
    corpus = await session.get(Corpus, document.corpus_id)
    if corpus is None or not corpus.requires_approval:
        return
    if revision.author and await _same_person(session, principal.tenant_id, revision.author, principal.id):
        raise ForbiddenError(
            "you brought this revision in, and its corpus asks for a second person's approval; ask a colleague",
            code="own_revision",
        )


async def _same_person(session: ReadSession | WriteSession, tenant_id: str, one: str, other: str) -> bool:
    """Keys name no person, so a key is one; but the command line makes itself a new key for every call."""
    if one == other:
        return True
    query = select(APIKey.role).where(APIKey.tenant_id == tenant_id, APIKey.id.in_((one, other)))
    return list(await session.scalars(query)) == [Role.OPERATOR] * 2


def _comment(principal: Principal, document: Document, redacted: str) -> DocumentComment:
    return DocumentComment(
        id=new_id(),
        tenant_id=principal.tenant_id,
        document_id=document.id,
        revision_id=document.revision_id,
        author=principal.id,
        text=redacted,
        created_at=now(),
    )


def _view(row: DocumentComment, names: Mapping[str, str]) -> Comment:
    return Comment(row.id, row.revision_id, row.author, names.get(row.author, ""), row.text, row.created_at)
