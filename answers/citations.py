"""Numbers the sources of one answer in the order in which they are used, and writes the `[n]` markers."""

from __future__ import annotations

from collections.abc import Sequence

from answers.types import Citation
from answers.units import MARKER, Unit, UnitKind
from core.domain import Passage

MAX_QUOTE = 600
"""Characters of a quote; a longer one is cut at a word, so that it still stands in the source."""


Place = tuple[str, str, str]
"""What makes two passages, found by two searches, the same."""


class Citations:
    """Only passages that a sent unit rests on get a number; the model's own numbers never reach the reader. `earlier` are those of
    the same answer's part before this one: the numbers go on, and a passage keeps its own."""

    def __init__(self, passages: Sequence[Passage], earlier: Citations | None = None) -> None:
        self._passages = passages
        self._numbers: dict[Place, int] = dict(earlier._numbers) if earlier else {}
        self._citations: list[Citation] = list(earlier._citations) if earlier else []

    @property
    def used(self) -> tuple[Citation, ...]:
        return tuple(self._citations)

    @property
    def passages(self) -> tuple[Passage, ...]:
        """Those of its own that are cited, in the order of their numbers."""
        cited = (passage for passage in self._passages if _place(passage) in self._numbers)
        return tuple(sorted(cited, key=lambda passage: self._numbers[_place(passage)]))

    def cite(self, unit: Unit, quotes: Sequence[str]) -> tuple[str, list[Citation]]:
        """The unit's text with our markers, and the citations that are new with it. `quotes` go with `unit.passages`."""
        numbers, new = self.number(unit.passages, quotes)
        return _mark(unit, "".join(f"[{number}]" for number in numbers)), new

    def number(self, passages: Sequence[int], quotes: Sequence[str]) -> tuple[list[int], list[Citation]]:
        """The passages' numbers, and the citations that are new with them."""
        new: list[Citation] = []
        for index, quote in zip(passages, quotes, strict=True):
            place = _place(self._passages[index])
            if place not in self._numbers:
                self._numbers[place] = len(self._numbers) + 1
                new.append(_citation(self._numbers[place], self._passages[index], quote))
        self._citations.extend(new)
        return [self._numbers[_place(self._passages[index])] for index in passages], new


def _place(passage: Passage) -> Place:
    return passage.id, passage.document_id, passage.text


def _mark(unit: Unit, markers: str) -> str:
    text = unit.text.rstrip()
    separator = "\n\n" if unit.kind in (UnitKind.TABLE, UnitKind.CODE) or text.endswith("```") else " "
    return f"{text}{separator}{markers}"


def _citation(number: int, passage: Passage, quote: str) -> Citation:
    return Citation(
        n=number,
        document_id=passage.document_id,
        source=passage.source,
        title=passage.title,
        url=passage.url,
        heading_path=passage.heading_path,
        page=passage.page,
        quote=_shorten(quote),
        doc_type=passage.doc_type,
        version=passage.version,
        effective_from=passage.effective_from,
        score=passage.score,
    )


def _shorten(quote: str) -> str:
    if len(quote) <= MAX_QUOTE:
        return quote
    cut = quote[:MAX_QUOTE]
    return cut[: cut.rfind(" ")] if " " in cut else cut


def cited_passages(text: str, count: int) -> tuple[int, ...]:
    """Indices that a model's own markers name, in order; numbers that were never given to it are ignored."""
    named = (int(number) - 1 for number in MARKER.findall(text))
    return tuple(dict.fromkeys(index for index in named if 0 <= index < count))
