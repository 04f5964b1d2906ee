"""Why a run of a passage that has a clause's words still does not say what the clause says."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import pairwise

from guardrails.claims import unit_words
from guardrails.operators import overstated, unlicensed
from guardrails.paraphrase import OPPOSITES, weighed
from guardrails.sources import Run, Source
from guardrails.statements import Statement

_OURSELVES = frozenset({"we", "our", "us"})
NEAR = 5
"""Weighed words from one to the other of a pair that stands side by side in the claim, at most."""
OWNED = 2
"""The same for "the customer's account" and for names, as of forms and fields."""
TOLD = 0.5
"""Share of a claim's words that the sentence with its facts must have."""


def objection(claim: Statement, run: Run, source: Source) -> str | None:
    """The first reason, in the words of `Verdict.reason`; None where there is none."""
    return next((reason for reason in _objections(claim, run, source)), None)


def _objections(claim: Statement, run: Run, source: Source) -> Iterator[str]:
    """Contradictions first, then what is merely put together otherwise."""
    said = run.said
    missing = [fact for fact in claim.claim.facts if not _occurs(fact, run.folded, said, source)]
    if missing:
        yield "merged_facts" if all(_found(fact, source.folded) for fact in missing) else "missing_fact"
    if _unknown_name(claim, said, source):
        yield "missing_name"
    if not _units_agree(claim, said):
        yield "unit"
    if not _bounds_agree(claim, said):
        yield "bound"
    if _opposed(claim, said, source.about):
        yield "opposite"
    if not _same_polarity(claim, run):
        yield "negation"
    if unlicensed(claim.small, said.small) or overstated(
        frozenset(claim.small), frozenset(_nearest(claim, run)[0].small)
    ):
        yield "stronger"
    if _rival_between(claim, run.folded) or _put_together(claim, said) or not _told_by_one(claim, run):
        yield "merged_facts"
    if _swapped(claim, said) or _another_does_it(claim, said):
        yield "swapped"


def _occurs(fact: str, text: str, said: Statement, source: Source) -> bool:
    return (
        fact in said.claim.facts
        or fact in source.about.claim.facts
        or _found(fact, text)
        or (fact.isalpha() and (abbreviates(fact, said.small) or (is_ours(said) and _found(fact, source.folded))))
    )


def is_ours(said: Statement) -> bool:
    """Told by "us", whom a claim calls by name."""
    return not _OURSELVES.isdisjoint(said.small)


def _found(fact: str, text: str) -> bool:
    return bool(re.search(rf"(?<![\w.]){re.escape(fact)}(?![\w]|\.\w)", text))


def _unknown_name(claim: Statement, said: Statement, source: Source) -> bool:
    """A capitalised word that the passage has in no form: another product, module, country or person."""
    known = said.weights | source.about.weights
    return any(weighed(name) not in known | {""} and not _found(name, source.folded) for name in claim.claim.names)


def abbreviates(fact: str, small: tuple[str, ...]) -> bool:
    """POS for a point of sale."""
    initials = "".join(word[0] for word in small)
    return 1 < len(fact) < 6 and fact in initials


def _units_agree(claim: Statement, said: Statement) -> bool:
    for number, unit in claim.claim.measures:
        units = {known for value, known in said.claim.measures if value == number}
        if (unit not in units) if units else not (unit_words(unit) & set(said.small)):
            return False
    return True


def _bounds_agree(claim: Statement, said: Statement) -> bool:
    """ "More than 80 %" where the source says "less than 80 %"."""
    for number, bound in claim.bounds:
        theirs = {known for value, known in said.bounds if value == number}
        if theirs and bound not in theirs:
            return False
    return True


def _opposed(claim: Statement, said: Statement, about: Statement) -> bool:
    """The claim says "enable" where the source only says "disable"."""
    ours = claim.claim.stems | claim.claim.words
    theirs = said.claim.stems | said.claim.words | about.claim.stems
    return any(
        one in ours and one not in theirs and other in theirs and other not in ours
        for pair in OPPOSITES
        for one, other in (pair, pair[::-1])
    )


def _nearest(claim: Statement, run: Run) -> list[Statement]:
    shared = [len(claim.weights & clause.weights) for clause in run.clauses]
    return [clause for clause, common in zip(run.clauses, shared, strict=True) if common == max(shared)] or [run.said]


def _same_polarity(claim: Statement, run: Run) -> bool:
    return any(_agree(claim, clause) for clause in _nearest(claim, run)) or (
        bool(claim.denied) and _agree(claim, run.said)
    )


def _agree(claim: Statement, said: Statement) -> bool:
    """Each denial of either meets one of the other, as far as it bears on words that both have."""
    ours, theirs = frozenset[str]().union(*claim.denied), frozenset[str]().union(*said.denied)
    return all(group & theirs for group in claim.denied) and all(
        group & ours for group in said.denied if group & claim.roots
    )


def _rival_between(claim: Statement, text: str) -> bool:
    """ "Store 12 uses port 9000 and store 14 port 8443" does not say that store 12 uses port 8443. Lists (7.2, 7.3 and 7.4) do."""
    facts = claim.claim.facts
    for one, other in pairwise([fact for fact in facts if fact[0].isdigit()]):
        between = re.search(rf"(?<![\w.]){re.escape(one)}(?!\w)(?P<text>.*?)(?<![\w.]){re.escape(other)}(?!\w)", text)
        if between is None:
            continue
        said = re.sub(r"\([^)]*\)", "", between["text"])
        rivals = set(re.findall(r"(?<![\w.])\d+(?:\.\d+)*", said)) - set(facts)
        if rivals and re.search(r"[^\W\d_]", re.sub(r"\b(?:and|or|to|through)\b", "", said)):
            return True
    return False


def _put_together(claim: Statement, said: Statement) -> bool:
    """Two words stand side by side that the source has far from each other: "new user" of "from one user to a new one"."""
    places: dict[str, list[int]] = {}
    for place, word in enumerate(said.order):
        places.setdefault(word, []).append(place)

    def apart(one: str, other: str) -> int:
        return min((abs(a - b) for a in places.get(one, ()) for b in places.get(other, ())), default=0)

    return any(apart(*pair) > NEAR for pair in claim.pairs) or any(apart(*pair) > OWNED for pair in claim.owned)


def _told_by_one(claim: Statement, run: Run) -> bool:
    """Facts of several sentences are not put together: one of them has all, and most of the words."""
    wanted = [fact for fact in claim.claim.facts if fact in run.said.claim.facts and any(map(str.isdigit, fact))]
    return not wanted or any(
        set(wanted) <= set(said.claim.facts) and len(claim.weights & said.weights) >= TOLD * len(claim.weights)
        for said in run.sentences
    )


def _another_does_it(claim: Statement, said: Statement) -> bool:
    """The claim says that A must do what only B must."""
    for agents, voice, deed in claim.agents:
        theirs = {other for others, spoken, done in said.agents if (spoken, done) == (voice, deed) for other in others}
        if theirs and theirs.isdisjoint(agents):
            return True
    return False


def _swapped(claim: Statement, said: Statement) -> bool:
    """What follows "instead of" in the claim only precedes it in the source."""
    for pivot, after in claim.following.items():
        theirs = said.following.get(pivot, ())
        if after and theirs and after[0] in said.weights and after[0] not in theirs:
            return True
    return False
