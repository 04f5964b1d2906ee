"""What a measurement needs of the product; the command line hands in the real ones."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from typing import Protocol

from answers.conversations import StoredAnswer
from answers.types import Answer, Question
from core.domain import Audience, Principal, Scope
from retrieval.search import SearchResult

Principals = Callable[[str, Audience], Principal]
"""Who asks for a tenant (its slug) at an audience."""


class Asker(Protocol):
    """`answers.pipeline.AnswerPipeline`."""

    async def answer(self, question: Question) -> Answer: ...


class Finder(Protocol):
    """`retrieval.search.Searcher`."""

    async def search(
        self,
        scope: Scope,
        query: str,
        *,
        limit: int,
        today: date,
        whole_procedures: bool = False,
        without: frozenset[str] = frozenset(),
    ) -> SearchResult: ...


class Transcripts(Protocol):
    """`answers.conversations.Conversations`: the redacted question and query behind an answer."""

    async def answer(self, tenant_id: str, answer_id: str) -> StoredAnswer: ...
