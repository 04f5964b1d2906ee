"""What a stretch of text asserts, as far as it can be read without a model: its content words, its hard facts (numbers, versions, codes,
identifiers, quoted settings), what it negates, and the units of its numbers.
"""

from __future__ import annotations

import re
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache

import Stemmer

_STEMMER = Stemmer.Stemmer("english")
_STEMMER_LOCK = threading.Lock()
"""PyStemmer's objects are not safe to share between threads."""

STOP_WORDS = frozenset(
    """
    a an the this that these those it its he she they them their there here i you your yours we our us my me one is are was were be been being
    am do does did doing have has had having can could may might must shall should will would and or but nor so if then else when while as at by for from
    in into of off on onto out over per than to too up upon via with within about also both each either any some such same other which who whom
    whose what where why how not no never cannot without unless except only just very more most much many again already yet still even ever
    please possible able note first next finally now let s t re ll ve d
    """.split()
)
_NEGATORS = frozenset("not no never cannot without unless except neither nor none nobody nothing".split())
_TRANSPARENT = frozenset("allow permit need necessari longer want requir unabl".split())
"""Stems that a negation passes through to the next word: "not necessary to edit", "no longer edit"."""
_NUMBER_WORDS = dict(
    zip("two three four five six seven eight nine ten eleven twelve".split(), map(str, range(2, 13)), strict=True)
)
_UNITS = {
    **dict.fromkeys(["%", "percent", "percentage"], "%"),
    **dict.fromkeys(["ms", "millisecond", "milliseconds"], "ms"),
    **dict.fromkeys(["s", "sec", "secs", "second", "seconds"], "s"),
    **dict.fromkeys(["min", "mins", "minute", "minutes"], "min"),
    **dict.fromkeys(["h", "hr", "hrs", "hour", "hours"], "h"),
    **dict.fromkeys(["day", "days"], "day"),
    **dict.fromkeys(["week", "weeks"], "week"),
    **dict.fromkeys(["month", "months"], "month"),
    **dict.fromkeys(["year", "years"], "year"),
    **dict.fromkeys(["kb", "kib", "kilobyte", "kilobytes"], "kb"),
    **dict.fromkeys(["mb", "mib", "megabyte", "megabytes"], "mb"),
    **dict.fromkeys(["gb", "gib", "gigabyte", "gigabytes"], "gb"),
    **dict.fromkeys(["tb", "tib", "terabyte", "terabytes"], "tb"),
    **dict.fromkeys(["$", "usd", "dollar", "dollars"], "usd"),
    **dict.fromkeys(["€", "eur", "euro", "euros"], "eur"),
    **dict.fromkeys(["£", "gbp", "pound", "pounds"], "gbp"),
    **dict.fromkeys(["character", "characters", "chars"], "character"),
    **dict.fromkeys(["line", "lines"], "line"),
    **dict.fromkeys(["row", "rows"], "row"),
    **dict.fromkeys(["store", "stores"], "store"),
    **dict.fromkeys(["user", "users"], "user"),
    **dict.fromkeys(["digit", "digits"], "digit"),
    **dict.fromkeys(["time", "times"], "time"),
    **dict.fromkeys(["kg", "kilogram", "kilograms"], "kg"),
    **dict.fromkeys(["km", "kilometre", "kilometres", "kilometer", "kilometers"], "km"),
}

_WORD = re.compile(r"[^\W_]+(?:[._'’/:-][^\W_]+|_+[^\W_]+)*")
_QUOTED = re.compile(r"`([^`\n]+)`|\"([^\"\n]{2,80})\"|“([^”\n]{2,80})”|\*\*([^*\n]{2,80})\*\*")
_NUMBER = re.compile(r"(?<![\w.])[-+]?\d+(?:[,\u00a0\u202f]\d{3})*(?:\.\d+)*(?!\w)")
_MEASURE = re.compile(
    r"(?P<before>[$€£])?\s?(?P<number>\d+(?:[,\u00a0\u202f]\d{3})*(?:\.\d+)*)[\s-]?(?P<after>%|[A-Za-z]+\b)?"
)
_CLAUSE = re.compile(
    r"\s*(?:;|:\s|,?\s+\b(?:but|while|whereas|however|although|though)\b|,\s+(?:and|or|then)\b|,\s)\s*"
)
_MARKERS = re.compile(r"(?:\s?\[\d{1,3}\])+")
_MARKDOWN = re.compile(
    r"^[ \t]*(?:#{1,6}[ \t]+|>[ \t]?|[-*+][ \t]+|\d{1,3}[.)][ \t]+)+|[*_]{1,3}(?=\S)|(?<=\S)[*_]{1,3}(?=\W|$)|`",
    re.MULTILINE,
)


@dataclass(frozen=True, slots=True)
class Claim:
    """`facts` in order of appearance, folded; `negated` are the stems that a negation bears on; `names` capitalised inner words."""

    text: str
    stems: frozenset[str]
    facts: tuple[str, ...]
    names: frozenset[str]
    negated: frozenset[str]
    measures: frozenset[tuple[str, str]]
    words: frozenset[str]


@lru_cache(maxsize=65_536)
def stem(word: str) -> str:
    with _STEMMER_LOCK:
        return str(_STEMMER.stemWord(word))


def without_markers(text: str) -> str:
    """Without ``[n]`` citation markers."""
    return _MARKERS.sub("", text)


def folded(text: str) -> str:
    """Without Markdown marks, quotes made plain, blanks single, lower-case, no closing punctuation: equal where a reader sees no difference."""
    plain = _MARKDOWN.sub("", text).replace("’", "'").replace("“", '"').replace("”", '"')
    return re.sub(r"\s+", " ", plain).strip().casefold().rstrip(".!?:; ")


def clauses(text: str) -> list[str]:
    return [clause for clause in _CLAUSE.split(text) if clause.strip()]


def read(text: str) -> Claim:
    plain = without_markers(text)
    tokens = [match[0].replace("’", "'") for match in _WORD.finditer(_MARKDOWN.sub("", plain))]
    words = [token.casefold() for token in tokens]
    return Claim(
        text=plain,
        stems=frozenset(_content(words)),
        facts=tuple(dict.fromkeys(_facts(plain, tokens))),
        names=frozenset(
            token.casefold() for token in tokens[1:] if token[0].isupper() and token[1:].islower() and len(token) > 2
        ),
        negated=frozenset(_negated(words)),
        measures=frozenset(_measures(plain)),
        words=frozenset(words),
    )


def _content(words: list[str]) -> Iterator[str]:
    for word in words:
        bare = word.removesuffix("'s")
        if bare not in STOP_WORDS and not bare.endswith("n't"):
            yield number(bare) if bare[0].isdigit() else stem(_NUMBER_WORDS.get(bare, bare))


def number(text: str) -> str:
    """1,000 and 1000 are one number. Versions keep their dots."""
    return re.sub(r"[,\u00a0\u202f](?=\d{3})", "", text).lstrip("+")


def _facts(text: str, tokens: list[str]) -> Iterator[str]:
    """What must stand in the source as it stands here."""
    for match in _NUMBER.finditer(text):
        yield number(match[0])
    for token in tokens:
        if _is_code(token):
            yield token.casefold()
        elif token.casefold() in _NUMBER_WORDS:
            yield _NUMBER_WORDS[token.casefold()]
    for match in _QUOTED.finditer(text):
        yield folded(next(group for group in match.groups() if group))


def _is_code(token: str) -> bool:
    """ERR_TIMEOUT, price_list_id, E1042, 7.4.1, KB-2231, PriceList, EDI; not plain words, nor hyphenated ones."""
    return (
        "_" in token
        or (any(c.isdigit() for c in token) and not token.isdigit() and not _NUMBER.fullmatch(token))
        or (len(token) > 1 and token.isupper())
        or bool(re.search(r"[a-z][A-Z]", token))
        or bool(re.search(r"\w[./:]\w", token) and not re.fullmatch(r"[\d.]+|[a-z]+/[a-z]+|[A-Za-z]\.[A-Za-z]", token))
    )


def _negated(words: list[str]) -> Iterator[str]:
    for place, word in enumerate(words):
        if word not in _NEGATORS and not word.endswith("n't"):
            continue
        following = (stem(after) for after in words[place + 1 : place + 9] if after not in STOP_WORDS)
        for after in following:
            yield after
            if after not in _TRANSPARENT and word != "no":
                break
            word = "not"


def _measures(text: str) -> Iterator[tuple[str, str]]:
    for match in _MEASURE.finditer(text):
        unit = _UNITS.get((match["before"] or match["after"] or "").casefold())
        if unit:
            yield number(match["number"]), unit


def unit_words(unit: str) -> frozenset[str]:
    """All spellings of a unit."""
    return frozenset(spelling for spelling, name in _UNITS.items() if name == unit)
