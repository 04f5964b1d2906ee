"""Hybrid search: dense and BM25 candidates within a `Scope`, one fused score, passages with their text.

An asker sees the own tenant's collection and those parts of others' that were granted. Each is searched under its own filter; the
finds are pooled and scored once, BM25 with document counts summed over exactly what the asker may see.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date

from core.domain import Filters, Passage, Scope
from core.grants import Grants, granted
from core.tenancy import TenantInfo, Tenants
from core.turns import Turns
from core.versions import version_key
from retrieval.embedding import Embedder, Vector
from retrieval.frequencies import Frequencies
from retrieval.index import Candidate, IndexFilter, SparseVector, VectorIndex
from retrieval.passages import Passages
from retrieval.scoring import (
    Scored,
    Signals,
    score,
    signals,
    with_phrases,
    with_sentences,
    worth_measuring,
    worth_reading,
)
from retrieval.sparse import encode_query, query_terms
from retrieval.supersession import Succession, Supersession, closed, ends, outranked, superseded

LATELY_S = 5.0
"""How long after its last question a tenant still counts as one that others must leave a place to."""
OVERLAY_LEAD = 0.02
"""How far a granted document must be ahead in score to stand before an own one: enough to win a near-tie, too little to lift a page
that is about something else."""


@dataclass(frozen=True, slots=True)
class SearchResult:
    """`releases` are those that were searched, by their owners' ids; `release` is the asker's own."""

    passages: tuple[Passage, ...]
    release: int
    tenant_id: str
    signals: Signals = field(default_factory=Signals)
    releases: Mapping[str, int] = field(default_factory=dict)
    owners: Mapping[str, str] = field(default_factory=dict)
    """The names of those whose documents were searched, by id."""


@dataclass(frozen=True, slots=True)
class View:
    """What the asker may see of one owner's collection, at one release."""

    owner: TenantInfo
    scope: Scope
    release: int
    within: IndexFilter
    successions: tuple[Succession, ...]
    as_of: date

    @property
    def collection(self) -> str:
        return self.owner.collection

    def without_superseded(self, candidates: Sequence[Candidate]) -> list[Candidate]:
        gone = closed(self.successions, as_of=self.as_of, version=self.within.version)
        return [candidate for candidate in candidates if candidate.payload.document_id not in gone]


class Searcher:
    """Finds passages that the scope may see, as of each collection owner's live release."""

    def __init__(
        self,
        *,
        index: VectorIndex,
        embedder: Embedder,
        passages: Passages,
        tenants: Tenants,
        grants: Grants,
        supersession: Supersession,
        turns: Turns,
        candidates: int = 40,
    ) -> None:
        self._index = index
        self._counts = Frequencies(index)
        self._embedder = embedder
        self._passages = passages
        self._tenants = tenants
        self._grants = grants
        self._supersession = supersession
        self._candidates = candidates
        self._turns = turns

    async def search(
        self,
        scope: Scope,
        query: str,
        *,
        limit: int,
        today: date,
        tenant: TenantInfo | None = None,
        releases: Mapping[str, int] | None = None,
        whole_procedures: bool = False,
        without: frozenset[str] = frozenset(),
    ) -> SearchResult:
        """The `limit` best passages for a redacted query. `tenant` is the scope's, where it was read already. `releases` override
        the live ones (publish gate, replay); `whole_procedures` adds the passages that hold the other steps of those found;
        `without` are documents, by id, that are passed over, to measure what is found where they are missing.

        Tenants take turns. Raises `UnavailableError` where an index does not answer: a search that failed is never an empty result.
        """
        async with self._turns.place(scope.tenant_id):
            tenant = tenant or await self._tenants.get(scope.tenant_id)
            return await self._searched(
                scope,
                query,
                await self._views(tenant, scope, today=today, releases=releases or {}),
                SearchResult((), (releases or {}).get(tenant.id, tenant.live_release), tenant.id),
                limit=limit,
                whole_procedures=whole_procedures,
                without=without,
            )

    async def _searched(
        self,
        scope: Scope,
        query: str,
        views: Sequence[View],
        nothing: SearchResult,
        *,
        limit: int,
        whole_procedures: bool,
        without: frozenset[str],
    ) -> SearchResult:
        result = replace(
            nothing,
            releases={view.owner.id: view.release for view in views},
            owners={view.owner.id: view.owner.name for view in views},
        )
        if not views:
            return result
        vector, sparse = await asyncio.gather(self._embedder.embed_query(query), self._weighed(views, query))
        found = await asyncio.gather(*(self._candidates_of(view, vector, sparse, without) for view in views))
        ranked = await self._ranked(scope.tenant_id, query, views, found, vector, sparse, first=limit)
        passages = await self._loaded(views, found, ranked[:limit], whole_procedures=whole_procedures)
        return replace(
            result, passages=tuple(passages), signals=signals(ranked, known=any(v > 0 for v in sparse.values))
        )

    async def _weighed(self, views: Sequence[View], query: str) -> SparseVector:
        """The query's terms with their idf over all that the asker may see."""
        terms = list(query_terms(query))
        counted = await asyncio.gather(*(self._counts.total(view.collection, view.within) for view in views))
        frequencies: Counter[int] = Counter()
        for found in await asyncio.gather(*(self._counts.of(view.collection, view.within, terms) for view in views)):
            frequencies.update(found)
        return encode_query(query, frequencies, sum(counted))

    async def _candidates_of(
        self, view: View, vector: Vector, sparse: SparseVector, without: frozenset[str]
    ) -> list[Candidate]:
        found = await self._index.candidates(view.collection, vector, sparse, view.within, self._candidates)
        return [one for one in view.without_superseded(found) if one.payload.document_id not in without]

    async def _ranked(
        self,
        asker_id: str,
        query: str,
        views: Sequence[View],
        found: Sequence[Sequence[Candidate]],
        vector: Vector,
        sparse: SparseVector,
        *,
        first: int,
    ) -> list[Scored]:
        """Best first; the `first` ones with the scores of their sentences."""
        leads = {
            candidate.id: OVERLAY_LEAD
            for view, candidates in zip(views, found, strict=True)
            for candidate in candidates
            if view.owner.id == asker_id
        }
        idf = dict(zip(sparse.indices, sparse.values, strict=True))
        ranked = score([c for candidates in found for c in candidates], vector, idf, leads)
        ranked = with_sentences(ranked, vector, await self._sentences(views, found, worth_measuring(ranked, first)))
        texts = await self._passages.texts(asker_id, [scored.candidate for scored in worth_reading(ranked)])
        ranked = with_phrases(ranked, query, texts)
        behind = {
            older: newer
            for view in views
            for older, newer in outranked(view.successions, as_of=view.as_of, version=view.within.version).items()
        }
        return superseded(ranked, lambda scored: scored.candidate.payload.document_id, gone={}, behind=behind)

    async def _sentences(
        self, views: Sequence[View], found: Sequence[Sequence[Candidate]], ranked: Sequence[Scored]
    ) -> dict[str, Vector]:
        wanted = {scored.candidate.id for scored in ranked}
        parts = await asyncio.gather(
            *(
                self._index.sentence_vectors(view.collection, [c.id for c in candidates if c.id in wanted])
                for view, candidates in zip(views, found, strict=True)
            )
        )
        return {point_id: vectors for part in parts for point_id, vectors in part.items()}

    async def _loaded(
        self,
        views: Sequence[View],
        found: Sequence[Sequence[Candidate]],
        ranked: Sequence[Scored],
        *,
        whole_procedures: bool,
    ) -> list[Passage]:
        """In the order of `ranked`; the rest of procedures after it."""
        passages: list[Passage] = []
        for view, candidates in zip(views, found, strict=True):
            ids = {candidate.id for candidate in candidates}
            own = [scored for scored in ranked if scored.candidate.id in ids]
            last_days = ends(view.successions)
            for passage in await self._passages.load(view.scope, own, whole_procedures=whole_procedures):
                last = min(filter(None, (passage.effective_to, last_days.get(passage.document_id))), default=None)
                passages.append(replace(passage, effective_to=last))
        places = {scored.candidate.id: place for place, scored in enumerate(ranked)}
        return sorted(passages, key=lambda passage: places.get(passage.id, len(places)))

    async def _views(self, tenant: TenantInfo, scope: Scope, *, today: date, releases: Mapping[str, int]) -> list[View]:
        """The own collection first. A collection without a release, or without a corpus of the wanted names, is not among them."""
        own = await self._passages.corpus_ids(tenant.id, scope.filters.corpora)
        wanted = [] if scope.filters.corpora and not own else [(tenant, scope, own)]
        for part in await self._grants.readable(tenant.id):
            if corpus_ids := part.named(scope.filters.corpora):
                wanted.append((await self._tenants.get(part.owner_id), granted(scope, part.owner_id), corpus_ids))
        views = []
        for owner, narrowed, corpus_ids in wanted:
            release = releases.get(owner.id, owner.live_release)
            marked = await self._marked(narrowed, release)
            if release and (marked or not narrowed.filters.authoritative):
                successions = await self._supersession.at(owner.id, release)
                as_of = narrowed.filters.as_of or today
                within = replace(_within(narrowed, corpus_ids, release=release, as_of=as_of), revision_ids=marked)
                views.append(View(owner, narrowed, release, within, successions, as_of))
        return views

    async def _marked(self, scope: Scope, release: int) -> tuple[str, ...]:
        """The authoritative revisions, where nothing else is searched."""
        return await self._passages.authoritative(scope, release) if scope.filters.authoritative else ()


def _within(scope: Scope, corpus_ids: tuple[str, ...], *, release: int, as_of: date) -> IndexFilter:
    filters: Filters = scope.filters
    return IndexFilter(
        release=release,
        audiences=tuple(scope.audience.readable()),
        as_of=as_of.toordinal(),
        version=version_key(filters.version) if filters.version else None,
        product=filters.product,
        module=filters.module,
        region=filters.region,
        customer=filters.customer,
        doc_types=tuple(filters.doc_types),
        corpus_ids=corpus_ids,
    )
