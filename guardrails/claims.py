"""What a stretch of text asserts, as far as it can be read without a model: its content words, its hard facts (numbers,
versions, codes, identifiers, quoted settings), what it negates, and the units of its numbers.
"""

from __future__ import annotations

import re
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache

import Stemmer

from guardrails.vocabulary import words

_STEMMER = Stemmer.Stemmer("english")
_STEMMER_LOCK = threading.Lock()
"""PyStemmer's objects are not safe to share between threads."""

STOP_WORDS = words(
    """
    a able about again already also am an and any are as at be been being both but by can cannot could d did do does
    doing each either else even ever except finally first for from had has have having he here how i if in into is it
    its just let ll many may me might more most much must my never next no nor not note now of off on one only onto or
    other our out over per please possible re s same shall she should so some still such t than that the their them
    then there these they this those to too unless up upon us ve very via was we were what when where which while who
    whom whose why will with within without would yet you your yours
    """
)
_NEGATORS = words("not no never cannot without unless except neither nor none nobody nothing")
_NEGATION = re.compile(rf"(?<![^\W_])(?:{'|'.join(sorted(_NEGATORS))})(?![^\W_])|n['’]t", re.IGNORECASE)
_TRANSPARENT = words("allow permit need necessari longer want requir unabl")
"""Stems that a negation passes through to the next word: "not necessary to edit", "no longer edit"."""
_COUNTED = (
    "two three four five six seven eight nine ten eleven twelve "
    "thirteen fourteen fifteen sixteen seventeen eighteen nineteen"
)
_TENS = "twenty thirty forty fifty sixty seventy eighty ninety"
NUMBER_WORDS = {word: str(value) for value, word in enumerate(_COUNTED.split(), start=2)} | {
    word: str(value * 10) for value, word in enumerate(_TENS.split(), start=2)
}
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
    **dict.fromkeys(["byte", "bytes"], "byte"),
    **dict.fromkeys(["kg", "kilogram", "kilograms"], "kg"),
    **dict.fromkeys(["km", "kilometre", "kilometres", "kilometer", "kilometers"], "km"),
}

WORD = re.compile(r"\d+(?:[,\u00a0\u202f]\d{3})+(?!\w)|[^\W_]+(?:[._'’/:-][^\W_]+|_+[^\W_]+)*")
_QUOTED = re.compile(r"`([^`\n]+)`|\"([^\"\n]{2,80})\"|“([^”\n]{2,80})”|\*\*([^*\n]{2,80})\*\*")
_NUMBER = re.compile(r"(?<![\w.])[-+]?\d+(?:[,\u00a0\u202f]\d{3})*(?:\.\d+)*(?!\w)")
_COUNT = re.compile(rf"{_NUMBER.pattern}(?:-[a-z]+)*|\d+(?:st|nd|rd|th)|\d+-\d+")
"""No code: 1,000, 10-minute, 22nd, 10-14."""
_MEASURE = re.compile(
    r"(?P<before>[$€£])?\s?(?P<number>\d+(?:[,\u00a0\u202f]\d{3})*(?:\.\d+)*|\bone(?=[\s-])|\ba(?= single\b))\)?(?:[\s-]"
    r"(?:single|business|working|calendar|full)\b)?[\s-]?(?P<after>%|[A-Za-z]+\b)?",
    re.IGNORECASE,
)
"""The number may be spelt in words with its figure behind, as in "thirty (30) days"."""
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


def plain(text: str) -> str:
    """Without Markdown's marks."""
    return _MARKDOWN.sub("", text)


def folded(text: str) -> str:
    """Equal where a reader sees no difference: no Markdown, plain quotes, single blanks, lower-case, no end mark."""
    bare = plain(text).replace("’", "'").replace("“", '"').replace("”", '"')
    return re.sub(r"\s+", " ", bare).strip().casefold().rstrip(".!?:; ")


@lru_cache(maxsize=1024)
def read(text: str) -> Claim:
    """Cached, since one answer reads its own sentences several times over."""
    unmarked = without_markers(text)
    tokens = [match[0].replace("’", "'") for match in WORD.finditer(plain(unmarked))]
    lower = [token.casefold() for token in tokens]
    return Claim(
        text=unmarked,
        stems=frozenset(_content(lower)),
        facts=tuple(dict.fromkeys(_facts(unmarked, tokens))),
        names=frozenset(
            token.casefold() for token in tokens[1:] if token[0].isupper() and token[1:].islower() and len(token) > 2
        ),
        negated=frozenset(_negated(lower)),
        measures=frozenset(_measures(unmarked)),
        words=frozenset(lower),
    )


def _content(words: list[str]) -> Iterator[str]:
    for word in words:
        bare = word.removesuffix("'s")
        if bare not in STOP_WORDS and not bare.endswith("n't"):
            yield number(bare) if bare[0].isdigit() else stem(NUMBER_WORDS.get(bare, bare))


def number(text: str) -> str:
    """1,000 and 1000 are one number. Versions keep their dots."""
    return re.sub(r"[,\u00a0\u202f](?=\d{3})", "", text).lstrip("+")


def _facts(text: str, tokens: list[str]) -> Iterator[str]:
    """What must stand in the source as it stands here."""
    for match in _NUMBER.finditer(text):
        yield number(match[0])
    for token in tokens:
        if _is_code(token):
            yield token.casefold().removesuffix("'s")
        elif token.casefold() in NUMBER_WORDS:
            yield NUMBER_WORDS[token.casefold()]
    for match in _QUOTED.finditer(text):
        yield folded(next(group for group in match.groups() if group))


def _is_code(token: str) -> bool:
    """ERR_TIMEOUT, price_list_id, E1042, 7.4.1, KB-2231, PriceList, EDI; not plain words, nor hyphenated ones."""
    return (
        "_" in token
        or (any(c.isdigit() for c in token) and not token.isdigit() and not _COUNT.fullmatch(token))
        or (len(token) > 1 and token.isupper())
        or bool(re.search(r"[a-z][A-Z]", token))
        or bool(re.search(r"\w[./:]\w", token) and not re.fullmatch(r"[\d.]+|[a-z]+/[a-z]+|[A-Za-z]\.[A-Za-z]", token))
    )


def _is_negator(word: str) -> bool:
    return word in _NEGATORS or word.endswith("n't")


def may_negate(text: str) -> bool:
    """False where `read` finds nothing negated, told at a fraction of the cost."""
    return bool(_NEGATION.search(plain(without_markers(text))))


def _negated(tokens: list[str]) -> Iterator[str]:
    """The content word after a negation (two after "no"); the one before it where none follows ("is not the same")."""
    for place, word in enumerate(tokens):
        if not _is_negator(word):
            continue
        after = [stem(token) for token in tokens[place + 1 : place + 9] if token not in STOP_WORDS]
        before = [stem(token) for token in tokens[:place] if token not in STOP_WORDS]
        wanted = 2 if word == "no" else 1
        reached = 0
        for negated in after or before[-1:]:
            yield negated
            reached += negated not in _TRANSPARENT
            if reached == wanted:
                break


def _measures(text: str) -> Iterator[tuple[str, str]]:
    for match in _MEASURE.finditer(text):
        unit = _UNITS.get((match["before"] or match["after"] or "").casefold())
        if unit:
            count = match["number"].casefold()
            yield ("1" if count in ("one", "a") else number(count)), unit


def unit_words(unit: str) -> frozenset[str]:
    """All spellings of a unit."""
    return frozenset(spelling for spelling, name in _UNITS.items() if name == unit)
