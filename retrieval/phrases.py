"""Words that stand side by side in the question and in a passage: what neither BM25 nor a vector sees."""

from __future__ import annotations

from functools import lru_cache
from itertools import pairwise

from retrieval.sparse import terms

Pairs = frozenset[tuple[str, str]]


@lru_cache(maxsize=4096)
def pairs_of(text: str) -> Pairs:
    """Neighbouring terms, stop words left out. Cached, since a popular passage is a candidate of many questions."""
    return frozenset(pairwise(terms(text)))


def phrase_share(query: Pairs, text: str) -> float:
    """Which share of the question's pairs the text holds, 0…1; 0 for a question of one term."""
    return len(query & pairs_of(text)) / len(query) if query else 0.0
