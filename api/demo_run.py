"""`partner-copilot demo`: seed, show where to go, serve."""

from __future__ import annotations

import asyncio
from pathlib import Path

from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskID, TextColumn, TimeRemainingColumn

from api.bootstrap import Services
from api.demo import DemoAdmin, admin, keys, previews, seed, write
from api.serve import serve
from core import jobs
from core.settings import Settings


def run_demo(settings: Settings, *, port: int, console: Console) -> None:
    """Until a signal ends it."""
    file = settings.home / "demo.json"

    async def ready(services: Services, url: str) -> None:
        await _seed(services, console)
        tokens = await keys(services, file)
        person = await admin(services, file)
        write(file, url=url, tokens=tokens, admin=person)
        _welcome(console, url, tokens, file, await previews(services, url))
        _welcome_admin(console, url, person)

    console.print("Loading models …")
    serve(settings, host=settings.server.host, port=port, ready=ready)


async def _seed(services: Services, console: Console) -> None:
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=console) as bar:
        watched: dict[TaskID, jobs.Progress] = {}

        def refresh() -> None:
            for task, progress in watched.items():
                bar.update(task, completed=progress.done, total=progress.total or None)

        def watch(name: str, progress: jobs.Progress) -> None:
            watched[bar.add_task(name, total=None)] = progress

        async def keep_refreshing() -> None:
            while True:
                refresh()
                await asyncio.sleep(0.2)

        refresher = asyncio.create_task(keep_refreshing())
        try:
            await seed(services, watch=watch)
        finally:
            refresher.cancel()
        refresh()


def _welcome(console: Console, url: str, tokens: dict[str, str], file: Path, widgets: dict[str, str]) -> None:
    console.print("\n[bold green]Ready.[/bold green] Open the chat page, signed in as one of the demo tenants:")
    for tenant, token in tokens.items():
        console.print(f"  [bold]{escape(tenant)}[/bold]  {url}/#key={token}", soft_wrap=True)
    console.print("\nThe widget of a partner's portal, beside its theme (sign in with the partner's key):")
    for tenant, address in widgets.items():
        console.print(f"  [bold]{escape(tenant)}[/bold]  {address}", soft_wrap=True)
    console.print(f"\nOr ask from a shell (keys are in {escape(str(file))}):")
    first, token = next(iter(tokens.items()))
    console.print(
        f"  curl -s {url}/v1/ask -H 'Authorization: Bearer {token}' -H 'Content-Type: application/json' \\\n"
        '       -d \'{"question": "The till shows ERR-4021 after the nightly sync. What do I do?"}\'\n'
        f"  .venv/bin/partner-copilot ask --tenant {first} 'How long is the warranty on a receipt printer?'",
        soft_wrap=True,
        markup=False,
    )


def _welcome_admin(console: Console, url: str, person: DemoAdmin) -> None:
    console.print("\nThe admin of all demo tenants reviews documents, and works in any of them:")
    console.print(f"  {url}/sign-in  {person.email}  [bold]{escape(person.password)}[/bold]", soft_wrap=True)
    console.print("\nCtrl-C stops it; what was loaded stays.")
