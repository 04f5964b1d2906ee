"""PDF text through pdfium: lines with their place, size and weight; `pdf_layout` makes elements of them."""

from __future__ import annotations

import ctypes
import itertools
import re
from collections.abc import Iterator
from typing import Any

from core.errors import DocumentError
from ingest.formats import ocr
from ingest.formats.elements import Parsed, ParseLimits, no_text, unreadable
from ingest.formats.pdf_layout import elements_of, outline_key
from ingest.formats.pdf_rows import Line
from ingest.formats.pdf_tables import Cell
from ingest.formats.properties import KEYS, known

_WORD = re.compile(r"\S+")
_BOLD = re.compile(r"bold|black|heavy", re.IGNORECASE)
_CELL_GAP = 1.1
"""Times the font size: blanks in justified prose stay below, the space between table columns above."""

_MOST_RUNS = 40
_MOST_BOOKMARKS = 20_000


def parse_pdf(data: bytes, limits: ParseLimits) -> Parsed:
    """Raises `DocumentError`: `encrypted`, `too_many_pages`, `scanned` (pictures, no text), `no_text`."""
    import pypdfium2

    try:
        document = pypdfium2.PdfDocument(data)
    except pypdfium2.PdfiumError as error:
        if getattr(error, "err_code", None) == 4:  # FPDF_ERR_PASSWORD
            raise DocumentError("the file is protected by a password: save it without one", code="encrypted") from error
        raise unreadable("the file is cut off or damaged: its pages cannot be found; print it to PDF anew") from error
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
                f"the file holds more than max_characters ({limits.max_characters:,}); split it", code="too_large"
            )
    pictures = [number for number, page in enumerate(pages) if not _has_text(page) and _has_picture(document, number)]
    if not any(_has_text(page) for page in pages):
        if not pictures:
            raise no_text()
        raise DocumentError(f"the pages are pictures without text: {ocr.remedy()}", code="scanned")
    elements, headline = elements_of(pages, _outline(document))
    properties = known(_stated(document))
    return Parsed(
        tuple(elements),
        headline or str(properties.get("title", "")),
        warnings=(f"{_pages(pictures)} without text and not read: {ocr.remedy()}",) if pictures else (),
        properties=properties,
    )


def _stated(document: Any) -> dict[str, str]:
    """The properties that are ours, in the spellings that people use: pdfium tells the value of a key, but not which there are."""
    stated: dict[str, str] = {}
    for key in sorted(KEYS):
        words = key.split("_")
        for name in (key, key.capitalize(), "".join(map(str.capitalize, words)), " ".join(map(str.capitalize, words))):
            stated[key] = stated.get(key) or document.get_metadata_value(name)
    return stated


def _has_text(page: list[Line]) -> bool:
    return any(character.isalnum() for line in page for character in line.text)


def _has_picture(document: Any, number: int) -> bool:
    import pypdfium2

    try:
        objects = document[number].get_objects(filter=[pypdfium2.raw.FPDF_PAGEOBJ_IMAGE], max_depth=3)
        return next(iter(objects), None) is not None
    except pypdfium2.PdfiumError:
        return False


def _pages(numbers: list[int]) -> str:
    """``page 3 is a picture``, ``pages 3, 5-7 are pictures``, counted from 1; at most some lines of them."""
    runs: list[list[int]] = []
    for number in numbers:
        if runs and number == runs[-1][-1] + 1:
            runs[-1].append(number)
        else:
            runs.append([number])
    named = [f"{run[0] + 1}-{run[-1] + 1}" if len(run) > 1 else str(run[0] + 1) for run in runs]
    listed = ", ".join(named[:_MOST_RUNS]) + (" …" if len(named) > _MOST_RUNS else "")
    return f"page {listed} is a picture" if len(numbers) == 1 else f"pages {listed} are pictures"


def _outline(document: Any) -> dict[tuple[int, str], int]:
    """Bookmarks as `Outline`; what a broken or circular tree of them breaks off at is left out."""
    import pypdfium2

    found: dict[tuple[int, str], int] = {}
    try:
        for item in itertools.islice(document.get_toc(max_depth=6), _MOST_BOOKMARKS):
            target = item.get_dest()
            page = target.get_index() if target else None
            if page is not None and (title := outline_key(item.get_title())):
                found.setdefault((page + 1, title), min(item.level + 1, 6))
    except pypdfium2.PdfiumError:
        pass
    return found


def _page_lines(document: Any, number: int) -> list[Line]:
    """Lines in the order of the page's content. A page that pdfium cannot load has none."""
    import pypdfium2

    try:
        page = document[number]
        textpage = page.get_textpage()
    except pypdfium2.PdfiumError:
        return []
    try:
        lines = list(_lines(textpage, number + 1))
        if not _has_text(lines) and ocr.installed() and _has_picture(document, number):
            return ocr.read_page(page, number + 1)
        return lines
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
        Cell(edges[start][0], text[words[start][0] : words[stop - 1][1]], edges[stop - 1][1])
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
