"""Plain text: encodings, and text files as paragraphs."""

from __future__ import annotations

import codecs
import re

from ingest.formats.elements import Element, ElementKind, Parsed, ParseLimits, clean

_BOMS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
_CHARSET = re.compile(rb"(?:charset|encoding)\s*=\s*[\"']?\s*([a-zA-Z0-9_.:-]{2,30})")
_WRAPPED = 45
"""Characters of a line from which on the next one is taken for its continuation."""
_LIST_ITEM = re.compile(r"(?P<indent>\s*)(?P<marker>[-*•–]|\d{1,3}[.)])\s+(?P<text>\S.*)", re.DOTALL)


def decode(data: bytes, *, declared: bool = False) -> str:
    """`data` by its byte order mark, else as UTF-8, else by the charset that an HTML page declares, else Windows-1252.

    Never fails: bytes without a meaning become U+FFFD.
    """
    for bom, encoding in _BOMS:
        if data.startswith(bom):
            return data[len(bom) :].decode(encoding, errors="replace")
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError:
        pass
    match = _CHARSET.search(data[:2048]) if declared else None
    try:
        return data.decode(match.group(1).decode("ascii") if match else "cp1252", errors="replace")
    except (LookupError, ValueError):
        return data.decode("cp1252", errors="replace")


def parse_plain(data: bytes, limits: ParseLimits) -> Parsed:
    return Parsed(tuple(plain_elements(decode(data))))


def plain_elements(text: str) -> list[Element]:
    """Paragraphs are parted by blank lines; lines that begin with a bullet or a number are list items of their own.

    Hard-wrapped lines are joined. Lines that look laid out (a column of short ones) keep their breaks.
    """
    elements: list[Element] = []
    for block in re.split(r"\n[ \t]*\n", clean(text)):
        lines = [line.rstrip() for line in block.split("\n") if line.strip()]
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


def _is_wrapped(lines: list[str]) -> bool:
    """Prose filled to a margin: every line but the last is long."""
    return all(len(line) >= _WRAPPED for line in lines[:-1])
