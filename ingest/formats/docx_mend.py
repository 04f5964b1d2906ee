"""A Word document made plain before it is partitioned: what a reader sees of it, where the partitioner looks for it.

unstructured leaves out inserted text that is not accepted yet, content controls, fields, footnotes and text boxes, reads
hidden text, and knows no heading styles but Word's own.
"""

from __future__ import annotations

import copy
import re
from collections.abc import Iterator
from functools import cache
from typing import Any

from docx.document import Document
from docx.oxml import OxmlElement
from docx.oxml.ns import qn
from docx.oxml.parser import parse_xml
from docx.styles.style import BaseStyle

from ingest.formats.office import CODE_MARK

_HEADING = re.compile(r"heading ([1-9])", re.IGNORECASE)
_CODE = re.compile(r"\b(code|console|listing|macro text|preformatted|terminal)\b", re.IGNORECASE)
_NOTES = {"footnote": "footnotes", "endnote": "endnotes"}
_OFF = ("0", "false", "off")
_LAYOUT_COLUMNS = 1
_CONTAINERS = ("w:sdt", "w:customXml", "w:fldSimple", "w:smartTag")


def mend(document: Document) -> None:
    """Change `document` in place. The order matters: what is hidden or deleted must not come back with a text box."""
    body = document.element.body
    _accept_changes(body)
    _open_containers(body)
    _remove_hidden(body, document)
    _lift_text_boxes(body)
    _write_out_notes(body, document)
    _lift_nested_tables(body)
    _name_styles(body, document)


def _all(element: Any, tag: str) -> list[Any]:
    return list(element.iter(qn(tag)))


def _remove(element: Any) -> None:
    if (parent := element.getparent()) is not None:
        parent.remove(element)


def _unwrap(element: Any) -> None:
    """Put the children of `element` in its place."""
    parent = element.getparent()
    index = parent.index(element)
    for offset, child in enumerate(list(element)):
        parent.insert(index + offset, child)
    parent.remove(element)


def _accept_changes(body: Any) -> None:
    """The text as it will be when its changes are accepted: what Word shows as `No Markup`."""
    for tag in ("w:del", "w:moveFrom"):
        for element in _all(body, tag):
            if element.getparent() is not None and element.getparent().tag != qn("w:rPr"):
                _remove(element)
    for tag in ("w:ins", "w:moveTo"):
        for element in _all(body, tag):
            if element.getparent().tag not in (qn("w:rPr"), qn("w:trPr")):
                _unwrap(element)


def _open_containers(body: Any) -> None:
    """What content controls and fields hold, in their place, but for prompts that nobody has filled in, and tables of contents."""
    for tag in _CONTAINERS:
        for element in _all(body, tag):
            properties = element.find(qn(f"{tag}Pr"))
            if properties is not None and (_is_prompt(properties) or _is_contents(properties)):
                _remove(element)
                continue
            if properties is not None:
                element.remove(properties)
            for end in element.findall(qn("w:sdtEndPr")):
                element.remove(end)
            if (content := element.find(qn("w:sdtContent"))) is not None:
                _unwrap(content)
            _unwrap(element)


def _is_prompt(properties: Any) -> bool:
    """``Click here to enter text``."""
    shown = properties.find(qn("w:showingPlcHdr"))
    return shown is not None and shown.get(qn("w:val"), "1") not in _OFF


def _is_contents(properties: Any) -> bool:
    gallery = properties.find(f"{qn('w:docPartObj')}/{qn('w:docPartGallery')}")
    return gallery is not None and gallery.get(qn("w:val")) == "Table of Contents"


def _remove_hidden(body: Any, document: Document) -> None:
    """Runs that Word does not show: no reader sees them, so they must not be quoted, nor instruct anything that reads."""
    hidden = {style.style_id for style in document.styles if _is_hidden(style.element.find(qn("w:rPr")))}
    for run in _all(body, "w:r"):
        properties = run.find(qn("w:rPr"))
        style = properties.find(qn("w:rStyle")) if properties is not None else None
        if _is_hidden(properties) or (style is not None and style.get(qn("w:val")) in hidden):
            _remove(run)


def _is_hidden(properties: Any) -> bool:
    vanish = properties.find(qn("w:vanish")) if properties is not None else None
    return vanish is not None and vanish.get(qn("w:val"), "1") not in _OFF


def _lift_text_boxes(body: Any) -> None:
    """A text box' paragraphs after the one that it is anchored to. Word writes each box twice; the second is for old programs."""
    for fallback in [e for e in body.iter() if isinstance(e.tag, str) and e.tag.endswith("}Fallback")]:
        _remove(fallback)
    for box in _all(body, "w:txbxContent"):
        anchor = next((each for each in box.iterancestors(qn("w:p"))), None)
        if anchor is not None:
            for block in reversed(list(box)):
                anchor.addnext(block)


def _write_out_notes(body: Any, document: Document) -> None:
    """A mark at each reference, and the note's text as a paragraph after the one that refers to it."""
    for kind, name in _NOTES.items():
        texts = _notes(document, kind, name)
        number = 0
        for paragraph in _all(body, "w:p"):
            anchor = paragraph
            for reference in paragraph.findall(f".//{qn(f'w:{kind}Reference')}"):
                text = texts.get(reference.get(qn("w:id"), ""))
                if not text:
                    continue
                number += 1
                mark = OxmlElement("w:t")
                mark.text = f" ({kind} {number})"
                mark.set(qn("xml:space"), "preserve")
                reference.getparent().replace(reference, mark)
                note = _paragraph(f"{kind.capitalize()} {number}: {text}")
                anchor.addnext(note)
                anchor = note


def _notes(document: Document, kind: str, name: str) -> dict[str, str]:
    """The notes' texts by id; separators, which have a type, are none."""
    part = next((rel.target_part for rel in document.part.rels.values() if rel.reltype.endswith(f"/{name}")), None)
    if part is None:
        return {}
    root = parse_xml(part.blob)
    return {
        note.get(qn("w:id"), ""): " ".join("".join(t.text or "" for t in note.iter(qn("w:t"))).split())
        for note in root.findall(qn(f"w:{kind}"))
        if note.get(qn("w:type")) is None
    }


def _paragraph(text: str) -> Any:
    paragraph, run, words = OxmlElement("w:p"), OxmlElement("w:r"), OxmlElement("w:t")
    words.text = text
    run.append(words)
    paragraph.append(run)
    return paragraph


def _lift_nested_tables(body: Any) -> None:
    """Tables of one column are boxes around prose: their content stands for itself. A table inside another follows it."""
    for table in reversed(_all(body, "w:tbl")):
        if table.getparent() is None:
            continue
        if max((len(row.findall(qn("w:tc"))) for row in table.iter(qn("w:tr"))), default=0) <= _LAYOUT_COLUMNS:
            _replace_by_content(table)
    for table in reversed(_all(body, "w:tbl")):
        if outer := list(table.iterancestors(qn("w:tbl"))):
            table.addprevious(_paragraph("(see the table below)"))
            outer[-1].addnext(table)


def _replace_by_content(table: Any) -> None:
    for cell in table.iter(qn("w:tc")):
        if next(cell.iterancestors(qn("w:tbl"))) is table:
            for block in list(cell):
                if block.tag in (qn("w:p"), qn("w:tbl"), qn("w:sdt")):
                    table.addprevious(block)
    _remove(table)


def _name_styles(body: Any, document: Document) -> None:
    """Styles that build on a heading, or have an outline level, become Word's own headings; code is marked as such."""
    levels: dict[int, str] = {}
    for style in document.styles:
        if match := _HEADING.fullmatch(style.name or ""):
            levels.setdefault(int(match[1]), style.style_id)
    by_id = {style.style_id: style for style in document.styles}

    @cache
    def level_of(style_id: str) -> int:
        return next((level for style in _chain(by_id.get(style_id)) if (level := _level(style))), 0)

    for paragraph in _all(body, "w:p"):
        properties = paragraph.find(qn("w:pPr"))
        if properties is None:
            continue
        stated = properties.find(qn("w:pStyle"))
        style_id = stated.get(qn("w:val"), "") if stated is not None else ""
        own = by_id.get(style_id)
        if own is not None and _HEADING.fullmatch(own.name or ""):
            continue
        level = _outline(properties) or level_of(style_id)
        if level and not _in_table(paragraph):
            _set_style(properties, stated, _heading_style(document, levels, level))
        elif any(_CODE.search(style.name or "") for style in _chain(own)):
            _mark_code(paragraph)


def _chain(style: BaseStyle | None) -> Iterator[BaseStyle]:
    """A style and those it is based on; a circle of them ends."""
    seen: set[str] = set()
    while style is not None and style.style_id not in seen:
        seen.add(style.style_id)
        yield style
        style = getattr(style, "base_style", None)


def _level(style: BaseStyle) -> int:
    match = _HEADING.fullmatch(style.name or "")
    return int(match[1]) if match else _outline(style.element.find(qn("w:pPr")))


def _outline(properties: Any) -> int:
    """1…9 of an outline level; 0 where there is none, or it says body text."""
    stated = properties.find(qn("w:outlineLvl")) if properties is not None else None
    value = stated.get(qn("w:val"), "9") if stated is not None else "9"
    return int(value) + 1 if value.isdigit() and int(value) < 9 else 0


def _in_table(paragraph: Any) -> bool:
    return next(paragraph.iterancestors(qn("w:tc")), None) is not None


def _heading_style(document: Document, levels: dict[int, str], level: int) -> str:
    if level not in levels:
        style = document.styles.add_style(f"Heading {level}", 1, builtin=True)
        levels[level] = style.style_id
    return levels[level]


def _set_style(properties: Any, stated: Any, style_id: str) -> None:
    if stated is None:
        stated = OxmlElement("w:pStyle")
        properties.insert(0, stated)
    stated.set(qn("w:val"), style_id)


def _mark_code(paragraph: Any) -> None:
    """One run with the whole line; a line break begins the next one."""
    parts: list[str] = []
    for node in paragraph.iter(qn("w:t"), qn("w:br"), qn("w:tab")):
        parts.append(node.text or "" if node.tag == qn("w:t") else "\n" if node.tag == qn("w:br") else "    ")
    properties = copy.deepcopy(paragraph.find(qn("w:pPr")))
    for child in list(paragraph):
        paragraph.remove(child)
    if properties is not None:
        paragraph.append(properties)
    run = OxmlElement("w:r")
    for number, line in enumerate("".join(parts).split("\n")):
        if number:
            run.append(OxmlElement("w:br"))
        words = OxmlElement("w:t")
        words.text = CODE_MARK + line
        words.set(qn("xml:space"), "preserve")
        run.append(words)
    paragraph.append(run)
