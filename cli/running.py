"""Commands that run things: `demo`, `serve`, `worker`, `migrate`, `doctor`."""

from __future__ import annotations

from typing import Annotated

import typer
from rich.markup import escape

from cli.common import AsJson, err, out, print_json, run, settings


def serve(
    host: Annotated[str | None, typer.Option(help="Address to listen on; COPILOT_SERVER__HOST if absent.")] = None,
    port: Annotated[int | None, typer.Option(help="COPILOT_SERVER__PORT if absent.")] = None,
) -> None:
    """Serve the API and the chat page."""
    from api.serve import serve as run_server

    async def ready(_services: object, url: str) -> None:
        err.print(f"serving on {url}")

    found = settings()
    run_server(found, host=host or found.server.host, port=found.server.port if port is None else port, ready=ready)


def demo(port: Annotated[int | None, typer.Option(help="COPILOT_SERVER__PORT if absent.")] = None) -> None:
    """Load three demo tenants and serve them on this machine."""
    from api.demo_run import run_demo

    found = settings()
    run_demo(found, port=found.server.port if port is None else port, console=err)


def worker() -> None:
    """Run queued jobs beside the server. Needs a Qdrant server: the embedded index belongs to one process."""
    from api.worker import run_worker

    run(run_worker(settings()))


def migrate() -> None:
    """Bring the database's schema, and on PostgreSQL its row-level security, up to this version."""
    from api.store import migrate_store

    fault = run(migrate_store(settings()))
    out.print("the database's schema is up to date")
    if fault is not None:
        err.print(f"[yellow]warning:[/yellow] {escape(fault)}", soft_wrap=True)


doctor = typer.Typer(invoke_without_command=True)


@doctor.callback()
def examine_all(context: typer.Context) -> None:
    """Check that everything the service needs is there, and say what to do where it is not."""
    if context.invoked_subcommand is not None:
        return
    from api.doctor import examine

    findings = run(examine(settings()))
    for finding in findings:
        mark = "[green]ok[/green]  " if finding.ok else "[red]fail[/red]"
        out.print(f"{mark} {escape(finding.what)}: {escape(finding.detail)}")
    if not all(finding.ok for finding in findings):
        raise typer.Exit(1)


@doctor.command("isolation")
def isolation(
    tenant: Annotated[list[str] | None, typer.Option("--tenant", "-t", help="Only these; all if absent.")] = None,
    as_json: AsJson = False,
) -> None:
    """Plant a canary in every tenant, look for it from every other one, and report. Fails where one is found.

    The report names no tenant, so that it can be given to a partner; which number is which is printed on standard error."""
    from api.isolation.check import check

    report, names = run(check(settings(), slugs=tenant or ()))
    print_json(report.as_json()) if as_json else typer.echo("\n".join(report.lines()))
    err.print("  ".join(f"{number}: {escape(slug)}" for number, slug in names.items()), soft_wrap=True)
    if not report.sound:
        raise typer.Exit(1)
