"""The embedded index: Qdrant Edge in this process.

The vendor's calls block and keep Python's interpreter lock, so they run in small pieces, in threads of our own.
"""

from __future__ import annotations

import asyncio
import errno
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Executor, ThreadPoolExecutor
from pathlib import Path
from typing import Any, TypeVar, cast

import numpy as np
import qdrant_edge as qdrant

from core.errors import CopilotError, StorageFullError, UnavailableError
from retrieval.edge_shards import Shards
from retrieval.index import (
    OPEN_END,
    STAGED,
    AnyOf,
    Between,
    Candidate,
    Condition,
    Embedded,
    IndexFilter,
    IndexPoint,
    PayloadChanges,
    SparseVector,
    Vector,
    incomplete,
    numbered,
)
from retrieval.payload import FIELDS, TERMS, UNSTATED, embedded, loaded, plain, stored

T = TypeVar("T")

_PAGE = 64
"""Points a vendor call: 7 ms for an upsert on one core, during which no other thread runs."""

_MARKED = 20_000
"""Points whose numbers are held at once while a release is marked."""

_EVERY = 1_000_000
"""A facet lists so many values at most: more revisions than one tenant has."""


class EdgeIndex:
    """`VectorIndex` over shards in `root`, for one process.

    Raises `ConflictError` (`home_in_use`) where another process has the folder. Reads and writes each have `threads`
    threads, so that a large publish never keeps a question waiting for a thread. `min_free_bytes` is the room that must
    be left on the disk for a write that adds data; below it `StorageFullError`.
    """

    def __init__(self, root: Path, *, max_open: int = 64, threads: int = 2, min_free_bytes: int = 256_000_000) -> None:
        self._shards = Shards(root, max_open=max_open, min_free_bytes=min_free_bytes)
        self._reads = ThreadPoolExecutor(threads, "index-read")
        self._writes = ThreadPoolExecutor(threads, "index-write")
        self._upkeep = ThreadPoolExecutor(1, "index-upkeep")

    @property
    def open_shards(self) -> int:
        return self._shards.open_count

    async def ensure(self, collection: str) -> None:
        await _in(self._writes, lambda: self._shards.create(collection))

    async def upsert(self, collection: str, points: Sequence[IndexPoint]) -> None:
        def write() -> None:
            with self._shards.write(collection, grows=True) as shard:
                for page in _pages(points):
                    shard.update(qdrant.UpdateOperation.upsert_points([_point(point) for point in page]))

        await _in(self._writes, write)

    async def candidates(
        self, collection: str, dense: Vector, sparse: SparseVector, within: IndexFilter, limit: int
    ) -> list[Candidate]:
        def find(shard: qdrant.EdgeShard) -> list[Candidate]:
            return _find(shard, dense, sparse, within.conditions(), limit)

        return await self._read(collection, find)

    async def vectors(self, collection: str, ids: Sequence[str]) -> dict[str, Embedded]:
        def read(shard: qdrant.EdgeShard) -> dict[str, Embedded]:
            records = shard.retrieve(list(ids), with_payload=False, with_vector=["dense", "sentences"])
            return {str(record.id): embedded(_named(record)) for record in records}

        return await self._read(collection, read)

    async def sentence_vectors(self, collection: str, ids: Sequence[str]) -> dict[str, Vector]:
        def read(shard: qdrant.EdgeShard) -> dict[str, Vector]:
            records = shard.retrieve(list(ids), with_payload=False, with_vector=["sentences"])
            return {str(record.id): np.asarray(_named(record)["sentences"], np.float32) for record in records}

        return await self._read(collection, read)

    async def count(self, collection: str, within: IndexFilter) -> int:
        return await self._read(collection, lambda shard: _count(shard, within.conditions()))

    async def document_frequencies(self, collection: str, within: IndexFilter, terms: Sequence[int]) -> dict[int, int]:
        def count(shard: qdrant.EdgeShard) -> dict[int, int]:
            seen = within.conditions()
            return {term: _count(shard, (*seen, AnyOf(TERMS, (term,)))) for term in terms}

        return await self._read(collection, count)

    async def enter(self, collection: str, revision_ids: Sequence[str], release: int) -> None:
        staged = AnyOf("revision_id", tuple(revision_ids)), Between("added_in", low=STAGED)
        await self._mark(collection, staged, {"added_in": numbered(release)})

    async def leave(self, collection: str, revision_ids: Sequence[str], release: int) -> None:
        still_open = AnyOf("revision_id", tuple(revision_ids)), Between("removed_in", low=OPEN_END)
        await self._mark(collection, still_open, {"removed_in": numbered(release)})

    async def undo(self, collection: str, release: int) -> None:
        await self._mark(collection, (Between("added_in", numbered(release), release + 1),), {"added_in": STAGED})
        await self._mark(collection, (Between("removed_in", release, release + 1),), {"removed_in": OPEN_END})

    async def copy(self, collection: str, revision_id: str, id_map: Mapping[str, str], release: int) -> None:
        def write() -> None:
            with self._shards.write(collection, grows=True) as shard:
                _copy(shard, revision_id, id_map, numbered(release))

        await _in(self._writes, write)

    async def update_payload(self, collection: str, document_id: str, changes: PayloadChanges) -> None:
        where = _filter((AnyOf("document_id", (document_id,)),))
        await self._update(collection, qdrant.UpdateOperation.set_payload_by_filter(where, dict(plain(changes))))

    async def delete_points(self, collection: str, ids: Sequence[str]) -> None:
        def write() -> None:
            with self._shards.write(collection) as shard:
                for page in _pages(ids):
                    shard.update(qdrant.UpdateOperation.delete_points(list(page)))

        await _in(self._writes, write)

    async def delete_revisions(self, collection: str, revision_ids: Sequence[str]) -> None:
        await self._delete(collection, AnyOf("revision_id", tuple(revision_ids)))

    async def delete_document(self, collection: str, document_id: str) -> None:
        await self._delete(collection, AnyOf("document_id", (document_id,)))

    async def revisions(self, collection: str) -> dict[str, int]:
        def read(shard: qdrant.EdgeShard) -> dict[str, int]:
            facet = shard.facet(qdrant.FacetRequest("revision_id", limit=_EVERY, exact=True))
            return {str(hit.value): hit.count for hit in facet.hits if hit.count}

        return await self._read(collection, read)

    async def optimize(self, collection: str) -> None:
        await _in(self._upkeep, lambda: self._shards.optimize(collection))

    async def purge(self, collection: str) -> None:
        await _in(self._upkeep, lambda: self._shards.rewrite(collection))

    async def drop(self, collection: str) -> None:
        await _in(self._writes, lambda: self._shards.drop(collection))

    async def close(self) -> None:
        def close() -> None:
            for pool in (self._upkeep, self._writes, self._reads):
                pool.shutdown(cancel_futures=True)
            self._shards.close()

        await asyncio.to_thread(close)

    async def _read(self, collection: str, read: Callable[[qdrant.EdgeShard], T]) -> T:
        def use() -> T:
            with self._shards.use(collection) as entry:
                return read(entry.shard)

        return await _in(self._reads, use)

    async def _update(self, collection: str, operation: qdrant.UpdateOperation) -> None:
        def write() -> None:
            with self._shards.write(collection) as shard:
                shard.update(operation)

        await _in(self._writes, write)

    async def _delete(self, collection: str, condition: Condition) -> None:
        await self._update(collection, qdrant.UpdateOperation.delete_points_by_filter(_filter((condition,))))

    async def _mark(self, collection: str, where: Sequence[Condition], payload: Mapping[str, int]) -> None:
        """Page by page: 14,000 points at once would stop every other thread for 185 ms. The mark takes a point out of what `where`
        selects, so that the same question asked again finds the rest."""

        def write() -> None:
            with self._shards.write(collection) as shard:
                wanted = qdrant.ScrollRequest(limit=_MARKED, filter=_filter(where), with_payload=False)
                while ids := [record.id for record in shard.scroll(wanted)[0]]:
                    for start in range(0, len(ids), 8 * _PAGE):
                        page = ids[start : start + 8 * _PAGE]
                        shard.update(qdrant.UpdateOperation.set_payload(page, dict(payload)))

        await _in(self._writes, write)


async def _in(pool: Executor, work: Callable[[], T]) -> T:
    def translated() -> T:
        try:
            return work()
        except BaseException as error:
            raise _fault(error) from error

    return await asyncio.get_running_loop().run_in_executor(pool, translated)


def _fault(error: BaseException) -> BaseException:
    """The vendor raises a bare `Exception`, or pyo3's `PanicException` beside it; other types are faults of our own."""
    full = "No space left on device" in str(error) or (isinstance(error, OSError) and error.errno == errno.ENOSPC)
    if full and not isinstance(error, CopilotError):
        return StorageFullError("the disk that holds the index is full; free some space, then try again")
    if isinstance(error, OSError) or type(error) is Exception or type(error).__name__ == "PanicException":
        return UnavailableError(f"the index failed ({type(error).__name__})", code="index_unavailable")
    return error


def _pages(items: Sequence[T]) -> Iterator[Sequence[T]]:
    return (items[start : start + _PAGE] for start in range(0, len(items), _PAGE))


def _filter(conditions: Iterable[Condition]) -> qdrant.Filter:
    return qdrant.Filter(must=[_condition(condition) for condition in conditions])


def _condition(condition: Condition) -> qdrant.FieldCondition:
    match condition:
        case AnyOf(field, values):
            known = [UNSTATED if value is None else value for value in values]
            return qdrant.FieldCondition(field, match=qdrant.MatchAny(known))  # type: ignore[arg-type]
        case Between(field, low, high):
            return qdrant.FieldCondition(field, range=qdrant.RangeFloat(gte=low, lt=high))


def _count(shard: qdrant.EdgeShard, conditions: Iterable[Condition]) -> int:
    return shard.count(qdrant.CountRequest(filter=_filter(conditions), exact=True))


def _point(point: IndexPoint) -> qdrant.Point:
    sparse = qdrant.SparseVector(list(point.sparse.indices), list(point.sparse.values))
    dense, sentences = np.asarray(point.dense), np.asarray(point.sentences)
    vectors = {"dense": dense.tolist(), "sentences": sentences.tolist(), "bm25": sparse}
    return qdrant.Point(id=point.id, vector=vectors, payload=dict(stored(point)))


def _find(
    shard: qdrant.EdgeShard, dense: Vector, sparse: SparseVector, conditions: Sequence[Condition], limit: int
) -> list[Candidate]:
    near = _listed(shard, qdrant.Query.Nearest(dense.tolist(), using="dense"), conditions, limit)
    best: dict[str, int] = {}
    if sparse.indices:
        terms = qdrant.SparseVector(list(sparse.indices), list(sparse.values))
        best = _listed(shard, qdrant.Query.Nearest(terms, using="bm25"), conditions, limit, above=0.0)
    records = {str(record.id): record for record in _visible(shard, [*near, *best], conditions)}
    sentences = _best_sentences(shard, dense, records)
    found = (id_ for id_ in {**near, **best} if id_ in sentences)
    return [_candidate(records[id_], sentences[id_], near.get(id_), best.get(id_)) for id_ in found]


def _listed(
    shard: qdrant.EdgeShard,
    query: qdrant.Query,
    conditions: Sequence[Condition],
    limit: int,
    *,
    above: float | None = None,
) -> dict[str, int]:
    """Id → rank. Without vectors: a point is often in both lists, and one read of the union is faster (.2 ms for 5)."""
    hits = shard.query(qdrant.QueryRequest(query=query, filter=_filter(conditions), limit=limit))
    return {str(hit.id): rank for rank, hit in enumerate(hits) if above is None or hit.score > above}


def _visible(shard: qdrant.EdgeShard, ids: Sequence[str], conditions: Sequence[Condition]) -> list[qdrant.Record]:
    """Under the filter once more: what became invisible since it was listed must not be read."""
    wanted = qdrant.Filter(must=[qdrant.HasIdCondition(set(ids)), *map(_condition, conditions)])
    request = qdrant.ScrollRequest(
        limit=len(ids), filter=wanted, with_payload=list(FIELDS), with_vector=["dense", "bm25"]
    )
    return shard.scroll(request)[0] if ids else []


def _best_sentences(shard: qdrant.EdgeShard, query: Vector, ids: Collection[str]) -> dict[str, float]:
    """Id → cosine of the query and the nearest of its sentences: .3 ms for 70 points, whose vectors take 8 ms to read."""
    if not ids:
        return {}
    nearest = qdrant.Query.Nearest([query.tolist()], using="sentences")
    among = qdrant.Filter(must=[qdrant.HasIdCondition(set(ids))])
    hits = shard.query(qdrant.QueryRequest(query=nearest, filter=among, limit=len(ids)))
    return {str(hit.id): hit.score for hit in hits}


def _candidate(record: qdrant.Record, sentence: float, dense_rank: int | None, sparse_rank: int | None) -> Candidate:
    vectors = _named(record)
    sparse = vectors["bm25"]
    return Candidate(
        id=str(record.id),
        payload=loaded(record.payload or {}),
        dense=np.asarray(vectors["dense"], np.float32),
        sparse=SparseVector(tuple(sparse.indices), tuple(sparse.values)),
        sentence=sentence,
        dense_rank=dense_rank,
        sparse_rank=sparse_rank,
    )


def _copy(shard: qdrant.EdgeShard, revision_id: str, id_map: Mapping[str, str], release: int) -> None:
    kept = _filter((AnyOf("revision_id", (revision_id,)),))
    wanted = qdrant.Filter(must=[qdrant.HasIdCondition(set(id_map)), kept])
    if shard.count(qdrant.CountRequest(filter=wanted, exact=True)) < len(id_map):
        raise incomplete(revision_id)
    for page in _pages(list(id_map)):
        records = shard.retrieve(list(page), with_payload=True, with_vector=True)
        shard.update(qdrant.UpdateOperation.upsert_points([_renamed(r, id_map, release) for r in records]))


def _named(record: qdrant.Record) -> dict[str, Any]:
    """The point's vectors by name."""
    return cast(dict[str, Any], record.vector)


def _renamed(record: qdrant.Record, id_map: Mapping[str, str], release: int) -> qdrant.Point:
    payload = {**(record.payload or {}), "added_in": release, "removed_in": OPEN_END}
    return qdrant.Point(id=id_map[str(record.id)], vector=_named(record), payload=payload)
