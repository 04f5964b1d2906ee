"""Lines of pages to elements: headings by size, tables by columns, paragraphs re-joined, page furniture dropped."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from ingest.formats.elements import Element, ElementKind, clean, collapse, table_text

_MARKER = re.compile(r"(?P<marker>[•●▪◦‣∙·*–\uf0b7-]|\(?\d{1,3}[.)]|\(?[a-z][.)])\s+(?P<text>\S.*)", re.DOTALL)
_LONE_MARKER = re.compile(r"[•●▪◦‣∙·*–\uf0b7-]|\(?\d{1,3}[.)]|\(?[a-z][.)]")
_PAGE_NUMBER = re.compile(r"[-–\s]*(?:page|seite)?\s*\d{1,4}(?:\s*(?:of|/|von)\s*\d{1,4})?[-–\s]*", re.IGNORECASE)
_ENDS_SENTENCE = re.compile(r"[.!?:;…][\"'”’)\]]*$")
_HEADING_SIZE = 1.12
"""Times the body's size. Word's smallest heading over 11 pt body text is 12 pt italic; most are 13 and above."""
_LONGEST_HEADING = 150
_EDGE = 40.0
"""Points from the highest and lowest line of the document within which running headers and footers stand."""


@dataclass(frozen=True, slots=True)
class Cell:
    """A stretch of a line without wide gaps; `left` in points."""

    left: float
    text: str


@dataclass(frozen=True, slots=True)
class Line:
    """One line of one page. Points from the bottom left; `size` is the font's height on the page."""

    cells: tuple[Cell, ...]
    page: int
    top: float
    bottom: float
    right: float
    size: float
    bold: bool

    @property
    def text(self) -> str:
        return " ".join(cell.text for cell in self.cells)


def elements_of(pages: Sequence[Sequence[Line]]) -> tuple[list[Element], str]:
    """The elements of a document, and its headline: the largest heading of its first page."""
    rows = [_rows(page) for page in pages]
    furniture = _Furniture(rows)
    lines = [line for page in rows for line in page if not furniture.holds(line)]
    if not lines:
        lines = [line for page in rows for line in page]
    levels = _Levels(lines)
    elements = list(_Assembler(levels).elements(lines))
    first = [e for e in elements if e.kind is ElementKind.HEADING and e.level == 1 and e.page == lines[0].page]
    return elements, first[0].text if first else ""


def _rows(page: Sequence[Line]) -> list[Line]:
    """Neighbouring lines at the same height are one row: pdfium parts them where a table's cells lie far apart."""
    rows: list[Line] = []
    for found in page:
        line = replace(found, cells=_without_lone_marker(found.cells))
        last = rows[-1] if rows else None
        if last and line.cells[0].left > last.right and _overlap(last, line) > 0.6:
            rows[-1] = replace(last, cells=_without_lone_marker(last.cells + line.cells), right=line.right)
        else:
            rows.append(line)
    return rows


def _overlap(one: Line, other: Line) -> float:
    shared = min(one.top, other.top) - max(one.bottom, other.bottom)
    return shared / max(min(one.top - one.bottom, other.top - other.bottom), 0.1)


def _without_lone_marker(cells: tuple[Cell, ...]) -> tuple[Cell, ...]:
    """A bullet stands apart from its text, but not as a column of its own."""
    if len(cells) > 1 and _LONE_MARKER.fullmatch(cells[0].text.strip()):
        return (Cell(cells[0].left, f"{cells[0].text} {cells[1].text}"), *cells[2:])
    return cells


def _furniture_key(line: Line) -> tuple[str, int]:
    return re.sub(r"\d+", "#", collapse(line.text)), round(line.bottom / 6)


class _Furniture:
    """Running headers, footers and page numbers: what stands at the edge of most pages at the same height."""

    def __init__(self, pages: Sequence[Sequence[Line]]) -> None:
        lines = [line for page in pages for line in page]
        self._top = max((line.top for line in lines), default=0.0) - _EDGE
        self._bottom = min((line.bottom for line in lines), default=0.0) + _EDGE
        counts = Counter(
            key for page in pages for key in {_furniture_key(line) for line in page if self._at_edge(line)}
        )
        needed = max(2, -(-sum(bool(page) for page in pages) * 6 // 10))
        self._repeated = {key for key, count in counts.items() if count >= needed}

    def holds(self, line: Line) -> bool:
        if not self._at_edge(line):
            return False
        return _furniture_key(line) in self._repeated or bool(_PAGE_NUMBER.fullmatch(line.text))

    def _at_edge(self, line: Line) -> bool:
        return line.top > self._top or line.bottom < self._bottom


class _Levels:
    """Which sizes and weights are headings of which level in this document."""

    def __init__(self, lines: Sequence[Line]) -> None:
        sizes: Counter[float] = Counter()
        bold = 0
        for line in lines:
            sizes[line.size] += len(line.text)
            bold += len(line.text) * line.bold
        self.body = sizes.most_common(1)[0][0] if sizes else 0.0
        self._bold_matters = bold * 3 < sizes.total()
        larger = sorted({line.size for line in lines if self._is_larger(line)}, reverse=True)
        self._by_size = {size: min(level, 5) for level, size in enumerate(larger, start=1)}
        self._bold_level = min(len(larger) + 1, 6)

    def _is_larger(self, line: Line) -> bool:
        return line.size >= self.body * _HEADING_SIZE and len(line.text) <= _LONGEST_HEADING

    def of(self, line: Line) -> int:
        """1…6, or 0 for what is no heading."""
        text = line.text.strip()
        if len(line.cells) > 1 or len(text) > _LONGEST_HEADING or not any(map(str.isalpha, text)):
            return 0
        if self._is_larger(line):
            return self._by_size[line.size]
        if line.bold and self._bold_matters and line.size >= self.body and len(text) <= 90 and text[-1] not in ".,;":
            return self._bold_level
        return 0


class _Assembler:
    """Lines, in order, into elements."""

    def __init__(self, levels: _Levels) -> None:
        self._levels = levels

    def elements(self, lines: Sequence[Line]) -> Iterator[Element]:
        block: list[Line] = []
        for line in _with_columns_only_in_tables(lines):
            if block and not self._continues(block[-1], line):
                yield self._element(block)
                block = []
            block.append(line)
        if block:
            yield self._element(block)

    def _continues(self, last: Line, line: Line) -> bool:
        level = self._levels.of(line)
        if level or self._levels.of(last):
            return level == self._levels.of(last) and last.page == line.page and _is_close(last, line)
        if len(last.cells) > 1 or len(line.cells) > 1:
            return len(last.cells) > 1 and len(line.cells) > 1 and last.page == line.page
        return not _MARKER.match(line.text) and _is_running_on(last, line)

    def _element(self, block: list[Line]) -> Element:
        page = block[0].page
        if len(block[0].cells) > 1:
            return Element(ElementKind.TABLE, table_text(_columns(block)), 0, page)
        text = collapse(" ".join(line.text for line in block))
        if level := self._levels.of(block[0]):
            return Element(ElementKind.HEADING, text, level, page)
        if marker := _MARKER.match(text):
            sign = marker["marker"] if marker["marker"][-1] in ".)" else "-"
            return Element(ElementKind.LIST_ITEM, f"{sign} {marker['text']}", 1, page)
        return Element(ElementKind.PARAGRAPH, text, 0, page)


def _with_columns_only_in_tables(lines: Sequence[Line]) -> list[Line]:
    """A line with wide gaps is a table's row only beside another; alone it is prose that was set loosely."""
    result = []
    for before, line, after in zip([None, *lines], lines, [*lines[1:], None], strict=False):
        is_row = any(other and len(other.cells) > 1 and other.page == line.page for other in (before, after))
        result.append(line if is_row else replace(line, cells=(Cell(line.cells[0].left, line.text),)))
    return result


def _is_close(last: Line, line: Line) -> bool:
    """The next line of the same block: below the last by less than one and a half lines."""
    return 0 < last.bottom - line.bottom < max(last.size, line.size) * 1.6


def _is_running_on(last: Line, line: Line) -> bool:
    """Does a sentence or paragraph go on in `line`? Within a column by distance; over a column or page by its words."""
    if last.page == line.page and abs(last.size - line.size) <= 1 and _is_close(last, line):
        return True
    if last.page == line.page and last.bottom > line.bottom:
        return False
    return not _ENDS_SENTENCE.search(clean(last.text).rstrip()) and clean(line.text)[:1].islower()


def _columns(block: Sequence[Line]) -> list[list[str]]:
    """Cells by column: each belongs to the nearest of the left edges of the row that has most cells."""
    edges = [cell.left for cell in max(block, key=lambda line: len(line.cells)).cells]
    rows = []
    for line in block:
        row = [""] * len(edges)
        for cell in line.cells:
            column = min(range(len(edges)), key=lambda index: abs(edges[index] - cell.left))
            row[column] = f"{row[column]} {cell.text}".strip()
        rows.append(row)
    return rows
