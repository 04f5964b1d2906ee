"""The values that a statement sets: durations, clock times, dates, sums, shares, counts, versions; each in a unit that compares.

Two statements differ where they set values of one dimension and share none: "within 24 hours" and "within a day" agree, "2 days"
and "2 business days" do not.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache

from guardrails.claims import number, stem

TOLERANCE = 0.025
"""Relative: twelve months of 30 days are a year of 365, and 3 months are 90 days; 30 and 31 days are not the same."""

_WORDS = {
    word: str(value)
    for value, word in enumerate(
        ["one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve"],
        start=1,
    )
} | {
    "a": "1",
    "an": "1",
    "fifteen": "15",
    "twenty": "20",
    "thirty": "30",
    "sixty": "60",
    "ninety": "90",
    "half an": "0.5",
}
_MINUTES = {
    "second": 1 / 60,
    "minute": 1.0,
    "hour": 60.0,
    "day": 1440.0,
    "week": 10080.0,
    "month": 43200.0,
    "year": 518400.0,
}
_UNITS = {
    **dict.fromkeys(("second", "seconds", "sec", "secs"), "second"),
    **dict.fromkeys(("minute", "minutes", "min", "mins"), "minute"),
    **dict.fromkeys(("hour", "hours", "hr", "hrs", "h"), "hour"),
    **dict.fromkeys(("day", "days"), "day"),
    **dict.fromkeys(("week", "weeks"), "week"),
    **dict.fromkeys(("month", "months"), "month"),
    **dict.fromkeys(("year", "years"), "year"),
}
_MONTHS = "jan feb mar apr may jun jul aug sep oct nov dec".split()  # noqa: SIM905
_AMOUNT = (
    rf"(?P<amount>\d+(?:[,\u00a0\u202f]\d{{3}})*(?:\.\d+)?|\b(?:{'|'.join(sorted(_WORDS, key=len, reverse=True))})\b)"
)
_MONTH = r"(?P<month>jan|feb|mar|apr|may|june?|july?|aug|sept?|oct|nov|dec)[a-z]*"
_CURRENCY = r"eur|euros?|usd|dollars?|gbp|pounds?|chf|[€$£]"
_CURRENCIES = {"€": "eur", "euro": "eur", "$": "usd", "dollar": "usd", "£": "gbp", "pound": "gbp"}

_PATTERNS = tuple(
    (kind, re.compile(pattern, re.IGNORECASE))
    for kind, pattern in (
        ("date", r"(?P<iso>\d{4}-\d\d-\d\d)"),
        ("date", rf"\b(?P<day>\d{{1,2}})(?:st|nd|rd|th)?(?: of)? {_MONTH}(?:,? (?P<year>\d{{4}}))?\b"),
        ("date", rf"\b{_MONTH} (?P<day>\d{{1,2}})(?:st|nd|rd|th)?\b(?:,? (?P<year>\d{{4}}))?"),
        ("month", rf"\b(?:every|each|in|by|until|from) {_MONTH}\b"),
        ("clock", r"(?<![\d:])(?P<hour>[01]?\d|2[0-4]):(?P<minute>[0-5]\d)(?![\d:])(?:\s?(?P<half>[ap]m))?"),
        ("clock", r"(?<![\d.,])(?P<hour>1[0-2]|0?[1-9])\s?(?P<half>[ap])\.?m\b"),
        ("version", r"\b(?:versions?|releases?|v)\s?(?P<version>\d{1,3}(?:\.\d{1,3}){0,2})\b"),
        ("version", r"(?<![\w.,])(?P<version>\d{1,3}\.\d{1,3}(?:\.\d{1,3})?) (?:and|or) (?:later|newer|earlier|older)"),
        ("share", rf"{_AMOUNT}\s?(?:%|per ?cent\b|percent\b)"),
        ("money", rf"(?P<currency>[€$£])\s?{_AMOUNT}"),
        ("money", rf"(?P<currency>eur|usd|gbp|chf)\s?{_AMOUNT}"),
        ("money", rf"{_AMOUNT}\s?(?P<currency>{_CURRENCY})(?![a-z])"),
        (
            "duration",
            rf"(?<![\w.])(?:{_AMOUNT}|(?P<half_an>half an?))[\s-](?P<working>(?:business|working)[\s-])?"
            rf"(?P<unit>{'|'.join(sorted(_UNITS, key=len, reverse=True))})(?![a-z])",
        ),
        (
            "count",
            rf"(?<![\w.,])(?:(?:at least|at most|up to|more than|no more than) )?{_AMOUNT} (?P<thing>[a-z]{{3,}}(?: [a-z]{{3,}})?)",
        ),
    )
)
_LABEL = re.compile(
    r"\b(?=[\w-]*\d)(?=[\w-]*[A-Z])[A-Z][A-Z0-9]*(?:-[A-Z0-9]+)*\b"
    r"|\b(?i:level|tier|priority|severity|stage|phase|class) (?:\d|[A-Ea-e])\b",
    re.ASCII,
)
_UNCOUNTED = frozenset("and or of in to for from with after before per the one".split())  # noqa: SIM905


@dataclass(frozen=True, slots=True)
class Value:
    """`dimension` says what it can be compared with; `amount` is a number where it has a size, else its text."""

    dimension: str
    amount: float | str

    def equals(self, other: Value) -> bool:
        if self.dimension != other.dimension:
            return False
        if isinstance(self.amount, str) or isinstance(other.amount, str):
            return _same_text(self.amount, other.amount)
        return abs(self.amount - other.amount) <= TOLERANCE * max(abs(self.amount), abs(other.amount))


@lru_cache(maxsize=1024)
def values(text: str) -> tuple[Value, ...]:
    """In no order; what one pattern has read, no later one reads again."""
    rest = text
    found: list[Value] = []
    for kind, pattern in _PATTERNS:
        for match in pattern.finditer(rest):
            found += _value(kind, {name: value for name, value in match.groupdict().items() if value})
        if kind != "count":
            rest = pattern.sub(lambda match: " " * len(match[0]), rest)
    return tuple(dict.fromkeys(found))


def labels(text: str) -> frozenset[str]:
    """What names one of several: P1, ERR-4021, level 2. Two statements with different ones speak of different things."""
    return frozenset(match[0].casefold() for match in _LABEL.finditer(text))


def differing(ours: tuple[Value, ...], theirs: tuple[Value, ...]) -> frozenset[str]:
    """Dimensions in which both set values and share none."""
    shared = {value.dimension for value in ours} & {value.dimension for value in theirs}
    return frozenset(name for name in shared if not _agree(name, ours, theirs))


def _agree(dimension: str, ours: tuple[Value, ...], theirs: tuple[Value, ...]) -> bool:
    return any(a.equals(b) for a in ours if a.dimension == dimension for b in theirs)


def _same_text(a: float | str, b: float | str) -> bool:
    """A day and month without a year is that day in any year."""
    a, b = str(a), str(b)
    return a == b or (a.startswith("--") and b.endswith(a[1:])) or (b.startswith("--") and a.endswith(b[1:]))


def _value(kind: str, said: dict[str, str]) -> Iterator[Value]:
    match kind:
        case "date":
            yield Value("date", said.get("iso") or _date(said))
        case "month":
            yield Value("month", said["month"][:3].casefold())
        case "clock":
            yield Value("clock", _clock(said))
        case "version":
            yield Value("version", said["version"])
        case "share":
            yield Value("share", _amount(said))
        case "money":
            currency = said["currency"].casefold()
            yield Value(f"money {_CURRENCIES.get(currency.rstrip('s'), currency)}", _amount(said))
        case "duration":
            unit = _UNITS[said["unit"].casefold()]
            minutes = _amount(said) * _MINUTES[unit]
            yield Value("time", f"working {minutes:g}" if "working" in said else minutes)
        case _:
            things = [word for word in said["thing"].casefold().split() if word not in _UNCOUNTED]
            if said["amount"].casefold() not in ("a", "an", "one"):
                # "10 devices travel" counts by its first word, "4 certified consultants" by its last.
                yield from (Value(f"count {stem(thing)}", _amount(said)) for thing in dict.fromkeys(things))


def _amount(said: dict[str, str]) -> float:
    if "amount" not in said:
        return 0.5
    return float(number(_WORDS.get(said["amount"].casefold(), said["amount"])))


def _date(said: dict[str, str]) -> str:
    month = _MONTHS.index(said["month"][:3].casefold()) + 1
    return f"{said.get('year', '-')}-{month:02d}-{int(said['day']):02d}"


def _clock(said: dict[str, str]) -> float:
    """Minutes since midnight."""
    hour = int(said["hour"])
    half = said.get("half", "").casefold()[:1]
    if half and hour <= 12:
        hour = hour % 12 + (12 if half == "p" else 0)
    return float(60 * hour + int(said.get("minute", 0)))
