"""A question, its answer, and the evidence that the answer was given on."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum

from answers.kinds import Kind
from core.domain import Filters, Outcome, Passage, Principal


@dataclass(frozen=True, slots=True)
class Exchange:
    """One earlier question and its answer, as a caller tells them."""

    question: str
    answer: str


@dataclass(frozen=True, slots=True)
class Question:
    """What one principal asks. `text` is as typed: only the pipeline's first guard reads it. `releases` (tenant id → number) are
    answered from in place of the live ones: the publish gate and replays name them, no request can. `history` stands in for a
    stored conversation where the caller keeps it; it is as typed, too."""

    text: str
    principal: Principal
    conversation_id: str | None = None
    filters: Filters = field(default_factory=Filters)
    releases: Mapping[str, int] = field(default_factory=dict)
    history: tuple[Exchange, ...] = ()


@dataclass(frozen=True, slots=True)
class Citation:
    """Source number `n` of an answer. `quote` stands word for word in the cited document's stored text."""

    n: int
    document_id: str
    source: str
    title: str
    url: str | None
    heading_path: tuple[str, ...]
    page: int | None
    quote: str
    doc_type: str
    version: str | None
    effective_from: date | None
    score: float


@dataclass(frozen=True, slots=True)
class HandoffOffer:
    """Shown with every answer that is not one: a person can take over."""

    message: str
    offered: bool = True


class Facet(StrEnum):
    """What the documents that a question fits differ in."""

    CUSTOMER = "customer"
    PRODUCT = "product"
    VERSION = "version"
    MODULE = "module"
    TOPIC = "topic"


@dataclass(frozen=True, slots=True)
class Choice:
    """One of the things that an unclear question may be about: its `label`, sent as the next message, picks it."""

    label: str
    facet: Facet
    value: str
    """What the question is narrowed to: a filter's value, or for a topic the words to add."""


@dataclass(frozen=True, slots=True)
class Closest:
    """A document near a question that it does not answer: where to look, not proof."""

    title: str
    document_id: str
    url: str | None
    heading_path: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Missed:
    """A question that no document answered: a gap in what is known."""

    question: str
    query: str
    closest: tuple[Closest, ...] = ()


@dataclass(frozen=True, slots=True)
class UnitVerdict:
    """What the grounding check said of one unit, sent or dropped."""

    text: str
    sent: bool
    reason: str
    score: float


@dataclass(frozen=True, slots=True)
class Evidence:
    """What is stored beside an answer, so that audits and replays need no second path."""

    query: str
    passages: tuple[Passage, ...] = ()
    verdicts: tuple[UnitVerdict, ...] = ()
    signals: Mapping[str, float] = field(default_factory=dict)
    injection: tuple[str, ...] = ()
    threshold: float = 0.0
    prompt_hash: str = ""
    missed: tuple[Missed, ...] = ()
    policy_version: int = 0
    prompt_version: int = 0
    """Of the tenant's policy and prompt that held; 0 is what the software brings."""


@dataclass(frozen=True, slots=True)
class Answer:
    """The contract's answer. `confidence` is present in every outcome; `citations` only where they were used. `kind` says what the
    message was taken for; `partial`: of several questions not all are answered; `choices` are what a clarifying question offers,
    `closest` the documents near a question that none answers. `usage` counts the tokens that the language model was sent and
    said (`prompt_tokens`, `completion_tokens`); it is empty where none was asked."""

    answer_id: str
    conversation_id: str
    outcome: Outcome
    text: str
    citations: tuple[Citation, ...]
    confidence: float
    degraded: bool
    release: int
    releases: Mapping[str, int]
    model: str
    redactions: Mapping[str, int]
    handoff: HandoffOffer | None
    timings_ms: Mapping[str, float]
    usage: Mapping[str, int] = field(default_factory=dict)
    kind: Kind = Kind.QUESTION
    partial: bool = False
    choices: tuple[Choice, ...] = ()
    closest: tuple[Closest, ...] = ()
    topics: tuple[str, ...] = ()
    """High-impact topics that the questions are about: only authoritative documents answered them."""
