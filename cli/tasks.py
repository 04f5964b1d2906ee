"""Commands for what answers that did not help left to do: `task list`, `task close`."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from answers.tasks import TaskStatus
from cli.common import AsJson, Tenant, called, out, print_json

tasks = typer.Typer(no_args_is_help=True, help="Work through answers that were rejected with a reason.")


@tasks.command("list")
def task_list(
    tenant: Tenant,
    status: Annotated[TaskStatus | None, typer.Option(help="Only of this status.")] = TaskStatus.OPEN,
    limit: Annotated[int, typer.Option(min=1, max=1000)] = 50,
    as_json: AsJson = False,
) -> None:
    """List rejected answers, newest first: why, the question, what would have been right, the documents cited."""
    narrowed = f"&status={status}" if status else ""
    found = called(tenant, "GET", f"/v1/tasks?limit={limit}{narrowed}")["tasks"]
    for task in found:
        print_json(task) if as_json else typer.echo(_line(task))
    if not found and not as_json:
        out.print("nothing to do")


@tasks.command("close")
def task_close(
    task_id: Annotated[str, typer.Argument(help="As 'task list' shows it.")], tenant: Tenant, as_json: AsJson = False
) -> None:
    """The documents are right now, or were."""
    task = called(tenant, "POST", f"/v1/tasks/{task_id}/close")
    print_json(task) if as_json else typer.echo(_line(task))


def _line(task: dict[str, Any]) -> str:
    cited = "; ".join(one["title"] for one in task["documents"]) or "nothing"
    words = (" ".join(text.split()) for text in (task["question"], task["correction"] or ""))
    return "\t".join([task["id"], task["status"], task["reason"], *words, f"cited: {cited}"])
