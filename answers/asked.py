"""What kind of value a question asks for: a price, a port, a time. A passage that is about the same thing and states no such value
is near, and no answer."""

from __future__ import annotations

import re
from dataclasses import dataclass

_MONTHS = "january|february|march|april|may|june|july|august|september|october|november|december"
_NUMBER = (
    r"\d|\b(?:one|two|three|four|five|six|seven|eight|nine|ten|eleven|twelve|twenty|thirty|hundred|thousand|once|twice|none|any"
    r"|all|each|every|unlimited|several|single|both|half|zero|no|limit(?:ed)?)\b"
)


@dataclass(frozen=True, slots=True)
class Value:
    """`name` tells them apart; `asks` is found in questions for it, `states` in texts that give one."""

    name: str
    asks: re.Pattern[str]
    states: re.Pattern[str]


def _value(name: str, asks: str, states: str) -> Value:
    return Value(name, re.compile(asks, re.IGNORECASE), re.compile(states, re.IGNORECASE))


VALUES = (
    _value("port", r"\b(?:which|what) (?:\w+ ){0,2}ports?\b|\bport number", r"\b\d{2,5}\b"),
    _value(
        "price",
        r"\b(?:prices?|costs?|fees?) (?:of|for|to|per)\b|\bhow much\b.*\b(?:costs?|pay|charged?)\b"
        r"|\bwhat (?:do|does|did|will|would)\b.*\b(?:cost|pay)\b|\bwhat (?:is|are) the (?:\w+ ){0,3}(?:price|fee|cost)s?\b",
        r"(?:€|\$|£|\b(?:EUR|USD|GBP))\s*\d|\d[\d.,]*\s*(?:€|\$|£|EUR|USD|GBP|%|percent|euros?|dollars?|pounds?)|\bfree\b"
        r"|\b(?:no|without(?: a)?) (?:charge|cost|fee)|\bcharged?\b|\binvoiced\b|\bpaid by\b|\bincluded\b"
        r"|\bat .{0,20}(?:cost|expense)\b|\bsurcharge\b",
    ),
    _value(
        "percentage",
        r"\b(?:what|which) (?:percentage|percent|discount|share)\b|\bhow many percent",
        r"\d\s*(?:%|percent|per cent)|percentage points?|\bno (?:\w+ )?discount",
    ),
    _value(
        "telephone number",
        r"\b(?:phone|telephone|hotline) number\b|\bnumber (?:do|can|should) (?:i|we) call\b|\bwhich number to (?:call|ring)\b",
        r"\+?\d[\d ()/-]{5,}|<PHONE",
    ),
    _value(
        "time span",
        r"\bhow (?:long|soon|quick(?:ly)?|late|early|old)\b|\bwithin how many\b|\b(?:response|reaction|resolution) times?\b",
        r"\b(?:second|minute|hour|day|night|week|month|quarter|year)s?\b|\d ?(?:s|ms|min|h)\b|\bas long as\b|\buntil\b|\bat once\b"
        r"|\bimmediately\b|\bpermanent|\bforever\b|\b20\d\d\b|\b(?:daily|weekly|monthly|hourly|yearly)\b|_s\b|\d:\d\d|\b(?:before|after)\b",
    ),
    _value(
        "time of day",
        r"\b(?:what|which) (?:time|hours)\b|\bopening hours\b",
        r"\d{1,2}[:.]\d\d|\b\d{1,2} ?(?:am|pm|o'clock)\b|\bmidnight\b|\bnoon\b|\bround the clock\b|\b24\b|\bdays a week\b",
    ),
    _value(
        "date",
        r"\b(?:what|which) (?:date|day)\b|\bsince when\b",
        rf"\b(?:{_MONTHS})\b|\b\d{{4}}-\d\d-\d\d|\b(?:mon|tues|wednes|thurs|fri|satur|sun)day|\b20\d\d\b|\bdays?\b|\bend of\b",
    ),
    _value(
        "version",
        r"\b(?:which|what) (?:\w+ )?(?:version|release)s?\b",
        r"\d\.\d|\bR\d\b|\bCU\d|\b(?:19|20)\d\d\b|\b(?:version|release) \d",
    ),
    _value("number", r"\bhow many\b|\b(?:max|min)imum number\b", _NUMBER),
)
"""The first whose `asks` is found decides. `states` errs on the wide side: what it does not find is not there."""

_WANTS_FIGURE = re.compile(
    r"\b(?:how (?:many|much|long|often|soon|old|far|quick(?:ly)?|fast|late|early|big|large|high|low)|when|by when|until when"
    r"|(?:what|which) (?:rate|price|limit|number|size))\b",
    re.IGNORECASE,
)
_FIGURE = re.compile(
    r"(?<!step )(?<!section )(?<!\w)\d"
    r"|\b(?:one|two|three|four|five|six|seven|eight|nine|ten|twelve|once|twice|daily|weekly|monthly|hourly|midnight|noon|never)\b",
    re.IGNORECASE,
)


def value_asked(question: str) -> Value | None:
    """What a text must state to answer the question; `None` where any text may."""
    return next((value for value in VALUES if value.asks.search(question)), None)


def favoured(question: str) -> re.Pattern[str] | None:
    """What the sentence that answers the question most likely holds, a figure before all."""
    if _WANTS_FIGURE.search(question):
        return _FIGURE
    value = value_asked(question)
    return value.states if value else None
