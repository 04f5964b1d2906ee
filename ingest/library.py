"""What knowledge admins do with documents: sync a source, upload, read, re-classify, withdraw."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from core.audit import record
from core.auth import require
from core.database import Database, WriteSession
from core.domain import Audience, DocumentStatus, Permission, Principal, Scope
from core.errors import CopilotError, DocumentError, ForbiddenError, InvalidRequestError, NotFoundError
from core.grants import Grants
from core.jobs import Progress
from core.models import Corpus, Document, Json, Revision, Source, now
from core.tenancy import TenantInfo, Tenants
from ingest import duplicates, repository
from ingest.before import read_before
from ingest.document_views import DocumentView, document_view, shared_view
from ingest.formats.elements import ParseLimits
from ingest.ledger import Ledger
from ingest.pipeline import SETTLED, FileState, FileStatus, Incoming, IngestPipeline, Target
from ingest.source_health import Pauses, SourceHealth, error_json
from ingest.sources.base import Source as SourcePort
from ingest.sources.base import SourceItem
from ingest.sources.files import FilesSource
from ingest.sync import Sync, SyncPolicy, SyncReport, content_hash
from retrieval.index import PayloadChanges, VectorIndex


@dataclass(frozen=True, slots=True)
class SourceView:
    id: str
    kind: str
    uri: str
    corpus: str


Opener = Callable[[str, SourceView], Awaitable[SourcePort]]
"""Of a tenant's id and its source."""
"""Opens a stored source; whoever asked closes it."""


class Library:
    """One door for API, CLI and jobs. Runs over one corpus take turns."""

    def __init__(
        self,
        *,
        database: Database,
        index: VectorIndex,
        tenants: Tenants,
        pipeline: IngestPipeline,
        limits: ParseLimits,
        roots: tuple[Path, ...],
        policy: SyncPolicy | None = None,
        pauses: Pauses | None = None,
        opener: Opener | None = None,
    ) -> None:
        self._database = database
        self._index = index
        self._tenants = tenants
        self._pipeline = pipeline
        self._limits = limits
        self._roots = tuple(root.resolve() for root in roots)
        self._policy = policy or SyncPolicy()
        self._health = SourceHealth(database, pauses or Pauses())
        self._open = opener or self._folder

    async def add_folder(self, principal: Principal, *, corpus: str, path: Path) -> SourceView:
        """Register a folder or file of this machine. Raises `ForbiddenError` outside the configured roots, but for the operator."""
        folder = path.resolve()
        local = Permission.SOURCES_LOCAL in principal.permissions
        if not local and not any(folder.is_relative_to(root) for root in self._roots):
            raise ForbiddenError("this folder is under none of COPILOT_INGEST__ROOTS", code="source_not_allowed")
        if not folder.exists():
            raise InvalidRequestError(f"there is no file or folder {path}", code="source_not_found")
        async with self._database.write(principal.tenant_id) as session:
            row = await repository.corpus(session, principal.tenant_id, _corpus_name(corpus))
            source = await repository.source(session, principal.tenant_id, row.id, kind="files", uri=str(folder))
            return SourceView(source.id, source.kind, source.uri, row.name)

    async def source(self, tenant_id: str, source_id: str) -> SourceView:
        async with self._database.read(tenant_id) as session:
            source = await session.get(Source, source_id)
            corpus = await session.get(Corpus, source.corpus_id) if source else None
        if source is None or corpus is None or source.tenant_id != tenant_id:
            raise NotFoundError("no such source")
        return SourceView(source.id, source.kind, source.uri, corpus.name)

    async def sync(
        self,
        tenant_id: str,
        source_id: str,
        progress: Progress,
        *,
        actor: str = "",
        confirm_retire: bool = False,
        scheduled: bool = False,
    ) -> Json:
        """Bring the corpus to the state of the source; a report with a status for each file.

        Raises what the source raises where it cannot be listed, `ConflictError` (`source_paused`) where an admin paused it, and
        `UnavailableError` (`source_paused`) for a scheduled sync of a source that rests. A report that `stopped` at `retire_limit`
        changed nothing: call again with `confirm_retire`.
        """
        view = await self.source(tenant_id, source_id)
        await self._health.require_awake(tenant_id, source_id, scheduled=scheduled)
        target = await self._target(tenant_id, view.corpus, source_id, actor)
        async with self._turn(target.corpus_id):
            report = await self._synced(view, target, progress, confirm_retire=confirm_retire)
        if report.fault:
            await self._health.failed(tenant_id, source_id, report.fault)
        else:
            stopped = report.stopped and error_json(report.stopped["code"], report.stopped["detail"])
            await self._health.answered(tenant_id, source_id, stopped or None)
        return report.as_json()

    async def upload(
        self, principal: Principal, *, corpus: str, name: str, data: bytes, metadata: Mapping[str, object]
    ) -> FileStatus:
        """Take one file in. The same name replaces; unchanged bytes do nothing. Raises `DocumentError` where it cannot be read.

        A corpus that is new is made with it, and is not there where this fails.
        """
        cleaned = _corpus_name(corpus)
        if len(data) > self._limits.max_bytes:
            raise DocumentError(
                f"the file has {len(data):,} bytes; COPILOT_INGEST__MAX_FILE_BYTES allows {self._limits.max_bytes:,}",
                code="too_large",
                status=413,
            )
        incoming = Incoming(name, data, content_hash(data, metadata), metadata)
        async with self._database.read(principal.tenant_id) as session:
            row = await repository.find_corpus(session, principal.tenant_id, cleaned)
        if row is not None:
            return await self._uploaded(principal, cleaned, incoming)
        async with self._database.exclusive(f"new-corpus/{principal.tenant_id}/{cleaned}"):
            return await self._first_upload(principal, cleaned, incoming)

    async def get(self, principal: Principal, document_id: str) -> DocumentView:
        """Raises `NotFoundError` for another tenant's document, and for one above the asker's audience, as for an unknown one."""
        async with self._database.read(principal.tenant_id) as session:
            document = await repository.find_document(session, principal.tenant_id, document_id)
        if document is None:
            return await self._shared(principal, document_id)
        if document.audience not in principal.audience.readable():
            raise NotFoundError("no such document")
        return await self.describe(principal, document_id)

    async def _shared(self, principal: Principal, document_id: str) -> DocumentView:
        """Another tenant's, where a grant lets it be read now."""
        granted = await Grants(self._database).readable(principal.tenant_id)
        async with self._database.read(principal.tenant_id) as session:
            view = await shared_view(session, Scope.of(principal), granted, document_id)
        if view is None:
            raise NotFoundError("no such document")
        return view

    async def describe(self, principal: Principal, document_id: str) -> DocumentView:
        """A document of the principal's tenant, for whoever manages it; without its text where that is above their audience."""
        async with self._database.read(principal.tenant_id) as session:
            document = await self._own(session, principal, document_id)
            revision = await session.get(Revision, document.revision_id) if document.revision_id else None
            corpus = await session.get(Corpus, document.corpus_id)
            readable = revision is not None and document.audience in principal.audience.readable()
            text = await repository.document_text(session, revision.id) if revision and readable else ""
        return document_view(document, revision, corpus.name if corpus else "", text)

    async def reclassify(self, principal: Principal, document_id: str, *, audience: Audience) -> DocumentView:
        """Change who may read a document: at once, and in every release."""
        async with self._database.write(principal.tenant_id) as session:
            document = await self._own(session, principal, document_id)
            document.audience = document.audience_set = audience
            document.updated_at = now()
            _record(session, principal, "document.reclassify", document_id, audience=audience)
        tenant = await self._tenants.get(principal.tenant_id)
        await self._index.update_payload(tenant.collection, document_id, PayloadChanges(audience=audience))
        return await self.describe(principal, document_id)

    async def set_authority(self, principal: Principal, document_id: str, *, authoritative: bool) -> DocumentView:
        """Whether high-impact questions are answered from a document: at once, and in every release. Raises `ForbiddenError` where
        the principal may not approve documents."""
        require(principal, Permission.DOCUMENTS_APPROVE)
        async with self._database.write(principal.tenant_id) as session:
            document = await self._own(session, principal, document_id)
            document.authoritative_set = authoritative
            document.updated_at = now()
            _record(session, principal, "document.authority", document_id, authoritative=authoritative)
        return await self.describe(principal, document_id)

    async def withdraw(self, principal: Principal, document_id: str) -> None:
        """Out of every answer from the next question on, whatever release shows it."""
        async with self._database.write(principal.tenant_id) as session:
            document = await self._own(session, principal, document_id)
            document.status = DocumentStatus.WITHDRAWN
            document.updated_at = now()
            await repository.forget_points(session, document_id)
            await duplicates.release(session, principal.tenant_id, document.corpus_id, [document_id])
            _record(session, principal, "document.withdraw", document_id)
        tenant = await self._tenants.get(principal.tenant_id)
        await self._index.delete_document(tenant.collection, document_id)

    async def _own(self, session: repository.Session, principal: Principal, document_id: str) -> Document:
        document = await repository.find_document(session, principal.tenant_id, document_id)
        if document is None:
            raise NotFoundError("no such document")
        return document

    async def _synced(
        self, view: SourceView, target: Target, progress: Progress, *, confirm_retire: bool
    ) -> SyncReport:
        progress.stage = "listing"
        async with self._listed(target.tenant_id, view) as (source, items):
            before = await read_before(self._database, target, items)
            ledger = Ledger(self._database, target, list(before.failures))
            sync = Sync(self._pipeline, target, progress, before=before, ledger=ledger, policy=self._policy)
            return await sync.run(source, items, confirm_retire=confirm_retire)

    @asynccontextmanager
    async def _listed(self, tenant_id: str, view: SourceView) -> AsyncIterator[tuple[SourcePort, list[SourceItem]]]:
        """The open source and all that it lists; one that does not get so far has failed as a whole."""
        try:
            source = await self._open(tenant_id, view)
        except CopilotError as fault:
            await self._health.failed(tenant_id, view.id, fault)
            raise
        try:
            try:
                items = [item async for item in source.discover()]
            except CopilotError as fault:
                await self._health.failed(tenant_id, view.id, fault)
                raise
            yield source, items
        finally:
            await source.close()

    async def _uploaded(self, principal: Principal, corpus: str, incoming: Incoming) -> FileStatus:
        target = await self._target(principal.tenant_id, corpus, None, principal.id)
        async with self._turn(target.corpus_id):
            async with self._database.read(principal.tenant_id) as session:
                known = await repository.known_document(session, target.tenant_id, target.corpus_id, incoming.path)
            if known is None:
                return await self._pipeline.take_one(target, incoming)
            if known.content_hash == incoming.content_hash and known.status in SETTLED:
                return FileStatus(known.path, FileState.UNCHANGED, document_id=known.id)
            return await self._pipeline.take_one(target, replace(incoming, document_id=known.id))

    async def _first_upload(self, principal: Principal, corpus: str, incoming: Incoming) -> FileStatus:
        """Into a corpus that was not there a moment ago, and is not there afterwards where this fails."""
        async with self._database.read(principal.tenant_id) as session:
            row = await repository.find_corpus(session, principal.tenant_id, corpus)
        if row is not None:  # another upload was first
            return await self._uploaded(principal, corpus, incoming)
        target = await self._target(principal.tenant_id, corpus, None, principal.id)
        try:
            return await self._uploaded(principal, corpus, incoming)
        except BaseException:
            async with self._database.write(principal.tenant_id) as session:
                await repository.forget_empty_corpus(session, target.corpus_id)
            raise

    async def _target(self, tenant_id: str, corpus: str, source_id: str | None, actor: str) -> Target:
        tenant: TenantInfo = await self._tenants.get(tenant_id)
        async with self._database.write(tenant_id) as session:
            row = await repository.corpus(session, tenant_id, _corpus_name(corpus))
        return Target(
            tenant_id=tenant_id,
            corpus_id=row.id,
            source_id=source_id,
            collection=tenant.collection,
            profile=await self._tenants.profile(tenant_id),
            status=DocumentStatus.IN_REVIEW if row.requires_approval else DocumentStatus.APPROVED,
            actor=actor,
        )

    async def _folder(self, _tenant_id: str, view: SourceView) -> SourcePort:
        return FilesSource(Path(view.uri), self._limits)

    def _turn(self, corpus_id: str) -> AbstractAsyncContextManager[None]:
        return self._database.exclusive(f"corpus/{corpus_id}")


def _corpus_name(name: str) -> str:
    cleaned = name.strip()
    if not cleaned or len(cleaned) > 100:
        raise InvalidRequestError("name the corpus with 1-100 characters", code="invalid_corpus")
    return cleaned


def _record(session: WriteSession, principal: Principal, action: str, target: str, **details: str | bool) -> None:
    record(session, principal.tenant_id, actor=principal.id, action=action, target=target, **details)
