"""Commands that run things: `demo`, `serve`, `worker`, `migrate`, `doctor`."""

from __future__ import annotations

from typing import Annotated

import typer
from rich.markup import escape

from cli.common import err, out, run, settings


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
    """Bring the database's schema up to this version."""
    from core.audit import Trail
    from core.database import Database
    from core.keyring import Keyring
    from core.migrate import migrate as run_migrations

    async def work() -> None:
        found = settings()
        secret = found.master_key.get_secret_value() if found.master_key else None
        database = Database(found.database_url, trail=Trail(Keyring.open(found.home, secret)))
        try:
            await run_migrations(database)
        finally:
            await database.aclose()
        out.print("the database's schema is up to date")

    run(work())


def doctor() -> None:
    """Check that everything the service needs is there, and say what to do where it is not."""
    from api.doctor import examine

    findings = run(examine(settings()))
    for finding in findings:
        mark = "[green]ok[/green]  " if finding.ok else "[red]fail[/red]"
        out.print(f"{mark} {escape(finding.what)}: {escape(finding.detail)}")
    if not all(finding.ok for finding in findings):
        raise typer.Exit(1)
