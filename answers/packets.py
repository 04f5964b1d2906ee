"""The evidence packet of a case: what whoever takes it over must know, without reading the conversation."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from core.domain import Outcome, Principal
from core.models import AnswerRow, Json
from core.profiles import Profile

MAX_TURNS = 10
"""Turns of the conversation that a packet holds, the last ones."""
MAX_TEXT = 4000
MAX_CITED = 20


@dataclass(frozen=True, slots=True)
class Tried:
    """One answer that did not do. `text` is at most 4,000 characters."""

    answer_id: str
    question: str
    outcome: str
    text: str
    confidence: float
    at: datetime


@dataclass(frozen=True, slots=True)
class Cited:
    document_id: str
    title: str
    source: str
    url: str | None
    version: str | None
    quote: str


@dataclass(frozen=True, slots=True)
class Missing:
    """A question that the documents do not answer, and the documents nearest to it."""

    question: str
    closest: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Environment:
    """Where it was asked, and what answered: `release` and `model` of the last answer; the rest is what the tenant states."""

    channel: str
    audience: str
    release: int
    model: str
    degraded: bool
    product: str | None
    version: str | None
    module: str | None
    region: str | None


@dataclass(frozen=True, slots=True)
class Packet:
    """All texts are as they were stored: redacted."""

    question: str
    tried: tuple[Tried, ...]
    cited: tuple[Cited, ...]
    missing: tuple[Missing, ...]
    environment: Environment


def packet(
    rows: Sequence[AnswerRow], principal: Principal, profile: Profile, *, answer_id: str | None = None
) -> Packet:
    """Of a conversation's turns, oldest first, at least one; `answer_id` is the turn that the case is about, else the last."""
    about = next((row for row in rows if row.id == answer_id), rows[-1])
    return Packet(
        question=about.question,
        tried=tuple(map(_tried, rows[-MAX_TURNS:])),
        cited=_cited(rows),
        missing=tuple(one for row in rows[-MAX_TURNS:] for one in _missing(row)),
        environment=_environment(about, principal, profile),
    )


def _tried(row: AnswerRow) -> Tried:
    answer = row.answer
    return Tried(
        row.id, row.question, row.outcome, str(answer["text"])[:MAX_TEXT], float(answer["confidence"]), row.created_at
    )


def _cited(rows: Sequence[AnswerRow]) -> tuple[Cited, ...]:
    """Each document once, of the last answers first."""
    found: dict[str, Cited] = {}
    for row in reversed(rows):
        for one in row.answer.get("citations", ()):
            cited = Cited(
                one["document_id"], one["title"], one["source"], one.get("url"), one.get("version"), one["quote"]
            )
            found.setdefault(cited.document_id, cited)
    return tuple(found.values())[:MAX_CITED]


def _missing(row: AnswerRow) -> list[Missing]:
    missed: Sequence[Json] = row.evidence.get("missed") or ()
    found = [Missing(one["question"], tuple(c["title"] for c in one.get("closest", ()))) for one in missed]
    if not found and row.outcome == Outcome.ABSTAINED:
        return [Missing(row.question, ())]
    return found


def _environment(row: AnswerRow, principal: Principal, profile: Profile) -> Environment:
    return Environment(
        channel=row.channel,
        audience=principal.audience,
        release=int(row.answer["release"]),
        model=str(row.answer["model"]),
        degraded=bool(row.answer["degraded"]),
        product=profile.product,
        version=profile.version,
        module=profile.module,
        region=profile.region,
    )
