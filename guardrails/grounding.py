"""Does a cited passage say this? A deterministic check, without a model: what it cannot verify it does not pass.

A sentence is held against windows of one to three neighbouring sentences of a passage. A window supports it where it has enough
of its content words, all of its hard facts, and the same polarity, units and pairing of facts.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Protocol

from guardrails.claims import Claim, clauses, folded, read, unit_words, without_markers
from guardrails.vocabulary import words

COVERAGE = 0.8
"""Share of content words that a window must have: one missing in five is a paraphrase's verb, two are another statement."""
BORDERLINE = 0.6
"""From here a `Similarity`, where there is one, decides."""
SIMILARITY = 0.8
"""Cosine that a borderline window needs: strict, because an encoder also finds a sentence and its contrary alike."""
CLAUSE_COVERAGE = 0.6
"""Share of the words of a clause with facts that one single sentence must have: else its facts are put together from two."""
_WINDOW = 3

_OPPOSITES = tuple(
    tuple(sorted(pair.split("/")))
    for pair in words(
        """
        enabl/disabl allow/deni allow/prevent increas/decreas on/off open/close minimum/maximum first/last add/remov
        start/stop includ/exclud requir/option mandatori/option befor/after onlin/offlin debit/credit import/export
        inbound/outbound upgrad/downgrad accept/reject approv/reject grant/revok activ/inact lock/unlock hide/show
        ascend/descend manual/automat higher/lower above/below succeed/fail valid/invalid public/privat encrypt/decrypt
        install/uninstal select/clear purchas/sale customer/vendor
        """
    )
)
_STRONGER = (frozenset({"only", "solely", "exclusively"}), frozenset({"always"}))
_SENTENCE = re.compile(
    r"(?:^[ \t]*\d{1,3}\.[ \t]+)?[^\n]+?(?:[.!?](?=[\s\"'”’)\]*_]|$)[\"'”’)\]*_]*|(?=\n)|$)",
    re.MULTILINE,
)


class Similarity(Protocol):
    """Cosines of sentence embeddings: ``len(a)`` rows of ``len(b)``."""

    def similarity(self, a: Sequence[str], b: Sequence[str]) -> list[list[float]]: ...


@dataclass(frozen=True, slots=True)
class Verdict:
    """`reason`: `verbatim`, `covered`, `similar`; or why not: `no_content`, `low_coverage`, `missing_fact`, `missing_name`, `unit`,
    `negation`, `opposite`, `merged_facts`, `stronger`.

    ``quote_start…quote_end`` are characters of ``passage_texts[passage_index]``, the nearest window also where it is not
    supported; `passage_index` is -1 where there is none. `score` is the coverage, 0…1.
    """

    supported: bool
    reason: str
    quote_start: int
    quote_end: int
    passage_index: int
    score: float


@dataclass(frozen=True, slots=True)
class _Sentence:
    start: int
    end: int
    folded: str
    claim: Claim


@dataclass(frozen=True, slots=True)
class _Window:
    passage: int
    sentences: tuple[_Sentence, ...]
    text: str
    coverage: float

    def verdict(self, supported: bool, reason: str) -> Verdict:
        return Verdict(
            supported, reason, self.sentences[0].start, self.sentences[-1].end, self.passage, round(self.coverage, 3)
        )


def check(sentence: str, passage_texts: Sequence[str], *, similarity: Similarity | None = None) -> Verdict:
    """The verdict on one sentence. A unit of several (a procedure, a table row of sentences) passes where each of them does."""
    passages = [_sentences(text) for text in passage_texts]
    text = without_markers(sentence)
    if quote := _verbatim(folded(text), passages):
        return quote
    parts = [part[0] for part in _SENTENCE.finditer(text) if folded(part[0])]
    if len(parts) <= 1:
        return _check_one(text, passages, similarity)
    verdicts = [_check_part(part, passages, similarity) for part in parts]
    return min(verdicts, key=lambda verdict: (verdict.supported, verdict.score))


def _check_part(part: str, passages: Sequence[Sequence[_Sentence]], similarity: Similarity | None) -> Verdict:
    return _verbatim(folded(part), passages) or _check_one(part, passages, similarity)


def _check_one(text: str, passages: Sequence[Sequence[_Sentence]], similarity: Similarity | None) -> Verdict:
    claim = read(text)
    if not claim.stems:
        return Verdict(False, "no_content", 0, 0, -1, 0.0)
    windows = sorted(_windows(claim, passages), key=lambda window: (-window.coverage, len(window.sentences)))
    if not windows:
        return Verdict(False, "low_coverage", 0, 0, -1, 0.0)
    refused: Verdict | None = None
    for window in windows:
        if window.coverage < BORDERLINE:
            break
        reason = _objection(claim, window, passages[window.passage])
        if reason is None and window.coverage >= COVERAGE:
            return window.verdict(True, "covered")
        if reason is None and _similar(claim, window, similarity):
            return window.verdict(True, "similar")
        refused = refused or window.verdict(False, reason or "low_coverage")
    return refused or windows[0].verdict(False, "low_coverage")


def _similar(claim: Claim, window: _Window, similarity: Similarity | None) -> bool:
    return similarity is not None and similarity.similarity([claim.text], [window.text])[0][0] >= SIMILARITY


def _sentences(text: str) -> list[_Sentence]:
    return [
        _Sentence(match.end() - len(match[0].lstrip()), match.end(), folded(match[0]), read(match[0]))
        for match in _SENTENCE.finditer(text)
        if match[0].strip()
    ]


def _windows(claim: Claim, passages: Sequence[Sequence[_Sentence]]) -> Iterator[_Window]:
    for place, sentences in enumerate(passages):
        for start in range(len(sentences)):
            stems: frozenset[str] = frozenset()
            for end in range(start + 1, min(start + _WINDOW, len(sentences)) + 1):
                inside = tuple(sentences[start:end])
                stems |= inside[-1].claim.stems
                coverage = len(claim.stems & stems) / len(claim.stems)
                if coverage > 0:
                    yield _Window(place, inside, " ".join(each.claim.text for each in inside), coverage)


def _verbatim(wanted: str, passages: Sequence[Sequence[_Sentence]]) -> Verdict | None:
    """Whole sentences of a passage, one or several in a row. A part of one may lack the "do not" before it."""
    for place, sentences in enumerate(passages):
        for start, first in enumerate(sentences):
            if not wanted or not first.folded or not wanted.startswith(first.folded):
                continue
            joined = ""
            for last in sentences[start:]:
                joined = folded(f"{joined}. {last.folded}") if joined else last.folded
                if joined == wanted or _unpunctuated(joined) == _unpunctuated(wanted):
                    return Verdict(True, "verbatim", first.start, last.end, place, 1.0)
                if len(joined) > len(wanted) + 8:
                    break
    return None


def _unpunctuated(text: str) -> str:
    return re.sub(r"[.!?:;](?= )", "", text)


def _objection(claim: Claim, window: _Window, passage: Sequence[_Sentence]) -> str | None:
    """Why a window with the right words still does not say it."""
    if not all(_occurs(fact, window) for fact in claim.facts):
        return "missing_fact"
    known = frozenset[str]().union(*(sentence.claim.words for sentence in passage))
    if not claim.names <= known | {name.removesuffix("'s") for name in known} and _unknown_name(claim, passage):
        return "missing_name"
    if not _units_agree(claim, window):
        return "unit"
    if _opposed(claim, window):
        return "opposite"
    theirs = frozenset[str]().union(*(sentence.claim.words for sentence in window.sentences))
    if any(claim.words & strong and not theirs & strong for strong in _STRONGER):
        return "stronger"
    parts = [read(clause) for clause in clauses(claim.text)] or [claim]
    if any(part.facts and not _told_together(part, window) for part in parts):
        return "merged_facts"
    return None if all(_same_polarity(part, window) for part in parts) else "negation"


def _occurs(fact: str, window: _Window) -> bool:
    if any(fact in sentence.claim.facts for sentence in window.sentences):
        return True
    return any(
        re.search(rf"(?<![\w.]){re.escape(fact)}(?![\w]|\.\w)", sentence.folded) for sentence in window.sentences
    )


def _unknown_name(claim: Claim, passage: Sequence[_Sentence]) -> bool:
    """A capitalised word that the passage has in no form: another product, module, country or person."""
    stems = frozenset[str]().union(*(sentence.claim.stems for sentence in passage))
    return any(not read(name).stems <= stems for name in claim.names)


def _units_agree(claim: Claim, window: _Window) -> bool:
    theirs = {measure for sentence in window.sentences for measure in sentence.claim.measures}
    spelt = {word for sentence in window.sentences for word in sentence.claim.words}
    for number, unit in claim.measures:
        units = {known for value, known in theirs if value == number}
        if (unit not in units) if units else not (unit_words(unit) & spelt):
            return False
    return True


def _opposed(claim: Claim, window: _Window) -> bool:
    """The claim says "enable" where the window only says "disable"."""
    stems = frozenset[str]().union(*(sentence.claim.stems | sentence.claim.words for sentence in window.sentences))
    ours = claim.stems | claim.words
    return any(
        one in ours and one not in stems and other in stems and other not in ours
        for pair in _OPPOSITES
        for one, other in (pair, pair[::-1])
    )


def _told_together(part: Claim, window: _Window) -> bool:
    """Whether one sentence has all facts of the clause, most of its words, and no rival number between two of its facts."""
    return any(
        all(_occurs(fact, _Window(window.passage, (sentence,), "", 0)) for fact in part.facts)
        and len(part.stems & sentence.claim.stems) >= CLAUSE_COVERAGE * len(part.stems)
        and not _rival_between(part, sentence)
        for sentence in window.sentences
    )


def _rival_between(part: Claim, sentence: _Sentence) -> bool:
    """ "Store 12 uses port 9000 and store 14 port 8443" does not say that store 12 uses port 8443. Lists (7.2, 7.3 and 7.4) do."""
    numbers = [fact for fact in part.facts if fact[0].isdigit()]
    for one, other in pairwise(numbers):
        between = re.search(
            rf"(?<![\w.]){re.escape(one)}(?!\w)(?P<text>.*?)(?<![\w.]){re.escape(other)}(?!\w)", sentence.folded
        )
        if between is None:
            continue
        rivals = set(re.findall(r"(?<![\w.])\d+(?:\.\d+)*", between["text"])) - set(part.facts)
        if rivals and re.search(r"[^\W\d_]", re.sub(r"\b(?:and|or|to|through)\b", "", between["text"])):
            return True
    return False


def _same_polarity(part: Claim, window: _Window) -> bool:
    """Held against the clause that shares most words: no shared word may be negated on one side only.

    What the part denies must be denied there too: a denied word that the passage merely lacks is no support.
    """
    if not part.stems:
        return True
    shared = [len(part.stems & sentence.claim.stems) for sentence in window.sentences]
    told = zip(shared, window.sentences, strict=True)
    if part.negations > max(sentence.claim.negations for common, sentence in told if common == max(shared)):
        return False
    theirs = [read(clause) for sentence in window.sentences for clause in clauses(sentence.claim.text)]
    overlap = [len(part.stems & clause.stems) for clause in theirs]
    nearest = [clause for clause, shared in zip(theirs, overlap, strict=True) if shared == max(overlap, default=0)]
    return any(_agree(part, clause) for clause in nearest)


def _agree(part: Claim, clause: Claim) -> bool:
    if part.negations and not part.negated & clause.negated:
        return False
    return not (part.negated ^ clause.negated) & part.stems & clause.stems
