"""Commands that measure: `eval run`, `eval all`, `eval golden` and `eval fit`."""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer
from rich.progress import Progress

from cli.bars import Bars
from cli.common import err, out, run, settings

evals = typer.Typer(no_args_is_help=True, help="Measure answers, and fit the confidence that gates them.")

CORPORA = Path(__file__).parent.parent / "corpora"


Data = Annotated[Path | None, typer.Option(help="The folder that holds ax2012/ and mtrag_cloud/.", exists=True)]
Split = Annotated[str, typer.Option(help="Which half: reads questions_SPLIT.jsonl.")]
Changes = Annotated[list[str] | None, typer.Option("--set", help="A setting for this run, such as answers.passages=8.")]
Compare = Annotated[str | None, typer.Option(help="'last', or the id of a run: paired differences with significance.")]


@evals.command("run")
def run_set(
    dataset: Annotated[str, typer.Argument(help="ax, ax-withheld, mtrag-rewrite, mtrag-history, golden or plain.")],
    data: Data = None,
    split: Split = "dev",
    answers: Annotated[bool, typer.Option("--answers", help="Ask the whole pipeline, not only search.")] = False,
    compare: Compare = None,
    changes: Changes = None,
    folder: Annotated[Path | None, typer.Option("--out", help="Where report and pictures go.")] = None,
) -> None:
    """Measure a data set, with 95 % intervals. Takes its documents into a tenant of its own where they are not yet there."""
    from api.measure_runs import measure_set
    from api.measure_sets import Wanted

    wanted = Wanted(data, split, answers, compare)
    command = _command(dataset, split, changes or (), answers=answers)
    with Bars(console=err) as bars:
        work = measure_set(settings(changes or ()), dataset, wanted, out=folder, command=command, watch=bars.watch)
        report, written = run(work)
    out.print(report, markup=False, end="")
    err.print(f"written to {written}", markup=False)


@evals.command("all")
def run_all(
    datasets: Annotated[list[str] | None, typer.Argument(help="Which sets; all that are there by default.")] = None,
    data: Data = None,
    split: Split = "dev",
    changes: Changes = None,
    page: Annotated[Path | None, typer.Option(help="A Markdown page whose measured section is written anew.")] = None,
) -> None:
    """Measure several data sets with answers, in one go."""
    from api.measure_runs import measure_all
    from api.measure_sets import Wanted
    from evals.sets.readers import names

    commands = {name: _command(name, split, changes or (), answers=True) for name in datasets or names(data)}
    with Bars(console=err) as bars:
        work = measure_all(
            settings(changes or ()),
            Wanted(data, split, answers=True),
            target=page,
            command="make eval" if page else "partner-copilot eval all --data DIR",
            commands=commands,
            watch=bars.watch,
        )
        out.print(run(work), markup=False, end="")


def _command(dataset: str, split: str, changes: Sequence[str], *, answers: bool) -> str:
    """As a reader would repeat it, whatever their folders are called."""
    data = [] if dataset in ("golden", "plain") else ["--data DIR"]
    half = [] if split == "dev" else [f"--split {split}"]
    given = [f"--set {shlex.quote(change)}" for change in changes]
    return " ".join(["partner-copilot eval run", dataset, *data, *half, *(["--answers"] if answers else []), *given])


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

    with Progress("{task.description}", "{task.completed}", console=err, transient=True) as bar:
        task = bar.add_task("searching", total=None)
        work = measure_fit(settings(), data, CORPORA, note=lambda done: bar.update(task, completed=done))
        fitted, measured = run(work)
    out.print(report(fitted, accepted_error, measured), markup=False)
