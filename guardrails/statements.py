"""One sentence as the grounding check reads it: its weighed words in their order, and the small words that decide what it says."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache

from guardrails.claims import WORD, Claim, folded, plain, read
from guardrails.operators import bounds
from guardrails.paraphrase import opened, weighed

_LEAD = re.compile(r"^\s*(?:(?:yes|no)\b[,:.;–-]|(?:next|then|first|finally|second|also|however|otherwise)\s*,)\s*", re.IGNORECASE)
_NEGATORS = frozenset(
    "not no never cannot without neither nor none nobody nothing unable fail fails failed failing refuse refuses refused".split()  # noqa: SIM905
)
_HOLLOW = re.compile(r"\bnot (?:even|just|necessarily|only)\b|\bno (?:longer|later|more|fewer|less) than\b|\bno matter\b", re.IGNORECASE)
"""Negators that deny nothing, or bound a number."""
_PASSED_THROUGH = frozenset({"requir", "permit", "want", "possibl"})
"""Weighed words that a negation passes through to the next: "not required to edit"."""
_FAILING = frozenset({"fail", "fails", "failed", "failing", "refuse", "refuses", "refused"})
PIVOTS = frozenset("instead rather than before after into by from overrides override overrode".split())  # noqa: SIM905
"""Words whose sides must not change places."""
_CLAUSE = re.compile(
    r"\s*(?:;|,?\s+\b(?:but|while|whereas|however|although|though)\b|,\s+(?:and|or|then|so|which)\b)\s*", re.IGNORECASE
)
_SPLIT = re.compile(r"(?<=\w)[-/](?=\w)")


@dataclass(frozen=True, slots=True)
class Statement:
    """`order` are the weighed words as they follow each other, `pairs` those with nothing between them; `denied` has one group
    of words for each negation; `small` are all words, lower-case; `bounds` say of numbers whether they are a least or a most."""

    claim: Claim
    order: tuple[str, ...]
    weights: frozenset[str]
    pairs: tuple[tuple[str, str], ...]
    denied: tuple[frozenset[str], ...]
    small: tuple[str, ...]
    bounds: frozenset[tuple[str, str]]
    following: Mapping[str, tuple[str, ...]]


def clauses(text: str) -> list[str]:
    """Cut where a new statement begins: not at the commas of a list or of an introduction."""
    return [clause for clause in _CLAUSE.split(text) if clause.strip()]


@lru_cache(maxsize=4096)
def state(text: str) -> Statement:
    bare = _LEAD.sub("", text)
    tokens = _tokens(bare)
    heavy = [weighed(token) if token != "," else "" for token in tokens]
    return Statement(
        claim=read(bare),
        order=tuple(word for word in heavy if word),
        weights=frozenset(word for word in heavy if word),
        pairs=tuple((one, other) for one, other in zip(heavy, heavy[1:], strict=False) if one and other and one != other),
        denied=tuple(_denied(tokens, heavy)),
        small=tuple(tokens),
        bounds=bounds(folded(bare)),
        following={
            token: tuple(word for word in heavy[place + 1 :] if word)
            for place, token in reversed(list(enumerate(tokens)))
            if token in PIVOTS
        },
    )


def _tokens(text: str) -> list[str]:
    found: list[str] = []
    hollow = _HOLLOW.sub(lambda match: match[0].split()[-1], plain(text))
    for match in re.finditer(rf"{WORD.pattern}|[,;:()–—]", hollow):
        token = match[0].replace("’", "'").casefold()
        if not token[0].isalnum():
            found.append(",")
            continue
        for part in [token] if any(mark in token for mark in "_.:") else _SPLIT.split(token):
            found += opened(part)
    return found


def _denied(tokens: list[str], heavy: list[str]) -> list[frozenset[str]]:
    groups = []
    for place, token in enumerate(tokens):
        if not (token in _NEGATORS or token.endswith("n't")) or (token in _FAILING and tokens[place + 1 : place + 2] != ["to"]):
            continue
        after = [word for word in heavy[place + 1 : place + 12] if word]
        before = [word for word in heavy[:place] if word]
        if token in ("no", "without", "none", "neither", "nor"):
            group = {*after[:3], *(before[-1:] if token == "no" else [])}
        else:
            group = set(_reached(after)) or set(before[-1:])
        if group:
            groups.append(frozenset(group))
    return groups


def _reached(after: list[str]) -> list[str]:
    for place, word in enumerate(after):
        if word not in _PASSED_THROUGH:
            return after[: place + 1]
    return after
