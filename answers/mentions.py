"""The versions that a question names, and what the words around each make of it.

A version counts only where those words make it one of ours: a bare number, a price, a clock time, a section or another product's
version says nothing.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from enum import Enum, auto

_NUMBER = r"\d{1,3}(?:\.\d{1,3}){1,2}"
_TOKEN = re.compile(
    rf"(?<![\w.,/:§-])(?:v\.? ?(?P<major>\d{{1,3}})(?![\w.])|(?P<x>\d{{1,3}})\.x\b|v?\.? ?(?P<dotted>{_NUMBER})(?![\w%]|[.,:]\d)"
    r"|(?:(?<=version )|(?<=release )|(?<=releases )|(?<=versions ))(?P<named>\d{1,3})(?![\w.,%:]))",
    re.IGNORECASE,
)
_UNIT = re.compile(
    r"\s?(?:%|percent|hours?|hrs?|h|min|minutes?|s|secs?|seconds?|ms|days?|weeks?|months?|years?|[kmg]i?b|[kmg]b/s|[kmg]bit|"
    r"eur|euros?|usd|dollars?|gbp|pounds?|€|\$|£|kg|g|km|cm|mm|metres?|meters?|inch(?:es)?|volts?|v|watts?|stars?|million|ghz|mhz|hz|"
    r"thousand|times|percentage|points|am|pm|o'clock|uhr|uk time|cet)(?![\w-])",
    re.IGNORECASE,
)
_NO_VERSION_BEFORE = re.compile(
    r"(?:[€$£]\s?|\b(?:section|chapter|step|paragraph|para|article|clause|table|figure|fig|page|item|part|annex|appendix|port|"
    r"number|no|nr|factor|costs?|price|total|rate|at|by|about|around|approximately|until|till)\.?\s*)$",
    re.IGNORECASE,
)
_FOREIGN = frozenset(
    """
    windows linux ubuntu debian redhat centos android ios ipados macos java jdk jre python php node nodejs net dotnet tls ssl ssh
    http https smb sql server oracle postgres postgresql mysql mariadb mongodb office excel word outlook teams
    chrome firefox edge safari docker kubernetes pci dss usb hdmi bluetooth wifi ipv oauth saml opc edifact as2 as4 ubl
    xml json html css powershell bash openssl firmware bios kernel driver api schema protocol""".split()  # noqa: SIM905
)
_OF_FOREIGN = re.compile(r"\s+of (?:the |our )?(?P<word>[\w.]+)", re.IGNORECASE)

_FILLER = (
    r"(?:(?:the|our|their|his|her|your|its|a|an|still|currently|now|only|just|release|version|level|branch|v)\s+)*"
)
_END = rf"\s+{_FILLER}$"
_NAMED_BEFORE = re.compile(r"\b(?:versions?|releases?|ver\.?|v)\s*$", re.IGNORECASE)
_GAP = r"(?:[^.?!]|\.(?=\d))"
"""Within one sentence; the dot of a version ends none."""
_MOVED = r"(?:upgraded|updated|moved|migrated|switched|gone|went)"
_MOVE = r"(?:upgrad\w*|updat(?:e|es|ing)|migrat\w*|mov(?:e|es|ing)|jump\w*|switch\w*|go|going|get|getting|roll\w*)"
_HAVE_MOVED = re.compile(
    rf"(?:(?<!be )(?<!being )\b{_MOVED}\b|\b(?:since|after|following)\s+(?:\w+\s+){{0,2}}{_MOVE}\b){_GAP}{{0,40}}"
    rf"\b(?:to|onto)\s+{_FILLER}(?:\w+\s+){{0,2}}$",
    re.IGNORECASE,
)
_CAME_FROM = re.compile(
    rf"(?:(?<!be )(?<!being )\b{_MOVED}\b|\b(?:since|after|following)\s+(?:\w+\s+){{0,2}}{_MOVE}\b){_GAP}{{0,40}}\bfrom{_END}",
    re.IGNORECASE,
)
_MOVING_TO = re.compile(
    rf"\b(?:{_MOVE}|be {_MOVED})\b{_GAP}{{0,60}}\b(?:to|onto|from|between)\s+{_FILLER}(?:\w+\s+){{0,2}}$|\binstall\w*{_END}",
    re.IGNORECASE,
)
_ABOUT = re.compile(
    r"\b(?:fix(?:e[sd])?|bugs?|faults?|defects?|changes?|changed|new|news|introduced|added|removed|dropped|deprecated|features?|"
    r"issues?|notes|changelog|included|contains?|shipped|came|come|comes|coming|solved|resolved|repaired|corrected|improve\w*|differ\w*|available|"
    r"planned|expected|patched|arrived?|appear\w*|begin\w*|start\w*|broken|what's|what is|what was)\s+(?:\w+\s+){0,2}?"
    rf"(?:in|with|since|of|for|by|on|from){_END}"
    rf"|\b(?:since|before|after|until|than|between|versus|vs\.?|prior to|as of|compared? (?:to|with)){_END}",
    re.IGNORECASE,
)
_ABOUT_AFTER = re.compile(
    r"\s+(?:release notes?|changelog|features?|fix(?:es)?|patch|notes|still (?:supported|maintained)|(?:be |was |is |been )?"
    r"(?:released|supported|announced|due|out)|come|comes|came|end of|out of|bring|brings|change|changes|introduced?|fix|vs|versus"
    r"|or later|supports?|allows?|and (?:later|newer|above))\b",
    re.IGNORECASE,
)
_RUNS = re.compile(
    rf"\b(?:on|under|with|using|run|runs|running|use|uses|have|has|got|stuck (?:on|at)|in|for|of){_END}", re.IGNORECASE
)
_JOINED = re.compile(
    r"^\s*(?:,|/|and|or|vs\.?|versus|to|→|->|-|–|against|compared (?:to|with)|through)\s+(?:v|version\s|release\s)?$",
    re.IGNORECASE,
)
_NEWEST = re.compile(r"\b(?:newest|latest|next|current|most recent) (?:version|release)\b", re.IGNORECASE)
_WANTS_MOVE = re.compile(
    r"\b(?:upgrad(?:e|ing)|migrat(?:e|ing|ion)|jump|move (?:up|straight)|go straight)\b", re.IGNORECASE
)
_SENTENCE = re.compile(r"(?<=[.?!;])\s+")
_WORD_BEFORE = re.compile(r"([\w.+#-]+)\s+(?:version\s+|release\s+|v\.?\s*)?$", re.IGNORECASE)


_OUR_OWN = re.compile(r"^[\s(\[]*$|[(,:]\s*$|\b(?:the|our|their|a|an)\s*$", re.IGNORECASE)
_THING_AFTER = re.compile(
    r"\s+(?:tills?|stores?|systems?|installation|clients?|customers?|servers?|environment)\b", re.IGNORECASE
)


class Kind(Enum):
    """`RUNS`: the asker has it, or asks how it is there; `TOPIC`: the question is about it."""

    RUNS = auto()
    TOPIC = auto()


@dataclass(frozen=True, slots=True)
class Mention:
    """`moving`: an end of a way that the question asks about; `settled`: the asker has come there."""

    version: str
    kind: Kind
    moving: bool = False
    settled: bool = False


_CONTEXT = 120
"""Characters before a version in which its words stand."""


def mentions(question: str, names: Iterable[str]) -> Iterator[Mention]:
    """In the question's order. `names` are our products and modules: their words before a number make it a version."""
    ours = frozenset(word.lower() for name in names for word in name.split())
    for sentence in _SENTENCE.split(question):
        yield from _in_sentence(sentence, ours)


def wants_move(question: str) -> bool:
    """Whether it asks for a way to another version without naming it: "the newest version"."""
    return bool(_NEWEST.search(question) or _WANTS_MOVE.search(question))


def _in_sentence(sentence: str, ours: frozenset[str]) -> Iterator[Mention]:
    last: Mention | None = None
    end = 0
    for match in _TOKEN.finditer(sentence):
        before, after = sentence[max(0, match.start() - _CONTEXT) : match.start()], sentence[match.end() :]
        version = match["dotted"] or match["major"] or match["x"] or match["named"]
        if _is_foreign(before, after, ours):
            continue
        found = None
        if last is not None and _JOINED.match(sentence[end : match.start()]):
            found = _settled(version) if _HAVE_MOVED.search(before) else replace(last, version=version)
        found = found or _read(version, before, after, ours)
        if found is None and (match["dotted"] is None or not match[0][0].isdigit()):  # v7.4, version 8, 7.x
            found = Mention(version, Kind.RUNS)
        if found is not None:
            last, end = found, match.end()
            if not _CAME_FROM.search(before):
                yield found


def _is_foreign(before: str, after: str, ours: frozenset[str]) -> bool:
    """A measure, a price, a clock time, a section, or another product's version."""
    if _UNIT.match(after) or (_NO_VERSION_BEFORE.search(before) and not _NAMED_BEFORE.search(before)):
        return True
    of = _OF_FOREIGN.match(after)
    if of and of["word"].lower().strip(".") in _FOREIGN:
        return True
    word = _WORD_BEFORE.search(before)
    if word is None:
        return False
    bare = word[1].strip(".")
    named = bare.lower() in ours or bare.lower() in _SMALL
    return not named and (bare.lower() in _FOREIGN or (bare[:1].isupper() and word.start() > 0))


_SMALL = frozenset(
    """on in to from with for since after before under using use uses run runs running version versions release releases
    v ver and or vs than between is are was has have our the their a an still now at of until does did will when what if""".split()  # noqa: SIM905
)


def _read(version: str, before: str, after: str, ours: frozenset[str]) -> Mention | None:
    """What the words around a version make of it; `None` where they make it no version of ours."""
    left = _without(before, ours)
    if _HAVE_MOVED.search(left):
        return _settled(version)
    if _MOVING_TO.search(left):
        return Mention(version, Kind.TOPIC, moving=True)
    if _ABOUT.search(left) or _ABOUT_AFTER.match(after):
        return Mention(version, Kind.TOPIC)
    is_named = left != before or _NAMED_BEFORE.search(before)
    if is_named or _RUNS.search(left) or _OUR_OWN.search(before) or _THING_AFTER.match(after):
        return Mention(version, Kind.RUNS)
    return None


def _settled(version: str) -> Mention:
    return Mention(version, Kind.RUNS, settled=True)


def _without(left: str, ours: frozenset[str]) -> str:
    """`left` without product words at its end: "fixed in Corvane Retail" is read as "fixed in"."""
    while (word := _WORD_BEFORE.search(left)) is not None and word[1].lower() in ours:
        left = left[: word.start()]
    return left
