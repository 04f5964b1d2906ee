"""What a worksheet says about its cells besides their values: merged ranges, hidden rows and columns, formulas that were never
calculated.

openpyxl tells none of it when it reads row by row, and to read a sheet as a whole it takes fifty times its size in memory.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

Row = list[str]

_BLOCK = 1 << 20
_OVERLAP = 400
"""Bytes: longer than any element that is looked for."""

_MERGED = re.compile(rb'<(?:\w{1,20}:)?mergeCell\s[^<>]{0,100}?ref="([A-Z]{1,3})(\d{1,7}):([A-Z]{1,3})(\d{1,7})"')
_COLUMN = re.compile(rb"<(?:\w{1,20}:)?col\s[^<>]{1,200}>")
_ATTRIBUTE = re.compile(rb'(min|max|hidden)="(\w{1,7})"')
_UNCALCULATED = re.compile(
    rb"(?:</(?:\w{1,20}:)?f>|<(?:\w{1,20}:)?f\s[^<>]{0,200}/>)(?:<v/>|<v></v>)?</(?:\w{1,20}:)?c>"
)
_HIDDEN_ROW = re.compile(rb'<(?:\w{1,20}:)?row\s[^<>]{0,200}?\bhidden="(?:1|true)"[^<>]{0,150}>')
_ROW_NUMBER = re.compile(rb'\br="(\d{1,7})"')
_FILTER = re.compile(rb"<(?:\w{1,20}:)?autoFilter\b")
_MOST_RANGES = 20_000
_WIDEST = 16_384


@dataclass(frozen=True, slots=True)
class SheetLayout:
    """`merged` is row → column → the last row of the range that begins there; `hidden` are columns. All count from 0.

    `hidden_rows` are what somebody hid, not what a filter happens to leave out at the moment.
    """

    merged: Mapping[int, Mapping[int, int]]
    hidden: frozenset[int]
    uncalculated: int = 0
    hidden_rows: frozenset[int] = frozenset()

    def applied(self, rows: Iterable[Row]) -> Iterator[Row]:
        """`rows` with the text of a merged cell in each row that it covers, and without hidden rows and columns."""
        hanging: dict[int, tuple[int, str]] = {}
        for number, row in enumerate(rows):
            for column, (last, text) in list(hanging.items()):
                if number > last:
                    del hanging[column]
                elif column < len(row) and not row[column]:
                    row[column] = text
            for column, last in self.merged.get(number, {}).items():
                if column < len(row) and row[column]:
                    hanging[column] = (last, row[column])
            if number not in self.hidden_rows:
                yield [cell for column, cell in enumerate(row) if column not in self.hidden] if self.hidden else row


class _Found:
    """What was seen of a sheet so far."""

    def __init__(self) -> None:
        self.merged: dict[int, dict[int, int]] = {}
        self.columns: set[int] = set()
        self.rows: set[int] = set()
        self.uncalculated = 0
        self.is_filtered = False
        self._ranges = 0

    def scan(self, window: bytes, end: int) -> None:
        """`window` overlaps with the next one from `end` on: what is counted there would be counted twice."""
        self.uncalculated += sum(match.start() < end for match in _UNCALCULATED.finditer(window))
        self.is_filtered = self.is_filtered or _FILTER.search(window) is not None
        for match in _COLUMN.finditer(window):
            self.columns.update(_hidden(match[0]))
        for match in _HIDDEN_ROW.finditer(window):
            if number := _ROW_NUMBER.search(match[0]):
                self.rows.add(int(number[1]) - 1)
        for match in _MERGED.finditer(window):
            self._ranges += 1
            first, last = int(match[2]) - 1, int(match[4]) - 1
            if first < last and self._ranges <= _MOST_RANGES:
                self.merged.setdefault(first, {})[_column(match[1])] = last


def sheet_layout(sheet: Any) -> SheetLayout:
    """Of a worksheet that openpyxl opened to read. Scanned as bytes, a block at a time: it may be a gigabyte of XML."""
    found = _Found()
    with sheet.parent._archive.open(sheet._worksheet_path) as stream:
        kept = b""
        while block := stream.read(_BLOCK):
            window = kept + block
            end = len(window) - _OVERLAP if len(block) == _BLOCK else len(window)
            found.scan(window, end)
            kept = window[end:]
    rows = frozenset() if found.is_filtered else frozenset(found.rows)
    return SheetLayout(found.merged, frozenset(found.columns), found.uncalculated, rows)


def _column(letters: bytes) -> int:
    number = 0
    for letter in letters:
        number = number * 26 + letter - 64
    return number - 1


def _hidden(element: bytes) -> range:
    stated = {match[1]: match[2] for match in _ATTRIBUTE.finditer(element)}
    if stated.get(b"hidden") not in (b"1", b"true") or not stated.get(b"min", b"").isdigit():
        return range(0)
    first = int(stated[b"min"])
    last = int(stated[b"max"]) if stated.get(b"max", b"").isdigit() else first
    return range(first - 1, min(last, _WIDEST))
