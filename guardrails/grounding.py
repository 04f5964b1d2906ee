"""Does a cited passage say this? A deterministic check, without a model: what it cannot verify it does not pass.

A sentence is read clause by clause. A clause is supported by one sentence of the passage (with the one that it takes up, "This …",
or the introduction of its list) that has all of the clause's weighed words and hard facts, and says the same of them: polarity,
units, bounds, order, and the small words ("all", "only", "before") that decide what is said.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import repeat
from typing import Protocol

from guardrails.claims import folded, without_markers
from guardrails.objections import abbreviates, is_ours, objection
from guardrails.paraphrase import weighed
from guardrails.sources import SENTENCE, Run, Source, source
from guardrails.statements import Statement, clauses, state

BORDERLINE = 0.6
"""Share of a clause's words from which a `Similarity`, where there is one, decides."""
SIMILARITY = 0.8
"""Cosine that a borderline clause needs: strict, because an encoder also finds a sentence and its contrary alike."""
ABOUT = 0.7
"""Share of a clause's words that the run itself must have."""
_LOOSE = frozenset({"stronger", "swapped"})
_AND = re.compile(r",?\s+and\s+")


class Similarity(Protocol):
    """Cosines of sentence embeddings: ``len(a)`` rows of ``len(b)``."""

    def similarity(self, a: Sequence[str], b: Sequence[str]) -> list[list[float]]: ...


@dataclass(frozen=True, slots=True)
class Verdict:
    """`reason`: `verbatim`, `covered`, `similar`; or why not: `no_content`, `low_coverage`, `missing_fact`, `missing_name`, `unit`,
    `bound`, `negation`, `opposite`, `stronger`, `merged_facts`, `swapped`.

    ``quote_start…quote_end`` are characters of ``passage_texts[passage_index]``, the nearest place also where it is not
    supported; `passage_index` is -1 where there is none. `score` is the coverage, 0…1.
    """

    supported: bool
    reason: str
    quote_start: int
    quote_end: int
    passage_index: int
    score: float


def check(
    sentence: str, passage_texts: Sequence[str], *, about: Sequence[str] = (), similarity: Similarity | None = None
) -> Verdict:
    """The verdict on one sentence. A unit of several (a procedure, a table row of sentences) passes where each of them does.

    `about` has title and headings of each passage: they name what it speaks of, and prove nothing else.
    """
    sources = [source(text, title) for text, title in zip(passage_texts, about or repeat(""), strict=False)]
    text = without_markers(sentence)
    if quote := _verbatim(folded(text), sources):
        return quote
    parts = [part[0] for part in SENTENCE.finditer(text) if folded(part[0])] or [text]
    verdicts = [_verbatim(folded(part), sources) or _check_one(part, sources, similarity) for part in parts]
    return min(verdicts, key=lambda verdict: (verdict.supported, verdict.score))


def _check_one(text: str, sources: Sequence[Source], similarity: Similarity | None) -> Verdict:
    """The best verdict that any one passage gives."""
    claims = [claim for claim in map(state, clauses(text)) if claim.weights]
    if not claims:
        return Verdict(False, "no_content", 0, 0, -1, 0.0)
    best = Verdict(False, "low_coverage", 0, 0, -1, 0.0)
    for place, passage in enumerate(sources):
        verdicts = [_held(claim, place, passage, similarity) for claim in claims]
        verdicts = [
            verdict if verdict.supported else _held_by_halves(claim, place, passage) or verdict
            for claim, verdict in zip(claims, verdicts, strict=True)
        ]
        worst = min(verdicts, key=lambda verdict: (verdict.supported, verdict.score))
        if worst.supported:
            return Verdict(
                True,
                worst.reason,
                min(verdict.quote_start for verdict in verdicts),
                max(verdict.quote_end for verdict in verdicts),
                place,
                worst.score,
            )
        best = max(best, worst, key=lambda verdict: verdict.score)
    return best


def _held(claim: Statement, place: int, passage: Source, similarity: Similarity | None) -> Verdict:
    best = Verdict(False, "low_coverage", 0, 0, -1, 0.0)
    for run in passage.runs:
        coverage = _coverage(claim, run, passage)
        if coverage < max(BORDERLINE, best.score):
            if coverage > best.score:
                best = Verdict(False, "low_coverage", run.start, run.end, place, round(coverage, 3))
            continue
        reason = objection(claim, run, passage)
        if reason is None and (coverage == 1 or _similar(claim, run, similarity)):
            return Verdict(
                True, "covered" if coverage == 1 else "similar", run.start, run.end, place, round(coverage, 3)
            )
        if coverage > best.score:
            best = Verdict(False, _told(reason, coverage), run.start, run.end, place, round(coverage, 3))
    return best


def _held_by_halves(claim: Statement, place: int, passage: Source) -> Verdict | None:
    """Two sentences of one paragraph, told in one joined by "and"."""
    halves = [state(half) for half in _AND.split(claim.claim.text)]
    if len(halves) < 2 or any(len(half.weights) < 2 for half in halves):
        return None
    told = [_held(half, place, passage, None) for half in halves]
    if not all(verdict.supported for verdict in told):
        return None
    start, end = min(verdict.quote_start for verdict in told), max(verdict.quote_end for verdict in told)
    paragraphs = {sentence.paragraph for sentence in passage.sentences if start <= sentence.start < end}
    return replace(told[0], quote_start=start, quote_end=end) if len(paragraphs) == 1 else None


def _coverage(claim: Statement, run: Run, passage: Source) -> float:
    """Share of the claim's words; title and headings give at most what `ABOUT` leaves."""
    short = {fact for fact in claim.claim.facts if fact.isalpha() and abbreviates(fact, run.said.small)}
    own = claim.weights & (run.said.weights | short)
    if len(own) < ABOUT * len(claim.weights):
        return len(own) / len(claim.weights)
    named = passage.about.weights
    if is_ours(run.said):
        named |= {weighed(name) for name in passage.names}
    return len(claim.weights & (own | named)) / len(claim.weights)


def _told(reason: str | None, coverage: float) -> str:
    """Where words are missing, only what is plainly contradicted is named before them."""
    return reason if reason and (coverage == 1 or reason not in _LOOSE) else "low_coverage"


def _similar(claim: Statement, run: Run, similarity: Similarity | None) -> bool:
    return similarity is not None and similarity.similarity([claim.claim.text], [run.folded])[0][0] >= SIMILARITY


def _verbatim(wanted: str, sources: Sequence[Source]) -> Verdict | None:
    """Whole sentences of a passage, one or several in a row. A part of one may lack the "do not" before it."""
    for place, passage in enumerate(sources):
        for start, first in enumerate(passage.sentences):
            if not wanted or not first.folded or not wanted.startswith(first.folded):
                continue
            joined = ""
            for last in passage.sentences[start:]:
                joined = folded(f"{joined}. {last.folded}") if joined else last.folded
                if joined == wanted or _unpunctuated(joined) == _unpunctuated(wanted):
                    return Verdict(True, "verbatim", first.start, last.end, place, 1.0)
                if len(joined) > len(wanted) + 8:
                    break
    return None


def _unpunctuated(text: str) -> str:
    return re.sub(r"[.!?:;](?= )", "", text)
