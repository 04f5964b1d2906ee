"""Answers, passages and rows as evaluations meet them, with the one thing under test spelt out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date

from answers.conversations import StoredAnswer
from answers.types import Answer, Citation, Question
from core.domain import Audience, DocType, Outcome, Passage, Permission, Principal, Scope
from core.errors import NotFoundError, RateLimitedError
from evals.dataset import Kind
from evals.golden import Ranking, Row
from retrieval.scoring import Signals
from retrieval.search import SearchResult

TENANTS = {"acme": "a" * 32, "bolt": "b" * 32}

ROW = Row(
    id="q1",
    tenant="acme",
    kind=Kind.ANSWERABLE,
    audience="partner",
    question="How?",
    outcome=Outcome.ANSWERED,
    confidence=0.9,
    signals={"dense": 0.7},
    answer="So. [1]",
    cited=("a.md",),
    gold=("a.md",),
    ranking=Ranking(1, 1.0, 1.0, 1.0, 1.0, 1.0),
    foreign_citations=0,
    broken_quotes=0,
    degraded=False,
    model="extractive",
    release=3,
    latency_ms=20.0,
)


def row(**changes: object) -> Row:
    return replace(ROW, **changes)  # type: ignore[arg-type]


def principal(tenant: str, audience: Audience) -> Principal:
    return Principal(TENANTS[tenant], "eval", audience, frozenset({Permission.ASK}), "eval")


def citation(document_id: str = "d1", *, source: str = "a.md", quote: str = "Turn it off.", n: int = 1) -> Citation:
    return Citation(n, document_id, source, "A", None, (), None, quote, "runbook", None, None, 0.8)


def answer(
    outcome: Outcome = Outcome.ANSWERED,
    *,
    citations: Sequence[Citation] = (),
    confidence: float = 0.9,
    answer_id: str = "answer-1",
    release: int = 1,
) -> Answer:
    return Answer(
        answer_id=answer_id,
        conversation_id="c",
        outcome=outcome,
        text="So. [1]" if outcome is Outcome.ANSWERED else "I don't know.",
        citations=tuple(citations),
        confidence=confidence,
        degraded=False,
        release=release,
        releases={},
        model="extractive",
        redactions={},
        handoff=None,
        timings_ms={},
    )


def passage(source: str, text: str = "One sentence that says something.") -> Passage:
    return Passage(
        id=source, document_id=source, source=source, title="", heading_path=(), text=text,
        doc_type=DocType.RUNBOOK, corpus="shared", score=0.5, sentences=((0, len(text)),), sentence_scores=(0.5,),
    )  # fmt: skip


@dataclass
class FakeAsker:
    """Answers by question; `busy` requests are first turned away."""

    answers: Mapping[str, Answer]
    busy: int = 0
    asked: list[Question] = field(default_factory=list)

    async def answer(self, question: Question) -> Answer:
        if self.busy:
            self.busy -= 1
            raise RateLimitedError("later")
        self.asked.append(question)
        return self.answers[question.text]


@dataclass
class FakeFinder:
    """The same sources for every query, unless `by_query` says otherwise."""

    passages: Sequence[Passage] = ()
    by_query: Mapping[str, tuple[Sequence[Passage], Signals]] = field(default_factory=dict)
    searched: list[tuple[Scope, str, int]] = field(default_factory=list)

    async def search(
        self,
        scope: Scope,
        query: str,
        *,
        limit: int,
        today: date,
        whole_procedures: bool = False,
        without: frozenset[str] = frozenset(),
    ) -> SearchResult:
        self.searched.append((scope, query, limit))
        passages, signals = self.by_query.get(query, (self.passages, Signals()))
        left = tuple(passage for passage in passages if passage.document_id not in without)
        return SearchResult(left, 1, scope.tenant_id, signals)


class FakeTranscripts:
    """Knows every answer; the stored question and query are redacted forms that nobody typed."""

    def __init__(self, known: Mapping[str, str]) -> None:
        self._known = known

    async def answer(self, tenant_id: str, answer_id: str) -> StoredAnswer:
        if self._known.get(answer_id) != tenant_id:
            raise NotFoundError("no such answer")
        return StoredAnswer(
            {}, {"query": "redacted query", "signals": {"dense": 0.7}}, "redacted question", "eval", "c"
        )
