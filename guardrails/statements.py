"""One sentence as the grounding check reads it: its weighed words in their order, and the small words that decide what it says."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise

from guardrails.claims import WORD, Claim, folded, plain, read
from guardrails.operators import bounds
from guardrails.paraphrase import opened, rooted, weighed

_LEAD = re.compile(
    r"^\s*(?:(?:yes|no)\b[,:.;–-]|(?:next|then|first|finally|second|also|however|otherwise)\s*,)\s*", re.IGNORECASE
)
_NEGATORS = frozenset(
    "not no never cannot without neither nor none nobody nothing unable fail fails failed failing refuse refuses refused".split()  # noqa: SIM905
)
_HOLLOW = re.compile(
    r"\bnot (?:even|just|only)\b|\bno (?:longer|later|more|fewer|less) than\b|\bno matter\b", re.IGNORECASE
)
"""Negators that deny nothing, or bound a number."""
_UNLESS = re.compile(r"\b(?:cannot|not|no|can't)\b([^.;]*?)\b(?:unless|until)\b", re.IGNORECASE)
"""Not … unless it is: only if it is."""
_OTHER_THAN = re.compile(r"\bother than\b", re.IGNORECASE)
_AUXILIARIES = frozenset("must shall will can cannot could may might should would".split())  # noqa: SIM905
_PRONOUNS = frozenset("i you he she it we they that which who this these there".split())  # noqa: SIM905
_PASSED_THROUGH = frozenset({"requir", "permit", "want", "possibl", "abl", "access"})
"""Weighed words that a negation passes through to the next: "not required to edit"."""
_FAILING = frozenset({"fail", "fails", "failed", "failing", "refuse", "refuses", "refused"})
PIVOTS = frozenset("instead rather than before after into by from to overrides override overrode".split())  # noqa: SIM905
"""Words whose sides must not change places."""
_CLAUSE = re.compile(
    r"\s*(?:;|,?\s+\b(?:but|while|whereas|however|although|though)\b|,\s+(?:and|or|so|which|since|because)\b)\s*",
    re.IGNORECASE,
)
_NAME = re.compile(r"(?<=[\w,] )[A-Z][a-z]+\b")
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
    roots: frozenset[str]
    owned: tuple[tuple[str, str], ...]
    agents: tuple[tuple[tuple[str, ...], str, str], ...]


def clauses(text: str) -> list[str]:
    """Cut where a new statement begins: not at the commas of a list or of an introduction."""
    return [clause for clause in _CLAUSE.split(text) if clause.strip()]


@lru_cache(maxsize=4096)
def state(text: str) -> Statement:
    bare = _LEAD.sub("", text)
    tokens = _tokens(bare)
    names = {name.casefold() for name in _NAME.findall(plain(bare))}
    heavy = [weighed(word) if word != "," else "" for word in tokens]
    return Statement(
        claim=read(bare),
        order=tuple(word for word in heavy if word),
        weights=frozenset(word for word in heavy if word),
        pairs=tuple((one, other) for one, other in pairwise(heavy) if one and other and one != other),
        denied=tuple(_denied(tokens)),
        small=tuple(tokens),
        bounds=bounds(folded(bare)),
        following={
            token: tuple(word for word in heavy[place + 1 :] if word)
            for place, token in reversed(list(enumerate(tokens)))
            if token in PIVOTS
        },
        roots=frozenset(map(rooted, tokens)) - {""},
        owned=tuple(
            (heavy[place], heavy[place + 1])
            for place, token in enumerate(tokens[:-1])
            if (token.endswith(("'s", "s'")) or token in names) and heavy[place] and heavy[place + 1].isalpha()
        ),
        agents=tuple(_agents(tokens, heavy)),
    )


def _tokens(text: str) -> list[str]:
    found: list[str] = []
    hollow = _HOLLOW.sub(lambda match: match[0].split()[-1], plain(text))
    hollow = _UNLESS.sub(lambda match: f"{match[1]} only if", hollow)
    hollow = _OTHER_THAN.sub("not", hollow)
    for match in re.finditer(rf"{WORD.pattern}|[,;:()–—]", hollow):
        token = match[0].replace("’", "'").casefold()
        if not token[0].isalnum():
            found.append(",")
            continue
        for part in [token] if any(mark in token for mark in "_.:") else _SPLIT.split(token):
            found += opened(part)
    return found


def _denied(tokens: list[str]) -> Iterator[frozenset[str]]:
    """What each negation bears on: the next word that says something (with the one after it, where that says little), and what
    is joined to it by "or"; three words after "no"; the word before it where none follows ("is not the same")."""
    for place, negator in enumerate(tokens):
        if not (negator in _NEGATORS or negator.endswith("n't")) or (
            negator in _FAILING and tokens[place + 1 : place + 2] != ["to"]
        ):
            continue
        after = tokens[place + 1 : place + 12]
        before = [root for root in map(rooted, tokens[:place]) if root]
        group = set(_reached(after, 3 if negator in ("no", "without", "none", "neither", "nor") else 1))
        for joint, word in enumerate(after):
            if word in ("or", "nor"):
                group |= set(_reached(after[joint + 1 :], 1))
        if negator == "no" or not group:
            group |= set(before[-1:])
        if group:
            yield frozenset(group)


def _reached(after: list[str], wanted: int) -> Iterator[str]:
    for word in after:
        root = rooted(word)
        if root:
            yield root
            wanted -= bool(weighed(word)) and root not in _PASSED_THROUGH and not word.endswith("ly")
        if wanted <= 0:
            return


def _agents(tokens: list[str], heavy: list[str]) -> Iterator[tuple[tuple[str, ...], str, str]]:
    """Who must, can or will do what: the weighed words around an auxiliary, and whether it is said in the passive."""
    for place, token in enumerate(tokens):
        if token in _AUXILIARIES and place and tokens[place - 1] not in _PRONOUNS:
            before = [word for word in heavy[max(0, place - 6) : place] if word]
            after = [word for word in heavy[place + 1 : place + 4] if word]
            if before and after:
                yield tuple(before[-3:]), "passive" if "be" in tokens[place + 1 : place + 3] else "active", after[0]
