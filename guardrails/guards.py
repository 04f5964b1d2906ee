"""The guards as the answer pipeline sees them: async, bounded in time and threads, and closed when anything fails."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from types import TracebackType
from typing import Protocol, Self

from core.domain import RedactedText, RedactionProfile
from core.errors import InvalidRequestError
from guardrails import egress, injection
from guardrails.egress import EgressResult
from guardrails.errors import GuardError
from guardrails.injection import Signal
from guardrails.withheld import Withheld, withheld

__all__ = ["GuardError", "Guards", "ScreenedInput", "TextRedactor"]


DEADLINE_CHARS = 8000
"""Characters that the deadline is meant for; longer texts get more time in proportion."""


class TextRedactor(Protocol):
    """What `Guards` needs of `guardrails.pii.Redactor`: blocking, and safe to call from several threads."""

    def redact_batch(self, texts: Sequence[str], profile: RedactionProfile) -> list[RedactedText]: ...


@dataclass(frozen=True, slots=True)
class ScreenedInput:
    """A question that may go on: normalised and redacted. `stripped` counts the hidden characters that were removed; `withheld`
    says what its placeholders stand for, `told` those of a conversation that was sent along."""

    text: str
    redactions: Mapping[str, int]
    signals: tuple[Signal, ...]
    stripped: int
    withheld: tuple[Withheld, ...] = ()
    told: tuple[Withheld, ...] = ()


class Guards:
    """Runs the redactor in `threads` threads of its own; a call that takes longer than `deadline_s` seconds fails closed.

    The deadline covers the wait for a free thread. A thread cannot be stopped, so one that overruns stays busy until it
    ends: `threads` bounds how many can. Close it when the process ends, or use it as a context manager.
    """

    def __init__(
        self, redactor: TextRedactor, *, threads: int = 2, deadline_s: float = 5.0, max_question_chars: int = 8000
    ) -> None:
        self._redactor = redactor
        self._deadline_s = deadline_s
        self._max_question_chars = max_question_chars
        self._pool = ThreadPoolExecutor(max_workers=threads, thread_name_prefix="redactor")

    async def screen_input(self, question: str, profile: RedactionProfile) -> ScreenedInput:
        """Normalise, look for injection, redact.

        Raises `InvalidRequestError` (`empty_question`, `question_too_long`) and `GuardError`.
        """
        if len(question) > self._max_question_chars:
            raise InvalidRequestError(
                f"The question is longer than {self._max_question_chars} characters; shorten it",
                code="question_too_long",
            )
        text, stripped = injection.normalise(question)
        if not text.strip():
            raise InvalidRequestError("The question is empty; ask something", code="empty_question")
        signals = injection.scan(question)
        [redacted] = await self.redact_many([text], profile)
        return ScreenedInput(redacted.text, redacted.counts, signals, stripped, withheld(text, redacted))

    def plain(self, text: str) -> str:
        """Without hidden characters, as `screen_input` reads a question."""
        return injection.normalise(text)[0]

    async def redact_many(self, texts: Sequence[str], profile: RedactionProfile) -> list[RedactedText]:
        """One result per text, in order. Raises `GuardError` on a failure or at the deadline: then nothing may pass."""
        loop = asyncio.get_running_loop()
        deadline_s = self._deadline_s * max(1.0, sum(map(len, texts)) / DEADLINE_CHARS)
        try:
            async with asyncio.timeout(deadline_s):
                return await loop.run_in_executor(self._pool, self._redactor.redact_batch, list(texts), profile)
        except GuardError:
            raise
        except TimeoutError as error:
            raise GuardError(f"Redaction took longer than {deadline_s:g} s; try again") from error
        except Exception as error:
            raise GuardError(f"Redaction failed ({type(error).__name__})") from None

    def screen_output(self, text: str, allowed_urls: frozenset[str], source_texts: Sequence[str]) -> EgressResult:
        """Make Markdown safe to show. Raises `GuardError` when it cannot be parsed."""
        return egress.screen_markdown(text, allowed_urls=allowed_urls, source_texts=source_texts)

    def close(self) -> None:
        """Let the threads end; does not wait for one that overran its deadline."""
        self._pool.shutdown(wait=False, cancel_futures=True)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()
