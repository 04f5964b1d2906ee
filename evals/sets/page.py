"""The measured section of a page, between two markers, written by the command that measured it."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from core.clock import today
from core.errors import InvalidRequestError
from evals.sets import pictures, risk
from evals.sets.figures import calibration_figures
from evals.sets.markdown import day, own_figures
from evals.sets.rows import SetRow

BEGIN, END = "<!-- measured: begin -->", "<!-- measured: end -->"
FIGURES = "figures"
"""The folder beside the page that holds its pictures."""
POOLED = "all-sets-reliability.svg"
FITTED_HERE = (
    "The shipped confidence was fitted on development questions, some of these among them: what it is worth on questions that it"
    " did not see, `partner-copilot eval fit` tells, cross-fitted."
)


def require_markers(page: Path) -> None:
    """Raises `InvalidRequestError` (`no_markers`) unless each marker stands in the page once, in order."""
    text = page.read_text("utf-8") if page.is_file() else ""
    if text.count(BEGIN) != 1 or text.count(END) != 1 or text.index(BEGIN) > text.index(END):
        raise InvalidRequestError(f"{page} needs the lines '{BEGIN}' and '{END}', once and in order", code="no_markers")


def write_section(page: Path, sections: Sequence[str], *, command: str) -> None:
    """Replace what stands between the markers. Raises `InvalidRequestError` (`no_markers`)."""
    require_markers(page)
    before, _, rest = page.read_text("utf-8").partition(BEGIN)
    _, _, after = rest.partition(END)
    written = day(today().isoformat())
    head = f"Written by this command on {written}; edits between the markers are lost.\n\n    {command}\n"
    page.write_text("".join((before, BEGIN, "\n", "\n".join((head, *sections)), END, after)), "utf-8")


def pooled(rows: Sequence[SetRow], folder: Path, *, address: str) -> str:
    """How far the confidences hold over all sets together, with a picture in `folder`; empty where nothing was answered."""
    asked = [row for row in rows if row.spoken is not None]
    if not asked:
        return ""
    folder.mkdir(parents=True, exist_ok=True)
    title = f"All sets together: reliability over {len(asked)} questions"
    (folder / POOLED).write_text(pictures.reliability(risk.bins(risk.sample(asked)), title=title), "utf-8")
    estimates = {figure.name: figure.estimate(asked) for figure in calibration_figures()}
    table = own_figures(estimates, heading=f"{len(asked)} questions pooled")
    lines = ("### All sets together\n", f"{FITTED_HERE}\n", *table, f"\n![Reliability, all sets]({address}/{POOLED})\n")
    return "\n".join(lines)
