"""What knowledge admins do with documents: sync a source, upload, read, re-classify, withdraw."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import update

from core.database import Database
from core.domain import Audience, DocumentStatus, Permission, Principal
from core.errors import DocumentError, ForbiddenError, InvalidRequestError, NotFoundError
from core.jobs import Progress
from core.models import AuditRow, Corpus, Document, Json, Revision, Source, now
from core.tenancy import TenantInfo, Tenants
from ingest import repository
from ingest.formats.elements import ParseLimits
from ingest.pipeline import SETTLED, FileState, FileStatus, Incoming, IngestPipeline, Target
from ingest.sources.base import Source as SourcePort
from ingest.sources.files import FilesSource
from ingest.sync import Sync, content_hash
from retrieval.index import PayloadChanges, VectorIndex


@dataclass(frozen=True, slots=True)
class DocumentView:
    """A document as the API shows it; `text` is the stored, redacted text of its newest revision."""

    id: str
    source: str
    corpus: str
    title: str
    status: DocumentStatus
    audience: Audience
    customer: str | None
    metadata: Json
    redactions: Mapping[str, int]
    signals: tuple[str, ...]
    warnings: tuple[str, ...]
    passages: int
    text: str


@dataclass(frozen=True, slots=True)
class SourceView:
    id: str
    kind: str
    uri: str
    corpus: str


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
    ) -> None:
        self._database = database
        self._index = index
        self._tenants = tenants
        self._pipeline = pipeline
        self._limits = limits
        self._roots = tuple(root.resolve() for root in roots)

    async def add_folder(self, principal: Principal, *, corpus: str, path: Path) -> SourceView:
        """Register a folder or file of this machine. Raises `ForbiddenError` outside the configured roots, but for the operator."""
        folder = path.resolve()
        local = Permission.SOURCES_LOCAL in principal.permissions
        if not local and not any(folder.is_relative_to(root) for root in self._roots):
            raise ForbiddenError("this folder is under none of COPILOT_INGEST__ROOTS", code="source_not_allowed")
        if not folder.exists():
            raise InvalidRequestError(f"there is no file or folder {path}", code="source_not_found")
        async with self._database.write() as session:
            row = await repository.corpus(session, principal.tenant_id, _corpus_name(corpus))
            source = await repository.source(session, principal.tenant_id, row.id, kind="files", uri=str(folder))
            return SourceView(source.id, source.kind, source.uri, row.name)

    async def source(self, tenant_id: str, source_id: str) -> SourceView:
        async with self._database.read() as session:
            source = await session.get(Source, source_id)
            corpus = await session.get(Corpus, source.corpus_id) if source else None
        if source is None or corpus is None or source.tenant_id != tenant_id:
            raise NotFoundError("no such source")
        return SourceView(source.id, source.kind, source.uri, corpus.name)

    async def sync(self, tenant_id: str, source_id: str, progress: Progress) -> Json:
        """Bring the corpus to the state of the source; a report with a status for each file."""
        view = await self.source(tenant_id, source_id)
        target = await self._target(tenant_id, view.corpus, source_id)
        async with self._turn(target), _opened(FilesSource(Path(view.uri), self._limits)) as source:
            async with self._database.read() as session:
                known = await repository.known_documents(session, tenant_id, target.corpus_id)
            report = await Sync(self._pipeline, target, progress).run(source, known)
        async with self._database.write() as session:
            await session.execute(update(Source).where(Source.id == source_id).values(synced_at=now()))
        return report.as_json()

    async def upload(
        self, principal: Principal, *, corpus: str, name: str, data: bytes, metadata: Mapping[str, object]
    ) -> FileStatus:
        """Take one file in. The same name replaces; unchanged bytes do nothing. Raises `DocumentError` where it cannot be read."""
        target = await self._target(principal.tenant_id, corpus, None)
        if len(data) > self._limits.max_bytes:
            raise DocumentError(
                f"the file has {len(data):,} bytes; COPILOT_INGEST__MAX_FILE_BYTES allows {self._limits.max_bytes:,}",
                code="too_large",
                status=413,
            )
        async with self._turn(target):
            async with self._database.read() as session:
                known = (await repository.known_documents(session, target.tenant_id, target.corpus_id)).get(name)
            digest = content_hash(data, metadata)
            incoming = Incoming(name, data, digest, metadata, known.id if known else None)
            if known is not None and known.content_hash == digest and known.status in SETTLED:
                return FileStatus(name, FileState.UNCHANGED, document_id=known.id)
            return await self._pipeline.take_one(target, incoming)

    async def get(self, principal: Principal, document_id: str) -> DocumentView:
        """Raises `NotFoundError` for another tenant's document, and for one above the asker's audience, as for an unknown one."""
        async with self._database.read() as session:
            document = await self._own(session, principal, document_id)
        if document.audience not in principal.audience.readable():
            raise NotFoundError("no such document")
        return await self.describe(principal, document_id)

    async def describe(self, principal: Principal, document_id: str) -> DocumentView:
        """A document of the principal's tenant, for whoever manages it; without its text where that is above their audience."""
        async with self._database.read() as session:
            document = await self._own(session, principal, document_id)
            revision = await session.get(Revision, document.revision_id) if document.revision_id else None
            corpus = await session.get(Corpus, document.corpus_id)
            readable = revision is not None and document.audience in principal.audience.readable()
            text = await repository.document_text(session, revision.id) if revision and readable else ""
        return _view(document, revision, corpus.name if corpus else "", text)

    async def reclassify(self, principal: Principal, document_id: str, *, audience: Audience) -> DocumentView:
        """Change who may read a document: at once, and in every release."""
        async with self._database.write() as session:
            document = await self._own(session, principal, document_id)
            document.audience = audience
            document.updated_at = now()
            session.add(_audit(principal, "document.reclassify", document_id, audience=audience))
        tenant = await self._tenants.get(principal.tenant_id)
        await self._index.update_payload(tenant.collection, document_id, PayloadChanges(audience=audience))
        return await self.describe(principal, document_id)

    async def withdraw(self, principal: Principal, document_id: str) -> None:
        """Out of every answer from the next question on, whatever release shows it."""
        async with self._database.write() as session:
            document = await self._own(session, principal, document_id)
            document.status = DocumentStatus.WITHDRAWN
            document.updated_at = now()
            await repository.forget_points(session, document_id)
            session.add(_audit(principal, "document.withdraw", document_id))
        tenant = await self._tenants.get(principal.tenant_id)
        await self._index.delete_document(tenant.collection, document_id)

    async def _own(self, session: repository.Session, principal: Principal, document_id: str) -> Document:
        document = await repository.find_document(session, principal.tenant_id, document_id)
        if document is None:
            raise NotFoundError("no such document")
        return document

    async def _target(self, tenant_id: str, corpus: str, source_id: str | None) -> Target:
        tenant: TenantInfo = await self._tenants.get(tenant_id)
        async with self._database.write() as session:
            row = await repository.corpus(session, tenant_id, _corpus_name(corpus))
        return Target(
            tenant_id=tenant_id,
            corpus_id=row.id,
            source_id=source_id,
            collection=tenant.collection,
            profile=await self._tenants.profile(tenant_id),
            status=DocumentStatus.IN_REVIEW if row.requires_approval else DocumentStatus.APPROVED,
        )

    def _turn(self, target: Target) -> AbstractAsyncContextManager[None]:
        return self._database.exclusive(f"corpus/{target.corpus_id}")


@asynccontextmanager
async def _opened(source: SourcePort) -> AsyncIterator[SourcePort]:
    try:
        yield source
    finally:
        await source.close()


def _corpus_name(name: str) -> str:
    cleaned = name.strip()
    if not cleaned or len(cleaned) > 100:
        raise InvalidRequestError("name the corpus with 1-100 characters", code="invalid_corpus")
    return cleaned


def _audit(principal: Principal, action: str, target: str, **details: str) -> AuditRow:
    return AuditRow(
        tenant_id=principal.tenant_id, actor=principal.id, action=action, target=target, details=dict(details)
    )


def _view(document: Document, revision: Revision | None, corpus: str, text: str) -> DocumentView:
    return DocumentView(
        id=document.id,
        source=document.path,
        corpus=corpus,
        title=document.title,
        status=DocumentStatus(document.status),
        audience=Audience(document.audience),
        customer=document.customer,
        metadata=revision.info if revision else {},
        redactions=revision.redactions if revision else {},
        signals=tuple(revision.signals) if revision else (),
        warnings=tuple(revision.warnings) if revision else (),
        passages=revision.passages if revision else 0,
        text=text,
    )
