"""From bytes to searchable passages: prepare in a worker process, embed in batches, store, index.

A document's revision becomes its newest only when its vectors are in the index, so that a crash, a full disk or a lost index
leaves every document as it was; running the same ingest again finishes the work.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from core.database import Database
from core.domain import DocumentStatus, Metadata
from core.errors import CopilotError, DocumentError, UnavailableError
from core.keyring import Keyring
from core.models import new_id
from core.tasks import single_fault
from core.turns import Turns
from guardrails.vault import Vault
from ingest import duplicates, repository
from ingest.chunk import TokenBudget
from ingest.formats.elements import ParseLimits, no_text
from ingest.points import embed_item, embedded_hash
from ingest.prepare import Prepared, PrepareTask
from ingest.repository import NewRevision
from ingest.resemblance import Fingerprint, fingerprint
from ingest.retries import Retries, is_transient
from ingest.settle import Settler, Target
from ingest.statuses import SETTLED, SKIPS, FileState, FileStatus, failed
from ingest.worker import NOT_STARTED, Workers
from retrieval.embedding import Embedder, EmbedItem
from retrieval.index import VectorIndex

__all__ = ["SETTLED", "SKIPS", "FileState", "FileStatus", "Incoming", "IngestPipeline", "Target", "failed"]

BATCH_CHUNKS = 256
"""Chunks embedded together: enough to sort by length, few enough to show progress and bound memory."""

_FAULTS_IN_A_ROW = 2
"""Batches that may fail with a passing fault, and files for which no worker starts, each after all its tries, before the run gives
up."""


@dataclass(frozen=True, slots=True)
class Incoming:
    """A new or changed file. `rules` are what its source states about it; `document_id` is None for a new document."""

    path: str
    data: bytes
    content_hash: str
    rules: Mapping[str, object]
    document_id: str | None = None
    default: Metadata = field(default_factory=Metadata)
    version_tag: str = ""


class Claims(Protocol):
    """Tells of a new file whether a document goes on in it: the need of a sync that follows renamed files."""

    def claim(self, path: str, found: Fingerprint) -> str | FileStatus | None:
        """The document's id; a status where the file is settled with that; None for a new document."""
        ...


@dataclass(frozen=True, slots=True)
class Ready:
    """A prepared file that waits for its vectors: an item for each chunk."""

    revision: NewRevision
    items: tuple[EmbedItem, ...]


Note = Callable[[FileStatus], None]


@dataclass(frozen=True, slots=True)
class Pace:
    """`ahead` files of one run are prepared before they are needed; `places` is how many all runs prepare at once; a batch is
    settled when it holds `batch_chunks`."""

    ahead: int = 3
    places: int = 3
    batch_chunks: int = BATCH_CHUNKS


_PACE = Pace()


class IngestPipeline:
    """Takes files in. Several runs may share it: worker pool and embedder are the bounds, and tenants take turns at both."""

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
        pace: Pace = _PACE,
        retries: Retries | None = None,
    ) -> None:
        self._database = database
        self._index = index
        self._settler = Settler(database=database, index=index, embedder=embedder, vault=Vault(keyring))
        self._workers = workers
        self._keyring = keyring
        self._budget = budget
        self._limits = limits
        self._file_timeout_s = file_timeout_s
        self._ahead = pace.ahead
        self._turns = Turns(pace.places)
        self._batch_chunks = pace.batch_chunks
        self._retries = retries or Retries()

    async def take(
        self, target: Target, files: AsyncIterator[Incoming], note: Note, *, claims: Claims | None = None
    ) -> None:
        """Calls `note` with the status of each file as it is settled. While a batch is embedded, the next files are prepared.

        A passing fault of index or embedder is tried again; then the batch's files are noted as failed, and a second such batch
        in a row ends the run with the fault. So does a second file in a row for which no worker starts.
        """
        await self._retries.run(lambda: self._index.ensure(target.collection))
        prepared: asyncio.Queue[Ready | FileStatus | None] = asyncio.Queue(maxsize=self._ahead)
        with single_fault():
            async with asyncio.TaskGroup() as group:
                group.create_task(self._prepare_all(target, files, claims, prepared))
                await self._settle_all(target, prepared, note)

    async def prepare(self, target: Target, file: Incoming, claims: Claims | None = None) -> Ready | FileStatus:
        """Parsed, redacted and cut; a status where the file cannot be used. Waits for the tenant's turn."""
        try:
            prepared = await self._prepared(target, file)
        except DocumentError as error:
            return failed(file.path, error)
        found = await asyncio.to_thread(
            fingerprint, [_said(chunk.heading_path, chunk.text) for chunk in prepared.chunks]
        )
        claimed = claims.claim(file.path, found) if claims and file.document_id is None else None
        if isinstance(claimed, FileStatus):
            return claimed
        items = tuple(embed_item(chunk, prepared.metadata.title, self._budget) for chunk in prepared.chunks)
        document_id = file.document_id or claimed or new_id()
        return Ready(self._revision(target, file, document_id, prepared, found, items), items)

    async def settle(self, target: Target, ready: Sequence[Ready]) -> list[FileStatus]:
        """Embed, store, index and adopt. Raises what index, embedder and database raise."""
        await self._index.ensure(target.collection)
        return await self._settler.settle(target, ready)

    async def take_one(self, target: Target, file: Incoming) -> FileStatus:
        """Raises `DocumentError` where the file cannot be used."""
        prepared = await self.prepare(target, file)
        if isinstance(prepared, FileStatus):
            raise DocumentError(prepared.detail, code=prepared.reason)
        return (await self.settle(target, [prepared]))[0]

    async def retire(self, target: Target, document_ids: Sequence[str]) -> None:
        """They leave the answers with the next publish."""
        async with self._database.write(target.tenant_id) as session:
            await repository.set_status(session, document_ids, DocumentStatus.RETIRED)
            for batch in repository.batches(document_ids, 500):
                await duplicates.release(session, target.tenant_id, target.corpus_id, batch)

    async def _settle_all(self, target: Target, prepared: asyncio.Queue[Ready | FileStatus | None], note: Note) -> None:
        batch: list[Ready] = []
        faults = 0
        ended = False
        while not ended:
            item = await prepared.get()
            if isinstance(item, FileStatus):
                note(item)
                continue
            ended = item is None
            batch += [item] if item else []
            if batch and (ended or sum(len(ready.items) for ready in batch) >= self._batch_chunks):
                faults = await self._settle_batch(target, batch, note, faults)
                batch = []

    async def _settle_batch(self, target: Target, batch: Sequence[Ready], note: Note, faults: int) -> int:
        """How many batches in a row have met a passing fault now."""
        try:
            settled = await self._retries.run(lambda: self._settler.settle(target, batch))
        except CopilotError as fault:
            if not is_transient(fault) or faults + 1 >= _FAULTS_IN_A_ROW:
                raise
            for ready in batch:
                note(failed(ready.revision.path, fault))
            return faults + 1
        for status in settled:
            note(status)
        return 0

    async def _prepare_all(
        self,
        target: Target,
        files: AsyncIterator[Incoming],
        claims: Claims | None,
        out: asyncio.Queue[Ready | FileStatus | None],
    ) -> None:
        slots = asyncio.Semaphore(self._ahead)
        not_started = 0

        async def one(file: Incoming) -> None:
            nonlocal not_started
            try:
                found = await self.prepare(target, file, claims)
                not_started = 0
                await out.put(found)
            except UnavailableError as fault:
                not_started += 1
                if fault.code != NOT_STARTED or not_started >= _FAULTS_IN_A_ROW:
                    raise
                await out.put(failed(file.path, fault))
            finally:
                slots.release()

        async with asyncio.TaskGroup() as group:
            async for file in files:
                await slots.acquire()
                group.create_task(one(file))
        await out.put(None)

    async def _prepared(self, target: Target, file: Incoming) -> Prepared:
        task = PrepareTask(file.data, file.path, target.profile, file.rules, file.default, self._limits)
        async with self._turns.place(target.tenant_id):
            prepared = await self._retries.run(lambda: self._workers.run(task, timeout_s=self._file_timeout_s))
        if not prepared.chunks:
            raise no_text()
        return prepared

    def _revision(
        self,
        target: Target,
        file: Incoming,
        document_id: str,
        prepared: Prepared,
        found: Fingerprint,
        items: Sequence[EmbedItem],
    ) -> NewRevision:
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
            fingerprint=found,
            embedded_hashes=tuple(embedded_hash(item) for item in items),
            version_tag=file.version_tag,
            author=target.actor,
            withheld=prepared.withheld,
        )


def _said(heading_path: Sequence[str], text: str) -> str:
    return "\n".join((*heading_path, text))
