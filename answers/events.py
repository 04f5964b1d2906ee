"""What a surface renders while an answer comes into being; every surface obeys `Replaced`."""

from __future__ import annotations

from dataclasses import dataclass

from answers.types import Answer, Citation
from core.domain import Outcome


@dataclass(frozen=True, slots=True)
class Started:
    answer_id: str
    conversation_id: str
    model: str
    release: int


@dataclass(frozen=True, slots=True)
class StatusChanged:
    """`stage` is one of searching, reading, checking."""

    stage: str


@dataclass(frozen=True, slots=True)
class Sentence:
    """A checked unit: a sentence, a list item, a table, a code block or a whole procedure, with its `[n]` markers."""

    index: int
    text: str
    kind: str


@dataclass(frozen=True, slots=True)
class Cited:
    citation: Citation


@dataclass(frozen=True, slots=True)
class Replaced:
    """All text so far is withdrawn; this stands instead."""

    text: str
    outcome: Outcome


@dataclass(frozen=True, slots=True)
class Done:
    answer: Answer


AnswerEvent = Started | StatusChanged | Sentence | Cited | Replaced | Done
