"""JSON: our records by their schema; of any other, a legible rendering (a list of objects is a table, nested ones are headings)."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence

from core.errors import DocumentError
from ingest.formats.elements import Element, ElementKind, Parsed, ParseLimits, clean, collapse, table_text, unreadable
from ingest.formats.markdown import markdown_elements
from ingest.formats.plain import decode, plain_elements
from ingest.records import is_record, markdown, read_record, settings, shown, stated

_MOST_COLUMNS = 40
"""A table that is wider is no table to a reader: its rows are shown one by one."""

_DEEPEST = 12
_LONG = 300
"""Characters from which on a value is a paragraph, not a cell."""


def parse_json(data: bytes, limits: ParseLimits) -> Parsed:
    """Raises `DocumentError`: `unreadable_document`, `too_large`, `invalid_record`."""
    text = clean(decode(data)).strip()
    value = _loaded(text)
    if isinstance(value, dict) and is_record(value):
        return _record(value)
    if isinstance(value, list) and any(is_record(each) for each in value):
        raise DocumentError(
            "the file holds several records, each with its own audience: put each into a file of its own, or push them",
            code="invalid_record",
        )
    elements = tuple(_Rendering(limits.max_characters).of(value))
    title = value.get("title") or value.get("name") if isinstance(value, dict) else None
    return Parsed(elements, collapse(title)[:300] if isinstance(title, str) else "")


def _loaded(text: str) -> object:
    """One JSON value, or one a line. A key that is given twice has the last value, as everywhere."""
    try:
        return json.loads(text)
    except RecursionError as error:
        raise unreadable("the values are nested too deeply; export them flat") from error
    except ValueError as error:
        lines = [line for line in text.split("\n") if line.strip()]
        if len(lines) < 2:
            raise unreadable(f"the file is no JSON: {_where(error)}; mend it there, or export it again") from error
    values: list[object] = []
    for number, line in enumerate(lines, start=1):
        try:
            values.append(json.loads(line))
        except (ValueError, RecursionError) as error:
            raise unreadable(
                f"the file is no JSON: neither as a whole nor in its line {number}; mend it there"
            ) from error
    return values


def _where(error: ValueError) -> str:
    line = getattr(error, "lineno", 0)
    return f"it breaks off or has an error in line {line}"


def _record(value: Mapping[str, object]) -> Parsed:
    record = read_record(value)
    head = Element(ElementKind.HEADING, collapse(record.title), 1)
    elements = (head, *markdown_elements(markdown(record)), *settings(record))
    return Parsed(elements, collapse(record.title), stated(record))


class _Rendering:
    """One value as elements; counts characters on the way, as a small file may hold many short keys."""

    def __init__(self, room: int) -> None:
        self._room = room

    def of(self, value: object, depth: int = 1) -> Iterator[Element]:
        for element in self._elements(value, depth):
            self._room -= len(element.text)
            if self._room < 0:
                raise _too_large()
            yield element

    def _elements(self, value: object, depth: int) -> Iterator[Element]:
        match value:
            case dict() if depth <= _DEEPEST:
                yield from self._object(value, depth)
            case list() if depth <= _DEEPEST:
                yield from self._list(value, depth)
            case str():
                yield from plain_elements(value)
            case _:
                yield Element(ElementKind.PARAGRAPH, shown(value))

    def _object(self, value: Mapping[str, object], depth: int) -> Iterator[Element]:
        """Plain values as a table of two columns, long ones as paragraphs, anything deeper below a heading of its own."""
        plain = {key: each for key, each in value.items() if _is_cell(each)}
        rows = [[key, shown(each)] for key, each in plain.items() if each not in (None, "", [])]
        if rows:
            yield Element(ElementKind.TABLE, table_text([["Field", "Value"], *rows]))
        for key, each in value.items():
            if key not in plain:
                yield Element(ElementKind.HEADING, collapse(key)[:200] or "-", min(depth + 1, 6))
                yield from self._elements(each, depth + 1)

    def _list(self, values: Sequence[object], depth: int) -> Iterator[Element]:
        columns = _columns(values)
        if columns:
            if len(values) * (len(columns) - 1) * len(" | ") > self._room:
                raise _too_large()
            rows = ([shown(row.get(column, "")) for column in columns] for row in values if isinstance(row, dict))
            yield Element(ElementKind.TABLE, table_text([columns, *rows]))
            return
        for number, each in enumerate(values, start=1):
            if isinstance(each, dict):
                yield Element(ElementKind.HEADING, _name(each) or f"Record {number}", min(depth + 1, 6))
                yield from self._elements(each, depth + 1)
            elif isinstance(each, list):
                yield from self._elements(each, depth + 1)
            else:
                yield Element(ElementKind.LIST_ITEM, f"- {collapse(shown(each))}", 1)


def _too_large() -> DocumentError:
    return DocumentError("the records hold more than max_characters; split the file", code="too_large")


def _is_cell(value: object) -> bool:
    if isinstance(value, str):
        return len(value) <= _LONG and "\n" not in value
    return not isinstance(value, dict | list) or (
        isinstance(value, list)
        and not any(isinstance(item, dict | list) for item in value)
        and sum(len(str(item)) for item in value) <= _LONG
    )


def _columns(values: Sequence[object]) -> list[str]:
    """The keys of a list of flat objects, in the order they first occur; none where the list is no table."""
    keys: dict[str, None] = {}
    for row in values:
        if not isinstance(row, dict) or not all(_is_cell(cell) for cell in row.values()):
            return []
        keys.update(dict.fromkeys(row))
        if len(keys) > _MOST_COLUMNS:
            return []
    return list(keys)


def _name(value: Mapping[str, object]) -> str:
    names = (value.get(key) for key in ("title", "name", "id", "key"))
    return next((collapse(str(name))[:200] for name in names if isinstance(name, str | int) and str(name).strip()), "")
