"""Golden questions: what is asked, by whom, and what the answer should rest on. One JSON object a line; see corpora/README.md."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum
from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from core.domain import Audience, DocType, Filters
from core.errors import InvalidRequestError

FILE = "golden.jsonl"
PLAIN_FILE = "plain_{split}.jsonl"
"""As people type, in the documents' words as often as not, where golden questions are hard on purpose."""


class Kind(StrEnum):
    """`foreign`: another tenant's documents hold the answer, so that this tenant must get none."""

    ANSWERABLE = "answerable"
    UNANSWERABLE = "unanswerable"
    FOREIGN = "foreign"


@dataclass(frozen=True, slots=True)
class Gold:
    """`source` is the document's path below its corpus folder, `quote` a sentence of the passage that answers."""

    source: str
    quote: str


@dataclass(frozen=True, slots=True)
class GoldenQuestion:
    id: str
    question: str
    kind: Kind
    audience: Audience
    gold: tuple[Gold, ...] = ()
    filters: Filters = field(default_factory=Filters)
    foreign_tenant: str | None = None

    @property
    def answerable(self) -> bool:
        return self.kind is Kind.ANSWERABLE

    @property
    def gold_sources(self) -> frozenset[str]:
        return frozenset(gold.source for gold in self.gold)


GoldenSet = Mapping[str, Sequence[GoldenQuestion]]
"""By the slug of the tenant that asks."""


def load_golden(folder: Path, name: str = FILE) -> dict[str, list[GoldenQuestion]]:
    """The questions of `<folder>/<tenant>/<name>`, or of the one tenant whose folder is given.

    Raises `InvalidRequestError` (`invalid_golden`) naming file and line, or where there is no such file.
    """
    files = [folder / name] if (folder / name).is_file() else sorted(folder.glob(f"*/{name}"))
    if not files:
        raise InvalidRequestError(f"there is no <tenant>/{name} below {folder}", code="invalid_golden")
    return {file.parent.resolve().name: load_file(file) for file in files}


def load_file(file: Path) -> list[GoldenQuestion]:
    """Raises `InvalidRequestError` (`invalid_golden`) naming file and line."""
    questions: dict[str, GoldenQuestion] = {}
    for place, line in _lines(file):
        question = parse(line, place)
        if question.id in questions:
            raise InvalidRequestError(f"{place}: the id '{question.id}' is taken", code="invalid_golden")
        questions[question.id] = question
    return list(questions.values())


def parse(line: str, place: str) -> GoldenQuestion:
    """One line of a golden.jsonl. Raises `InvalidRequestError` (`invalid_golden`) naming the `place`."""
    try:
        return _Row.model_validate_json(line).to_domain()
    except ValidationError as error:
        raise InvalidRequestError(f"{place}: {_problems(error)}", code="invalid_golden") from None


def fingerprint(golden: GoldenSet) -> str:
    """Changes with any question, so that a comparison can say that the questions are no longer the same."""
    lines = sorted(f"{tenant} {question!r}" for tenant, questions in golden.items() for question in questions)
    return hashlib.sha256("\n".join(lines).encode()).hexdigest()[:16]


def _lines(file: Path) -> Iterator[tuple[str, str]]:
    try:
        text = file.read_text("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise InvalidRequestError(f"{file} cannot be read: {error}", code="invalid_golden") from None
    for number, line in enumerate(text.split("\n"), start=1):
        if line.strip():
            yield f"{file}, line {number}", line


def _problems(error: ValidationError) -> str:
    return "; ".join(f"{'.'.join(map(str, e['loc'])) or 'row'}: {e['msg']}" for e in error.errors())


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", str_strip_whitespace=True)


class _Gold(_Part):
    source: str = Field(min_length=1)
    quote: str = Field(min_length=1)


class _Filters(_Part):
    product: str | None = None
    version: str | None = None
    module: str | None = None
    region: str | None = None
    customer: str | None = None
    as_of: date | None = None
    doc_types: tuple[DocType, ...] = ()
    corpora: tuple[str, ...] = ()


class _Row(_Part):
    id: str = Field(min_length=1)
    question: str = Field(min_length=1)
    kind: Kind
    audience: Audience = Audience.AGENT
    gold: tuple[_Gold, ...] = ()
    filters: _Filters = _Filters()
    foreign_tenant: str | None = None

    @model_validator(mode="after")
    def _agrees(self) -> _Row:
        if (self.kind is Kind.ANSWERABLE) != bool(self.gold):
            raise ValueError("an answerable question has gold passages, any other has none")
        if (self.kind is Kind.FOREIGN) != (self.foreign_tenant is not None):
            raise ValueError("foreign_tenant is stated for a foreign question, and for no other")
        return self

    def to_domain(self) -> GoldenQuestion:
        return GoldenQuestion(
            id=self.id,
            question=self.question,
            kind=self.kind,
            audience=self.audience,
            gold=tuple(Gold(g.source, g.quote) for g in self.gold),
            filters=Filters(**self.filters.model_dump()),
            foreign_tenant=self.foreign_tenant,
        )
