"""How alike two texts are, token by token. Pure functions; every share lies in 0…1."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence

_LINK_TARGET = re.compile(r"\]\([^)\s]*\)")
_TAG = re.compile(r"<[^<>]+>")
_CITATION = re.compile(r"\[\d+\]")
_WORD = re.compile(r"\w+")

UNION_CHARACTERS = 6_000
"""Of the passages that an answer could be read from: about what a prompt holds for them."""


def tokens(text: str) -> list[str]:
    """Lower-case words and numbers; neither link targets, tags nor `[n]` markers, which are no part of what is said."""
    for noise in (_LINK_TARGET, _TAG, _CITATION):
        text = noise.sub(" ", text)
    return _WORD.findall(text.lower())


def token_f1(said: str, reference: str) -> float:
    """Harmonic mean of precision and recall over the tokens as a multiset (SQuAD; Rajpurkar et al. 2016), articles kept."""
    ours, theirs = Counter(tokens(said)), Counter(tokens(reference))
    return _f1((ours & theirs).total(), ours.total(), theirs.total())


def rouge_l(said: str, reference: str) -> float:
    """F1 of the longest common subsequence of tokens (Lin 2004, β = 1)."""
    ours, theirs = tokens(said), tokens(reference)
    return _f1(_common_subsequence(ours, theirs), len(ours), len(theirs))


def best(measure: Sequence[float]) -> float | None:
    """Against several references the best one counts; None for none."""
    return max(measure, default=None)


def covered(answer: str, passages: Sequence[str], *, characters: int = UNION_CHARACTERS) -> float:
    """The share of the answer's distinct tokens that stand in the passages, of which the first `characters` together count."""
    wanted = set(tokens(answer))
    left, there = characters, set[str]()
    for passage in passages:
        there.update(tokens(passage[:left]))
        left -= len(passage)
        if left <= 0:
            break
    return len(wanted & there) / len(wanted) if wanted else 0.0


def _f1(common: int, ours: int, theirs: int) -> float:
    return 2 * common / (ours + theirs) if common else 0.0


def _common_subsequence(left: Sequence[str], right: Sequence[str]) -> int:
    row = [0] * (len(right) + 1)
    for word in left:
        before = 0
        for column, other in enumerate(right, start=1):
            above = row[column]
            row[column] = before + 1 if word == other else max(above, row[column - 1])
            before = above
    return row[-1]
