"""Speaking: checked units of a model's answer, or of word-for-word extracts, sent as they are ready."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import aclosing
from dataclasses import dataclass

from answers.checks import CheckedUnit, UnitChecker, joined
from answers.citations import Citations
from answers.compose import Composer
from answers.events import AnswerEvent, Cited, Replaced, Sentence, StatusChanged
from answers.extractive import extract
from answers.finding import Finding
from answers.plan import Plan
from answers.remarks import remarks
from answers.streaming import Emit
from answers.system_prompt import NO_ANSWER
from answers.turn import Policy, Stages, Turn
from answers.units import Segmenter, Unit, UnitKind
from answers.words import ABSTAINED
from core.domain import Outcome, Passage
from core.errors import LLMError
from core.llm import LLM
from core.telemetry import StageKind
from guardrails.guards import Guards
from guardrails.promises import Promises

EXTRACTIVE = "extractive"


class Speaker:
    """Says what the passages say to one question, after what the turn has said before."""

    def __init__(self, *, llm: LLM | None, composer: Composer, guards: Guards, stages: Stages, policy: Policy) -> None:
        self._llm = llm
        self._composer = composer
        self._guards = guards
        self._stages = stages
        self._policy = policy

    def say(self, turn: Turn, text: str, emit: Emit) -> None:
        """A remark of ours; what the asker wrote may stand in it, so the egress gate reads it."""
        screened = self._guards.screen_output(text, frozenset(), [])
        unit = CheckedUnit(screened.text.strip(), UnitKind.NOTE, ())
        emit(Sentence(len(turn.units), unit.text, unit.kind))
        turn.units.append(unit)

    async def speak(self, turn: Turn, plan: Plan, found: Finding, emit: Emit) -> bool:
        """The model where there is one; word-for-word extracts where there is none, where it fails, or where nothing that it
        said is supported. False where nothing can be said."""
        part = _Part(turn, plan, found.result.passages, turn.citations, len(turn.units))
        if turn.checker is not None:
            turn.verdicts.extend(turn.checker.verdicts)
        await self._say_it(part, emit)
        if len(turn.units) == part.start:
            return False
        self._remark(part, found, emit)
        return True

    async def _say_it(self, part: _Part, emit: Emit) -> None:
        turn = part.turn
        if self._llm is not None:
            try:
                if await self._model_says(self._llm, part, emit):
                    return
            except LLMError:
                pass
            turn.degraded = True
            turn.model = EXTRACTIVE
        interrupted = len(turn.units) > part.start
        del turn.units[part.start :]
        with self._stages.stage(turn.timings, "compose", StageKind.SPAN) as span:
            checker = self._checker(part, part.passages)
            units = extract(part.plan.query, part.passages)
            await self._send(turn, checker, units, emit if not interrupted else _silent)
            span.update(output=joined(turn.units))
        if interrupted:
            outcome = Outcome.ANSWERED if turn.units else Outcome.ABSTAINED
            emit(Replaced(joined(turn.units) or ABSTAINED, outcome))
            for citation in checker.citations.used:
                emit(Cited(citation))

    async def _model_says(self, llm: LLM, part: _Part, emit: Emit) -> bool:
        """False where the extracts should be given instead; a model that says that nothing answers is believed."""
        turn = part.turn
        prompt = self._composer.prompt(
            part.plan.query, part.passages, tenant=turn.tenant.name, template=turn.rulings.prompt
        )
        turn.prompt_hash = prompt.hash
        said: list[str] = []
        segmenter = Segmenter()
        emit(StatusChanged("checking"))
        with self._stages.stage(
            turn.timings, "compose", StageKind.GENERATION, input=[f"{m.role}: {m.content}" for m in prompt.messages]
        ) as span:
            checker = self._checker(part, part.passages[: prompt.passages])
            try:
                async with aclosing(
                    llm.stream(prompt.messages, max_tokens=self._policy.max_tokens, deadline_s=self._policy.deadline_s)
                ) as deltas:
                    async for delta in deltas:
                        said.append(delta)
                        await self._send(turn, checker, segmenter.feed(delta), emit)
            finally:
                if llm.usage is not None:  # a call that was cut short has its cost, too
                    turn.usages.append(llm.usage)
            await self._send(turn, checker, segmenter.close(), emit)
            # What was checked, not what was said: a model may invent a name, and traces take redacted text only.
            span.update(output=joined(turn.units), model=llm.name, usage=llm.usage)
        return len(turn.units) > part.start or NO_ANSWER in "".join(said)

    def _checker(self, part: _Part, passages: Sequence[Passage]) -> UnitChecker:
        turn = part.turn
        owners = turn.findings[-1].result.owners if turn.findings else {}
        turn.checker = UnitChecker(
            passages=passages,
            guards=self._guards,
            profile=turn.profile,
            earlier=part.earlier,
            promises=Promises((turn.tenant.name, *owners.values())),
        )
        return turn.checker

    async def _send(self, turn: Turn, checker: UnitChecker, units: Iterator[Unit], emit: Emit) -> None:
        for unit in units:
            if unit.text.strip() == NO_ANSWER:
                continue
            checked = await checker.check(unit)
            if checked is not None:
                _show(turn, checked, emit)

    def _remark(self, part: _Part, found: Finding, emit: Emit) -> None:
        if part.turn.checker is not None:
            for unit in remarks(found, part.plan.asked, part.turn.checker):
                _show(part.turn, unit, emit)


@dataclass(frozen=True, slots=True)
class _Part:
    """One question of a turn: `earlier` are the citations before it, `start` the number of units."""

    turn: Turn
    plan: Plan
    passages: Sequence[Passage]
    earlier: Citations | None
    start: int


def _show(turn: Turn, unit: CheckedUnit, emit: Emit) -> None:
    for citation in unit.citations:
        emit(Cited(citation))
    emit(Sentence(len(turn.units), unit.text, unit.kind))
    turn.units.append(unit)


def _silent(_event: AnswerEvent) -> None:
    return None
