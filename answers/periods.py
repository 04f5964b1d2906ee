"""The day whose rules a question asks for: "as of March 2024", "under the terms in force in mid-2024", "what was … last year".

Most dates in questions are not that: a device's date of purchase, a freeze's name, a deadline. So a period counts only after words
that ask for rules of another time, or in a question in the past tense that no event is the subject of.
"""

from __future__ import annotations

import re
from calendar import monthrange
from datetime import date, timedelta

_MONTHS = {
    name: number
    for number, names in enumerate(
        (
            ("january", "jan"), ("february", "feb"), ("march", "mar"), ("april", "apr"), ("may",), ("june", "jun"),
            ("july", "jul"), ("august", "aug"), ("september", "sep", "sept"), ("october", "oct"), ("november", "nov"),
            ("december", "dec"),
        ),
        start=1,
    )
    for name in names
}  # fmt: skip
_MONTH = rf"(?P<month>{'|'.join(sorted(_MONTHS, key=len, reverse=True))})\.?"
_YEAR = r"(?P<year>(?:19|20)\d\d)"
_DAY = r"(?P<day>\d{1,2})(?:st|nd|rd|th)?"
_PART = r"(?:(?P<end>the end of|end of|late)|(?P<start>the beginning of|the start of|early)|(?P<middle>mid[- ]?|the middle of))?"
_PERIODS = tuple(
    re.compile(pattern, re.IGNORECASE)
    for pattern in (
        r"(?P<iso>\d{4}-\d{2}-\d{2})(?!\d)",
        rf"{_DAY}(?: of)? {_MONTH},? {_YEAR}\b",
        rf"{_MONTH} {_DAY},? {_YEAR}\b",
        rf"{_PART}\s?{_MONTH},? {_YEAR}\b",
        rf"(?:q(?P<quarter>[1-4])|the (?P<ordinal>first|second|third|fourth) quarter of) ?{_YEAR}\b",
        rf"{_PART}\s?{_YEAR}\b",
        r"(?P<last>last|the previous|the past) (?P<unit>year|month|quarter|week)\b",
        r"(?P<count>\d{1,2}|a|an|one|two|three|four|five|six|ten) (?P<ago>days?|weeks?|months?|years?) ago\b",
        r"(?P<yesterday>yesterday|today)\b",
    )
)
_ASKS = tuple(
    re.compile(rf"\b(?:{words})\s+(?:the |back in |in |on |of )?(?P<period>.{{3,40}})", re.IGNORECASE)
    for words in (
        r"as (?:of|at|it stood (?:on|in|at)|they stood (?:on|in|at))",
        r"(?:in force|valid|effective|applicable|in effect|applied|applying)(?: back)?(?: as of| from| on| in| at| during)?",
        r"back (?:in|on)",
        r"under the (?:rules|terms|policy|policies|conditions|sla|contract) (?:of|from|in)",
        r"(?:rules|terms|policy|policies|conditions|sla|edition|text|version)(?: as)? (?:of|from|dated)",
    )
)
_PAST = re.compile(
    r"\b(?:what|which|how (?:long|much|many|fast|quickly|often)|who|were|was|did)\b.*?\b(?:was|were|did|applied|had to)\b.*?"
    r"\b(?:in|during|on|at|by|until)?\s*(?<!before )(?<!after )(?<!since )(?<!from )"
    r"(?P<period>(?:the end of|end of|mid|early|late|last|the previous|\d"
    r"|jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec|q[1-4]|two|three|a year).{0,40})",
    re.IGNORECASE,
)
_POSSESSIVE = re.compile(r"\b(?P<period>last (?:year|month|quarter))['’]s\b", re.IGNORECASE)
_EVENT = re.compile(
    r"\b(?:bought|purchased|delivered|ordered|installed|opened|reported|failed|crashed|happened|broke|created|signed|invoiced|sent|shipped|"
    r"received|released|upgraded|returned|since|tickets?|incident|outage)\b",
    re.IGNORECASE,
)
_COUNTS = {"a": 1, "an": 1, "one": 1, "two": 2, "three": 3, "four": 4, "five": 5, "six": 6, "ten": 10}
_QUARTERS = {"first": 1, "second": 2, "third": 3, "fourth": 4}


def day_of(question: str, *, today: date) -> date | None:
    """The day that the question's rules are of; of a longer period its last day, though none after `today` where the period has
    begun: the text that the period ended with replaced those before it."""
    asked = [match["period"] for pattern in (*_ASKS, _POSSESSIVE) if (match := pattern.search(question))]
    if not asked and not _EVENT.search(question) and (past := _PAST.search(question)):
        asked = [past["period"]]
    return next((day for period in asked if (day := _begins_with_period(period, today))), None)


def _begins_with_period(text: str, today: date) -> date | None:
    for pattern in _PERIODS:
        if match := pattern.match(text.strip()):
            try:
                return _day(match, today)
            except ValueError:  # 31 February
                return None
    return None


def _day(match: re.Match[str], today: date) -> date | None:
    said = {name: value.lower() for name, value in match.groupdict().items() if value}
    if "iso" in said:
        return date.fromisoformat(said["iso"])
    if "day" in said:
        return date(int(said["year"]), _MONTHS[said["month"]], int(said["day"]))
    if "month" in said:
        return _in_month(int(said["year"]), _MONTHS[said["month"]], said, today)
    if "quarter" in said or "ordinal" in said:
        quarter = int(said["quarter"]) if "quarter" in said else _QUARTERS[said["ordinal"]]
        return _end_of_month(int(said["year"]), 3 * quarter)
    if "year" in said:
        return _in_year(int(said["year"]), said, today)
    if "last" in said:
        return _last(said["unit"], today)
    if "ago" in said:
        return _ago(_COUNTS.get(said["count"]) or int(said["count"]), said["ago"].rstrip("s"), today)
    return today if said["yesterday"] == "today" else today - timedelta(days=1)


def _in_month(year: int, month: int, said: dict[str, str], today: date) -> date:
    if "start" in said:
        return date(year, month, 1)
    return (
        date(year, month, 15)
        if "middle" in said
        else _not_after(today, date(year, month, 1), _end_of_month(year, month))
    )


def _in_year(year: int, said: dict[str, str], today: date) -> date:
    if "start" in said:
        return date(year, 1, 31)
    return date(year, 6, 30) if "middle" in said else _not_after(today, date(year, 1, 1), date(year, 12, 31))


def _not_after(today: date, first: date, last: date) -> date:
    return min(last, today) if first <= today else last


def _last(unit: str, today: date) -> date:
    match unit:
        case "year":
            return date(today.year - 1, 12, 31)
        case "month":
            return today.replace(day=1) - timedelta(days=1)
        case "quarter":
            return date(today.year, 3 * ((today.month - 1) // 3) + 1, 1) - timedelta(days=1)
        case _:
            return today - timedelta(days=7)


def _ago(count: int, unit: str, today: date) -> date:
    if unit in ("day", "week"):
        return today - timedelta(days=count * (7 if unit == "week" else 1))
    months = today.year * 12 + today.month - 1 - count * (12 if unit == "year" else 1)
    year, month = divmod(months, 12)
    return date(year, month + 1, min(today.day, monthrange(year, month + 1)[1]))


def _end_of_month(year: int, month: int) -> date:
    return date(year, month, monthrange(year, month)[1])
