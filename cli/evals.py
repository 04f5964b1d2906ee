"""Commands that measure: `eval golden` and `eval fit`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from rich.progress import Progress

from cli.common import err, out, run, settings

evals = typer.Typer(no_args_is_help=True, help="Measure answers, and fit the confidence that gates them.")

CORPORA = Path(__file__).parent.parent / "corpora"


@evals.command("golden")
def golden(
    folder: Annotated[Path, typer.Option(help="Holds <tenant>/golden.jsonl.", exists=True)] = CORPORA,
    as_json: Annotated[bool, typer.Option("--json", help="Print the run as one JSON document.")] = False,
) -> None:
    """Ask every golden question and print how good the answers are. Fails where a gate of evals/gates.toml is missed."""
    from api.measure import measure_golden
    from evals.report import as_text, show

    with Progress(console=err, transient=True) as bar:
        task = bar.add_task("asking", total=None)

        def note(done: int, total: int) -> None:
            bar.update(task, completed=done, total=total)

        result = run(measure_golden(settings(), folder, note=note))
    out.print(as_text(result), markup=False) if as_json else show(result, out)
    if not result.passed:
        raise typer.Exit(1)


@evals.command("fit")
def fit(
    data: Annotated[Path, typer.Option(help="Folder with the development sets (ax2012, mtrag_cloud).", exists=True)],
    accepted_error: Annotated[
        float, typer.Option(min=0.001, max=0.5, help="Share of answers that may be wrong.")
    ] = 0.1,
) -> None:
    """Fit the confidence estimate on labelled development questions, cross-fitted, and print its coefficients."""
    from api.measure import measure_fit
    from evals.fit import report

    out.print(report(run(measure_fit(settings(), data, CORPORA)), accepted_error), markup=False)
