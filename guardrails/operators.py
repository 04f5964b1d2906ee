"""The small words that decide what a sentence says, and which words of a source license them: a claim that says "all", "only",
"must" or "before" where its source does not has said more than the source.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Set

from guardrails.vocabulary import words

_ALL = words(
    """
    all any both each either every no none never always whatever whichever regardless whenever anyone nobody
    """
)
_LICENSED_BY = {
    **dict.fromkeys(
        words("only solely exclusively alone merely"),
        words("only solely exclusively alone must sole single required requires merely just"),
    ),
    **dict.fromkeys(words("all every any both either"), _ALL),
    "each": _ALL | {"per"},
    "always": words("always all every never any each whenever"),
    "never": words("never not no cannot none without"),
    "ever": words("ever never always"),
    "most": words("most majority"),
    "exactly": words("exactly precisely"),
    "before": words("before prior until unless first earlier previously ahead preceding previous beforehand"),
    "until": words("until till unless before"),
    "after": words("after once following upon since later subsequent subsequently from beyond past exceeds"),
    "unless": words("unless except without until"),
    "except": words("except unless excluding other apart but excludes"),
    "without": words("without no not cannot un- only unless automatically"),
    "once": words("once after when if only as until more"),
    "next": words("next following subsequent"),
    "last": words("last previous past final preceding latest"),
    "past": words("last previous past preceding"),
    "first": words("first initial before initially"),
}
_SOME = words("some many most few several often typically usually sometimes more")
_TIMES = words("time month day year week quarter hour case of")
_OBLIGES = words(
    "must required requires require requirement mandatory needs need "
    "necessary shall only cannot essential responsibility ensure needed"
)
_WEAKENS = words(
    "can may might recommend recommended should could optional optionally suggest want wish either alternatively"
)
_DOUBTS = words("might could possibly potential potentially likely probably")
_HEDGES = _DOUBTS | words(
    "may can possible typically usually often commonly common generally "
    "sometimes frequently risk unlikely should not cannot unable some if"
)


def unlicensed(ours: Collection[str], theirs: Collection[str]) -> str | None:
    """The first word of a claim that the words of its source do not license."""
    listed = list(ours)
    for place, word in enumerate(listed):
        if (licence := _LICENSED_BY.get(word)) is None:
            continue
        if word == "only" and "must" in listed:
            licence -= {"must"}  # "you must be an administrator" licenses "only administrators can", not "only … must"
        if listed[: place + 1].count(word) <= sum(each in licence for each in theirs):
            continue
        after = listed[place + 1 : place + 3]
        if word in ("each", "every") and after and (_TIMES & set(after[:1]) or _all_of_a_kind(after, theirs)):
            continue
        if word == "only" and listed[place - 1] in ("is", "are") and after[:1] in (["a"], ["an"]):
            continue  # no more than: "it is only a warning"
        return word
    return None


def _all_of_a_kind(after: Collection[str], theirs: Collection[str]) -> bool:
    """ "Every user must" of "users must"."""
    return _SOME.isdisjoint(theirs) and any(f"{word}s" in theirs for word in after)


def overstated(ours: Set[str], theirs: Set[str]) -> bool:
    """A duty where the source gives a choice, or a certainty where it says "may"."""
    obliged = ours & {"must", "required", "mandatory"} or _has_to(ours)
    if obliged and theirs & _WEAKENS and not theirs & _OBLIGES and not _has_to(theirs):
        return True
    certain = theirs & _DOUBTS or ("may" in theirs and ours & {"will", "always", "never"})
    return bool(certain) and not ours & _HEDGES


def _has_to(small: Set[str]) -> bool:
    return "to" in small and bool(small & {"has", "have", "had"})


_COUNT = r"[$€£]?\s?(?P<number>\d+(?:[,.]\d+)*|one|two|three|four|five|six|seven|eight|nine|ten|twelve)\)?"
_MORE = (
    r"more than|over|above|exceed(?:s|ed|ing)?|greater than|at least|minimum(?: of)?|beyond|"
    r"longer than|later than|no(?:t)? (?:less|fewer) than"
)
_LESS = (
    r"less than|fewer than|under|below|at most|up to|no(?:t)? (?:more|later|longer) than|within|"
    r"maximum(?: of)?|earlier than|prior to"
)
_MORE_AFTER = r"or (?:more|longer|later|older|above|higher|greater)"
_LESS_AFTER = r"or (?:less|fewer|earlier|previous|below|lower|prior|shorter)"
_BEFORE = re.compile(rf"\b(?:(?P<less>{_LESS})|(?P<more>{_MORE}))\s+(?:[a-z]+\s+)?(?:\w+\s+\()?{_COUNT}")
_AFTER = re.compile(
    rf"(?<![\w.]){_COUNT}%?\s*(?:[a-z'-]+\s+){{0,3}}(?:(?P<less>{_LESS_AFTER})|(?P<more>{_MORE_AFTER}))\b"
)


def bounds(text: str) -> frozenset[tuple[str, str]]:
    """Numbers with `most` or `least`, as "more than 80 %" and "15 minutes or more" bound them. `text` is lower-case."""
    return frozenset(
        (match["number"].replace(",", ""), "most" if match["less"] else "least")
        for pattern in (_BEFORE, _AFTER)
        for match in pattern.finditer(text)
    )
