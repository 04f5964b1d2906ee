"""The last steps of an ingest, for some files at once: vectors, rows, points, and then the newest revision."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from core.audit import record
from core.database import Database, WriteSession
from core.domain import DocumentStatus, RedactionProfile
from guardrails.vault import Place, Vault
from guardrails.withheld import Withheld
from ingest import duplicates, repository
from ingest.duplicates import Duplicate
from ingest.points import Placed, copies, placed, points, stored_vectors
from ingest.repository import NewRevision, Standing
from ingest.statuses import FileState, FileStatus, withdrawn
from retrieval.embedding import Embedded, Embedder, EmbedItem
from retrieval.index import IndexPoint, PayloadChanges, VectorIndex


@dataclass(frozen=True, slots=True)
class Target:
    """Where documents go: a tenant's corpus, under its redaction rules; on whose word. Without a source it is an upload."""

    tenant_id: str
    corpus_id: str
    source_id: str | None
    collection: str
    profile: RedactionProfile
    status: DocumentStatus
    actor: str = ""


class ReadyFile(Protocol):
    """A revision with an item to embed for each of its chunks."""

    @property
    def revision(self) -> NewRevision: ...
    @property
    def items(self) -> tuple[EmbedItem, ...]: ...


@dataclass(frozen=True, slots=True)
class _Vectors:
    """Of one revision's chunks, in order; the first `reused` counts those that were not embedded."""

    reused: int
    vectors: tuple[Embedded, ...]


class Settler:
    """Idempotent: whatever step a crash or a fault hits, the same files again leave the same rows and points."""

    def __init__(self, *, database: Database, index: VectorIndex, embedder: Embedder, vault: Vault) -> None:
        self._database = database
        self._vault = vault
        self._index = index
        self._embedder = embedder

    async def settle(self, target: Target, files: Sequence[ReadyFile]) -> list[FileStatus]:
        """A revision that is in the index already (its document went back to earlier bytes) is adopted as it is: releases show its
        points, which must not be written anew."""
        async with self._database.read(target.tenant_id) as session:
            indexed = await repository.indexed_revisions(session, [file.revision.id for file in files])
            known = await repository.standing(session, [file.revision.document_id for file in files])
        gone = {each for each, standing in known.items() if standing.status is DocumentStatus.WITHDRAWN}
        if target.source_id is None:
            for document_id in gone:  # again: a crash may have come between the withdrawal and the index
                await self._index.delete_document(target.collection, document_id)
            gone = set()
        wanted = [file for file in files if file.revision.document_id not in gone]
        vectors = await self._add(target, [file for file in wanted if file.revision.id not in indexed], known)
        adopted = await self._adopt(target, [file.revision for file in wanted], known)
        return [self._status(file.revision, vectors, adopted) for file in files]

    def _status(
        self, revision: NewRevision, vectors: Mapping[str, _Vectors], adopted: Mapping[str, Duplicate | None]
    ) -> FileStatus:
        if revision.document_id not in adopted:
            return withdrawn(revision.path, revision.document_id)
        found = vectors.get(revision.id)
        return FileStatus(
            revision.path,
            FileState.INDEXED,
            warnings=revision.warnings,
            document_id=revision.document_id,
            reused=found.reused if found else 0,
            embedded=len(found.vectors) - found.reused if found else 0,
            duplicate=adopted[revision.document_id],
        )

    async def _add(
        self, target: Target, files: Sequence[ReadyFile], known: Mapping[str, Standing]
    ) -> dict[str, _Vectors]:
        if not files:
            return {}
        vectors = await self._vectors(target, files)
        async with self._database.write(target.tenant_id) as session:
            await repository.store_revisions(
                session, target.tenant_id, target.corpus_id, target.source_id, [file.revision for file in files]
            )
            await self._vault.keep(session, target.tenant_id, _withheld([file.revision for file in files]))
        made = await asyncio.to_thread(_points, target, files, known, vectors)
        await self._index.upsert(target.collection, made)
        return vectors

    async def _vectors(self, target: Target, files: Sequence[ReadyFile]) -> dict[str, _Vectors]:
        stored = await self._stored(target, files)
        missing = [
            item
            for file in files
            for hashed, item in zip(file.revision.embedded_hashes, file.items, strict=True)
            if (file.revision.document_id, hashed) not in stored
        ]
        fresh = iter(await self._embedder.embed_passages(missing) if missing else ())
        found: dict[str, _Vectors] = {}
        for file in files:
            keys = [(file.revision.document_id, hashed) for hashed in file.revision.embedded_hashes]
            vectors = tuple(stored[key] if key in stored else next(fresh) for key in keys)
            found[file.revision.id] = _Vectors(sum(key in stored for key in keys), vectors)
        return found

    async def _stored(self, target: Target, files: Sequence[ReadyFile]) -> dict[tuple[str, str], Embedded]:
        """(document, embedded hash) → vectors that its previous revision has for that very text."""
        async with self._database.read(target.tenant_id) as session:
            before = await placed(session, [file.revision.document_id for file in files])
            wanted: dict[tuple[str, str], Placed] = {
                (file.revision.document_id, hashed): before[file.revision.document_id][hashed]
                for file in files
                for hashed in file.revision.embedded_hashes
                if hashed in before.get(file.revision.document_id, {})
            }
            latest = await copies(session, {each.revision_id for each in wanted.values()})
        found = await stored_vectors(self._index, target.collection, list(wanted.values()), latest)
        return {key: found[place] for key, place in wanted.items() if place in found}

    async def _adopt(
        self, target: Target, revisions: Sequence[NewRevision], seen: Mapping[str, Standing]
    ) -> dict[str, Duplicate | None]:
        """Those that are their documents' newest revisions now; what a person decided in the meantime holds."""
        async with self._database.write(target.tenant_id) as session:
            now = await repository.standing(session, [r.document_id for r in revisions], lock=True)
            late = [r for r in revisions if target.source_id and now[r.document_id].status is DocumentStatus.WITHDRAWN]
            adopted = [r for r in revisions if r not in late]
            await repository.adopt(session, adopted, source_id=target.source_id, status=target.status)
            arrived = {r.document_id: r.fingerprint for r in adopted}
            found = await duplicates.flag(session, target.tenant_id, target.corpus_id, arrived)
            _record(session, target, adopted)
        if late:
            await self._index.delete_revisions(target.collection, [r.id for r in late])
        for revision in adopted:
            chosen = now[revision.document_id].audience_set
            if chosen and chosen != _audience(revision, seen):
                changes = PayloadChanges(audience=chosen)
                await self._index.update_payload(target.collection, revision.document_id, changes)
        return {r.document_id: found.get(r.document_id) for r in adopted}


def _record(session: WriteSession, target: Target, adopted: Sequence[NewRevision]) -> None:
    """What somebody brought in by hand; a source's sync is audited as a whole, when it is asked for."""
    if target.source_id is None and target.actor:
        for revision in adopted:
            said = {"target": revision.document_id, "revision_id": revision.id}
            record(session, target.tenant_id, actor=target.actor, action="document.upload", **said)


def _withheld(revisions: Sequence[NewRevision]) -> dict[Place, tuple[Withheld, ...]]:
    return {
        Place("revisions", revision.id, field): found
        for revision in revisions
        for field, found in revision.withheld.items()
    }


def _points(
    target: Target, files: Sequence[ReadyFile], known: Mapping[str, Standing], vectors: Mapping[str, _Vectors]
) -> list[IndexPoint]:
    return [
        point
        for file in files
        for point in points(
            file.revision,
            target.corpus_id,
            _audience(file.revision, known),
            file.items,
            vectors[file.revision.id].vectors,
        )
    ]


def _audience(revision: NewRevision, known: Mapping[str, Standing]) -> str:
    """An admin's choice goes before what the document states."""
    standing = known.get(revision.document_id)
    return (standing.audience_set if standing else None) or revision.metadata.audience
