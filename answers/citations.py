"""Numbers the sources of one answer in the order in which they are used, and writes the `[n]` markers."""

from __future__ import annotations

from collections.abc import Sequence

from answers.types import Citation
from answers.units import MARKER, Unit, UnitKind
from core.domain import Passage

MAX_QUOTE = 600
"""Characters of a quote; a longer one is cut at a word, so that it still stands in the source."""


class Citations:
    """Only passages that a sent unit rests on get a number; the model's own numbers never reach the reader."""

    def __init__(self, passages: Sequence[Passage]) -> None:
        self._passages = passages
        self._numbers: dict[int, int] = {}
        self._citations: list[Citation] = []

    @property
    def used(self) -> tuple[Citation, ...]:
        return tuple(self._citations)

    @property
    def passages(self) -> tuple[Passage, ...]:
        """Those that are cited, in the order of their numbers."""
        return tuple(self._passages[index] for index in self._numbers)

    def cite(self, unit: Unit, quotes: Sequence[str]) -> tuple[str, list[Citation]]:
        """The unit's text with our markers, and the citations that are new with it. `quotes` go with `unit.passages`."""
        numbers, new = self.number(unit.passages, quotes)
        return _mark(unit, "".join(f"[{number}]" for number in numbers)), new

    def number(self, passages: Sequence[int], quotes: Sequence[str]) -> tuple[list[int], list[Citation]]:
        """The passages' numbers, and the citations that are new with them."""
        new: list[Citation] = []
        for passage, quote in zip(passages, quotes, strict=True):
            if passage not in self._numbers:
                self._numbers[passage] = len(self._numbers) + 1
                new.append(_citation(self._numbers[passage], self._passages[passage], quote))
        self._citations.extend(new)
        return [self._numbers[passage] for passage in passages], new


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
