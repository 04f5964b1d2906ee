"""The publish gate's asker: golden questions through the answer pipeline, at the live release and at the candidate."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping

from answers.types import Answer, Question
from core.domain import Audience, Outcome, Permission, Principal
from core.errors import UnavailableError
from core.jobs import Progress
from core.tasks import single_fault
from core.tenancy import TenantInfo
from evals.dataset import GoldenQuestion
from evals.golden_store import GoldenStore
from evals.ports import Asker
from ingest.gate import Asked, Counts, GateReport, Seen

CHANNEL = "gate"


class GoldenGate:
    """`ingest.gate.Gate` over a pipeline that keeps nothing: no conversation, no usage, no metric, no trace.

    The pipeline composes without a language model: extracts are the same every time, so a difference between two answers is one of
    the documents, and a hundred questions cost seconds and no tokens. `parallel` are asked at once.
    """

    def __init__(self, *, store: GoldenStore, asker: Asker, parallel: int = 4) -> None:
        self._store = store
        self._asker = asker
        self._parallel = parallel

    async def ask(self, tenant: TenantInfo, *, before: int, after: int, progress: Progress) -> GateReport:
        """Raises `CopilotError` where any question could not be asked, or was not searched for."""
        own = await self._store.of(tenant.id)
        partners = await self._store.entitled(tenant.id)
        askers = [(tenant.id, own), *((partner.tenant_id, partner.questions) for partner in partners)]
        progress.total = 2 * sum(len(questions) for _, questions in askers)
        slots = asyncio.Semaphore(self._parallel)
        with single_fault():
            async with asyncio.TaskGroup() as group:
                tasks = [
                    [
                        [
                            group.create_task(self._seen(asker_id, question, {tenant.id: number}, slots, progress))
                            for question in questions
                        ]
                        for number in (before, after)
                    ]
                    for asker_id, questions in askers
                ]
        (was, now), *others = [[[task.result() for task in side] for side in sides] for sides in tasks]
        return GateReport(
            asked=tuple(_asked(question, *seen) for question, *seen in zip(own, was, now, strict=True)),
            partners={partner.slug: Counts.of(*seen) for partner, seen in zip(partners, others, strict=True)},
        )

    async def _seen(
        self,
        asker_id: str,
        golden: GoldenQuestion,
        releases: Mapping[str, int],
        slots: asyncio.Semaphore,
        progress: Progress,
    ) -> Seen:
        async with slots:
            question = Question(
                golden.question, _principal(asker_id, golden.audience), filters=golden.filters, releases=releases
            )
            answer = await self._asker.answer(question)
            progress.done += 1
        if answer.degraded:
            raise UnavailableError("the documents cannot be searched", code="search_unavailable")
        return Seen(
            passed=passes(golden, answer),
            outcome=answer.outcome,
            text=answer.text,
            sources=tuple(citation.source for citation in answer.citations),
            confidence=answer.confidence,
        )


def passes(golden: GoldenQuestion, answer: Answer) -> bool:
    """An answerable question is answered from one of its gold documents; any other is not answered."""
    answered = answer.outcome is Outcome.ANSWERED
    if not golden.answerable:
        return not answered
    return answered and any(citation.source in golden.gold_sources for citation in answer.citations)


def _asked(golden: GoldenQuestion, before: Seen, after: Seen) -> Asked:
    return Asked(golden.id, golden.question, golden.audience, before, after)


def _principal(tenant_id: str, audience: Audience) -> Principal:
    return Principal(tenant_id, CHANNEL, audience, frozenset({Permission.ASK}), CHANNEL)
