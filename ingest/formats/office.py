"""Word and PowerPoint through unstructured, which resolves numbering, content controls, tracked changes, merged cells.

What is a heading comes from styles and placeholders alone. unstructured would also guess it from the wording with a
language model, which it downloads where it is missing: a parser that works offline must never get that far.
"""

from __future__ import annotations

import io
import os
import re
from collections.abc import Callable, Iterable, Iterator
from functools import cache
from itertools import groupby
from typing import Protocol

from ingest.formats.charts import chart_tables
from ingest.formats.elements import Element, ElementKind, Parsed, ParseLimits, clean, collapse, table_text
from ingest.formats.html import tree, walk
from ingest.formats.properties import macro_warning, office_properties

CODE_MARK = "\ue0c0"
"""`docx_mend` puts this private-use character before each line of code."""

_LABEL = re.compile(r"(?:\(?[0-9a-zA-Z]{1,4}(?:\.[0-9a-zA-Z]{1,3})*[.)]|\d+(?:\.\d+)+)\s")
_LEFT_OUT = frozenset(("Header", "Footer", "PageBreak", "Image", "PageNumber"))


class _Metadata(Protocol):
    category_depth: int | None
    page_number: int | None
    text_as_html: str | None


class _Vendor(Protocol):
    """The part of an unstructured element that is read here."""

    text: str
    category: str
    metadata: _Metadata


@cache
def _partitioner(name: str) -> Callable[..., Iterable[_Vendor]]:
    """unstructured's partitioner of a format, without its telemetry, its notice and its guesses."""
    os.environ.update(DO_NOT_TRACK="true", SCARF_NO_ANALYTICS="true", UNSTRUCTURED_DISABLE_NOTICE="1")
    from unstructured.partition import docx, pptx

    module = {"docx": docx, "pptx": pptx}[name]
    module.is_possible_narrative_text = _is_text
    partition: Callable[..., Iterable[_Vendor]] = getattr(module, f"partition_{name}")
    return partition


def load() -> None:
    """Import unstructured: seconds that no file is to blame for."""
    _partitioner("docx")


def _is_text(text: str, **_: object) -> bool:
    return True


def parse_docx(data: bytes, limits: ParseLimits) -> Parsed:
    """Headings by style, list items with their numbers, tables by row, notes after what refers to them. Headers, footers,
    pictures and hidden text are left out; changes that are tracked count as accepted."""
    from docx import Document

    from ingest.formats.docx_mend import mend

    document = Document(io.BytesIO(data))
    mend(document)
    plain = io.BytesIO()
    document.save(plain)
    vendors = _partitioner("docx")(file=plain, languages=[""], include_page_breaks=False)
    elements = list(_with_code(element for vendor in vendors if (element := _element(vendor))))
    first = next((e.text for e in elements if e.kind is ElementKind.HEADING and e.level == 1), "")
    properties = office_properties(data)
    return Parsed(
        tuple(elements), first or str(properties.get("title", "")), warnings=macro_warning(data), properties=properties
    )


def _with_code(elements: Iterable[Element]) -> Iterator[Element]:
    """Neighbouring paragraphs in a code style as one block of code."""
    for is_code, group in groupby(
        elements, key=lambda element: CODE_MARK in element.text and element.kind is ElementKind.CODE
    ):
        if not is_code:
            yield from group
            continue
        block = list(group)
        lines = "\n".join(element.text for element in block).replace(CODE_MARK, "")
        yield Element(ElementKind.CODE, lines.strip("\n"), 0, block[0].page)


def parse_pptx(data: bytes, limits: ParseLimits) -> Parsed:
    """A heading a slide, its speaker notes after it. Hidden slides are left out, with a warning; hidden shapes too."""
    from pptx import Presentation

    from ingest.formats.pptx_mend import mend

    presentation = Presentation(io.BytesIO(data))
    mend(presentation)
    plain = io.BytesIO()
    presentation.save(plain)
    notes: dict[int, str] = {}
    charts: dict[int, list[str]] = {}
    hidden: set[int] = set()
    for number, slide in enumerate(presentation.slides, start=1):
        if slide.element.get("show") in ("0", "false"):
            hidden.add(number)
        if slide.has_notes_slide and (frame := slide.notes_slide.notes_text_frame):
            notes[number] = collapse(frame.text)
        if tables := list(chart_tables(slide.shapes)):
            charts[number] = tables
    vendors = _partitioner("pptx")(file=plain, languages=[""], include_page_breaks=False)
    elements = list(_slides(vendors, notes, charts, hidden))
    title = next((e.text for e in elements if e.kind is ElementKind.HEADING and e.level == 1), "")
    warnings = (f"{len(hidden)} hidden slides were left out",) if hidden else ()
    properties = office_properties(data)
    return Parsed(
        tuple(elements),
        title or str(properties.get("title", "")),
        warnings=(*warnings, *macro_warning(data)),
        properties=properties,
    )


def _slides(
    vendors: Iterable[_Vendor], notes: dict[int, str], charts: dict[int, list[str]], hidden: set[int]
) -> Iterator[Element]:
    """Slides in order; the first one's title is the document's. Charts and notes of a slide without text are kept as well."""
    shown = {number: list(group) for number, group in groupby(vendors, key=lambda each: each.metadata.page_number or 0)}
    for number in sorted((shown.keys() | notes.keys() | charts.keys()) - hidden):
        slide = [element for vendor in shown.get(number, []) if (element := _element(vendor))]
        note = notes.get(number)
        if not slide and not note and number not in charts:
            continue
        titles = [e for e in slide if e.kind is ElementKind.HEADING and e.level == 1]
        name = collapse(" ".join(e.text for e in titles)) or f"Slide {number}"
        yield Element(ElementKind.HEADING, name, 1 if number == 1 and titles else 2, number)
        # What is called a title elsewhere on a slide is a box with few words.
        yield from (_as_paragraph(e) for e in slide if e not in titles)
        yield from (Element(ElementKind.TABLE, table, 0, number) for table in charts.get(number, ()))
        if note:
            yield Element(ElementKind.PARAGRAPH, f"Notes: {note}", 0, number)


def _as_paragraph(element: Element) -> Element:
    if element.kind is not ElementKind.HEADING:
        return element
    return Element(ElementKind.PARAGRAPH, element.text, 0, element.page)


def _element(vendor: _Vendor) -> Element | None:
    if vendor.category in _LEFT_OUT:
        return None
    depth, page = vendor.metadata.category_depth or 0, vendor.metadata.page_number
    if CODE_MARK in vendor.text and vendor.category != "Table":
        return Element(ElementKind.CODE, clean(vendor.text), 0, page)
    match vendor.category:
        case "Table":
            return Element(ElementKind.TABLE, _table(vendor).replace(CODE_MARK, ""), 0, page)
        case "Title":
            return Element(ElementKind.HEADING, collapse(vendor.text), min(depth + 1, 6), page)
        case "ListItem":
            text = collapse(vendor.text)
            marker = "" if _LABEL.match(text) else "- "
            return Element(ElementKind.LIST_ITEM, marker + text, min(depth + 1, 6), page)
        case _:
            lines = (" ".join(line.split()) for line in clean(vendor.text).split("\n"))
            return Element(ElementKind.PARAGRAPH, "\n".join(line for line in lines if line), 0, page)


def _table(vendor: _Vendor) -> str:
    root = tree(vendor.metadata.text_as_html or "")
    if root is None:
        return collapse(vendor.text)
    tables = [element.text for element in walk(root) if element.kind is ElementKind.TABLE]
    return "\n".join(tables) or table_text([[vendor.text]])
