"""HTML to elements: the one walker for pages, for Markdown (rendered to HTML first) and for mails."""

from __future__ import annotations

import re
from dataclasses import dataclass

from lxml import etree
from lxml import html as lxml_html

from core.errors import DocumentError
from ingest.formats.elements import Element, ElementKind, Parsed, ParseLimits, clean, collapse, table_text, unreadable
from ingest.formats.plain import decode
from ingest.formats.properties import known
from ingest.formats.tags import BLOCKS, DROPPED, FURNITURE_NAMES, FURNITURE_ROLES

_HEADINGS = {f"h{level}": level for level in range(1, 7)}
_HIDDEN_STYLE = re.compile(r"display\s*:\s*none|visibility\s*:\s*hidden|font-size\s*:\s*0(?![.\d])", re.IGNORECASE)
_CALLOUT = re.compile(r"\[!(NOTE|TIP|IMPORTANT|WARNING|CAUTION)\]\s*")
_LINE = "\x00"
"""Stands for a line break that the author made, while other white space collapses; cannot occur in parsed HTML."""
_PARTED = re.compile(rf"{_LINE}\s*{_LINE}")
_WIDEST_SPAN = 100
_MOST_CELLS = 2_000_000
"""Of one table, cells that spans stand for included: 30 bytes of HTML can claim 10,000 of them."""


def parse_html(data: bytes, limits: ParseLimits) -> Parsed:
    return html_document(decode(data, declared=True))


def html_document(text: str) -> Parsed:
    """A page's elements; its title is the first level-1 heading, else `<title>`."""
    root = tree(text)
    if root is None:
        return Parsed(())
    elements = tuple(walk(_main(root)))
    heading = next((e.text for e in elements if e.kind is ElementKind.HEADING and e.level == 1), "")
    stated = {each.get("name"): each.get("content", "") for each in root.iterfind(".//meta[@name]")}
    return Parsed(elements, heading or collapse(root.findtext(".//title") or ""), properties=known(stated))


def _main(root: lxml_html.HtmlElement) -> lxml_html.HtmlElement:
    """The page's own content where it says which that is (`<main>`, or one `<article>`), and most of the text lies there."""
    for candidates in (root.xpath(".//main | .//*[@role='main']"), root.xpath(".//article")):
        outermost = [node for node in candidates if not any(other in node.iterancestors() for other in candidates)]
        if len(outermost) == 1 and len(_words(outermost[0])) * 3 >= len(_words(root)):
            return outermost[0]
    return root


def _words(node: lxml_html.HtmlElement) -> str:
    """The text below `node` without blanks, scripts, or what every page of a site repeats."""
    texts = node.xpath(
        ".//text()[not(ancestor::script or ancestor::style or ancestor::nav or ancestor::footer or ancestor::aside)]"
    )
    return "".join("".join(texts).split())


def tree(text: str) -> lxml_html.HtmlElement | None:
    """The parsed page, or `None` where there is nothing in it."""
    text = clean(re.sub(r"^\s*<\?xml[^>]*\?>", "", text))
    if not text.strip():
        return None
    try:
        return lxml_html.document_fromstring(text, parser=lxml_html.HTMLParser(no_network=True, encoding=None))
    except etree.ParserError:
        return None


def walk(root: lxml_html.HtmlElement) -> list[Element]:
    """The visible blocks below `root`. Raises `DocumentError` where tags are nested too deep to be a document."""
    walker = _Walker()
    try:
        walker.visit(root)
        walker.flush()
    except RecursionError as error:
        raise unreadable("the page's tags are nested too deeply; save it from a browser") from error
    return walker.elements


@dataclass(slots=True)
class _List:
    """A list that the walker is inside of; `number` is that of the next item of an ordered one."""

    number: int | None


class _Walker:
    def __init__(self) -> None:
        self.elements: list[Element] = []
        self._text: list[str] = []
        self._lists: list[_List] = []
        self._marker = ""
        self._callout = ""
        self._term = ""

    def visit(self, node: lxml_html.HtmlElement) -> None:
        """Emit `node` and what is in it; the text after it belongs to the caller."""
        tag = node.tag
        if not isinstance(tag, str) or _is_dropped(node, tag):
            return
        if tag == "br":
            self._text.append(_LINE)
        elif tag in _HEADINGS:
            self._heading(node, _HEADINGS[tag])
        elif tag == "pre":
            self._code(node)
        elif tag == "table" and _is_data(node):
            self._table(node)
        elif tag in BLOCKS:
            self._block(node, tag)
        else:
            self._inside(node)

    def flush(self) -> None:
        """End the block that was being gathered; two line breaks in a row part paragraphs as well."""
        gathered, self._text = "".join(self._text), []
        for block in _PARTED.split(gathered):
            lines = (" ".join(line.split()) for line in block.split(_LINE))
            self._end_block("\n".join(line for line in lines if line))

    def _end_block(self, text: str) -> None:
        if match := _CALLOUT.match(text):
            self._callout = f"{match.group(1).capitalize()}: "
            text = text[match.end() :].strip()
        if not text:
            return
        text, self._callout, self._term = self._callout + self._term + text, "", ""
        if self._marker:
            self._emit(ElementKind.LIST_ITEM, self._marker + text.replace("\n", " "))
            self._marker = ""
        else:
            self._emit(ElementKind.PARAGRAPH, text)

    def _emit(self, kind: ElementKind, text: str) -> None:
        self.elements.append(Element(kind, text, len(self._lists)))

    def _inside(self, node: lxml_html.HtmlElement) -> None:
        self._text.append(node.text or "")
        for child in node:
            self.visit(child)
            self._text.append(child.tail or "")

    def _block(self, node: lxml_html.HtmlElement, tag: str) -> None:
        self.flush()
        if tag in ("ul", "ol", "menu"):
            self._list(node, tag)
        elif tag == "li" and self._lists:
            self._item(node)
        elif tag == "dt":
            self._definition(node)
        else:
            self._inside(node)
            self.flush()

    def _list(self, node: lxml_html.HtmlElement, tag: str) -> None:
        if self._marker == "- ":
            self._marker = ""  # an item that holds nothing but a list
        self._keep_marker()
        self._lists.append(_List(_integer(node.get("start"), 1) if tag == "ol" else None))
        self._inside(node)
        self.flush()
        self._lists.pop()

    def _item(self, node: lxml_html.HtmlElement) -> None:
        current = self._lists[-1]
        if current.number is None:
            self._marker = "- "
        else:
            number = _integer(node.get("value"), current.number)
            current.number = number + 1
            self._marker = f"{number}. "
        self._inside(node)
        self.flush()
        self._marker = ""

    def _definition(self, node: lxml_html.HtmlElement) -> None:
        """A term stands before what it means, in one paragraph; several terms share a meaning."""
        if name := _inline_text(node).rstrip(": "):
            self._term = f"{self._term.rstrip(': ')}, {name}: " if self._term else f"{name}: "

    def _heading(self, node: lxml_html.HtmlElement, level: int) -> None:
        self.flush()
        if text := _inline_text(node):
            self.elements.append(Element(ElementKind.HEADING, text, level))

    def _code(self, node: lxml_html.HtmlElement) -> None:
        self.flush()
        self._keep_marker()
        for line_break in node.iter("br"):
            line_break.tail = "\n" + (line_break.tail or "")
        text = node.text_content().strip("\n").rstrip()
        if text.strip():
            self._emit(ElementKind.CODE, text)

    def _table(self, node: lxml_html.HtmlElement) -> None:
        self.flush()
        self._keep_marker()
        for caption in node.iterchildren("caption"):
            self._inside(caption)
            self.flush()
        if text := table_text(_rows(node)):
            self._emit(ElementKind.TABLE, text)

    def _keep_marker(self) -> None:
        """An item that begins with a block keeps its number as a line of its own."""
        if self._marker:
            self._emit(ElementKind.LIST_ITEM, self._marker.strip())
            self._marker = ""


def _is_dropped(node: lxml_html.HtmlElement, tag: str) -> bool:
    if tag in DROPPED or node.get("hidden") is not None or node.get("aria-hidden") == "true":
        return True
    style = node.get("style")
    if style and _HIDDEN_STYLE.search(style):
        return True
    if node.get("role") in FURNITURE_ROLES or not FURNITURE_NAMES.isdisjoint(_names(node)):
        return True
    # The banner of a site, not the head of an article.
    return tag == "header" and next(node.iter(*_HEADINGS), None) is None


def _names(node: lxml_html.HtmlElement) -> list[str]:
    return f"{node.get('id', '')} {node.get('class', '')}".lower().split()


def _is_data(table: lxml_html.HtmlElement) -> bool:
    """A table of cells; one that holds tables, or a single column of prose, is a means of layout."""
    if next(table.iterdescendants("table"), None) is not None:
        return False
    return any(len(row) > 1 for row in table.iter("tr")) or next(table.iter("th"), None) is not None


def _inline_text(node: lxml_html.HtmlElement) -> str:
    """The visible text of a heading or cell on one line; blocks in it are kept apart by blanks."""
    parts: list[str] = []

    def gather(node: lxml_html.HtmlElement) -> None:
        if not isinstance(node.tag, str) or _is_dropped(node, node.tag):
            return
        apart = " " if node.tag in BLOCKS or node.tag == "br" else ""
        parts.append(apart + (node.text or ""))
        for child in node:
            gather(child)
            parts.append(child.tail or "")
        parts.append(apart)

    gather(node)
    text = " ".join("".join(parts).split())
    return _CALLOUT.sub(lambda match: f"{match.group(1).capitalize()}: ", text)


def _rows(table: lxml_html.HtmlElement) -> list[list[str]]:
    """Cell texts by grid position.

    A cell that spans rows is repeated, so that each row can be read alone; one that spans columns is not, as it would
    read like several values.
    """
    rows: list[list[str]] = []
    hanging: dict[int, tuple[int, str]] = {}
    cells = 0
    for tr in table.iter("tr"):
        row: list[str] = []
        for cell in tr.iterchildren("td", "th"):
            _fill(row, hanging)
            text = _inline_text(cell)
            height = min(_integer(cell.get("rowspan"), 1), _WIDEST_SPAN)
            width = max(1, min(_integer(cell.get("colspan"), 1), _WIDEST_SPAN))
            for offset in range(width):
                content = text if offset == 0 else ""
                if height > 1:
                    hanging[len(row)] = (height - 1, content)
                row.append(content)
        _fill(row, hanging)
        rows.append(row)
        cells += len(row)
        if cells > _MOST_CELLS:
            raise DocumentError(f"a table of the page has more than {_MOST_CELLS:,} cells; split it", code="too_large")
    return rows


def _fill(row: list[str], hanging: dict[int, tuple[int, str]]) -> None:
    """Append what cells of rows above hang into this row at its next positions."""
    while len(row) in hanging:
        left, text = hanging.pop(len(row))
        if left > 1:
            hanging[len(row)] = (left - 1, text)
        row.append(text)


def _integer(value: str | None, default: int) -> int:
    return int(value) if value and re.fullmatch(r"\d{1,6}", value.strip()) else default
