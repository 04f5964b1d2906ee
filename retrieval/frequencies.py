"""How many of the passages that an asker may see hold a term: what BM25 weighs the question's words with."""

from __future__ import annotations

import time
from collections import OrderedDict
from collections.abc import Callable, Sequence

from retrieval.index import IndexFilter, VectorIndex

KEPT = 20_000
"""Counts, the last used: a few megabytes."""
FRESH_S = 60.0
"""How long a count stands. A release never changes but for what is withdrawn from it, and that alters a weight a little at most:
what may be seen is never told from here."""

_Key = tuple[str, IndexFilter, int | None]


class Frequencies:
    """Counts of the index, kept for a while: each is a pass over the index that most questions share."""

    def __init__(self, index: VectorIndex, *, kept: int = KEPT, clock: Callable[[], float] = time.monotonic) -> None:
        self._index = index
        self._kept = kept
        self._clock = clock
        self._known: OrderedDict[_Key, tuple[float, int]] = OrderedDict()

    async def total(self, collection: str, within: IndexFilter) -> int:
        key = (collection, within, None)
        known = self._fresh(key)
        return known if known is not None else self._keep(key, await self._index.count(collection, within))

    async def of(self, collection: str, within: IndexFilter, terms: Sequence[int]) -> dict[int, int]:
        """Term → passages that hold it."""
        known = {term: self._fresh((collection, within, term)) for term in terms}
        missing = [term for term, count in known.items() if count is None]
        if missing:
            counted = await self._index.document_frequencies(collection, within, missing)
            for term in missing:
                known[term] = self._keep((collection, within, term), counted.get(term, 0))
        return {term: count for term, count in known.items() if count}

    def _fresh(self, key: _Key) -> int | None:
        at, count = self._known.get(key, (None, 0))
        if at is None or self._clock() - at > FRESH_S:
            return None
        self._known.move_to_end(key)
        return count

    def _keep(self, key: _Key, count: int) -> int:
        self._known[key] = (self._clock(), count)
        self._known.move_to_end(key)
        while len(self._known) > self._kept:
            self._known.popitem(last=False)
        return count
