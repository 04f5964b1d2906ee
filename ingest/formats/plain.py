"""Plain text: encodings, and text files as paragraphs."""

from __future__ import annotations

import codecs
import re
import textwrap

from ingest.formats.elements import Element, ElementKind, Parsed, ParseLimits, clean

_BOMS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
_CHARSET = re.compile(rb"(?:charset|encoding)\s*=\s*[\"']?\s*([a-zA-Z0-9_.:-]{2,30})")
_STRAY = re.compile("[\udc80-\udcff]")
_NOT_ASCII = re.compile("[^\x00-\x7f]")
_WRAPPED = 45
"""Characters of a line from which on the next one is taken for its continuation."""
_UNDERLINE = re.compile(r"={3,}|-{3,}")
_LIST_ITEM = re.compile(r"(?P<indent>\s*)(?P<marker>[-*•–]|\d{1,3}[.)])\s+(?P<text>\S.*)", re.DOTALL)


def decode(data: bytes, *, declared: bool = False) -> str:
    """`data` by its byte order mark, else as UTF-8, else by the charset that an HTML page declares, else Windows-1252.

    Files that were pasted together may be of several: single bytes that are no UTF-8 amid much that is are taken for
    Windows-1252. Never fails: bytes without a meaning become U+FFFD.
    """
    for bom, encoding in _BOMS:
        if data.startswith(bom):
            return data[len(bom) :].decode(encoding, errors="replace")
    if wide := utf16_by_zeros(data):
        return data.decode(wide, errors="replace")
    text = data.decode("utf-8", errors="surrogateescape")
    strays = len(_STRAY.findall(text))
    if not strays:
        return text
    match = _CHARSET.search(data[:2048]) if declared else None
    try:
        if match:
            return data.decode(match.group(1).decode("ascii"), errors="replace")
    except (LookupError, ValueError):
        pass
    if len(_NOT_ASCII.findall(text)) >= 2 * strays:  # strays are no ASCII either
        return _STRAY.sub(lambda stray: bytes([ord(stray[0]) - 0xDC00]).decode("cp1252", errors="replace"), text)
    return data.decode("cp1252", errors="replace")


def utf16_by_zeros(data: bytes) -> str | None:
    """UTF-16 without a byte order mark: every other byte of Latin text in it is zero."""
    head = data[:2048]
    half = len(head) // 2
    if half < 4:
        return None
    even, odd = head[::2].count(0), head[1::2].count(0)
    if odd > half * 0.4 and even <= half * 0.05:
        return "utf-16-le"
    return "utf-16-be" if even > half * 0.4 and odd <= half * 0.05 else None


def parse_plain(data: bytes, limits: ParseLimits) -> Parsed:
    return Parsed(tuple(plain_elements(decode(data))))


def plain_elements(text: str) -> list[Element]:
    """Paragraphs are parted by blank lines; lines that begin with a bullet or a number are list items of their own.

    Hard-wrapped lines are joined. Lines that look laid out (a column of short ones) keep their breaks. A line that is
    underlined is a heading; a block that is indented throughout, and not below a list item, is code.
    """
    elements: list[Element] = []
    for block in re.split(r"\n[ \t]*\n", clean(text)):
        lines = [line.rstrip() for line in block.split("\n") if line.strip()]
        if len(lines) > 1 and _UNDERLINE.fullmatch(lines[1]) and len(lines[0]) <= _WRAPPED * 2:
            level = 1 if lines[1].startswith("=") else 2
            elements.append(Element(ElementKind.HEADING, " ".join(lines[0].split()), level))
            del lines[:2]
        in_list = bool(elements) and elements[-1].kind is ElementKind.LIST_ITEM
        if lines and not in_list and _is_code(lines):
            elements.append(Element(ElementKind.CODE, textwrap.dedent("\n".join(lines).expandtabs(4))))
            continue
        for group in _grouped(lines):
            elements.append(_element(group))
    return elements


def _grouped(lines: list[str]) -> list[list[str]]:
    """Lines of one block by element. An item takes the lines that are indented below it or that it was wrapped into; a
    short one with text below it was meant as a heading of that text."""
    groups: list[list[str]] = []
    for line in lines:
        group = groups[-1] if groups else None
        if group is None or _LIST_ITEM.fullmatch(line):
            groups.append([line])
        elif not _LIST_ITEM.fullmatch(group[0]) or line[0].isspace() or len(group[-1]) >= _WRAPPED:
            group.append(line)
        else:
            groups.append([line])
    return groups


def _element(lines: list[str]) -> Element:
    item = _LIST_ITEM.fullmatch(lines[0])
    if item:
        marker = item["marker"] if item["marker"][0].isdigit() else "-"
        words = " ".join([item["text"], *lines[1:]]).split()
        level = 1 + min(len(item["indent"].expandtabs(4)) // 2, 5)
        return Element(ElementKind.LIST_ITEM, f"{marker} {' '.join(words)}", level)
    joiner = " " if _is_wrapped(lines) else "\n"
    return Element(ElementKind.PARAGRAPH, joiner.join(" ".join(line.split()) for line in lines))


def _is_code(lines: list[str]) -> bool:
    """Lines of a program or a terminal: all indented, or some of them and one that ends as no sentence does."""
    if any(_LIST_ITEM.fullmatch(line) for line in lines):
        return False
    indented = [line.startswith(("    ", "\t")) for line in lines]
    return all(indented) or (any(indented) and any(line.endswith(("{", ";", "):", "\\", "=>")) for line in lines))


def _is_wrapped(lines: list[str]) -> bool:
    """Prose filled to a margin: every line but the last is long."""
    return all(len(line) >= _WRAPPED for line in lines[:-1])
