"""From bytes to searchable passages: prepare in a worker process, embed in batches, store, index.

A document's revision becomes its newest only when its vectors are in the index, so that a crash, a full disk or a lost index
leaves every document as it was; running the same ingest again finishes the work.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum

from core.database import Database
from core.domain import DocumentStatus, Metadata, RedactionProfile
from core.errors import DocumentError
from core.keyring import Keyring
from core.models import Json, new_id
from core.versions import OPEN_END, version_range
from ingest import repository
from ingest.chunk import TokenBudget, embedded_text
from ingest.formats.elements import ParseLimits
from ingest.prepare import Prepared, PrepareTask
from ingest.repository import NewRevision, point_id
from ingest.worker import Workers
from retrieval.embedding import Embedded, Embedder, EmbedItem
from retrieval.index import IndexPoint, PointPayload, VectorIndex
from retrieval.sparse import encode_document

BATCH_CHUNKS = 256
"""Chunks embedded together: enough to sort by length, few enough to show progress and bound memory."""


class FileState(StrEnum):
    INDEXED = "indexed"
    UNCHANGED = "unchanged"
    SKIPPED = "skipped"
    FAILED = "failed"
    RETIRED = "retired"


SETTLED = frozenset(DocumentStatus) - {DocumentStatus.RETIRED, DocumentStatus.WITHDRAWN}
"""Documents whose unchanged bytes need no work; a retired or withdrawn one comes back when it is ingested again."""

SKIPS = frozenset({"unsupported_type", "empty", "no_text", "scanned", "encrypted"})
"""Files that hold nothing for us: told apart from those that should have worked."""


@dataclass(frozen=True, slots=True)
class FileStatus:
    """How one file ended. `reason` is a stable code, `detail` a sentence with the remedy."""

    path: str
    state: FileState
    reason: str = ""
    detail: str = ""
    warnings: tuple[str, ...] = ()
    document_id: str = ""

    def as_json(self) -> Json:
        values: Json = {
            "path": self.path,
            "status": self.state,
            "document_id": self.document_id,
            "reason": self.reason,
            "detail": self.detail,
            "warnings": list(self.warnings),
        }
        return {key: value for key, value in values.items() if value}


def failed(path: str, error: DocumentError) -> FileStatus:
    state = FileState.SKIPPED if error.code in SKIPS else FileState.FAILED
    return FileStatus(path, state, error.code, error.detail)


@dataclass(frozen=True, slots=True)
class Target:
    """Where documents go: a tenant's corpus, under its redaction rules."""

    tenant_id: str
    corpus_id: str
    source_id: str | None
    collection: str
    profile: RedactionProfile
    status: DocumentStatus


@dataclass(frozen=True, slots=True)
class Incoming:
    """A new or changed file. `rules` are what its source states about it; `document_id` is None for a new document."""

    path: str
    data: bytes
    content_hash: str
    rules: Mapping[str, object]
    document_id: str | None = None
    default: Metadata = field(default_factory=Metadata)


class IngestPipeline:
    """Takes files in. Several runs may share it: the worker pool and the embedder are the bounds."""

    def __init__(
        self,
        *,
        database: Database,
        index: VectorIndex,
        embedder: Embedder,
        workers: Workers[PrepareTask, Prepared],
        keyring: Keyring,
        budget: TokenBudget,
        limits: ParseLimits,
        file_timeout_s: float,
        ahead: int = 3,
    ) -> None:
        self._database = database
        self._index = index
        self._embedder = embedder
        self._workers = workers
        self._keyring = keyring
        self._budget = budget
        self._limits = limits
        self._file_timeout_s = file_timeout_s
        self._ahead = ahead

    async def take(self, target: Target, files: AsyncIterator[Incoming], note: Callable[[FileStatus], None]) -> None:
        """Calls `note` with the status of each file as it is settled. While a batch is embedded, the next files are prepared."""
        await self._index.ensure(target.collection)
        prepared: asyncio.Queue[NewRevision | FileStatus | None] = asyncio.Queue(maxsize=self._ahead)
        with _single_fault():
            await self._take(target, files, note, prepared)

    async def _take(
        self,
        target: Target,
        files: AsyncIterator[Incoming],
        note: Callable[[FileStatus], None],
        prepared: asyncio.Queue[NewRevision | FileStatus | None],
    ) -> None:
        async with asyncio.TaskGroup() as group:
            group.create_task(self._prepare_all(target, files, prepared))
            batch: list[NewRevision] = []
            while (item := await prepared.get()) is not None:
                if isinstance(item, FileStatus):
                    note(item)
                    continue
                batch.append(item)
                if sum(len(revision.chunks) for revision in batch) >= BATCH_CHUNKS:
                    await self._settle(target, batch, note)
                    batch = []
            await self._settle(target, batch, note)

    async def take_one(self, target: Target, file: Incoming) -> FileStatus:
        """Raises `DocumentError` where the file cannot be used."""
        await self._index.ensure(target.collection)
        prepared = await self._prepare(target, file)
        if isinstance(prepared, FileStatus):
            raise DocumentError(prepared.detail, code=prepared.reason)
        settled: list[FileStatus] = []
        await self._settle(target, [prepared], settled.append)
        return settled[0]

    async def retire(self, document_ids: Sequence[str]) -> None:
        """They leave the answers with the next publish."""
        async with self._database.write() as session:
            await repository.set_status(session, document_ids, DocumentStatus.RETIRED)

    async def _prepare_all(
        self, target: Target, files: AsyncIterator[Incoming], out: asyncio.Queue[NewRevision | FileStatus | None]
    ) -> None:
        slots = asyncio.Semaphore(self._ahead)

        async def one(file: Incoming) -> None:
            try:
                await out.put(await self._prepare(target, file))
            finally:
                slots.release()

        async with asyncio.TaskGroup() as group:
            async for file in files:
                await slots.acquire()
                group.create_task(one(file))
        await out.put(None)

    async def _prepare(self, target: Target, file: Incoming) -> NewRevision | FileStatus:
        task = PrepareTask(file.data, file.path, target.profile, file.rules, file.default, self._limits)
        try:
            prepared = await self._workers.run(task, timeout_s=self._file_timeout_s)
        except DocumentError as error:
            return failed(file.path, error)
        if not prepared.chunks:
            return failed(file.path, DocumentError("the file holds no text", code="no_text"))
        document_id = file.document_id or new_id()
        return NewRevision(
            document_id=document_id,
            path=file.path,
            content_hash=file.content_hash,
            metadata=prepared.metadata,
            chunks=prepared.chunks,
            redactions=prepared.redactions,
            signals=tuple(sorted({signal.kind for found in prepared.signals.values() for signal in found})),
            warnings=prepared.warnings,
            original=self._keyring.encrypt(file.data, context=f"{target.tenant_id}/originals/{document_id}"),
        )

    async def _settle(self, target: Target, batch: Sequence[NewRevision], note: Callable[[FileStatus], None]) -> None:
        """A revision that is in the index already (its document went back to earlier bytes) is adopted as it is: releases
        show its points, which must not be written anew."""
        async with self._database.read() as session:
            indexed = await repository.indexed_revisions(session, [revision.id for revision in batch])
            withdrawn = await repository.withdrawn(session, [revision.document_id for revision in batch])
        for document_id in withdrawn:  # again: a crash may have come between the withdrawal and the index
            await self._index.delete_document(target.collection, document_id)
        await self._add(target, [revision for revision in batch if revision.id not in indexed])
        async with self._database.write() as session:
            await repository.adopt(session, batch, source_id=target.source_id, status=target.status)
        for revision in batch:
            note(FileStatus(revision.path, FileState.INDEXED, "", "", revision.warnings, revision.document_id))

    async def _add(self, target: Target, batch: Sequence[NewRevision]) -> None:
        if not batch:
            return
        items = [self._embed_item(revision, number) for revision in batch for number in range(len(revision.chunks))]
        embedded = iter(await self._embedder.embed_passages(items))
        texts = iter(items)
        points = [
            _point(target, revision, number, next(embedded), next(texts).text)
            for revision in batch
            for number in range(len(revision.chunks))
        ]
        async with self._database.write() as session:
            await repository.store_revisions(session, target.tenant_id, target.corpus_id, target.source_id, batch)
        await self._index.upsert(target.collection, points)

    def _embed_item(self, revision: NewRevision, number: int) -> EmbedItem:
        chunk = revision.chunks[number]
        text = embedded_text(chunk.text, revision.metadata.title, chunk.heading_path, self._budget)
        shift = len(text) - len(chunk.text)
        return EmbedItem(text, tuple((start + shift, end + shift) for start, end in chunk.sentences))


@contextmanager
def _single_fault() -> Iterator[None]:
    """A task group wraps what went wrong; callers tell faults apart by their own type and code."""
    try:
        yield
    except BaseExceptionGroup as group:
        fault: BaseException = group
        while isinstance(fault, BaseExceptionGroup):
            fault = fault.exceptions[0]
        raise fault from group


def _point(target: Target, revision: NewRevision, number: int, embedded: Embedded, text: str) -> IndexPoint:
    return IndexPoint(
        id=point_id(revision.id, number),
        dense=embedded.dense,
        sentences=embedded.sentences,
        sparse=encode_document(text),
        payload=_payload(target, revision, number),
    )


def _payload(target: Target, revision: NewRevision, number: int) -> PointPayload:
    metadata = revision.metadata
    version_from, version_to = version_range(metadata.versions)
    return PointPayload(
        document_id=revision.document_id,
        revision_id=revision.id,
        corpus_id=target.corpus_id,
        number=number,
        doc_type=metadata.doc_type,
        audience=metadata.audience,
        product=metadata.product,
        module=metadata.module,
        region=metadata.region,
        customer=metadata.customer,
        version_from=version_from,
        version_to=version_to,
        effective_from=_ordinal(metadata.effective_from, 0),
        effective_to=_ordinal(metadata.effective_to, OPEN_END),
    )


def _ordinal(day: date | None, otherwise: int) -> int:
    return day.toordinal() if day else otherwise
