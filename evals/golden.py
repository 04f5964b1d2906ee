"""Asks golden questions through the product's own pipeline, one after another, and keeps what each showed."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass

from answers.types import Answer, Question
from core.clock import today
from core.domain import Outcome, Passage, Principal, Scope
from core.errors import RateLimitedError
from evals.dataset import Gold, GoldenQuestion, GoldenSet, Kind
from evals.metrics import distinct, gold_rank, ndcg_at, recall_at, reciprocal_rank
from evals.ports import Asker, Finder, Principals, Transcripts
from evals.repository import CitationCheck

PASSAGES = 30
"""Passages searched for the ranking: enough that ten documents are among them."""

QUOTA_WAIT_S = 5.0
QUOTA_WAITS = 24
"""A run shares the tenant's quota of questions a minute with its users, and waits up to two minutes for its turn."""


@dataclass(frozen=True, slots=True)
class Ranking:
    """How well the search did for one answerable question, document by document; `passage_at_5`: a gold sentence was read."""

    rank: int | None
    recall_at_1: float
    recall_at_5: float
    reciprocal: float
    ndcg_at_10: float
    passage_at_5: float


@dataclass(frozen=True, slots=True)
class Row:
    """One question, asked. `question` and `answer` are redacted; `cited` lists a source for each citation; `signals` are what
    the confidence was estimated from, empty where nothing was searched."""

    id: str
    tenant: str
    kind: Kind
    audience: str
    question: str
    outcome: Outcome
    confidence: float
    signals: Mapping[str, float]
    answer: str
    cited: tuple[str, ...]
    gold: tuple[str, ...]
    ranking: Ranking | None
    foreign_citations: int
    broken_quotes: int
    degraded: bool
    model: str
    release: int
    latency_ms: float

    @property
    def answered(self) -> bool:
        return self.outcome is Outcome.ANSWERED

    @property
    def answerable(self) -> bool:
        return self.kind is Kind.ANSWERABLE


class GoldenRun:
    """Each question gets a fresh conversation, so that none helps another."""

    def __init__(
        self,
        *,
        asker: Asker,
        finder: Finder,
        transcripts: Transcripts,
        citations: CitationCheck,
        principals: Principals,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self._asker = asker
        self._finder = finder
        self._transcripts = transcripts
        self._citations = citations
        self._principals = principals
        self._sleep = sleep

    async def ask_all(self, golden: GoldenSet, note: Callable[[Row], None]) -> list[Row]:
        """In order; `note` is called after each. A fault ends the run: figures with holes in them would mislead."""
        rows = []
        for tenant, questions in golden.items():
            for question in questions:
                rows.append(await self._ask(tenant, question))
                note(rows[-1])
        return rows

    async def _ask(self, tenant: str, golden: GoldenQuestion) -> Row:
        principal = self._principals(tenant, golden.audience)
        answer, latency_ms = await self._answer(Question(golden.question, principal, filters=golden.filters))
        stored = await self._transcripts.answer(principal.tenant_id, answer.answer_id)
        faults = await self._citations.check(principal.tenant_id, answer)
        return Row(
            id=golden.id,
            tenant=tenant,
            kind=golden.kind,
            audience=golden.audience,
            question=stored.question,
            outcome=answer.outcome,
            confidence=answer.confidence,
            signals=stored.evidence["signals"],
            answer=answer.text,
            cited=tuple(citation.source for citation in answer.citations),
            gold=tuple(sorted(golden.gold_sources)),
            ranking=await self._rank(golden, principal, str(stored.evidence["query"])) if golden.answerable else None,
            foreign_citations=faults.foreign,
            broken_quotes=faults.broken,
            degraded=answer.degraded,
            model=answer.model,
            release=answer.release,
            latency_ms=latency_ms,
        )

    async def _answer(self, question: Question) -> tuple[Answer, float]:
        for _ in range(QUOTA_WAITS):
            began = time.perf_counter()
            try:
                return await self._asker.answer(question), 1000 * (time.perf_counter() - began)
            except RateLimitedError:
                await self._sleep(QUOTA_WAIT_S)
        began = time.perf_counter()
        return await self._asker.answer(question), 1000 * (time.perf_counter() - began)

    async def _rank(self, golden: GoldenQuestion, principal: Principal, query: str) -> Ranking:
        """Searched again, deeper than an answer reads, with the query that the answer was searched with."""
        scope = Scope.of(principal, golden.filters)
        found = await self._finder.search(scope, query, limit=PASSAGES, today=today())
        ranked, gold = distinct([p.source for p in found.passages]), golden.gold_sources
        return Ranking(
            rank=gold_rank(ranked, gold),
            recall_at_1=recall_at(1, ranked, gold),
            recall_at_5=recall_at(5, ranked, gold),
            reciprocal=reciprocal_rank(ranked, gold),
            ndcg_at_10=ndcg_at(10, ranked, gold),
            passage_at_5=float(any(_holds(p, gold) for p in found.passages[:5] for gold in golden.gold)),
        )


def _holds(passage: Passage, gold: Gold) -> bool:
    return passage.source == gold.source and " ".join(gold.quote.split()) in " ".join(passage.text.split())
