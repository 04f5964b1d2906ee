"""What an answer is given from: passages that hold for the asker; where only others' answer, those, and the answer says so."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from answers.calibration import Calibration, Calibrations
from answers.confidence import confidence
from answers.identifiers import holding, names_unknown_code
from core.clock import today
from core.domain import Passage, Scope
from core.tenancy import TenantInfo
from retrieval.search import Searcher, SearchResult

NEAR = 0.9
"""Of the best passage's score: what holds for others and comes this close speaks of the same thing."""

DOUBTFUL = 0.05
"""The most that can be hoped for where the passages are about other codes than the one that was asked about."""

HOPEFUL = 0.5
"""The least where a passage holds the very code that was asked about: the words around a code say little, the code much."""

DISTRUST = 0.8
"""How much of a confidence is left where there are signs of an injection: chosen, not fitted."""


@dataclass(frozen=True, slots=True)
class Finding:
    """`threshold` is what the confidence must reach for an answer. `elsewhere`: passages about the same thing that hold for another
    version or region, best first."""

    result: SearchResult
    confidence: float
    threshold: float
    elsewhere: tuple[Passage, ...] = field(default=())

    @property
    def enough(self) -> bool:
        return self.confidence >= self.threshold


class Finder:
    """Searches as the asker, and once more without version and region where these narrow the search."""

    def __init__(self, searcher: Searcher, calibrations: Calibrations, *, limit: int) -> None:
        self._searcher = searcher
        self._calibrations = calibrations
        self._limit = limit

    async def find(self, tenant: TenantInfo, scope: Scope, query: str, releases: Mapping[str, int]) -> Finding:
        """`tenant` is the scope's. Raises `UnavailableError` where an index does not answer.

        Among a few authoritative documents the best one always stands out, so that what is nearest there must be sure among all
        documents, too: on the demo's question for a list price, which no document tells, .36 by itself and .08 among all.
        """
        if not scope.filters.authoritative:
            return await self._holding(tenant, scope, query, releases)
        everything = replace(scope, filters=replace(scope.filters, authoritative=False))
        marked, among_all = await asyncio.gather(
            self._holding(tenant, scope, query, releases), self._holding(tenant, everything, query, releases)
        )
        return replace(marked, confidence=min(marked.confidence, among_all.confidence))

    async def _holding(self, tenant: TenantInfo, scope: Scope, query: str, releases: Mapping[str, int]) -> Finding:
        """What holds for the asker; where nothing does, what holds for others."""
        calibration = self._calibrations.given(tenant)
        wide = replace(scope, filters=replace(scope.filters, version=None, region=None))
        if wide == scope:
            return _finding(query, await self._search(tenant, scope, query, releases), calibration)
        both = await asyncio.gather(
            self._search(tenant, scope, query, releases), self._search(tenant, wide, query, releases)
        )
        own, others = (_finding(query, result, calibration) for result in both)
        if others.enough and not own.enough:
            return others
        known = {passage.id for passage in own.result.passages}
        least = NEAR * max((passage.score for passage in own.result.passages), default=0.0)
        elsewhere = (p for p in others.result.passages if p.id not in known and p.score >= least)
        return replace(own, elsewhere=tuple(elsewhere))

    async def _search(self, tenant: TenantInfo, scope: Scope, query: str, releases: Mapping[str, int]) -> SearchResult:
        return await self._searcher.search(
            scope, query, limit=self._limit, today=today(), tenant=tenant, releases=releases, whole_procedures=True
        )


def _finding(query: str, result: SearchResult, calibration: Calibration) -> Finding:
    sure = confidence(result.signals, calibration.coefficients) if result.passages else 0.0
    if names_unknown_code(query, result.passages):
        sure = min(sure, DOUBTFUL)
    elif holding(query, result.passages):
        sure = max(sure, HOPEFUL)
    found = Finding(result, sure, calibration.threshold)
    return distrusted(found) if result.passages and result.passages[0].suspect else found


def distrusted(found: Finding) -> Finding:
    """What is asked, or the best passage's document, holds words that look like instructions to a language model."""
    return replace(found, confidence=DISTRUST * found.confidence)
