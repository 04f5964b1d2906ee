"""One question on its way through the stages, and how it may be answered."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field

from answers.checks import CheckedUnit, UnitChecker
from answers.citations import Citations
from answers.finding import Finding
from answers.kinds import Message
from answers.languages import ENGLISH
from answers.plan import Plans
from answers.rulings import Rulings
from answers.types import Question, UnitVerdict
from core.domain import RedactionProfile
from core.llm import Completion
from core.metrics import Metrics
from core.telemetry import Span, StageKind, Tracer
from core.tenancy import TenantInfo
from guardrails.guards import ScreenedInput


@dataclass(frozen=True, slots=True)
class Policy:
    """A model's answer ends at `max_tokens`, or after `deadline_s` seconds. Of a conversation that the caller tells, the last
    `history_turns` are read, `history_chars` characters of each question. Of one message `max_questions` are answered;
    asking back offers `max_choices`, an abstention names `max_closest` documents; `languages` are those that the embedding
    model reads."""

    max_tokens: int
    deadline_s: float
    history_turns: int = 4
    history_chars: int = 1000
    max_questions: int = 4
    max_choices: int = 5
    max_closest: int = 3
    languages: tuple[str, ...] = (ENGLISH,)


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
    message: Message
    plans: Plans
    rulings: Rulings
    releases: Mapping[str, int]
    """The releases that are answered from, by their owners' ids."""
    findings: list[Finding] = field(default_factory=list)
    degraded: bool = False
    units: list[CheckedUnit] = field(default_factory=list)
    checker: UnitChecker | None = None
    """Of the question that is being answered."""
    verdicts: list[UnitVerdict] = field(default_factory=list)
    """Of the questions before it."""
    prompt_hash: str = ""
    topics: list[str] = field(default_factory=list)
    """The high-impact ones that its questions are about."""
    usages: list[Completion] = field(default_factory=list)
    timings: dict[str, float] = field(default_factory=dict)
    began: float = 0.0

    @property
    def citations(self) -> Citations | None:
        """Those of all parts so far."""
        return self.checker.citations if self.checker else None


class Stages:
    """Traces and times the stages of turns."""

    def __init__(self, tracer: Tracer, metrics: Metrics) -> None:
        self.tracer = tracer
        self.metrics = metrics

    @contextmanager
    def stage(self, timings: dict[str, float], name: str, kind: StageKind, *, input: object = None) -> Iterator[Span]:  # noqa: A002
        """Milliseconds go to `timings` under the stage's name, and add up where it runs again."""
        began = time.perf_counter()
        with self.tracer.stage(name, kind, input=input) as span:
            yield span
        seconds = time.perf_counter() - began
        timings[name] = round(timings.get(name, 0.0) + 1000 * seconds, 1)
        self.metrics.stage(name, seconds)
