"""The common form of a data set: documents to hold, questions with what answers them, and what a good answer says."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from core.domain import Audience, Filters


@dataclass(frozen=True, slots=True)
class Exchange:
    """An earlier turn of the conversation, as the data set has it."""

    question: str
    answer: str


@dataclass(frozen=True, slots=True)
class SetQuestion:
    """`gold` are the documents that answer (none: nobody can), `references` what a good answer says.

    Questions of one `group` share a page or a conversation, and are resampled together.
    """

    id: str
    tenant: str
    text: str
    group: str
    gold: frozenset[str] = frozenset()
    references: tuple[str, ...] = ()
    history: tuple[Exchange, ...] = ()
    audience: Audience = Audience.AGENT
    filters: Filters = field(default_factory=Filters)

    @property
    def answerable(self) -> bool:
        return bool(self.gold)


@dataclass(frozen=True, slots=True)
class SetCorpus:
    """A folder that the tenant's corpus must hold, and nothing else."""

    tenant: str
    name: str
    folder: Path


@dataclass(frozen=True, slots=True)
class EvalSet:
    """`corpora` is empty for the demo's tenants, which seed themselves. `title` is for people."""

    name: str
    title: str
    questions: Sequence[SetQuestion]
    corpora: Sequence[SetCorpus] = ()

    @property
    def tenants(self) -> tuple[str, ...]:
        return tuple(sorted({question.tenant for question in self.questions}))
