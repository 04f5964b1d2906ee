"""The publish gate: golden questions asked of a candidate and of what is live, before anybody else sees the candidate.

How the questions are asked is for whoever holds the answer pipeline (`evals.gate`); what follows from the answers is decided here.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Protocol

from core.domain import Audience, Outcome
from core.errors import ConflictError, InvalidRequestError
from core.jobs import Progress
from core.models import Json
from core.tenancy import TenantInfo


class Change(StrEnum):
    """What a release does to an answer."""

    SAME = "same"
    CHANGED = "changed"
    APPEARED = "appeared"
    VANISHED = "vanished"


class GateState(StrEnum):
    """`failed`: the questions could not be asked, so nothing is known and nothing is published."""

    PASSED = "passed"
    BLOCKED = "blocked"
    FAILED = "failed"
    OVERRIDDEN = "overridden"


@dataclass(frozen=True, slots=True)
class Seen:
    """What one release answers to a golden question; `text` is redacted."""

    passed: bool
    outcome: Outcome
    text: str
    sources: tuple[str, ...]
    confidence: float


@dataclass(frozen=True, slots=True)
class Asked:
    """One of the tenant's own golden questions, at the live release and at the candidate."""

    key: str
    question: str
    audience: Audience
    before: Seen
    after: Seen

    @property
    def broken(self) -> bool:
        return self.before.passed and not self.after.passed

    @property
    def fixed(self) -> bool:
        return self.after.passed and not self.before.passed

    @property
    def change(self) -> Change:
        match self.before.outcome is Outcome.ANSWERED, self.after.outcome is Outcome.ANSWERED:
            case False, True:
                return Change.APPEARED
            case True, False:
                return Change.VANISHED
            case True, True if self.before.text != self.after.text:
                return Change.CHANGED
        return Change.SAME


@dataclass(frozen=True, slots=True)
class Counts:
    """Of a partner's golden questions nothing else is told: their text is the partner's."""

    questions: int = 0
    passed_before: int = 0
    passed_after: int = 0
    broken: int = 0

    def __add__(self, other: Counts) -> Counts:
        return Counts(
            self.questions + other.questions,
            self.passed_before + other.passed_before,
            self.passed_after + other.passed_after,
            self.broken + other.broken,
        )

    @classmethod
    def of(cls, before: Sequence[Seen], after: Sequence[Seen]) -> Counts:
        """The same questions in the same order."""
        pairs = list(zip(before, after, strict=True))
        return cls(
            len(pairs),
            sum(seen.passed for seen in before),
            sum(seen.passed for seen in after),
            sum(was.passed and not now.passed for was, now in pairs),
        )


@dataclass(frozen=True, slots=True)
class GateReport:
    """`partners` by the slug of the entitled tenant."""

    asked: tuple[Asked, ...] = ()
    partners: Mapping[str, Counts] = field(default_factory=dict)

    @property
    def own(self) -> Counts:
        return Counts.of([a.before for a in self.asked], [a.after for a in self.asked])

    @property
    def total(self) -> Counts:
        return sum(self.partners.values(), self.own)


@dataclass(frozen=True, slots=True)
class GateLimits:
    """A tenant's gate: at most `max_broken` questions that passed before and fail now, partners' included; at least the share
    `min_pass` of all passing."""

    max_broken: int = 0
    min_pass: float = 0.0

    @classmethod
    def of(cls, settings: Json) -> GateLimits:
        """Of a tenant's settings. Raises `InvalidRequestError` (`invalid_gate`): a gate that cannot be read is not an open one."""
        stated = settings.get("gate", {})
        try:
            limits = cls(int(stated.get("max_broken", 0)), float(stated.get("min_pass", 0.0)))
        except (AttributeError, TypeError, ValueError):
            raise _unusable() from None
        if limits.max_broken < 0 or not 0 <= limits.min_pass <= 1:
            raise _unusable()
        return limits

    def missed(self, report: GateReport) -> list[str]:
        """Why the report does not pass, a sentence each; empty where it does."""
        total, missed = report.total, []
        if total.broken > self.max_broken:
            missed.append(
                f"{total.broken} golden questions that pass now would fail ({_named(report)}); {self.max_broken} may"
            )
        if total.questions and total.passed_after < self.min_pass * total.questions:
            missed.append(f"{total.passed_after} of {total.questions} would pass; {self.min_pass:.0%} must")
        return missed


class Gate(Protocol):
    """Asks a tenant's golden questions, and those of the partners that its corpora are shared with."""

    async def ask(self, tenant: TenantInfo, *, before: int, after: int, progress: Progress) -> GateReport:
        """At the releases `before` and `after` of `tenant`. Raises `CopilotError` where any question could not be asked."""
        ...


class NullGate:
    """Where nobody asks golden questions."""

    async def ask(self, tenant: TenantInfo, *, before: int, after: int, progress: Progress) -> GateReport:
        return GateReport()


class GateFailedError(ConflictError):
    """The gate blocked a release; `gate` is what it saw, with texts of every audience: show a reader what is `seen_by` theirs."""

    code = "gate_failed"

    def __init__(self, detail: str, *, gate: Json) -> None:
        super().__init__(detail, members={"gate": gate})
        self.gate = gate

    def seen_by(self, audience: Audience) -> GateFailedError:
        return GateFailedError(self.detail, gate=gate_for(self.gate, audience))


@dataclass(frozen=True, slots=True)
class GateVerdict:
    """What the gate says of a candidate. `report` is None where it could not ask."""

    report: GateReport | None
    limits: GateLimits
    missed: tuple[str, ...]
    seconds: float = 0.0

    @property
    def passed(self) -> bool:
        return not self.missed

    def as_json(self, *, overridden: bool) -> Json:
        if self.report is None:
            state = GateState.OVERRIDDEN if overridden else GateState.FAILED
            return {"state": state, "reasons": list(self.missed)}
        if not self.report.total.questions:
            return {"questions": 0}
        blocked = GateState.OVERRIDDEN if overridden else GateState.BLOCKED
        return {
            **_counts(self.report.own),
            "state": GateState.PASSED if self.passed else blocked,
            "reasons": list(self.missed),
            "limits": {"max_broken": self.limits.max_broken, "min_pass": self.limits.min_pass},
            "broken": [a.key for a in self.report.asked if a.broken],
            "fixed": [a.key for a in self.report.asked if a.fixed],
            "changes": [_shown(a) for a in self.report.asked if a.change is not Change.SAME or a.broken or a.fixed],
            "partners": {slug: _counts(c) | {"broken": c.broken} for slug, c in sorted(self.report.partners.items())},
            "seconds": round(self.seconds, 2),
        }


def gate_for(gate: Json, audience: Audience) -> Json:
    """Without the texts of questions that were asked, and the numbers of documents that may be read, with more than the reader's
    own audience."""
    readable = frozenset(audience.readable())
    found = dict(gate)
    if changes := gate.get("changes"):
        found["changes"] = [c if c["audience"] in readable else _untold(c) for c in changes]
    if altered := gate.get("suspicious", {}).get("altered"):
        told = [a if readable.issuperset(a["audiences"]) else {**a, "says": [], "original_says": []} for a in altered]
        found["suspicious"] = {**gate["suspicious"], "altered": told}
    return found


def _untold(change: Json) -> Json:
    seen = {side: {key: change[side][key] for key in ("passed", "outcome")} for side in ("before", "after")}
    return {key: change[key] for key in ("key", "change", "audience")} | seen


def _shown(asked: Asked) -> Json:
    return {
        "key": asked.key,
        "question": asked.question,
        "audience": asked.audience,
        "change": asked.change,
        "before": _seen(asked.before),
        "after": _seen(asked.after),
    }


def _seen(seen: Seen) -> Json:
    return {
        "passed": seen.passed,
        "outcome": seen.outcome,
        "text": seen.text,
        "sources": list(seen.sources),
        "confidence": seen.confidence,
    }


def _counts(counts: Counts) -> Json:
    return {
        "questions": counts.questions,
        "passed_before": counts.passed_before,
        "passed_after": counts.passed_after,
    }


def _named(report: GateReport) -> str:
    keys = [a.key for a in report.asked if a.broken]
    named = ", ".join(keys[:10]) + (", …" if len(keys) > 10 else "")
    foreign = sum(counts.broken for counts in report.partners.values())
    return "; ".join(filter(None, (named, f"{foreign} of partners" if foreign else "")))


def _unusable() -> InvalidRequestError:
    return InvalidRequestError(
        "the tenant's gate is no {max_broken: 0…, min_pass: 0…1}; set it with 'partner-copilot golden limits'",
        code="invalid_gate",
    )
