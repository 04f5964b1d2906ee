"""Answers without a language model: the best sentences of the best passages, word for word, in reading order."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby, takewhile

from answers.asked import favoured, value_asked
from answers.identifiers import codes, heading_of, holding
from answers.units import BULLET, FENCE, STEP, Unit, UnitKind
from core.domain import Passage
from retrieval.sparse import terms

MAX_WORDS = 100
"""Longest answer in prose; a procedure may be longer, since half a procedure is wrong."""
MAX_PASSAGES = 2
MAX_SPANS = 6
MAX_ROWS = 12
"""Of a table that is shown whole."""
MAX_ITEMS = 6
"""Of a list that is."""
NEAR_BEST = 0.86
"""A sentence joins the best one only when its score reaches this share of it."""
NEAR_ELSEWHERE = 0.9
"""… and a sentence of another document, which more often than not is about something else, this one."""
RUN_ON = 0.75
"""Sentences that follow the best one explain it more often than not, so that they need less, as long as none is left out."""
PROCEDURE_NEAR = 0.95
"""A passage with steps answers a how-question when its score reaches this share of the best passage's."""
PROCEDURE_AT_HOME = 0.5
"""… and in the document that holds the best sentence, less: its symptoms match the question, its steps are the answer."""
OTHER_CODE = 0.25
"""Taken from steps under a heading with a code that the question does not name: they mend a fault that it is not about."""
VALUE = 0.08
"""Given to sentences with a value of the kind that the question asks for."""
BEST_PASSAGE = BEST_DOCUMENT = 0.03
"""Given to what stands in the best passage, and in its document: the ranking has seen more than one sentence's likeness."""
MAX_TITLE = 7
"""Words of a numbered section's title, its number among them."""
BELOW = "   "
"""What stands below a step, set in as far as its text."""
CELL = " | "

_ORPHAN = re.compile(
    r"^(?:this|these|those|it|they|he|she|such|then|otherwise|however|therefore|also|if so|in that case)\b",
    re.IGNORECASE,
)
_HOW = re.compile(
    r"\b(?:how (?:do|can|should|to|would|must)|steps?|procedure|fix|solve|resolve|repair|set ?up|configure|install|upgrade"
    r"|restart|what (?:do|should|can|must) (?:i|we|they)|what to do|what now)\b",
    re.IGNORECASE,
)
_PROBLEM = re.compile(
    r"^(?!\s*(?:why|what|which|who|when|where|is|are|was|does|do|did|can|could|may|should|since)\b).*"
    r"(?:\b(?:not|won'?t|can'?t|cannot|doesn'?t|don'?t|isn'?t|aren'?t|didn'?t|no longer|nothing|never|fail(?:s|ed|ing)?|missing"
    r"|stuck|broken|garbage|wrong|rejected|blocked|refus(?:es|ed)|keeps)\b)",
    re.IGNORECASE | re.DOTALL,
)
"""A fault told, not asked about: who tells it wants it mended."""


@dataclass(frozen=True, slots=True)
class _Span:
    """One sentence, list item or table row of a passage: `(start, end)` characters, how well it fits the question, and which of
    the question's terms it holds."""

    passage: int
    index: int
    start: int
    end: int
    text: str
    score: float
    asked: frozenset[str]
    is_row: bool = False
    is_heading: bool = False

    @property
    def kind(self) -> UnitKind:
        if FENCE.match(self.text):
            return UnitKind.CODE
        if STEP.match(self.text) and not self.is_heading:
            return UnitKind.PROCEDURE
        if BULLET.match(self.text):
            return UnitKind.ITEM
        return UnitKind.TABLE if self.is_row else UnitKind.SENTENCE


def extract(question: str, passages: Sequence[Passage]) -> Iterator[Unit]:
    """Units that answer the question, each with its passage and the quote it is. Empty where no passage has a sentence, and where
    those that fit state nothing of the kind that is asked for."""
    units, value = list(_units_for(question, passages)), value_asked(question)
    if value is None or any(value.states.search(unit.text) for unit in units):
        yield from units


def _units_for(question: str, passages: Sequence[Passage]) -> Iterator[Unit]:
    spans = [span for number in range(len(passages)) for span in _spans(question, number, passages)]
    speaking = _about(question, [span for span in spans if _speaks(span, passages[span.passage])], passages)
    if not speaking:
        return
    best = max(speaking, key=lambda span: span.score)
    steps = _procedure(question, best, spans, passages)
    if steps:
        yield from _procedure_units(steps, spans, passages)
        return
    for (number, kind), group in groupby(_select(best, speaking, spans, passages), key=lambda s: (s.passage, s.kind)):
        yield from _units(question, list(group), number, kind, passages)


def _about(question: str, speaking: list[_Span], passages: Sequence[Passage]) -> list[_Span]:
    """Where the question names a code that some passage holds: what is said there, and of a table the rows with the code."""
    named, held = codes(question), holding(question, passages)
    if not held:
        return speaking

    def fits(span: _Span) -> bool:
        by_heading = bool(named & codes(heading_of(passages[span.passage])))
        return span.passage in held and (by_heading or not span.is_row or bool(named & codes(span.text)))

    return [span for span in speaking if fits(span)]


def _spans(question: str, number: int, passages: Sequence[Passage]) -> Iterator[_Span]:
    passage, wanted, asked = passages[number], favoured(question), frozenset(terms(question))
    rows = set(_rows(passage))
    at_home = BEST_DOCUMENT * (passage.document_id == passages[0].document_id) + BEST_PASSAGE * (number == 0)
    for index, (start, end) in enumerate(passage.sentences):
        text = passage.text[start:end].strip()
        cosine = passage.sentence_scores[index] if index < len(passage.sentence_scores) else passage.dense_score
        if text:
            score = 0.6 * cosine + 0.4 * passage.score + at_home + VALUE * bool(wanted and wanted.search(text))
            held = asked.intersection(terms(text))
            heading = _is_heading(text, passage.text[end:].lstrip())
            yield _Span(number, index, start, end, text, score, held, _with_last_cell(text) in rows, heading)


def _is_heading(text: str, after: str) -> bool:
    """A section's number and title, with its prose below: a step says something, and ends like a sentence."""
    titled = len(text.split()) <= MAX_TITLE and text[-1] not in ".!?:;)`"
    return titled and bool(STEP.match(text) and after) and not any(mark.match(after) for mark in (STEP, BULLET, FENCE))


def _speaks(span: _Span, passage: Passage) -> bool:
    """A heading, a lone label, a question or a table's header answers nothing; code does with the line that announces it."""
    words = len(span.text.split())
    if span.kind is UnitKind.CODE:
        return False
    if span.kind is UnitKind.TABLE:
        return words >= 3 and not passage.text.startswith(span.text)
    if span.text.endswith(":") and FENCE.match(passage.text[span.end :].lstrip()):
        return words >= 3
    heading = span.kind is UnitKind.SENTENCE and words < 8 and span.text[-1] not in '.!;)”"'
    return words >= 3 and not heading and not span.text.endswith(("?", ":"))


def _select(best: _Span, speaking: Sequence[_Span], spans: Sequence[_Span], passages: Sequence[Passage]) -> list[_Span]:
    """The best span first, then those that run on from it, then others of nearly its score in reading order: all within the word
    limit."""
    by_place = {(span.passage, span.index): span for span in spans}
    chosen = _whole(best, by_place)
    for span in _running_on(best, {(span.passage, span.index): span for span in speaking}):
        if not _fits([*chosen, *(more := [s for s in _whole(span, by_place) if s not in chosen])]):
            break
        chosen.extend(more)
    opening = len(chosen)
    for span in sorted(speaking, key=lambda s: -s.score):
        if span.score < _needed(span, best, passages) * best.score or _repeats(span, chosen):
            continue
        needed = [s for s in _whole(span, by_place) if s not in chosen]
        if _fits([*chosen, *needed]):
            chosen.extend(needed)
    rest = sorted(chosen[opening:], key=lambda s: (s.passage != best.passage, s.passage, s.start))
    return [*chosen[:opening], *rest]


def _whole(span: _Span, by_place: dict[tuple[int, int], _Span]) -> list[_Span]:
    """With what it cannot stand without."""
    items = _list_of(span, by_place)
    return [*_lead_in(items[0], by_place), *items, *_code_of(items[-1], by_place)]


def _list_of(span: _Span, by_place: dict[tuple[int, int], _Span]) -> list[_Span]:
    """The span, and where it is an item of a short list, the others, since a list with gaps misleads; but for an item that the
    question names by a word that not all of them hold."""
    if span.kind is not UnitKind.ITEM:
        return [span]

    def neighbours(step: int) -> list[_Span]:
        places = ((span.passage, span.index + step * n) for n in range(1, MAX_ITEMS + 1))
        return list(takewhile(lambda near: near.kind is UnitKind.ITEM, (by_place[p] for p in places if p in by_place)))

    items = [*reversed(neighbours(-1)), span, *neighbours(1)]
    named = any(span.asked - item.asked for item in items)
    return [span] if named or len(items) > MAX_ITEMS else items


def _running_on(best: _Span, speaking: dict[tuple[int, int], _Span]) -> Iterator[_Span]:
    index = best.index + 1
    while (span := speaking.get((best.passage, index))) is not None and span.score >= RUN_ON * best.score:
        yield span
        index += 1


def _needed(span: _Span, best: _Span, passages: Sequence[Passage]) -> float:
    same = passages[span.passage].document_id == passages[best.passage].document_id
    return NEAR_BEST if same else NEAR_ELSEWHERE


def _fits(spans: Sequence[_Span]) -> bool:
    words = sum(len(span.text.split()) for span in spans)
    return words <= MAX_WORDS and len(spans) <= MAX_SPANS and len({span.passage for span in spans}) <= MAX_PASSAGES


def _lead_in(span: _Span, by_place: dict[tuple[int, int], _Span]) -> list[_Span]:
    """What a span cannot stand without: the sentence that its pronoun points at, the line that its list hangs on."""
    before = by_place.get((span.passage, span.index - 1))
    if before is None:
        return []
    if span.kind is UnitKind.SENTENCE and _ORPHAN.match(span.text) and before.kind is UnitKind.SENTENCE:
        return [before]
    if span.kind is UnitKind.ITEM:
        while before is not None and before.kind is UnitKind.ITEM:
            before = by_place.get((before.passage, before.index - 1))
        return [before] if before is not None and before.text.endswith(":") else []
    return []


def _code_of(span: _Span, by_place: dict[tuple[int, int], _Span]) -> list[_Span]:
    """The code that a step, an item or a line with a colon is followed by."""
    after = by_place.get((span.passage, span.index + 1))
    announces = span.kind in (UnitKind.PROCEDURE, UnitKind.ITEM) or span.text.endswith(":")
    return [after] if announces and after is not None and after.kind is UnitKind.CODE else []


def _repeats(span: _Span, chosen: Sequence[_Span]) -> bool:
    """The same sentence from an overlapping chunk or a copied page."""
    words = set(span.text.lower().split())
    return any(len(words & set(other.text.lower().split())) >= 0.8 * len(words) for other in chosen)


def _units(
    question: str, group: Sequence[_Span], number: int, kind: UnitKind, passages: Sequence[Passage]
) -> Iterator[Unit]:
    if kind is UnitKind.TABLE:
        header, *rows = _rows(passages[number])
        yield Unit(_table(header, _shown(question, rows, group)), kind, (number,), group[0].text)
        return
    for span in group:
        if kind is UnitKind.PROCEDURE:  # a step alone is no procedure: its number would mislead
            yield Unit("- " + STEP.sub("", span.text), UnitKind.ITEM, (number,), span.text)
        else:
            yield Unit(span.text, kind, (number,), span.text)


def _shown(question: str, rows: Sequence[str], group: Sequence[_Span]) -> list[str]:
    """The rows that the question names by their first cell; else the whole table, where it is short: a list with gaps misleads."""
    asked = set(terms(question))
    named = [span.text for span in group if asked.intersection(terms(span.text.split(CELL)[0]))]
    if named:
        return named
    return list(rows) if len(rows) <= MAX_ROWS else [span.text for span in group]


def _rows(passage: Passage) -> list[str]:
    """The passage's table, its header first. A lone line with a bar is a command with a pipe, and so is one of another width."""
    lines = [_with_last_cell(line.strip()) for line in passage.text.splitlines() if CELL in line]
    rows = [line for line in lines if line.count(CELL) == lines[0].count(CELL)]
    return rows if len(rows) > 1 else []


def _with_last_cell(row: str) -> str:
    """An empty last cell lost its blank where the row was stripped."""
    return f"{row} " if row.endswith(CELL.rstrip()) else row


def _table(header: str, rows: Sequence[str]) -> str:
    """The rows under their header, as a Markdown table."""
    cells = [[cell.strip() for cell in _with_last_cell(row).split(CELL)] for row in [header, *rows]]
    width = max(map(len, cells))
    lines = ["| " + " | ".join(row + [""] * (width - len(row))) + " |" for row in cells]
    return "\n".join([lines[0], "|" + " --- |" * width, *lines[1:]])


def _procedure(question: str, best: _Span, spans: Sequence[_Span], passages: Sequence[Passage]) -> list[list[_Span]]:
    """The steps that answer, one list a passage, where the question asks how, or the best sentence is a step itself.

    They are those of the best section that has any, however many passages it was cut into; one that does not begin at its first
    step is no procedure, since half a procedure is wrong.
    """
    if best.kind is not UnitKind.PROCEDURE and not _HOW.search(question) and not _PROBLEM.search(question):
        return []
    steps = {n: [s for s in spans if s.passage == n and s.kind is UnitKind.PROCEDURE] for n in range(len(passages))}
    top = max(passage.score for passage in passages)
    home = passages[best.passage].document_id

    def fit(number: int) -> float:
        near = passages[number].document_id == home
        enough = passages[number].score >= (PROCEDURE_AT_HOME if near else PROCEDURE_NEAR) * top
        if not enough or len(steps[number]) < 2:
            return 0.0
        own = max(s.score for s in steps[number])
        elsewhere = codes(" ".join(passages[number].heading_path)) - codes(question)
        return passages[number].score + 0.3 * own + (0.1 if near else 0.0) - (OTHER_CODE if elsewhere else 0.0)

    chosen = max(range(len(passages)), key=fit)
    if not fit(chosen):
        return []
    section = _section(passages[chosen])
    parts = sorted(
        (n for n in steps if steps[n] and _section(passages[n]) == section), key=lambda n: passages[n].number
    )
    whole = steps[parts[0]][0].text.lstrip().startswith("1")
    return [steps[n] for n in parts] if whole else []


def _section(passage: Passage) -> tuple[str, tuple[str, ...]]:
    return passage.document_id, passage.heading_path


def _procedure_units(
    parts: Sequence[Sequence[_Span]], spans: Sequence[_Span], passages: Sequence[Passage]
) -> Iterator[Unit]:
    """The line that introduces the steps, then all of them, with whatever stands between them, as one unit a passage."""
    first = parts[0][0]
    lead = next((s for s in spans if (s.passage, s.index) == (first.passage, first.index - 1)), None)
    if lead is not None and lead.kind is UnitKind.SENTENCE:
        yield Unit(lead.text, UnitKind.SENTENCE, (lead.passage,), lead.text)
    for steps in parts:
        number, last = steps[0].passage, steps[-1]
        code = next((s for s in spans if (s.passage, s.index) == (number, last.index + 1)), last)
        end = code.end if code.kind is UnitKind.CODE else last.end
        text = passages[number].text[steps[0].start : end].strip()
        yield Unit(_within_list(text), UnitKind.PROCEDURE, (number,), text)


def _within_list(text: str) -> str:
    """What stands between the steps, set below its step: else the list would end there, and the next number be read as text."""
    lines: list[str] = []
    fence = ""
    for line in text.splitlines():
        opening = FENCE.match(line)
        if not fence and STEP.match(line):
            prose = bool(lines) and lines[-1].startswith(BELOW) and not FENCE.match(lines[-1])
            lines += ["", line] if prose else [line]
        elif opening or fence or line.strip():
            lines.append(BELOW + (line.lstrip() if opening or not fence else line))
        else:
            lines.append(line)
        if opening and not fence:
            fence = opening[1]
        elif fence and line.strip() == fence:
            fence = ""
    return "\n".join(lines)
