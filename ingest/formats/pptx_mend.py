"""A deck made plain before it is partitioned: lists as lists, merged cells in each row, nothing that is hidden.

unstructured sees a bullet only where the paragraph itself states one, and most inherit theirs from the layout; it knows no
numbers, and reads shapes that are hidden.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from pptx.oxml import parse_xml
from pptx.oxml.ns import nsdecls, qn
from pptx.presentation import Presentation

_DEEPEST = 10
_BULLET = "a:buChar"
_NUMBER = "a:buAutoNum"
_NONE = "a:buNone"
_BODY_TYPES = (None, "body", "obj")
"""Placeholders whose paragraphs the master makes lists of; a title, subtitle, date or number is none."""


def mend(presentation: Presentation) -> None:
    """Change `presentation` in place."""
    for slide in presentation.slides:
        _remove_hidden(slide.shapes)
        for shape in _shapes(slide.shapes):
            if getattr(shape, "has_table", False):
                _repeat_merged(shape.table)
            elif getattr(shape, "has_text_frame", False):
                _state_lists(shape, _inherited(shape, slide))


def _shapes(shapes: Any, depth: int = 0) -> Iterator[Any]:
    for shape in shapes:
        if hasattr(shape, "shapes") and depth < _DEEPEST:
            yield from _shapes(shape.shapes, depth + 1)
        else:
            yield shape


def _remove_hidden(shapes: Any) -> None:
    """Shapes that the selection pane hides, groups with all that is in them."""
    for properties in list(shapes._spTree.iter(qn("p:cNvPr"))):
        shape = properties.getparent().getparent()
        if properties.get("hidden") in ("1", "true") and shape.getparent() is not None:
            shape.getparent().remove(shape)


def _repeat_merged(table: Any) -> None:
    """The text of a cell that is merged over rows in each of them."""
    for column in range(len(table.columns)):
        text = ""
        for row in range(len(table.rows)):
            cell = table.cell(row, column)
            if cell._tc.vMerge and not cell._tc.hMerge:
                cell.text = text
            else:
                text = cell.text


def _inherited(shape: Any, slide: Any) -> list[Any]:
    """Where a paragraph's bullet may come from besides itself, nearest first: lists of properties by level."""
    if not shape.is_placeholder or shape._element.ph.get("type") not in _BODY_TYPES:
        return []
    index = shape._element.ph.get("idx")
    layout = slide.slide_layout
    same = (each for each in layout.placeholders if each._element.ph.get("idx") == index)
    bodies = [each._element.find(f"{qn('p:txBody')}/{qn('a:lstStyle')}") for each in (shape, *same)]
    master = layout.slide_master.element.find(f"{qn('p:txStyles')}/{qn('p:bodyStyle')}")
    return [each for each in (*bodies, master) if each is not None]


def _state_lists(shape: Any, inherited: list[Any]) -> None:
    """Give each item its bullet, or its number as text. A placeholder's only paragraph is a sentence, whatever its bullet."""
    paragraphs = [each for each in shape.text_frame.paragraphs if each.text.strip()]
    counts: dict[int, int] = {}
    for paragraph in paragraphs:
        level = paragraph.level or 0
        stated = [each.find(qn(f"a:lvl{level + 1}pPr")) for each in inherited] if len(paragraphs) > 1 else []
        mark = _mark([paragraph._p.pPr, *stated])
        is_numbered = _is(mark, _NUMBER)
        counts = {depth: count for depth, count in counts.items() if depth < level + is_numbered}
        if is_numbered:
            counts[level] = counts.get(level, _start(mark) - 1) + 1
            _write_number(paragraph, counts[level])
        if mark is not None and not _is(mark, _NONE):
            _write_bullet(paragraph)


def _mark(stated: list[Any]) -> Any:
    """The first statement about bullets in these paragraph properties."""
    for properties in stated:
        for tag in (_BULLET, _NUMBER, _NONE) if properties is not None else ():
            if (found := properties.find(qn(tag))) is not None:
                return found
    return None


def _is(mark: Any, tag: str) -> bool:
    return mark is not None and mark.tag == qn(tag)


def _start(mark: Any) -> int:
    stated = mark.get("startAt", "1")
    return int(stated) if stated.isdigit() else 1


def _write_number(paragraph: Any, number: int) -> None:
    if paragraph.runs:
        paragraph.runs[0].text = f"{number}. {paragraph.runs[0].text}"


def _write_bullet(paragraph: Any) -> None:
    properties = paragraph._p.get_or_add_pPr()
    for tag in (_BULLET, _NUMBER):
        for found in properties.findall(qn(tag)):
            properties.remove(found)
    properties.append(parse_xml(f'<a:buChar {nsdecls("a")} char="•"/>'))
