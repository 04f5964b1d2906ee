"""The numbers of a PowerPoint chart as a table: categories down, series across."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from typing import Any

from ingest.formats.elements import collapse, table_text

_MOST_POINTS = 2_000
_DEEPEST = 10


def chart_tables(shapes: Any, depth: int = 0) -> Iterator[str]:
    """A table element's text for each chart among `shapes`, those in groups included. Charts without numbers have none."""
    for shape in shapes:
        if getattr(shape, "has_chart", False):
            if text := _table(shape.chart):
                yield text
        elif hasattr(shape, "shapes") and depth < _DEEPEST:
            yield from chart_tables(shape.shapes, depth + 1)


def _table(chart: Any) -> str:
    title = collapse(chart.chart_title.text_frame.text) if chart.has_title and chart.chart_title.has_text_frame else ""
    rows: list[list[str]] = []
    for plot in chart.plots:
        series = list(plot.series)
        rows.append([title or "Category", *(collapse(each.name or "Value") for each in series)])
        names = [str(each) for each in itertools.islice(plot.categories, _MOST_POINTS)]
        columns = [list(itertools.islice(each.values, _MOST_POINTS)) for each in series]
        for index in range(max((len(each) for each in columns), default=0)):
            name = names[index] if index < len(names) else str(index + 1)
            rows.append([name, *(_number(each, index) for each in columns)])
    return table_text(rows) if len(rows) > 1 else ""


def _number(values: list[float | None], index: int) -> str:
    value = values[index] if index < len(values) else None
    return "" if value is None else f"{value:.10g}"
