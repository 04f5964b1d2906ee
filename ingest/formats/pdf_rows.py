"""Lines of a page to rows: pdfium gives text in the order in which it was drawn, often one cell of a table after the other."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace

from ingest.formats.pdf_tables import Cell, column_under, with_continuation

LONE_MARKER = re.compile(r"[•●▪◦‣∙·*–\uf0b7-]|\(?\d{1,3}[.)]|\(?[a-z][.)]")
_LINE_HEIGHT = 1.6
"""Times the font size: from one line to the next of the same block."""
_LOOK_BACK = 12
"""Lines that the cells of one row may take before the next of its cells is drawn."""


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


def is_close(last: Line, line: Line) -> bool:
    """The next line of the same block: below the last by less than one and a half lines."""
    return 0 < last.bottom - line.bottom < max(last.size, line.size) * _LINE_HEIGHT


def rows_of(page: Sequence[Line]) -> list[Line]:
    """The lines of one page, those at the same height as one: pdfium parts them where a table's cells lie far apart."""
    rows: list[Line] = []
    for found in page:
        line = replace(found, cells=_without_lone_marker(found.cells))
        if rows and _goes_on_at_right(rows[-1], line):
            rows[-1] = _beside(rows[-1], line)
        elif (start := _row_drawn_before(rows, line)) is not None:
            rows[start:] = [_beside(_folded(rows[start:]), line)]
        else:
            rows.append(line)
    return _with_continuations(rows)


def _goes_on_at_right(row: Line, line: Line) -> bool:
    return line.cells[0].left > row.right and _overlap(row, line) > 0.6


def _beside(row: Line, line: Line) -> Line:
    return replace(row, cells=_without_lone_marker(row.cells + line.cells), right=line.right)


def _row_drawn_before(rows: Sequence[Line], line: Line) -> int | None:
    """The row that `line` goes on at the right, where only further lines of its cells were drawn since."""
    for start in range(len(rows) - 2, max(len(rows) - 1 - _LOOK_BACK, -1), -1):
        if _goes_on_at_right(rows[start], line):
            is_row = len(rows[start].cells) > 1 or (start > 0 and _is_below(rows[start - 1], rows[start], line))
            return start if is_row and _are_of_cells(rows[start], rows[start + 1 :], line) else None
    return None


def _is_below(above: Line, first: Line, second: Line) -> bool:
    """Do two cells stand in columns of the row above? Without one, they may be the first lines of two columns of prose."""
    columns = {column_under(above.cells, first.cells[0]), column_under(above.cells, second.cells[0])}
    return len(above.cells) > 1 and len(columns) == 2 and None not in columns


def _are_of_cells(row: Line, below: Sequence[Line], line: Line) -> bool:
    for each in below:
        is_left = each.right < line.cells[0].left
        if not (is_left and _is_rest(row, each) and column_under(row.cells, each.cells[0]) is not None):
            return False
        row = replace(row, bottom=min(row.bottom, each.bottom))
    return True


def _is_rest(row: Line, line: Line) -> bool:
    """May `line` be a further one of a cell of `row`? Below the row's first, and at most one below its last."""
    gap = row.bottom - line.bottom
    return len(line.cells) == 1 and line.top < row.top - row.size / 2 and gap < max(row.size, line.size) * _LINE_HEIGHT


def _folded(rows: Sequence[Line]) -> Line:
    """A row and the further lines of its cells as one; `bottom` is that of the lowest."""
    row = rows[0]
    for line in rows[1:]:
        bottom = min(row.bottom, line.bottom)
        row = replace(row, cells=with_continuation(row.cells, line.cells[0]), bottom=bottom)
    return row


def _with_continuations(rows: Sequence[Line]) -> list[Line]:
    """A line alone below any but the first cell of a row is the rest of that cell; below the first it would begin a paragraph."""
    result: list[Line] = []
    for line in rows:
        last = result[-1] if result else None
        if last and len(last.cells) > 1 and _is_rest(last, line) and column_under(last.cells, line.cells[0]):
            result[-1] = _folded([last, line])  # neither below no cell nor below the first
        else:
            result.append(line)
    return result


def _overlap(one: Line, other: Line) -> float:
    shared = min(one.top, other.top) - max(one.bottom, other.bottom)
    return shared / max(min(one.top - one.bottom, other.top - other.bottom), 0.1)


def _without_lone_marker(cells: tuple[Cell, ...]) -> tuple[Cell, ...]:
    """A bullet stands apart from its text, but not as a column of its own."""
    if len(cells) > 1 and LONE_MARKER.fullmatch(cells[0].text.strip()):
        return (Cell(cells[0].left, f"{cells[0].text} {cells[1].text}", cells[1].right), *cells[2:])
    return cells
