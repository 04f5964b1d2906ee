"""Hybrid search: dense and BM25 candidates within a `Scope`, one fused score, passages with their text."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date

import numpy as np

from core.domain import Passage, Scope
from core.tenancy import TenantInfo, Tenants
from core.versions import version_key
from retrieval.embedding import Embedder, Vector
from retrieval.index import Candidate, IndexFilter, VectorIndex
from retrieval.passages import Passages
from retrieval.sparse import encode_query, query_terms

DENSE_WEIGHT, SPARSE_WEIGHT, SENTENCE_WEIGHT = 0.25, 0.5, 1.0
"""Of the passage's cosine, its BM25 over the best candidate's, and its best sentence's cosine. On the 149 AX development questions
BM25 alone gave nDCG@10 .878, the usual half-and-half hybrid .903, these weights .928 (docs/quality.md)."""


@dataclass(frozen=True, slots=True)
class Signals:
    """What is known before composing, each in 0…1: inputs of the confidence estimate."""

    dense: float = 0.0
    sentence: float = 0.0
    coverage: float = 0.0
    margin: float = 0.0

    def as_dict(self) -> dict[str, float]:
        return {"dense": self.dense, "sentence": self.sentence, "coverage": self.coverage, "margin": self.margin}


@dataclass(frozen=True, slots=True)
class SearchResult:
    passages: tuple[Passage, ...]
    release: int
    tenant_id: str
    signals: Signals = field(default_factory=Signals)


class Searcher:
    """Finds passages that the scope may see, as of the collection owner's live release."""

    def __init__(
        self, *, index: VectorIndex, embedder: Embedder, passages: Passages, tenants: Tenants, candidates: int = 40
    ) -> None:
        self._index = index
        self._embedder = embedder
        self._passages = passages
        self._tenants = tenants
        self._candidates = candidates

    async def search(
        self,
        scope: Scope,
        query: str,
        *,
        limit: int,
        today: date,
        release: int | None = None,
        whole_procedures: bool = False,
    ) -> SearchResult:
        """The `limit` best passages for a redacted query. `release` overrides the live one (publish gate, replay);
        `whole_procedures` adds the passages that hold the other steps of those found.

        Raises `UnavailableError` where the index does not answer: a search that failed is never an empty result.
        """
        tenant = await self._tenants.get(scope.tenant_id)
        shown = tenant.live_release if release is None else release
        if shown == 0:
            return SearchResult((), 0, tenant.id)
        within = await self._filter(scope, release=shown, today=today)
        if within is None:
            return SearchResult((), shown, tenant.id)
        vector = await self._embedder.embed_query(query)
        candidates, idf = await self._gather(tenant, query, vector, within)
        sentences = await self._index.sentence_vectors(tenant.collection, [c.id for c in candidates])
        ranked = _score(candidates, vector, idf, sentences)
        passages = await self._passages.load(scope, ranked[:limit], whole_procedures=whole_procedures)
        return SearchResult(tuple(passages), shown, tenant.id, _signals(ranked, idf))

    async def _gather(
        self, tenant: TenantInfo, query: str, vector: Vector, within: IndexFilter
    ) -> tuple[list[Candidate], Mapping[int, float]]:
        terms = list(query_terms(query))
        total = await self._index.count(tenant.collection, within)
        frequencies = await self._index.document_frequencies(tenant.collection, within, terms)
        sparse = encode_query(query, frequencies, total)
        candidates = await self._index.candidates(tenant.collection, vector, sparse, within, self._candidates)
        return candidates, dict(zip(sparse.indices, sparse.values, strict=True))

    async def _filter(self, scope: Scope, *, release: int, today: date) -> IndexFilter | None:
        """None where the named corpora do not exist: nothing can match."""
        filters = scope.filters
        corpus_ids = await self._passages.corpus_ids(scope.tenant_id, filters.corpora)
        if filters.corpora and not corpus_ids:
            return None
        return IndexFilter(
            release=release,
            audiences=tuple(scope.audience.readable()),
            as_of=(filters.as_of or today).toordinal(),
            version=version_key(filters.version) if filters.version else None,
            product=filters.product,
            module=filters.module,
            region=filters.region,
            customer=filters.customer,
            doc_types=tuple(filters.doc_types),
            corpus_ids=corpus_ids,
        )


@dataclass(frozen=True, slots=True)
class Scored:
    """A candidate with every score it has: `dense` a cosine, `sparse` BM25 over the best candidate's, `coverage` the share
    of the query's idf that its terms carry."""

    candidate: Candidate
    dense: float
    sparse: float
    coverage: float
    sentence_scores: tuple[float, ...] = ()

    @property
    def sentence(self) -> float:
        return max(self.sentence_scores, default=self.dense)

    @property
    def score(self) -> float:
        weighted = DENSE_WEIGHT * self.dense + SPARSE_WEIGHT * self.sparse + SENTENCE_WEIGHT * self.sentence
        return max(0.0, weighted / (DENSE_WEIGHT + SPARSE_WEIGHT + SENTENCE_WEIGHT))


def _score(
    candidates: Sequence[Candidate], query: Vector, idf: Mapping[int, float], sentences: Mapping[str, Vector]
) -> list[Scored]:
    """Exact scores for every candidate, whichever list it came from; best first."""
    raw = [sum(idf.get(i, 0.0) * v for i, v in zip(c.sparse.indices, c.sparse.values, strict=True)) for c in candidates]
    top = max(raw, default=0.0) or 1.0
    total = sum(idf.values()) or 1.0
    scored = [
        Scored(
            c,
            dense=float(np.dot(c.dense, query)),
            sparse=bm25 / top,
            coverage=sum(idf.get(i, 0.0) for i in c.sparse.indices) / total,
            sentence_scores=tuple(float(x) for x in sentences[c.id] @ query) if c.id in sentences else (),
        )
        for c, bm25 in zip(candidates, raw, strict=True)
    ]
    return sorted(scored, key=lambda s: -s.score)


def _signals(ranked: Sequence[Scored], idf: Mapping[int, float]) -> Signals:
    if not ranked:
        return Signals()
    best = ranked[:5]
    tail = ranked[9].dense if len(ranked) > 9 else ranked[-1].dense
    top = max(s.dense for s in best)
    return Signals(
        dense=top,
        sentence=max(s.sentence for s in best),
        coverage=max(s.coverage for s in best) if idf else 0.0,
        margin=max(0.0, top - tail) if not math.isnan(tail) else 0.0,
    )
