"""Builders for answer tests: passages, principals, and a pipeline over fakes at its ports."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Sequence
from datetime import date

from core.domain import (
    Audience,
    DocType,
    Passage,
    Permission,
    Principal,
    RedactedText,
    Redaction,
    RedactionProfile,
)
from core.errors import LLMError
from core.llm import Completion, Message

SENTENCE_END = ". "


def passage(
    text: str,
    *,
    source: str = "runbooks/a.md",
    score: float = 0.7,
    cosines: Sequence[float] = (),
    url: str | None = None,
) -> Passage:
    """A passage whose lines and sentences are its units; `cosines` go with them."""
    spans = _spans(text)
    return Passage(
        id=f"p-{source}",
        document_id=f"d-{source}",
        source=source,
        title=source,
        heading_path=("Steps",),
        text=text,
        doc_type=DocType.RUNBOOK,
        corpus="help",
        score=score,
        dense_score=score,
        effective_from=date(2026, 1, 1),
        url=url,
        sentences=spans,
        sentence_scores=tuple(cosines) or tuple(score for _ in spans),
    )


def _spans(text: str) -> tuple[tuple[int, int], ...]:
    spans: list[tuple[int, int]] = []
    start = 0
    for line in text.splitlines(keepends=True):
        position = start
        if not line.lstrip()[:2].strip("0123456789").startswith((".", "-", "|")) and " | " not in line:
            while (cut := line.find(SENTENCE_END, position - start)) >= 0:
                spans.append((position, start + cut + 1))
                position = start + cut + 2
        end = start + len(line.rstrip("\n"))
        if end > position:
            spans.append((position, end))
        start += len(line)
    return tuple(spans)


def agent(tenant_id: str = "t1") -> Principal:
    return Principal(tenant_id, "key-1", Audience.AGENT, frozenset(Permission))


class FakeLLM:
    """Says what it was told to, in small pieces; `fails_after` pieces the connection breaks."""

    def __init__(self, says: str, *, fails_after: int | None = None) -> None:
        self._pieces = [says[i : i + 7] for i in range(0, len(says), 7)]
        self._fails_after = fails_after
        self.asked: list[Sequence[Message]] = []

    @property
    def name(self) -> str:
        return "fake-model"

    @property
    def usage(self) -> Completion | None:
        return Completion(100, len(self._pieces))

    async def stream(
        self, messages: Sequence[Message], *, max_tokens: int, deadline_s: float
    ) -> AsyncGenerator[str, None]:
        self.asked.append(messages)
        for number, piece in enumerate(self._pieces):
            if number == self._fails_after:
                raise LLMError("the connection broke", transient=True)
            yield piece

    async def complete(self, messages: Sequence[Message], *, max_tokens: int, deadline_s: float) -> str:
        return "".join([piece async for piece in self.stream(messages, max_tokens=max_tokens, deadline_s=deadline_s)])

    async def aclose(self) -> None:
        return None


class NameRedactor:
    """Takes the name Ann Alder for personal data."""

    def redact_batch(self, texts: Sequence[str], profile: RedactionProfile) -> list[RedactedText]:
        return [self._one(text) for text in texts]

    def _one(self, text: str) -> RedactedText:
        start = text.find("Ann Alder")
        if start < 0:
            return RedactedText(text)
        return RedactedText(text.replace("Ann Alder", "<PERSON_aaaaaa>"), (Redaction("PERSON", start, start + 9, 0.9),))


class BrokenRedactor:
    def redact_batch(self, texts: Sequence[str], profile: RedactionProfile) -> list[RedactedText]:
        raise RuntimeError("no model")
