"""The cells of a PDF's table by column: it draws text at places, and says nowhere that a table is one."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace

_ALIGNED = 4.0
"""Points by which the left edges of a column's cells may differ."""


@dataclass(frozen=True, slots=True)
class Cell:
    """A stretch of a line without wide gaps; its edges in points."""

    left: float
    text: str
    right: float = 0.0


Row = Sequence[Cell]


def column_under(row: Row, cell: Cell) -> int | None:
    """Which cell of `row` a `cell` alone on the line below is the rest of: the one that begins where it does."""
    return next((index for index, other in enumerate(row) if abs(other.left - cell.left) <= _ALIGNED), None)


def with_continuation(row: Row, cell: Cell) -> tuple[Cell, ...]:
    """`row` with the text of `cell` added to the cell above it."""
    above = min(range(len(row)), key=lambda index: abs(row[index].left - cell.left))
    longer = replace(row[above], text=f"{row[above].text} {cell.text}", right=max(row[above].right, cell.right))
    return (*row[:above], longer, *row[above + 1 :])


def columns_of(rows: Sequence[Row]) -> list[list[str]]:
    """The text of each row by column, empty where it has none there.

    Columns are where the fullest rows have their cells; others (a title over two columns, a row with gaps) are laid into those.
    """
    usual = _usual_width(rows)
    columns = _spans([row for row in rows if len(row) == usual], usual)
    table = []
    for row in rows:
        cells = [""] * len(columns)
        for cell in row:
            index = min(range(len(columns)), key=lambda index: _distance(columns[index], cell))
            cells[index] = f"{cells[index]} {cell.text}".strip()
        table.append(cells)
    return table


def _usual_width(rows: Sequence[Row]) -> int:
    """The cells of the fullest rows, but for rows so rare that they are fuller by accident (a header of two words set wide
    apart): those count where other rows have a cell of their own for each of theirs."""
    counts = Counter(len(row) for row in rows)
    most = max(counts.values())
    for width in sorted(counts, reverse=True):
        fullest = [row for row in rows if len(row) == width]
        if counts[width] * 2 >= most or any(_is_borne_out(row, rows) for row in fullest):
            return width
    return max(counts)


def _is_borne_out(row: Row, rows: Sequence[Row]) -> bool:
    """Has each cell of `row` one in another row above or below it, and it alone?"""
    borne_out: set[int] = set()
    for other in rows:
        if other is not row:
            for cell in other:
                beside = [index for index, each in enumerate(row) if each.left < cell.right and cell.left < each.right]
                borne_out.update(beside if len(beside) == 1 else ())
    return len(borne_out) == len(row)


def _spans(rows: Sequence[Row], width: int) -> list[tuple[float, float]]:
    """The horizontal extent of each column: of the n-th cells together, as far as they don't reach over their neighbours."""
    spans = []
    for index in range(width):
        lefts = sorted(row[index].left for row in rows)
        rights = sorted(row[index].right for row in rows)
        # Medians, so that one row that is shifted by an empty cell does not blur all columns.
        spans.append((lefts[len(lefts) // 2], rights[len(rights) // 2]))
    return spans


def _distance(column: tuple[float, float], cell: Cell) -> tuple[float, float]:
    """How far a cell is from a column: the gap between them (below 0 where they overlap), then that of their left edges."""
    left, right = column
    overlap = min(right, cell.right) - max(left, cell.left)
    return (-min(overlap, 0.0) - (overlap > 0), abs(left - cell.left))
