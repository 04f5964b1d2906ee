"""The index on a Qdrant server or cluster: the same points and filters as the embedded one, over the network."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import Any, cast

import httpx
import numpy as np
from pydantic import ValidationError
from qdrant_client import AsyncQdrantClient, models
from qdrant_client.http.exceptions import ApiException, UnexpectedResponse

from core.errors import StorageFullError, UnavailableError
from retrieval.index import (
    DIMENSION,
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
    missing,
    numbered,
)
from retrieval.payload import FIELDS, KEYWORDS, RANGES, TERMS, UNSTATED, embedded, loaded, plain, stored

_PAGE = 128
"""Points a request: below 8 MB of JSON with ten sentences each; the server's default limit is 32 MB."""

_EVERY = 1_000_000
"""A facet lists so many values at most: more revisions than one tenant has."""

_WRITE_FACTOR = 12
"""A write may take so many deadlines: marking a large release passes over all its points (60 s by default)."""


class ServerIndex:
    """`VectorIndex` on a Qdrant server. `deadline_s` bounds a read; the client is closed with the index."""

    def __init__(self, client: AsyncQdrantClient, *, deadline_s: float = 5.0) -> None:
        self._client = client
        self._deadline = deadline_s

    @classmethod
    def connect(cls, url: str, api_key: str | None = None, *, deadline_s: float = 5.0) -> ServerIndex:
        """Opens no connection yet: a server that is down is met by the first call."""
        timeout = int(deadline_s * _WRITE_FACTOR)
        client = AsyncQdrantClient(url=url, api_key=api_key, timeout=timeout, check_compatibility=False)
        return cls(client, deadline_s=deadline_s)

    async def ensure(self, collection: str) -> None:
        """Indexes are made every time: a process that died half-way left the collection without them."""
        async with self._call(collection, writes=True):
            if not await self._client.collection_exists(collection):
                await self._create(collection)
            for field, schema in _schemas().items():
                await self._client.create_payload_index(collection, field, field_schema=schema)

    async def upsert(self, collection: str, points: Sequence[IndexPoint]) -> None:
        async with self._call(collection, writes=True):
            for start in range(0, len(points), _PAGE):
                await self._client.upsert(collection, [_point(point) for point in points[start : start + _PAGE]])

    async def candidates(
        self, collection: str, dense: Vector, sparse: SparseVector, within: IndexFilter, limit: int
    ) -> list[Candidate]:
        where = _filter(within.conditions())
        requests = [_request(dense.tolist(), "dense", where, limit)]
        if sparse.indices:
            terms = models.SparseVector(indices=list(sparse.indices), values=list(sparse.values))
            requests.append(_request(terms, "bm25", where, limit))
        async with self._call(collection):
            found = await self._client.query_batch_points(collection, requests)
        near = found[0].points
        best = [hit for hit in found[1].points if hit.score > 0] if len(found) > 1 else []
        return _union(near, best, await self._best_sentences(collection, dense, {hit.id for hit in (*near, *best)}))

    async def _best_sentences(self, collection: str, query: Vector, ids: set[Any]) -> dict[str, float]:
        """Id → cosine of the query and the nearest of its sentences."""
        if not ids:
            return {}
        among = models.Filter(must=[models.HasIdCondition(has_id=list(ids))])
        async with self._call(collection):
            found = await self._client.query_points(
                collection, [query.tolist()], using="sentences", query_filter=among, limit=len(ids), with_payload=False
            )
        return {str(hit.id): hit.score for hit in found.points}

    async def vectors(self, collection: str, ids: Sequence[str]) -> dict[str, Embedded]:
        async with self._call(collection):
            records = await self._client.retrieve(
                collection, list(ids), with_payload=False, with_vectors=["dense", "sentences"]
            )
        return {str(record.id): embedded(_named(record)) for record in records}

    async def sentence_vectors(self, collection: str, ids: Sequence[str]) -> dict[str, Vector]:
        async with self._call(collection):
            records = await self._client.retrieve(collection, list(ids), with_payload=False, with_vectors=["sentences"])
        return {str(record.id): np.asarray(_named(record)["sentences"], np.float32) for record in records}

    async def count(self, collection: str, within: IndexFilter) -> int:
        async with self._call(collection):
            return await self._count(collection, within.conditions())

    async def document_frequencies(self, collection: str, within: IndexFilter, terms: Sequence[int]) -> dict[int, int]:
        seen = within.conditions()
        async with self._call(collection):
            counts = await asyncio.gather(*(self._count(collection, (*seen, AnyOf(TERMS, (term,)))) for term in terms))
        return dict(zip(terms, counts, strict=True))

    async def enter(self, collection: str, revision_ids: Sequence[str], release: int) -> None:
        staged = AnyOf("revision_id", tuple(revision_ids)), Between("added_in", low=STAGED)
        await self._set(collection, staged, {"added_in": numbered(release)})

    async def leave(self, collection: str, revision_ids: Sequence[str], release: int) -> None:
        still_open = AnyOf("revision_id", tuple(revision_ids)), Between("removed_in", low=OPEN_END)
        await self._set(collection, still_open, {"removed_in": numbered(release)})

    async def undo(self, collection: str, release: int) -> None:
        await self._set(collection, (Between("added_in", numbered(release), release + 1),), {"added_in": STAGED})
        await self._set(collection, (Between("removed_in", release, release + 1),), {"removed_in": OPEN_END})

    async def copy(self, collection: str, revision_id: str, id_map: Mapping[str, str], release: int) -> None:
        marks = {"added_in": numbered(release), "removed_in": OPEN_END}
        old = list(id_map)
        async with self._call(collection, writes=True):
            await self._require(collection, revision_id, old)
            for start in range(0, len(old), _PAGE):
                records = await self._client.retrieve(collection, old[start : start + _PAGE], with_vectors=True)
                await self._client.upsert(collection, [_renamed(r, id_map[str(r.id)], marks) for r in records])

    async def update_payload(self, collection: str, document_id: str, changes: PayloadChanges) -> None:
        await self._set(collection, (AnyOf("document_id", (document_id,)),), dict(plain(changes)))

    async def delete_points(self, collection: str, ids: Sequence[str]) -> None:
        async with self._call(collection, writes=True):
            for start in range(0, len(ids), _PAGE):
                await self._client.delete(collection, points_selector=list(ids[start : start + _PAGE]))

    async def delete_revisions(self, collection: str, revision_ids: Sequence[str]) -> None:
        await self._delete(collection, AnyOf("revision_id", tuple(revision_ids)))

    async def delete_document(self, collection: str, document_id: str) -> None:
        await self._delete(collection, AnyOf("document_id", (document_id,)))

    async def revisions(self, collection: str) -> dict[str, int]:
        async with self._call(collection):
            facet = await self._client.facet(collection, "revision_id", limit=_EVERY, exact=True)
        return {str(hit.value): hit.count for hit in facet.hits if hit.count}

    async def optimize(self, collection: str) -> None:
        """Nothing to do: a server optimises by itself."""

    async def purge(self, collection: str) -> None:
        """Nothing to ask for: a server vacuums deleted points by itself, by default from a fifth of a segment on."""

    async def drop(self, collection: str) -> None:
        async with self._call(collection, writes=True):
            await self._client.delete_collection(collection)

    async def close(self) -> None:
        await self._client.close()

    async def _create(self, collection: str) -> None:
        try:
            await self._client.create_collection(
                collection,
                vectors_config=_vectors(),
                sparse_vectors_config={"bm25": models.SparseVectorParams()},
                on_disk_payload=True,
            )
        except UnexpectedResponse as error:
            if error.status_code != 409:  # 409: another process made it at the same moment
                raise

    async def _count(self, collection: str, conditions: Iterable[Condition]) -> int:
        return (await self._client.count(collection, count_filter=_filter(conditions), exact=True)).count

    async def _require(self, collection: str, revision_id: str, ids: Sequence[str]) -> None:
        own = _condition(AnyOf("revision_id", (revision_id,)))
        wanted = models.Filter(must=[models.HasIdCondition(has_id=list(ids)), own])
        if (await self._client.count(collection, count_filter=wanted, exact=True)).count < len(ids):
            raise incomplete(revision_id)

    async def _set(self, collection: str, where: Sequence[Condition], payload: Mapping[str, object]) -> None:
        async with self._call(collection, writes=True):
            await self._client.set_payload(collection, dict(payload), points=_filter(where))

    async def _delete(self, collection: str, condition: Condition) -> None:
        selector = models.FilterSelector(filter=_filter((condition,)))
        async with self._call(collection, writes=True):
            await self._client.delete(collection, points_selector=selector)

    @asynccontextmanager
    async def _call(self, collection: str, *, writes: bool = False) -> AsyncIterator[None]:
        """A deadline, and our own errors in place of the vendor's."""
        deadline = self._deadline * (_WRITE_FACTOR if writes else 1)
        try:
            async with asyncio.timeout(deadline):
                yield
        except UnexpectedResponse as error:
            raise _refused(collection, error) from error
        except (ApiException, httpx.HTTPError, OSError) as error:
            raise UnavailableError(
                f"the index server does not answer ({type(error).__name__}); is COPILOT_INDEX__URL right?",
                code="index_unavailable",
            ) from error
        except (json.JSONDecodeError, ValidationError) as error:
            raise UnavailableError(
                "what answers at COPILOT_INDEX__URL is no Qdrant server", code="index_unavailable"
            ) from error
        except ValueError as error:
            if "not found" in str(error):  # the client's in-memory mode
                raise missing(collection) from error
            raise


def _refused(collection: str, error: UnexpectedResponse) -> Exception:
    if error.status_code == 404:
        return missing(collection)
    said = error.content.decode("utf-8", "replace")
    if "No space left on device" in said or "Out of disk" in said:
        return StorageFullError("the disk of the index server is full; free some space there, then try again")
    return UnavailableError(f"the index server answered {error.status_code}", code="index_unavailable")


def _vectors() -> dict[str, models.VectorParams]:
    return {
        "dense": models.VectorParams(size=DIMENSION, distance=models.Distance.COSINE),
        "sentences": models.VectorParams(
            size=DIMENSION,
            distance=models.Distance.COSINE,
            datatype=models.Datatype.FLOAT16,
            on_disk=True,
            multivector_config=models.MultiVectorConfig(comparator=models.MultiVectorComparator.MAX_SIM),
            hnsw_config=models.HnswConfigDiff(m=0),
        ),
    }


def _schemas() -> dict[str, models.PayloadSchemaType | models.IntegerIndexParams]:
    lookup = models.IntegerIndexParams(type=models.IntegerIndexType.INTEGER, lookup=True, range=False)
    return {
        **dict.fromkeys(KEYWORDS, models.PayloadSchemaType.KEYWORD),
        **dict.fromkeys(RANGES, models.PayloadSchemaType.INTEGER),
        TERMS: lookup,
    }


def _filter(conditions: Iterable[Condition]) -> models.Filter:
    return models.Filter(must=[_condition(condition) for condition in conditions])


def _condition(condition: Condition) -> models.FieldCondition:
    match condition:
        case AnyOf(field, values):
            known = [UNSTATED if value is None else value for value in values]
            return models.FieldCondition(key=field, match=models.MatchAny(any=cast(list[str], known)))
        case Between(field, low, high):
            return models.FieldCondition(key=field, range=models.Range(gte=low, lt=high))


def _request(
    query: list[float] | models.SparseVector, using: str, where: models.Filter, limit: int
) -> models.QueryRequest:
    return models.QueryRequest(
        query=query,
        using=using,
        filter=where,
        limit=limit,
        with_payload=models.PayloadSelectorInclude(include=list(FIELDS)),
        with_vector=["dense", "bm25"],
    )


def _union(
    near: Sequence[models.ScoredPoint], best: Sequence[models.ScoredPoint], sentences: Mapping[str, float]
) -> list[Candidate]:
    dense_ranks = {str(hit.id): rank for rank, hit in enumerate(near)}
    sparse_ranks = {str(hit.id): rank for rank, hit in enumerate(best)}
    hits = {str(hit.id): hit for hit in (*near, *best)}
    return [
        _candidate(hits[id_], sentence, dense_ranks.get(id_), sparse_ranks.get(id_))
        for id_, sentence in ((id_, sentences[id_]) for id_ in hits if id_ in sentences)
    ]


def _candidate(hit: models.ScoredPoint, sentence: float, dense_rank: int | None, sparse_rank: int | None) -> Candidate:
    vectors = _named(hit)
    sparse = vectors["bm25"]
    return Candidate(
        id=str(hit.id),
        payload=loaded(hit.payload or {}),
        dense=np.asarray(vectors["dense"], np.float32),
        sparse=SparseVector(tuple(sparse.indices), tuple(sparse.values)),
        sentence=sentence,
        dense_rank=dense_rank,
        sparse_rank=sparse_rank,
    )


def _point(point: IndexPoint) -> models.PointStruct:
    sparse = models.SparseVector(indices=list(point.sparse.indices), values=list(point.sparse.values))
    dense, sentences = np.asarray(point.dense), np.asarray(point.sentences)
    vectors = {"dense": dense.tolist(), "sentences": sentences.tolist(), "bm25": sparse}
    return models.PointStruct(id=point.id, vector=vectors, payload=dict(stored(point)))


def _renamed(record: models.Record, new_id: str, marks: Mapping[str, int]) -> models.PointStruct:
    return models.PointStruct(id=new_id, vector=_named(record), payload={**(record.payload or {}), **marks})


def _named(record: models.Record | models.ScoredPoint) -> dict[str, Any]:
    """The point's vectors by name."""
    return cast(dict[str, Any], record.vector)
