"""Tables as files: workbooks (a heading a sheet) and CSV."""

from __future__ import annotations

import csv
import io
import re
from collections import Counter
from collections.abc import Iterable, Iterator
from datetime import date, datetime, time
from itertools import groupby
from typing import Literal

from core.errors import DocumentError
from ingest.formats.elements import Element, ElementKind, Parsed, ParseLimits, clean, collapse, table_text
from ingest.formats.plain import decode
from ingest.formats.properties import macro_warning, office_properties
from ingest.formats.sheet_layout import Row, sheet_layout

_DELIMITERS = ",;\t|"
_SEPARATOR = re.compile(r"sep=(.)\n", re.IGNORECASE)
_MOST_LINES = 100
"""Of one CSV cell; more, and it is the rest of the file behind a stray quotation mark."""
_LEFT_OUT = {
    "columns": "{} hidden columns were left out",
    "rows": "{} hidden rows were left out",
    "formulas": "{} formulas have no stored value and read as empty: open the file in a spreadsheet program and save it",
}


def parse_csv(data: bytes, limits: ParseLimits) -> Parsed:
    """The delimiter is found, or taken from Excel's ``sep=`` line. A quotation mark that is never closed counts as text."""
    csv.field_size_limit(max(limits.max_characters, 1))
    text = clean(decode(data))
    try:
        return _table(text, limits)
    except csv.Error as error:
        raise DocumentError("a cell holds more than max_characters; split the file", code="too_large") from error


def _table(text: str, limits: ParseLimits) -> Parsed:
    stated = _SEPARATOR.match(text)
    delimiter = stated[1] if stated else _delimiter(text)
    body = text[stated.end() :] if stated else text
    rows = list(_counted(_read(body, delimiter), limits))
    if not any(cell.count("\n") > _MOST_LINES for row in rows for cell in row):
        return Parsed(tuple(_blocks(rows)))
    rows = list(_counted(_read(body, delimiter, quoting=csv.QUOTE_NONE), limits))
    return Parsed(tuple(_blocks(rows)), warnings=("a quotation mark is not closed: cells are shown with theirs",))


def _read(text: str, delimiter: str, quoting: Literal[0, 3] = csv.QUOTE_MINIMAL) -> Iterator[Row]:
    return csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, quoting=quoting)


def _delimiter(text: str) -> str:
    """The delimiter that cuts most of the first lines into the same number of cells, more than one."""
    lines = [line for line in text.split("\n", 50)[:50] if line.strip()]

    def agreement(delimiter: str) -> tuple[int, int]:
        widths = [len(row) for row in csv.reader(lines, delimiter=delimiter)]
        usual = max(set(widths), key=widths.count)
        return (widths.count(usual) if usual > 1 else 0, usual)

    return max(_DELIMITERS, key=agreement)


def parse_xlsx(data: bytes, limits: ParseLimits) -> Parsed:
    """Sheets in order; values as last calculated, a cell merged over rows in each of them. Hidden sheets, rows and columns are
    left out, with a warning; rows that a filter hides are not."""
    from openpyxl import load_workbook  # type: ignore[import-untyped]

    workbook = load_workbook(io.BytesIO(data), read_only=True, data_only=True, keep_links=False)
    elements: list[Element] = []
    warnings = list(macro_warning(data))
    left_out: Counter[str] = Counter()
    used = 0
    for sheet in workbook.worksheets:
        if sheet.sheet_state != "visible":
            warnings.append("a hidden sheet was left out")
            continue
        layout = sheet_layout(sheet)
        left_out.update(columns=len(layout.hidden), rows=len(layout.hidden_rows), formulas=layout.uncalculated)
        sheet.reset_dimensions()  # what a file states as its size is often the whole grid, or wrong
        rows = ([_shown(cell) for cell in row] for row in sheet.iter_rows())
        blocks = list(_blocks(layout.applied(_counted(rows, limits, used))))
        used += sum(len(block.text) for block in blocks)
        if blocks:
            elements += [Element(ElementKind.HEADING, collapse(sheet.title), 2), *blocks]
    workbook.close()
    warnings += [_LEFT_OUT[what].format(count) for what, count in left_out.items() if count]
    properties = office_properties(data)
    return Parsed(tuple(elements), str(properties.get("title", "")), warnings=tuple(warnings), properties=properties)


def _counted(rows: Iterable[Row], limits: ParseLimits, used: int = 0) -> Iterator[Row]:
    """The rows, until they hold more text than a document may: a sheet has room for 17 billion cells."""
    for row in rows:
        used += sum(map(len, row)) + len(row)
        if used > limits.max_characters * 2:
            raise DocumentError(
                f"the tables hold more than max_characters ({limits.max_characters:,}); split them", code="too_large"
            )
        yield row


def _blocks(rows: Iterable[Row]) -> Iterator[Element]:
    """Runs of rows between blank ones, each a table; single-cell rows above one are paragraphs that introduce it."""
    for filled, run in groupby(rows, key=lambda row: any(cell.strip() for cell in row)):
        if not filled:
            continue
        block = list(run)
        while block and sum(bool(cell.strip()) for cell in block[0]) == 1:
            yield Element(ElementKind.PARAGRAPH, collapse(" ".join(block.pop(0))))
        if block:
            yield Element(ElementKind.TABLE, table_text(block))


def _shown(cell: object) -> str:
    """A cell as a reader sees it, near enough: ISO dates, whole numbers without a point, percentages as such."""
    value = getattr(cell, "value", None)
    match value:
        case None:
            return ""
        case bool():
            return "TRUE" if value else "FALSE"
        case datetime() if value.time() == time():
            return value.date().isoformat()
        case datetime() | date() | time():
            return value.isoformat(" ", "minutes") if isinstance(value, datetime) else value.isoformat()
        case int() | float() if "%" in str(getattr(cell, "number_format", "")):
            return f"{value * 100:.10g}%"
        case float():
            return f"{value:.15g}"
        case _:
            return str(value)
