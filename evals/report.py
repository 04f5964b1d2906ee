"""A run as a table for people and as JSON for machines."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import asdict

from rich.console import Console, Group, RenderableType
from rich.table import Table
from rich.text import Text

from evals.compare import Comparison
from evals.metrics import Estimate
from evals.run import RunResult
from evals.summary import LOWER_IS_BETTER


def as_text(result: RunResult) -> str:
    """One JSON object: context, figures, gates, comparison, rows."""
    values = asdict(result) | {
        "passed": result.passed,
        "verdicts": [asdict(verdict) | {"passed": verdict.passed} for verdict in result.verdicts],
    }
    return json.dumps(values, ensure_ascii=False, indent=2)


def show(result: RunResult, console: Console) -> None:
    console.print(Group(*_sections(result)))


def _sections(result: RunResult) -> Iterator[RenderableType]:
    yield Text(f"{result.dataset}: {len(result.rows)} questions, {_context(result)}")
    yield _figures(result)
    if result.comparison:
        yield from _changes(result.comparison)
    for verdict in result.verdicts:
        yield Text(
            f"{'passed' if verdict.passed else 'FAILED'}  {verdict}", style="green" if verdict.passed else "bold red"
        )


def _context(result: RunResult) -> str:
    context = result.context
    return f"code {context['revision']}, settings {context['settings']}, model {context['model']}"


def _figures(result: RunResult) -> Table:
    table = Table(box=None, pad_edge=False)
    table.add_column("metric", no_wrap=True)
    table.add_column("all", justify="right", no_wrap=True)
    table.add_column("95 %", no_wrap=True)
    table.add_column("since last", justify="right", no_wrap=True)
    for tenant in result.tenants:
        table.add_column(tenant, justify="right", no_wrap=True)
    for name, estimate in result.overall.items():
        each = [_value(name, metrics[name]) for metrics in result.tenants.values()]
        table.add_row(name, _value(name, estimate), _interval(estimate), _difference(result.comparison, name), *each)
    return table


def _value(name: str, estimate: Estimate) -> str:
    if estimate.value is None:
        return "–"
    whole = name.endswith("_ms") or name == "foreign_citations"
    return f"{estimate.value:.0f}" if whole else f"{estimate.value:.3f}"


def _interval(estimate: Estimate) -> str:
    return "" if estimate.low is None or estimate.high is None else f"{estimate.low:.2f}–{estimate.high:.2f}"


def _difference(comparison: Comparison | None, name: str) -> Text:
    change = comparison.differences.get(name, 0.0) if comparison else 0.0
    if abs(change) < 5e-4:
        return Text("")
    better = (change < 0) == (name in LOWER_IS_BETTER)
    shown = f"{change:+.0f}" if name.endswith("_ms") else f"{change:+.3f}"
    return Text(shown, style="green" if better else "red")


def _changes(comparison: Comparison) -> Iterator[RenderableType]:
    changed = ", ".join(comparison.changed) or "nothing but the date"
    yield Text(
        f"compared with run {comparison.previous_id[:8]}: {changed} changed, {len(comparison.flips)} outcomes flipped"
    )
    for flip in comparison.flips:
        yield Text(f"  {flip.tenant}/{flip.id}: {flip.before} → {flip.after}")
