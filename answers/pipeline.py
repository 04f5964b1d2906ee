"""One question in, one cited answer out: the only place where policy is decided."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import replace

from answers import endings, gate, words
from answers.askers import Askers
from answers.checks import joined
from answers.compose import Composer
from answers.conversations import Memory
from answers.endings import Ending
from answers.events import AnswerEvent, Done, Started, StatusChanged
from answers.finding import Finder, Finding, distrusted
from answers.kinds import Kind, Message, read_message
from answers.plan import Plan, Planner, Plans
from answers.plan import Turn as Earlier
from answers.rulings import Rules, reserved
from answers.speaking import EXTRACTIVE, Speaker
from answers.streaming import Emit, stream
from answers.told import Told, told_turns
from answers.turn import Policy, Stages, Turn
from answers.types import Answer, Evidence, Question
from core.domain import RedactionProfile, Scope
from core.errors import UnavailableError
from core.llm import LLM, Completion
from core.models import new_id
from core.quota import Quota
from core.telemetry import Span, StageKind
from core.tenancy import TenantInfo, Tenants
from guardrails.guards import Guards

__all__ = ["AnswerPipeline", "Policy"]


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
        rules: Rules,
        llm: LLM | None,
        composer: Composer,
        stages: Stages,
        quota: Quota,
        policy: Policy,
    ) -> None:
        self._tenants = tenants
        self._conversations = conversations
        self._guards = guards
        self._finder = finder
        self._askers = askers
        self._rules = rules
        self._llm = llm
        self._planner = Planner(llm, most=policy.max_questions, languages=policy.languages)
        self._tracer, self._metrics, self._stages = stages.tracer, stages.metrics, stages
        self._speaker = Speaker(llm=llm, composer=composer, guards=guards, stages=stages, policy=policy)
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
        began, answer_id, principal = time.perf_counter(), new_id(), question.principal
        tenant = await self._tenants.get(principal.tenant_id)
        release = question.releases.get(tenant.id, tenant.live_release)
        conversation_id, history = await self._conversations.recall(principal, question.conversation_id)
        with self._tracer.trace(
            "answer",
            trace_id_seed=answer_id,
            tenant=tenant.slug,
            session_id=conversation_id,
            metadata={"release": str(release), "channel": principal.channel, "audience": principal.audience},
        ) as trace:
            timings, profile = dict[str, float](), await self._tenants.profile_of(tenant)
            with self._stages.stage(timings, "screen_input", StageKind.GUARDRAIL):
                screened = await self._guards.screen_input(question.text, profile)
                told = Told(history) if history else await self._told(question, profile)
                screened = replace(screened, told=told.withheld)
            message = read_message(screened.text)
            turn = Turn(
                question,
                answer_id,
                conversation_id,
                tenant,
                profile,
                self._llm.name if self._llm else EXTRACTIVE,
                screened,
                message,
                plans=await self._plan(timings, message, question, tenant, told.turns),
                rulings=await self._rules.of(tenant.id),
                releases={**question.releases, tenant.id: release},
                timings=timings,
                began=began,
            )
            emit(Started(answer_id, conversation_id, turn.model, release))
            answer = await self._finish(turn, self._screened(await self._decide(turn, emit)), trace)
        emit(Done(answer))

    async def _plan(
        self,
        timings: dict[str, float],
        message: Message,
        question: Question,
        tenant: TenantInfo,
        history: Sequence[Earlier],
    ) -> Plans:
        with self._stages.stage(timings, "plan", StageKind.SPAN, input=message.text) as span:
            asker = await self._askers.of(question.principal, tenant, question.releases)
            plans = await self._planner.plans(message, question.filters, history=history, asker=asker)
            span.update(output=_queries(plans))
        return plans

    async def _told(self, question: Question, profile: RedactionProfile) -> Told:
        return await told_turns(
            question.history,
            self._guards,
            profile,
            most=self._policy.history_turns,
            max_chars=self._policy.history_chars,
            answers=self._llm is not None,
        )

    def _screened(self, ending: Ending) -> Ending:
        """What is said where no document speaks repeats the question and names documents: the egress gate reads that, too."""
        if ending.answered:
            return ending
        return replace(ending, text=self._guards.screen_output(ending.text, frozenset(), []).text.strip())

    async def _decide(self, turn: Turn, emit: Emit) -> Ending:
        parts, left_out = turn.plans.parts, turn.plans.left_out
        if turn.message.kind is not Kind.QUESTION:
            return endings.replied(turn.message, turn.tenant.name)
        if any(plan.wants_person for plan in parts):
            return endings.escalated()
        if len(parts) == 1:
            return await self._decide_one(turn, parts[0], emit)
        done: list[Ending] = []
        for number, plan in enumerate(parts, 1):
            self._speaker.say(turn, f"**{number}. {endings.headline(plan.question)}**", emit)
            done.append(await self._decide_one(turn, plan, emit))
            if not done[-1].answered:
                self._speaker.say(turn, done[-1].text, emit)
        if left_out:
            self._speaker.say(turn, words.LEFT_OUT.format(most=self._policy.max_questions), emit)
        return endings.together(done, joined(turn.units), left_out=left_out)

    async def _decide_one(self, turn: Turn, plan: Plan, emit: Emit) -> Ending:
        """A high-impact question is answered from authoritative documents, or by a person."""
        topics = turn.rulings.topics(plan)
        if not topics:
            return await self._searched(turn, plan, emit)
        turn.topics.extend(topic for topic in topics if topic not in turn.topics)
        ending = await self._searched(turn, reserved(plan), emit)
        return endings.reserved(ending, topics) if ending.missed else ending

    async def _searched(self, turn: Turn, plan: Plan, emit: Emit) -> Ending:
        if not plan.query:
            return endings.nothing_in_pasted()
        emit(StatusChanged("searching"))
        try:
            found = await self._find(turn, plan)
        except UnavailableError:
            turn.degraded = True
            return endings.cannot_search()
        if (ending := gate.instead(plan, found, self._policy)) is not None:
            return ending
        emit(StatusChanged("reading"))
        if not await self._speaker.speak(turn, plan, found, emit):
            return gate.abstained(plan, found, self._policy)
        if plan.pasted:
            self._speaker.say(turn, words.SEARCHED_IN_PASTED.format(query=endings.shortened(plan.query)), emit)
        return endings.answered(joined(turn.units), found.confidence)

    async def _find(self, turn: Turn, plan: Plan) -> Finding:
        scope = Scope.of(turn.question.principal, plan.filters)
        with self._stages.stage(turn.timings, "find", StageKind.RETRIEVER, input=plan.query) as span:
            found = await self._finder.find(turn.tenant, scope, plan.query, turn.releases)
            found = distrusted(found) if turn.screened.signals else found
            turn.findings.append(found)
            turn.releases = {**turn.releases, **found.result.releases}
            span.update(output=[{"source": p.source, "score": p.score} for p in found.result.passages])
        return found

    async def _finish(self, turn: Turn, ending: Ending, trace: Span) -> Answer:
        turn.timings["total"] = round(1000 * (time.perf_counter() - turn.began), 1)
        answer = Answer(
            answer_id=turn.answer_id,
            conversation_id=turn.conversation_id,
            outcome=ending.outcome,
            text=ending.text,
            citations=turn.citations.used if turn.citations and ending.answered else (),
            confidence=ending.confidence,
            degraded=turn.degraded,
            release=turn.releases[turn.tenant.id],
            releases=turn.releases,
            model=turn.model,
            redactions=turn.screened.redactions,
            handoff=ending.handoff,
            timings_ms=turn.timings,
            usage=_tokens(turn.usages),
            kind=ending.kind,
            partial=ending.partial,
            choices=ending.choices,
            closest=ending.closest,
            topics=tuple(turn.topics),
        )
        await self._conversations.keep(turn.question.principal, turn.screened, answer, self._evidence(turn, ending))
        self._metrics.answered(ending.outcome, turn.question.principal.channel, degraded=turn.degraded)
        trace.update(
            output=ending.text,
            metadata={
                "outcome": ending.outcome,
                "kind": ending.kind,
                "prompt_hash": turn.prompt_hash,
                "confidence": str(answer.confidence),
            },
        )
        self._tracer.score(turn.answer_id, "confidence", answer.confidence)
        return answer

    def _evidence(self, turn: Turn, ending: Ending) -> Evidence:
        passages = {passage.id: passage for found in turn.findings for passage in found.result.passages}
        flagged = tuple(signal.kind for signal in turn.screened.signals)
        return Evidence(
            query=_queries(turn.plans),
            passages=tuple(passages.values()),
            verdicts=(*turn.verdicts, *(turn.checker.verdicts if turn.checker else ())),
            signals=turn.findings[0].result.signals.as_dict() if turn.findings else {},
            injection=flagged,
            threshold=max((found.threshold for found in turn.findings), default=0.0),
            prompt_hash=turn.prompt_hash,
            missed=() if flagged else ending.missed,  # an attack is no gap in what is known
            policy_version=turn.rulings.policy_version,
            prompt_version=turn.rulings.prompt_version,
        )


def _queries(plans: Plans) -> str:
    return "\n".join(plan.query for plan in plans.parts)


def _tokens(usages: Sequence[Completion]) -> Mapping[str, int]:
    if not usages:
        return {}
    return {
        "prompt_tokens": sum(usage.prompt_tokens for usage in usages),
        "completion_tokens": sum(usage.completion_tokens for usage in usages),
    }
