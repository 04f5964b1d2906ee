"""PDF text through pdfium: lines with their place, size and weight; `pdf_layout` makes elements of them."""

from __future__ import annotations

import ctypes
import itertools
import re
from collections.abc import Iterator
from typing import Any

from core.errors import DocumentError
from ingest.formats.elements import Parsed, ParseLimits, collapse, unreadable
from ingest.formats.pdf_layout import Cell, Line, elements_of

_WORD = re.compile(r"\S+")
_BOLD = re.compile(r"bold|black|heavy", re.IGNORECASE)
_CELL_GAP = 1.1
"""Times the font size: blanks in justified prose stay below, the space between table columns above."""

_SAMPLED_PAGES = 20
"""Pages that are looked at to tell a scan from a drawing."""


def parse_pdf(data: bytes, limits: ParseLimits) -> Parsed:
    """Raises `DocumentError`: `encrypted`, `too_many_pages`, `scanned` (pictures, no text), `no_text`."""
    import pypdfium2

    try:
        document = pypdfium2.PdfDocument(data)
    except pypdfium2.PdfiumError as error:
        if getattr(error, "err_code", None) == 4:  # FPDF_ERR_PASSWORD
            raise DocumentError("the file is protected by a password: save it without one", code="encrypted") from error
        raise unreadable("the file is cut off or damaged: its pages cannot be found") from error
    try:
        return _parsed(document, limits)
    finally:
        document.close()


def _parsed(document: Any, limits: ParseLimits) -> Parsed:
    if len(document) > limits.max_pages:
        raise DocumentError(
            f"the file has {len(document):,} pages, the limit (max_pages) is {limits.max_pages:,}; split it",
            code="too_many_pages",
        )
    pages: list[list[Line]] = []
    used = 0
    for number in range(len(document)):
        pages.append(_page_lines(document, number))
        used += sum(len(line.text) for line in pages[-1])
        if used > limits.max_characters:
            raise DocumentError(
                f"the file holds more than max_characters ({limits.max_characters:,})", code="too_large"
            )
    if not any(character.isalnum() for page in pages for line in page for character in line.text):
        raise _without_text(document)
    elements, headline = elements_of(pages)
    return Parsed(tuple(elements), headline or collapse(document.get_metadata_dict().get("Title", "")))


def _without_text(document: Any) -> DocumentError:
    from pypdfium2.raw import FPDF_PAGEOBJ_IMAGE

    for number in range(min(len(document), _SAMPLED_PAGES)):
        if next(iter(document[number].get_objects(filter=[FPDF_PAGEOBJ_IMAGE], max_depth=3)), None) is not None:
            return DocumentError(
                "the pages are pictures without text: install partner-copilot[ocr], or run the file through OCR first",
                code="scanned",
            )
    return DocumentError("the file holds no text", code="no_text")


def _page_lines(document: Any, number: int) -> list[Line]:
    """Lines in the order of the page's content. A page that pdfium cannot load has none."""
    import pypdfium2

    try:
        page = document[number]
        textpage = page.get_textpage()
    except pypdfium2.PdfiumError:
        return []
    try:
        return list(_lines(textpage, number + 1))
    finally:
        textpage.close()
        page.close()


def _lines(textpage: Any, page: int) -> Iterator[Line]:
    from pypdfium2 import raw

    count = textpage.count_chars()
    text = textpage.get_text_range()
    if len(text) != count:  # characters beyond the basic plane take one place here and two there
        text = "".join(chr(raw.FPDFText_GetUnicode(textpage, index)) for index in range(count))
    for match in re.finditer(r"[^\r\n]+", text):
        words = [(word.start() + match.start(), word.end() + match.start()) for word in _WORD.finditer(match.group())]
        if words:
            yield _line(textpage, text, words, page)


def _line(textpage: Any, text: str, words: list[tuple[int, int]], page: int) -> Line:
    from pypdfium2 import raw

    first = words[0][0]
    box = raw.FS_RECTF()
    raw.FPDFText_GetLooseCharBox(textpage, first, box)
    size = round(abs(box.top - box.bottom) * 2) / 2
    edges = [(_edge(textpage, start, left=True), _edge(textpage, end - 1, left=False)) for start, end in words]
    breaks = [0]
    for index, ((_, right), (left, _)) in enumerate(itertools.pairwise(edges), start=1):
        if left - right > max(size, 4) * _CELL_GAP:
            breaks.append(index)
    cells = tuple(
        Cell(edges[start][0], text[words[start][0] : words[stop - 1][1]])
        for start, stop in itertools.pairwise([*breaks, len(words)])
    )
    return Line(cells, page, box.top, box.bottom, edges[-1][1], size, _is_bold(textpage, first))


def _edge(textpage: Any, index: int, *, left: bool) -> float:
    """The left or right edge of a character, in points from the left of the page."""
    from pypdfium2 import raw

    edges = [ctypes.c_double() for _ in range(4)]
    raw.FPDFText_GetCharBox(textpage, index, *edges)
    return float(edges[0 if left else 1].value)


def _is_bold(textpage: Any, index: int) -> bool:
    from pypdfium2 import raw

    if raw.FPDFText_GetFontWeight(textpage, index) >= 600:
        return True
    name = ctypes.create_string_buffer(128)
    flags = ctypes.c_int()
    raw.FPDFText_GetFontInfo(textpage, index, name, 128, flags)
    return bool(_BOLD.search(name.value.decode("latin-1")))
