"""Lines of pages to elements: headings by size, tables by columns, paragraphs re-joined, page furniture dropped."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

from ingest.formats.elements import Element, ElementKind, clean, collapse, table_text
from ingest.formats.pdf_rows import Line, is_close, rows_of
from ingest.formats.pdf_tables import Cell, columns_of

_MARKER = re.compile(r"(?P<marker>[•●▪◦‣∙·*–\uf0b7-]|\(?\d{1,3}[.)]|\(?[a-z][.)])\s+(?P<text>\S.*)", re.DOTALL)
_PAGE_NUMBER = re.compile(r"[-–\s]*(?:page|seite)?\s*\d{1,4}(?:\s*(?:of|/|von)\s*\d{1,4})?[-–\s]*", re.IGNORECASE)
_ENDS_SENTENCE = re.compile(r"[.!?:;…][\"'”’)\]]*$")
_NUMBERING = re.compile(r"(?:chapter |section |kapitel )?(?:\d{1,3}|[a-z])(?:\.\d{1,3})*[.):]?\s+(?=\S)")
_HEADING_SIZE = 1.12
"""Times the body's size. Word's smallest heading over 11 pt body text is 12 pt italic; most are 13 and above."""
_LONGEST_HEADING = 150
_PARTED = ("\x02", "\xad", "\ufffe")
_LONGEST_FURNITURE = 100
_EDGE_NUMBER = re.compile(r"^\d{1,4}(?=\s)|(?<=\s)\d{1,4}$")
_EDGE = 40.0
"""Points from the highest and lowest line of the document within which running headers and footers stand."""


Outline = Mapping[tuple[int, str], int]
"""The bookmarks of a document: page and `outline_key` of a heading → its level."""


def outline_key(text: str) -> str:
    """A heading as bookmarks and pages both have it: in small letters, without the number that often only one of them shows."""
    text = collapse(text).casefold()
    return _NUMBERING.sub("", text) or text


def elements_of(pages: Sequence[Sequence[Line]], outline: Outline) -> tuple[list[Element], str]:
    """The elements of a document, and its headline: the largest heading of its first page."""
    rows = [rows_of(page) for page in pages]
    furniture = _Furniture(rows)
    lines = [line for page in rows for line in page if not furniture.holds(line)]
    if not lines:
        lines = [line for page in rows for line in page]
    levels = _Levels(lines, outline)
    elements = list(_Assembler(levels).elements(lines))
    first = [e for e in elements if e.kind is ElementKind.HEADING and e.level == 1 and e.page == lines[0].page]
    return elements, first[0].text if first else ""


def _body_size(lines: Sequence[Line]) -> float:
    """The size that most characters are set in."""
    sizes: Counter[float] = Counter()
    for line in lines:
        sizes[line.size] += len(line.text)
    return sizes.most_common(1)[0][0] if sizes else 0.0


class _Furniture:
    """Running headers, footers and page numbers: what stands at the edge of most pages at the same height."""

    def __init__(self, pages: Sequence[Sequence[Line]]) -> None:
        lines = [line for page in pages for line in page]
        self._top = max((line.top for line in lines), default=0.0) - _EDGE
        self._bottom = min((line.bottom for line in lines), default=0.0) + _EDGE
        self._body = _body_size(lines)
        counts = Counter(key for page in pages for key in {self._key(line) for line in page if self._at_edge(line)})
        needed = max(2, -(-sum(bool(page) for page in pages) * 6 // 10))
        self._repeated = {key for key, count in counts.items() if count >= needed}
        offsets = Counter(
            offset
            for page in pages
            for offset in {n for line in page if self._at_edge(line) for n in self._counted(line)}
        )
        self._offsets = {offset for offset, count in offsets.items() if count >= needed}

    def holds(self, line: Line) -> bool:
        if not self._at_edge(line):
            return False
        if self._key(line) in self._repeated or not self._offsets.isdisjoint(self._counted(line)):
            return True
        return len(line.text) < _LONGEST_FURNITURE and bool(_PAGE_NUMBER.fullmatch(line.text))

    def _key(self, line: Line) -> tuple[str, int]:
        """Text and height. Numbers count on in a running head, but in what is set as large as a heading they tell it apart."""
        text = collapse(line.text)
        return text if self._is_large(line) else re.sub(r"\d+", "#", text), round(line.bottom / 6)

    def _counted(self, line: Line) -> set[int]:
        """How far the numbers that a short line begins and ends with are from its page's: running heads differ from page to
        page (`10 Chapter 1`, `1.4. Tutorials 11`), but they count on."""
        text = line.text.strip()
        if len(text) > _LONGEST_FURNITURE or self._is_large(line):
            return set()
        return {int(number) - line.page for number in _EDGE_NUMBER.findall(text)}

    def _is_large(self, line: Line) -> bool:
        return line.size >= self._body * _HEADING_SIZE

    def _at_edge(self, line: Line) -> bool:
        return line.top > self._top or line.bottom < self._bottom


class _Levels:
    """Which sizes and weights are headings of which level in this document."""

    def __init__(self, lines: Sequence[Line], outline: Outline) -> None:
        self._outline = outline
        self.body = _body_size(lines)
        bold = sum(len(line.text) for line in lines if line.bold)
        self._bold_matters = bold * 3 < sum(len(line.text) for line in lines)
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
        if level := self._outline.get((line.page, outline_key(text))):
            return level
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
            return level == self._levels.of(last) and last.page == line.page and is_close(last, line)
        if len(last.cells) > 1 or len(line.cells) > 1:
            return len(last.cells) > 1 and len(line.cells) > 1 and last.page == line.page
        return not _MARKER.match(line.text) and _is_running_on(last, line)

    def _element(self, block: list[Line]) -> Element:
        page = block[0].page
        if len(block[0].cells) > 1:
            return Element(ElementKind.TABLE, table_text(columns_of([line.cells for line in block])), 0, page)
        text = _joined(block)
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
        result.append(line if is_row else replace(line, cells=(Cell(line.cells[0].left, line.text, line.right),)))
    return result


def _is_running_on(last: Line, line: Line) -> bool:
    """Does a sentence or paragraph go on in `line`? Within a column by distance; over a column or page by its words."""
    if last.page == line.page and abs(last.size - line.size) <= 1 and is_close(last, line):
        return True
    if last.page == line.page and last.bottom > line.bottom:
        return False
    return not _ENDS_SENTENCE.search(clean(last.text).rstrip()) and clean(line.text)[:1].islower()


def _joined(block: Sequence[Line]) -> str:
    """The lines as one; a word that was parted at the end of a line (pdfium marks its hyphen) is made whole."""
    text = ""
    for line in block:
        text = text[:-1] + line.text if text.endswith(_PARTED) else f"{text} {line.text}"
    return collapse(text)
