"""One question in, one cited answer out: the only place where policy is decided."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from contextlib import aclosing, contextmanager
from dataclasses import dataclass, field

from answers.askers import Askers
from answers.checks import CheckedUnit, UnitChecker, joined
from answers.compose import NO_ANSWER, Composer
from answers.conversations import Memory
from answers.events import AnswerEvent, Cited, Done, Replaced, Sentence, Started, StatusChanged
from answers.extractive import extract
from answers.finding import Finder, Finding
from answers.handoff import OFFER
from answers.plan import Plan, Planner
from answers.remarks import remarks
from answers.streaming import Emit, stream
from answers.types import Answer, Evidence, Question
from answers.units import Segmenter, Unit
from core.domain import Outcome, Passage, RedactionProfile, Scope
from core.errors import LLMError, UnavailableError
from core.llm import LLM
from core.metrics import Metrics
from core.models import new_id
from core.quota import Quota
from core.telemetry import Span, StageKind, Tracer
from core.tenancy import TenantInfo, Tenants
from guardrails.guards import Guards, ScreenedInput

EXTRACTIVE = "extractive"
ABSTAINED = "I don't know. None of the published documents that you may see answers this question well enough for me to stand by."
CANNOT_SEARCH = "I cannot search the documents right now, so I will not guess. Please try again in a few minutes."
ESCALATED = "You asked for a person, so I will not answer this myself."


@dataclass(frozen=True, slots=True)
class Policy:
    """A model's answer ends at `max_tokens`, or after `deadline_s` seconds."""

    max_tokens: int
    deadline_s: float


@dataclass(slots=True)
class Turn:
    """One question on its way through the stages. Everything in it is redacted."""

    question: Question
    answer_id: str
    conversation_id: str
    tenant: TenantInfo
    profile: RedactionProfile
    model: str
    screened: ScreenedInput
    plan: Plan
    releases: Mapping[str, int]
    """The releases that are answered from, by their owners' ids."""
    found: Finding | None = None
    degraded: bool = False
    units: list[CheckedUnit] = field(default_factory=list)
    checker: UnitChecker | None = None
    prompt_hash: str = ""
    timings: dict[str, float] = field(default_factory=dict)
    began: float = 0.0


class AnswerPipeline:
    """Every surface asks here: JSON, SSE, Slack, CLI and evals turn their request into a `Question` and render the events."""

    def __init__(
        self,
        *,
        tenants: Tenants,
        conversations: Memory,
        guards: Guards,
        finder: Finder,
        askers: Askers,
        llm: LLM | None,
        composer: Composer,
        tracer: Tracer,
        metrics: Metrics,
        quota: Quota,
        policy: Policy,
    ) -> None:
        self._tenants = tenants
        self._conversations = conversations
        self._guards = guards
        self._finder = finder
        self._askers = askers
        self._llm = llm
        self._planner = Planner(llm)
        self._composer = composer
        self._tracer = tracer
        self._metrics = metrics
        self._quota = quota
        self._policy = policy

    def ask(self, question: Question) -> AsyncIterator[AnswerEvent]:
        """The events of one answer, ending with `Done`. Faults are raised as `CopilotError`; every other ending is an `Answer`."""
        return stream(lambda emit: self._admitted(question, emit))

    async def answer(self, question: Question) -> Answer:
        """The whole answer at once, by the same path."""
        async for event in self.ask(question):
            if isinstance(event, Done):
                return event.answer
        raise UnavailableError("the answer was interrupted; ask again")

    async def _admitted(self, question: Question, emit: Emit) -> None:
        async with self._quota.turn(question.principal):
            await self._answer(question, emit)

    async def _answer(self, question: Question, emit: Emit) -> None:
        began = time.perf_counter()
        principal = question.principal
        answer_id = new_id()
        tenant = await self._tenants.get(principal.tenant_id)
        release = question.releases.get(tenant.id, tenant.live_release)
        conversation_id, history = await self._conversations.recall(principal, question.conversation_id)
        profile = await self._tenants.profile(tenant.id)
        with self._tracer.trace(
            "answer",
            trace_id_seed=answer_id,
            tenant=tenant.slug,
            session_id=conversation_id,
            metadata={
                "release": str(release),
                "channel": principal.channel,
                "audience": principal.audience,
            },
        ) as trace:
            timings: dict[str, float] = {}
            with self._stage(timings, "screen_input", StageKind.GUARDRAIL):
                screened = await self._guards.screen_input(question.text, profile)
            with self._stage(timings, "plan", StageKind.SPAN, input=screened.text) as span:
                plan = await self._planner.plan(
                    screened.text,
                    question.filters,
                    history=history,
                    asker=await self._askers.of(principal, tenant, question.releases),
                )
                span.update(output=plan.query)
            model = self._llm.name if self._llm else EXTRACTIVE
            turn = Turn(
                question,
                answer_id,
                conversation_id,
                tenant,
                profile,
                model,
                screened,
                plan,
                {**question.releases, tenant.id: release},
                timings=timings,
                began=began,
            )
            emit(Started(answer_id, conversation_id, model, release))
            outcome, text = await self._decide(turn, emit)
            answer = await self._finish(turn, outcome, text, trace)
        emit(Done(answer))

    async def _decide(self, turn: Turn, emit: Emit) -> tuple[Outcome, str]:
        if turn.plan.wants_person:
            return Outcome.ESCALATED, ESCALATED
        emit(StatusChanged("searching"))
        try:
            found = turn.found = await self._find(turn)
        except UnavailableError:
            turn.degraded = True
            return Outcome.ABSTAINED, CANNOT_SEARCH
        if not found.enough:
            return Outcome.ABSTAINED, ABSTAINED
        emit(StatusChanged("reading"))
        await self._speak(turn, found.result.passages, emit)
        self._remark(turn, found, emit)
        return (Outcome.ANSWERED, joined(turn.units)) if turn.units else (Outcome.ABSTAINED, ABSTAINED)

    async def _find(self, turn: Turn) -> Finding:
        scope = Scope.of(turn.question.principal, turn.plan.filters)
        with self._stage(turn.timings, "find", StageKind.RETRIEVER, input=turn.plan.query) as span:
            found = await self._finder.find(scope, turn.plan.query, turn.releases)
            turn.releases = {**turn.releases, **found.result.releases}
            span.update(output=[{"source": p.source, "score": p.score} for p in found.result.passages])
        return found

    def _remark(self, turn: Turn, found: Finding, emit: Emit) -> None:
        if turn.checker is None or not turn.units:
            return
        for unit in remarks(found, turn.plan.asked, turn.checker):
            for citation in unit.citations:
                emit(Cited(citation))
            emit(Sentence(len(turn.units), unit.text, unit.kind))
            turn.units.append(unit)

    async def _speak(self, turn: Turn, passages: Sequence[Passage], emit: Emit) -> None:
        """The model where there is one; word-for-word extracts where there is none, where it fails, or where nothing that it
        said is supported."""
        if self._llm is not None:
            try:
                if await self._speak_model(self._llm, turn, passages, emit):
                    return
            except LLMError:
                pass
            turn.degraded = True
            turn.model = EXTRACTIVE
        interrupted = bool(turn.units)
        turn.units.clear()
        with self._stage(turn.timings, "compose", StageKind.SPAN) as span:
            await self._send(turn, passages, extract(turn.plan.query, passages), emit if not interrupted else _silent)
            span.update(output=joined(turn.units))
        if interrupted:
            outcome = Outcome.ANSWERED if turn.units else Outcome.ABSTAINED
            emit(Replaced(joined(turn.units) or ABSTAINED, outcome))
            for citation in turn.checker.citations.used if turn.checker else ():
                emit(Cited(citation))

    async def _speak_model(self, llm: LLM, turn: Turn, passages: Sequence[Passage], emit: Emit) -> bool:
        """False where the extracts should be given instead; a model that says that nothing answers is believed."""
        prompt = self._composer.prompt(turn.plan.query, passages, tenant=turn.tenant.name)
        turn.prompt_hash = prompt.hash
        said: list[str] = []
        segmenter = Segmenter()
        emit(StatusChanged("checking"))
        with self._stage(
            turn.timings, "compose", StageKind.GENERATION, input=[f"{m.role}: {m.content}" for m in prompt.messages]
        ) as span:
            checker = self._checker(turn, passages[: prompt.passages])
            async with aclosing(
                llm.stream(prompt.messages, max_tokens=self._policy.max_tokens, deadline_s=self._policy.deadline_s)
            ) as deltas:
                async for delta in deltas:
                    said.append(delta)
                    await self._send_checked(turn, checker, segmenter.feed(delta), emit)
            await self._send_checked(turn, checker, segmenter.close(), emit)
            # What was checked, not what was said: a model may invent a name, and traces take redacted text only.
            span.update(output=joined(turn.units), model=llm.name, usage=llm.usage)
        return bool(turn.units) or NO_ANSWER in "".join(said)

    def _checker(self, turn: Turn, passages: Sequence[Passage]) -> UnitChecker:
        turn.checker = UnitChecker(passages=passages, guards=self._guards, profile=turn.profile)
        return turn.checker

    async def _send(self, turn: Turn, passages: Sequence[Passage], units: Iterator[Unit], emit: Emit) -> None:
        await self._send_checked(turn, self._checker(turn, passages), units, emit)

    async def _send_checked(self, turn: Turn, checker: UnitChecker, units: Iterator[Unit], emit: Emit) -> None:
        for unit in units:
            if unit.text.strip() == NO_ANSWER:
                continue
            checked = await checker.check(unit)
            if checked is None:
                continue
            for citation in checked.citations:
                emit(Cited(citation))
            emit(Sentence(len(turn.units), checked.text, checked.kind))
            turn.units.append(checked)

    async def _finish(self, turn: Turn, outcome: Outcome, text: str, trace: Span) -> Answer:
        answered = outcome is Outcome.ANSWERED
        checker, found = turn.checker, turn.found
        turn.timings["total"] = round(1000 * (time.perf_counter() - turn.began), 1)
        answer = Answer(
            answer_id=turn.answer_id,
            conversation_id=turn.conversation_id,
            outcome=outcome,
            text=text,
            citations=checker.citations.used if checker and answered else (),
            confidence=found.confidence if found else 0.0,
            degraded=turn.degraded,
            release=turn.releases[turn.tenant.id],
            releases=turn.releases,
            model=turn.model,
            redactions=turn.screened.redactions,
            handoff=None if answered else OFFER,
            timings_ms=turn.timings,
        )
        evidence = Evidence(
            query=turn.plan.query,
            passages=found.result.passages if found else (),
            verdicts=tuple(checker.verdicts) if checker else (),
            signals=found.result.signals.as_dict() if found else {},
            injection=tuple(signal.kind for signal in turn.screened.signals),
            threshold=found.threshold if found else 0.0,
            prompt_hash=turn.prompt_hash,
        )
        await self._conversations.keep(turn.question.principal, turn.screened.text, answer, evidence)
        self._metrics.answered(outcome, turn.question.principal.channel, degraded=turn.degraded)
        trace.update(
            output=text,
            metadata={"outcome": outcome, "prompt_hash": turn.prompt_hash, "confidence": str(answer.confidence)},
        )
        self._tracer.score(turn.answer_id, "confidence", answer.confidence)
        return answer

    @contextmanager
    def _stage(self, timings: dict[str, float], name: str, kind: StageKind, *, input: object = None) -> Iterator[Span]:  # noqa: A002
        began = time.perf_counter()
        with self._tracer.stage(name, kind, input=input) as span:
            yield span
        seconds = time.perf_counter() - began
        timings[name] = round(1000 * seconds, 1)
        self._metrics.stage(name, seconds)


def _silent(_event: AnswerEvent) -> None:
    return None
