"""Answers without a language model: the best sentences of the best passages, word for word, in reading order."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from answers.units import BULLET, STEP, Unit, UnitKind
from core.domain import Passage

MAX_WORDS = 120
"""Longest answer in prose; a procedure may be longer, since half a procedure is wrong."""
MAX_PASSAGES = 3
NEAR_BEST = 0.82
"""A sentence joins the best one only when its score reaches this share of it."""
_ORPHAN = re.compile(
    r"^(?:this|these|those|it|they|he|she|such|then|otherwise|however|therefore|also|if so|in that case)\b", re.I
)
_HOW = re.compile(
    r"\b(?:how|steps?|procedure|fix|solve|resolve|repair|set ?up|configure|install|upgrade|restart"
    r"|what (?:do|should|can) (?:i|we))\b",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class _Span:
    """One sentence, list item or table row of a passage: `(start, end)` characters, and how well it fits the question."""

    passage: int
    index: int
    start: int
    end: int
    text: str
    score: float

    @property
    def kind(self) -> UnitKind:
        if STEP.match(self.text):
            return UnitKind.PROCEDURE
        if BULLET.match(self.text):
            return UnitKind.ITEM
        return UnitKind.TABLE if " | " in self.text else UnitKind.SENTENCE


def extract(question: str, passages: Sequence[Passage]) -> Iterator[Unit]:
    """Units that answer the question, each with its passage and the quote it is. Empty where no passage has a sentence."""
    spans = [span for number, passage in enumerate(passages) for span in _spans(number, passage)]
    if not spans:
        return
    best = max(spans, key=lambda span: span.score)
    procedure = _procedure(question, best, spans, passages)
    if procedure is not None:
        yield from procedure
        return
    for span in _in_reading_order(_select(best, spans), best):
        yield _unit(span, passages)


def _spans(number: int, passage: Passage) -> Iterator[_Span]:
    for index, (start, end) in enumerate(passage.sentences):
        text = passage.text[start:end].strip()
        cosine = passage.sentence_scores[index] if index < len(passage.sentence_scores) else passage.dense_score
        if text and _speaks(text):
            yield _Span(number, index, start, end, text, 0.7 * cosine + 0.3 * passage.score)


def _speaks(text: str) -> bool:
    """A heading left in the text, a lone label or a question answers nothing."""
    return len(text.split()) >= 3 and not text.endswith("?")


def _select(best: _Span, spans: Sequence[_Span]) -> list[_Span]:
    chosen: list[_Span] = []
    words = 0
    by_place = {(span.passage, span.index): span for span in spans}
    for span in sorted(spans, key=lambda s: -s.score):
        if span.score < NEAR_BEST * best.score or len({s.passage for s in [*chosen, span]}) > MAX_PASSAGES:
            continue
        needed = [span]
        before = by_place.get((span.passage, span.index - 1))
        if before is not None and (
            _ORPHAN.match(span.text) or (span.kind is UnitKind.ITEM and before.text.endswith(":"))
        ):
            needed.insert(0, before)
        fresh = [s for s in needed if s not in chosen and not _repeats(s, chosen)]
        words += sum(len(s.text.split()) for s in fresh)
        if chosen and words > MAX_WORDS:
            break
        chosen.extend(fresh)
    return chosen


def _repeats(span: _Span, chosen: Sequence[_Span]) -> bool:
    """The same sentence from an overlapping chunk or a copied page."""
    words = set(span.text.lower().split())
    return any(len(words & set(other.text.lower().split())) >= 0.8 * len(words) for other in chosen)


def _in_reading_order(chosen: Sequence[_Span], best: _Span) -> list[_Span]:
    """The best sentence's passage first, then the others as ranked; within a passage as the author wrote."""
    return sorted(chosen, key=lambda s: (s.passage != best.passage, s.passage, s.start))


def _unit(span: _Span, passages: Sequence[Passage]) -> Unit:
    text = span.text
    if span.kind is UnitKind.TABLE:
        text = _table(passages[span.passage], span)
    elif span.kind is UnitKind.PROCEDURE:
        text = "- " + STEP.sub("", text)
    kind = UnitKind.ITEM if span.kind is UnitKind.PROCEDURE else span.kind
    return Unit(text, kind, (span.passage,), span.text)


def _table(passage: Passage, span: _Span) -> str:
    """The row with its header, as a Markdown table."""
    first = next((line for line in passage.text.splitlines() if " | " in line), span.text)
    rows = [first] if first == span.text else [first, span.text]
    cells = [[cell.strip() for cell in row.split(" | ")] for row in rows]
    width = max(map(len, cells))
    lines = ["| " + " | ".join(row + [""] * (width - len(row))) + " |" for row in cells]
    return "\n".join([lines[0], "|" + " --- |" * width, *lines[1:]])


def _procedure(question: str, best: _Span, spans: Sequence[_Span], passages: Sequence[Passage]) -> list[Unit] | None:
    """The whole run of steps around the best sentence, where the question asks how, or the best sentence is a step itself."""
    of_passage = [s for s in spans if s.passage == best.passage]
    steps = [s for s in of_passage if s.kind is UnitKind.PROCEDURE]
    if len(steps) < 2 or not (best.kind is UnitKind.PROCEDURE or _HOW.search(question)):
        return None
    passage = passages[best.passage]
    text = passage.text[steps[0].start : steps[-1].end].strip()
    units = [] if best.kind is UnitKind.PROCEDURE else [_unit(best, passages)]
    lead = next((s for s in of_passage if s.index == steps[0].index - 1 and s.text.endswith(":")), None)
    if lead is not None and lead != best:
        units.append(_unit(lead, passages))
    return [*units, Unit(text, UnitKind.PROCEDURE, (best.passage,), text)]
