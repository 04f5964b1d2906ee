"""Puts a set's questions to search and to the pipeline, one after another, so that latencies are those of one client."""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass

from answers.plan import Turn
from answers.types import Answer, Question
from core.clock import today
from core.domain import Outcome, Passage, Scope
from evals.metrics import distinct, ndcg_at, recall_at, reciprocal_rank
from evals.ports import Asker, Finder, Principals
from evals.sets.dialogue import Dialogues, Kept
from evals.sets.form import SetQuestion
from evals.sets.rows import BM25, HYBRID, OURS, Ranking, SetRow, Spoken
from evals.sets.text import best, covered, rouge_l, token_f1

PASSAGES = 50
"""Passages searched for a ranking: enough that ten documents are among them."""
READ = 5
HELD = 0.6
"""Share of a reference's tokens that the passages must hold for the answer to be read from them."""

BASELINES: Mapping[str, Callable[[Passage], float]] = {
    BM25: lambda passage: passage.sparse_score,
    HYBRID: lambda passage: passage.sparse_score + passage.dense_score,
}

Screen = Callable[[str, str], Awaitable[str]]
"""(tenant id, text) → the text as it may be searched: redacted."""


@dataclass(frozen=True, slots=True)
class Product:
    """What is measured. `asker` answers whatever its confidence, `thresholds` are what tenants (by slug) would be answered from;
    `candidates` is how many of each kind the search looks at."""

    finder: Finder
    asker: Asker
    dialogues: Dialogues
    screen: Screen
    principals: Principals
    thresholds: Mapping[str, float]
    candidates: int


class SetRun:
    """With `answers` the whole pipeline answers, too. Questions with a history go through it in any case: it makes their query."""

    def __init__(self, product: Product, *, answers: bool) -> None:
        self._product = product
        self._answers = answers
        self._said: dict[tuple[str, ...], Kept] = {}

    async def ask(self, question: SetQuestion) -> SetRow:
        """Raises `CopilotError` where the product does: figures with holes in them would mislead."""
        principal = self._product.principals(question.tenant, question.audience)
        scope = Scope.of(principal, question.filters)
        spoken, query = None, ""
        if self._answers or question.history:
            answer, kept, latency_ms = await self._answer(question)
            spoken, query = _spoken(question, answer, self._product.thresholds[question.tenant], latency_ms), kept.query
        began = time.perf_counter()
        if not question.history:
            query = await self._product.screen(principal.tenant_id, question.text)
        found = (await self._product.finder.search(scope, query, limit=PASSAGES, today=today())).passages
        search_ms = 1000 * (time.perf_counter() - began)
        return SetRow(
            id=question.id,
            tenant=question.tenant,
            group=question.group,
            query=query,
            gold=tuple(sorted(question.gold)),
            rankings=await self._rankings(question, scope, query, found) if question.answerable else {},
            search_ms=search_ms,
            spoken=spoken if self._answers else None,
        )

    async def _rankings(
        self, question: SetQuestion, scope: Scope, query: str, found: Sequence[Passage]
    ) -> dict[str, Ranking]:
        """The baselines order all candidates, not only those that the search kept."""
        everything = 2 * self._product.candidates
        candidates = (await self._product.finder.search(scope, query, limit=everything, today=today())).passages
        orders = {name: sorted(candidates, key=score, reverse=True) for name, score in BASELINES.items()}
        return {name: rank(question, passages) for name, passages in {**orders, OURS: found}.items()}

    async def _answer(self, question: SetQuestion) -> tuple[Answer, Kept, float]:
        turns: list[Turn] = []
        for number, exchange in enumerate(question.history):
            said = tuple(earlier.question for earlier in question.history[: number + 1])
            kept = self._said.get((question.tenant, question.group, *said))
            kept = kept or (await self._asked(question, exchange.question, said, turns))[1]
            turns.append(Turn(kept.question, kept.query, exchange.answer))
        said = (*(earlier.question for earlier in question.history), question.text)
        return await self._asked(question, question.text, said, turns)

    async def _asked(
        self, question: SetQuestion, text: str, said: tuple[str, ...], turns: Sequence[Turn]
    ) -> tuple[Answer, Kept, float]:
        """A later question of the conversation finds what was searched for this one."""
        dialogues = self._product.dialogues
        asked = Question(
            text,
            self._product.principals(question.tenant, question.audience),
            conversation_id=dialogues.begin(turns),
            filters=question.filters,
        )
        began = time.perf_counter()
        answer = await self._product.asker.answer(asked)
        latency_ms = 1000 * (time.perf_counter() - began)
        kept = self._said[question.tenant, question.group, *said] = dialogues.kept(answer.answer_id)
        return answer, kept, latency_ms


def rank(question: SetQuestion, passages: Sequence[Passage]) -> Ranking:
    """Of an answerable question, for the passages in the order given."""
    ranked = distinct([passage.source for passage in passages])
    texts = [passage.text for passage in passages[:READ]]
    held = best([covered(reference, texts) for reference in question.references])
    return Ranking(
        recall_at_5=recall_at(5, ranked, question.gold),
        recall_at_10=recall_at(10, ranked, question.gold),
        ndcg_at_10=ndcg_at(10, ranked, question.gold),
        mrr=reciprocal_rank(ranked, question.gold),
        passage_at_5=None if held is None else float(held >= HELD),
    )


def _spoken(question: SetQuestion, answer: Answer, threshold: float, latency_ms: float) -> Spoken:
    answered = answer.outcome is Outcome.ANSWERED
    references = question.references if answered else ()
    return Spoken(
        outcome=answer.outcome,
        confidence=answer.confidence,
        threshold=threshold,
        text=answer.text if answered else "",
        cited=tuple(citation.source for citation in answer.citations),
        f1=best([token_f1(answer.text, reference) for reference in references]),
        rouge_l=best([rouge_l(answer.text, reference) for reference in references]),
        degraded=answer.degraded,
        model=answer.model,
        latency_ms=latency_ms,
    )
