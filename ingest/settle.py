"""The last steps of an ingest, for some files at once: vectors, rows, points, and then the newest revision."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Mapping, Sequence
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

AT_ONCE = 1024
"""Chunks whose vectors are held at once: some 15 MB of them."""


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
class _Stretch:
    """The chunks of a file from `start` to before `end`."""

    file: ReadyFile
    start: int
    end: int

    @property
    def hashes(self) -> Sequence[str]:
        return self.file.revision.embedded_hashes[self.start : self.end]

    @property
    def items(self) -> Sequence[EmbedItem]:
        return self.file.items[self.start : self.end]


@dataclass(frozen=True, slots=True)
class _Vectors:
    """Of one stretch, in order; the first `reused` counts those that were not embedded."""

    stretch: _Stretch
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
        reused = await self._add(target, [file for file in wanted if file.revision.id not in indexed], known)
        adopted = await self._adopt(target, [file.revision for file in wanted], known)
        return [self._status(file, reused, adopted) for file in files]

    def _status(
        self, file: ReadyFile, reused: Mapping[str, int], adopted: Mapping[str, Duplicate | None]
    ) -> FileStatus:
        revision = file.revision
        if revision.document_id not in adopted:
            return withdrawn(revision.path, revision.document_id)
        taken = reused.get(revision.id)
        return FileStatus(
            revision.path,
            FileState.INDEXED,
            warnings=revision.warnings,
            document_id=revision.document_id,
            reused=taken or 0,
            embedded=0 if taken is None else len(file.items) - taken,
            duplicate=adopted[revision.document_id],
        )

    async def _add(self, target: Target, files: Sequence[ReadyFile], known: Mapping[str, Standing]) -> dict[str, int]:
        """How many chunks of each revision were not embedded. A large file goes in by stretches: the vectors of all its sentences
        would take hundreds of megabytes."""
        reused: dict[str, int] = {}
        for number, some in enumerate(_stretches(files)):
            vectors = await self._vectors(target, some)
            if number == 0:
                await self._store(target, [file.revision for file in files])
            made = await asyncio.to_thread(_points, target, known, vectors)
            await self._index.upsert(target.collection, made)
            for each in vectors:
                revision_id = each.stretch.file.revision.id
                reused[revision_id] = reused.get(revision_id, 0) + each.reused
        return reused

    async def _store(self, target: Target, revisions: Sequence[NewRevision]) -> None:
        async with self._database.write(target.tenant_id) as session:
            await repository.store_revisions(
                session, target.tenant_id, target.corpus_id, target.source_id, list(revisions)
            )
            await self._vault.keep(session, target.tenant_id, _withheld(revisions))

    async def _vectors(self, target: Target, stretches: Sequence[_Stretch]) -> list[_Vectors]:
        stored = await self._stored(target, stretches)
        missing = [
            item
            for each in stretches
            for hashed, item in zip(each.hashes, each.items, strict=True)
            if (each.file.revision.document_id, hashed) not in stored
        ]
        fresh = iter(await self._embedder.embed_passages(missing) if missing else ())
        found = []
        for each in stretches:
            keys = [(each.file.revision.document_id, hashed) for hashed in each.hashes]
            vectors = tuple(stored[key] if key in stored else next(fresh) for key in keys)
            found.append(_Vectors(each, sum(key in stored for key in keys), vectors))
        return found

    async def _stored(self, target: Target, stretches: Sequence[_Stretch]) -> dict[tuple[str, str], Embedded]:
        """(document, embedded hash) → vectors that its previous revision has for that very text."""
        async with self._database.read(target.tenant_id) as session:
            before = await placed(session, {each.file.revision.document_id for each in stretches})
            wanted: dict[tuple[str, str], Placed] = {
                (document_id, hashed): before[document_id][hashed]
                for each in stretches
                for document_id in (each.file.revision.document_id,)
                for hashed in each.hashes
                if hashed in before.get(document_id, {})
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


def _points(target: Target, known: Mapping[str, Standing], vectors: Sequence[_Vectors]) -> list[IndexPoint]:
    return [
        point
        for each in vectors
        for point in points(
            each.stretch.file.revision,
            target.corpus_id,
            _audience(each.stretch.file.revision, known),
            each.stretch.items,
            each.vectors,
            first=each.stretch.start,
        )
    ]


def _stretches(files: Sequence[ReadyFile]) -> Iterator[list[_Stretch]]:
    """All chunks of the files in order, at most `AT_ONCE` in each list."""
    some: list[_Stretch] = []
    left = AT_ONCE
    for file in files:
        start = 0
        while start < len(file.items):
            end = min(len(file.items), start + left)
            some.append(_Stretch(file, start, end))
            left -= end - start
            start = end
            if not left:
                yield some
                some, left = [], AT_ONCE
    if some:
        yield some


def _audience(revision: NewRevision, known: Mapping[str, Standing]) -> str:
    """An admin's choice goes before what the document states."""
    standing = known.get(revision.document_id)
    return (standing.audience_set if standing else None) or revision.metadata.audience
