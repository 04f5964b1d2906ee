"""What an answer is given from: passages that hold for the asker; where only others' answer, those, and the answer says so."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from answers.confidence import confidence
from core.clock import today
from core.domain import Passage, Scope
from retrieval.search import Searcher, SearchResult

NEAR = 0.9
"""Of the best passage's score: what holds for others and comes this close speaks of the same thing."""


@dataclass(frozen=True, slots=True)
class Finding:
    """`elsewhere`: passages about the same thing that hold for another version or region, best first."""

    result: SearchResult
    confidence: float
    elsewhere: tuple[Passage, ...] = field(default=())


class Finder:
    """Searches as the asker, and once more without version and region where these narrow the search."""

    def __init__(self, searcher: Searcher, *, threshold: float, limit: int) -> None:
        self._searcher = searcher
        self._threshold = threshold
        self._limit = limit

    async def find(self, scope: Scope, query: str, releases: Mapping[str, int]) -> Finding:
        """Raises `UnavailableError` where an index does not answer."""
        wide = replace(scope, filters=replace(scope.filters, version=None, region=None))
        if wide == scope:
            return _finding(await self._search(scope, query, releases))
        own, others = map(
            _finding,
            await asyncio.gather(self._search(scope, query, releases), self._search(wide, query, releases)),
        )
        if own.confidence < self._threshold <= others.confidence:
            return others
        known = {passage.id for passage in own.result.passages}
        least = NEAR * max((passage.score for passage in own.result.passages), default=0.0)
        elsewhere = (p for p in others.result.passages if p.id not in known and p.score >= least)
        return replace(own, elsewhere=tuple(elsewhere))

    async def _search(self, scope: Scope, query: str, releases: Mapping[str, int]) -> SearchResult:
        return await self._searcher.search(
            scope, query, limit=self._limit, today=today(), releases=releases, whole_procedures=True
        )


def _finding(result: SearchResult) -> Finding:
    return Finding(result, confidence(result.signals) if result.passages else 0.0)
