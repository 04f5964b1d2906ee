"""A run as Markdown: what was measured, tables with 95 % intervals, and the pictures beside them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date
from pathlib import Path

from evals.metrics import Estimate
from evals.sets import pictures, risk
from evals.sets.bootstrap import Difference
from evals.sets.figures import Summary, ranking_figures
from evals.sets.rows import OURS
from evals.sets.run import SetComparison, SetResult

_RANKING = [figure.name for figure in ranking_figures(OURS)]


def as_markdown(result: SetResult, *, command: str, images: Sequence[str] = ()) -> str:
    """A section of level 3. `images` are addresses of the run's pictures, as the page is to name them."""
    return "\n".join(_lines(result, command, images)) + "\n"


def draw(result: SetResult, folder: Path) -> list[Path]:
    """Write the run's pictures into `folder`; none where nothing was answered."""
    if not result.answers:
        return []
    folder.mkdir(parents=True, exist_ok=True)
    sample, name = risk.sample(result.rows), result.dataset.replace("@", "-")
    drawn = {
        f"{name}-risk-coverage.svg": pictures.risk_coverage(
            risk.curve(sample), title=f"{result.title}: risk and coverage", thresholds=result.thresholds
        ),
        f"{name}-reliability.svg": pictures.reliability(risk.bins(sample), title=f"{result.title}: reliability"),
    }
    for file, picture in drawn.items():
        (folder / file).write_text(picture, "utf-8")
    return [folder / file for file in drawn]


def _lines(result: SetResult, command: str, images: Sequence[str]) -> Iterator[str]:
    yield f"### {result.title} (`{result.dataset}`)\n"
    yield f"    {command}\n"
    yield f"{_about(result)}\n"
    yield from rankings(result.summary)
    rest = {name: estimate for name, estimate in result.summary.own.items() if name not in _RANKING}
    yield from ("", *own_figures(rest, heading=_heading(result)))
    if result.comparison:
        yield from ("", *_comparison(result.comparison))
    for address in images:
        kind = "Reliability" if "reliability" in address else "Risk and coverage"
        yield f"\n![{kind}, {result.title}]({address})"


def _about(result: SetResult) -> str:
    context, rows = result.context, result.rows
    answerable = sum(row.answerable for row in rows)
    stated = [
        f"{len(rows)} questions, {answerable} of them answerable, in {len({row.group for row in rows})} groups",
        f"{context['documents']:,} documents (`{context['corpus']}`)",
        f"{day(context['date'])}, revision `{context['revision']}`, settings `{context['settings']}`",
        *([f"model {context['model']}"] if context["model"] else []),
        f"run `{result.id[:8]}`",
    ]
    return "; ".join(stated) + "."


def rankings(summary: Summary) -> Iterator[str]:
    """Three orders of the same candidates, a row each; then how far ours is ahead."""
    yield from _head(["order of the same candidates", *_RANKING])
    for ranker, estimates in summary.baselines.items():
        yield _row([ranker, *(_share(estimates[name]) for name in _RANKING)])
    yield _row(["**ours**", *(_share(summary.own[name], bold=True) for name in _RANKING)])
    for ranker, leads in summary.leads.items():
        yield _row([f"ours over {ranker}", *(_lead(leads.get(name)) for name in _RANKING)])


def own_figures(figures: Mapping[str, Estimate], *, heading: str) -> Iterator[str]:
    yield from _head([heading, "figure", "95 %"])
    for name, estimate in figures.items():
        low, high = estimate.low, estimate.high
        interval = "" if low is None or high is None else f"{_number(name, low)}–{_number(name, high)}"
        yield _row([name, "–" if estimate.value is None else _number(name, estimate.value), interval])


def day(iso: str) -> str:
    found = date.fromisoformat(iso)
    return f"{found.day} {found:%B %Y}"


def _heading(result: SetResult) -> str:
    thresholds = " or ".join(f"{threshold:g}" for threshold in result.thresholds)
    return f"answers at a confidence of {thresholds} and above" if result.answers else "speed"


def _comparison(comparison: SetComparison) -> Iterator[str]:
    changed = ", ".join(comparison.changed) or "nothing"
    yield (
        f"Compared with run `{comparison.run_id[:8]}` (`{comparison.dataset}`) over {comparison.questions} questions;"
        f" changed: {changed}. Intervals and p are paired and by group.\n"
    )
    yield from _head(["figure", "then", "now", "difference", "95 %", "p"])
    for name, d in comparison.differences.items():
        numbers = [_number(name, d.then), _number(name, d.now), _signed(name, d.value)]
        yield _row([name, *numbers, f"{_signed(name, d.low)} to {_signed(name, d.high)}", _p(d)])


def _head(cells: Sequence[str]) -> Iterator[str]:
    yield _row(cells)
    yield _row(["---"] * len(cells))


def _row(cells: Iterable[str]) -> str:
    return f"| {' | '.join(cells)} |"


def _share(estimate: Estimate, *, bold: bool = False) -> str:
    if estimate.value is None:
        return "–"
    value = f"**{estimate.value:.3f}**" if bold else f"{estimate.value:.3f}"
    low, high = estimate.low, estimate.high
    return value if low is None or high is None else f"{value} ({low:.2f}–{high:.2f})"


def _lead(lead: Difference | None) -> str:
    return "–" if lead is None else f"{lead.value:+.3f} (p {_p(lead)})"


def _p(found: Difference) -> str:
    return "< .001" if found.p < 0.001 else f"{found.p:.3f}"


def _number(name: str, value: float) -> str:
    return f"{value:.0f}" if name.endswith("ms") else f"{value:.3f}"


def _signed(name: str, value: float) -> str:
    return f"{value:+.0f}" if name.endswith("ms") else f"{value:+.3f}"
