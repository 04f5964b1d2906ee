"""Commands that take documents in: `ingest`."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.markup import escape
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from cli.common import AsJson, Tenant, err, out, print_json, run, settings
from core.domain import Audience
from core.errors import ConflictError
from core.settings import Settings


def ingest(
    path: Annotated[Path, typer.Argument(help="A folder or a file.", exists=True)],
    tenant: Tenant,
    corpus: Annotated[str, typer.Option("--corpus", "-c", help="The corpus to bring up to date; made if it is new.")],
    publish: Annotated[bool, typer.Option("--publish", help="Make it answerable at once.")] = False,
    as_json: AsJson = False,
) -> None:
    """Bring a corpus to the state of a folder: new and changed files in, vanished ones retired, unchanged ones left alone."""
    from api.client import client

    async def work() -> dict[str, Any]:
        found = settings()
        if publish:
            await _require_publishable(found, tenant, corpus)
        async with client(found, tenant=tenant, audience=Audience.AGENT) as copilot:
            with progress_bar(path.name) as show:
                job = await copilot.ingest(path, corpus=corpus, watch=show)
            report: dict[str, Any] = job["result"]
            if publish and not {"stopped", "gave_up"} & report.keys():
                report["release"] = (await copilot.publish(f"ingest of {corpus}"))["release"]
        return report

    report = run(work())
    print_json(report) if as_json else show_report(report)
    require_settled(report)


async def _require_publishable(found: Settings, tenant: str, corpus: str) -> None:
    from api.store import open_store
    from ingest.releases import require_publishable

    async with open_store(found) as store:
        info = await store.tenants.by_slug(tenant)
        async with store.database.read(info.id) as session:
            await require_publishable(session, info.id, corpus)


@contextmanager
def progress_bar(name: str) -> Iterator[Any]:
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("{task.fields[rate]}"),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=err) as bar:
        task = bar.add_task(name, total=None, rate="")

        def show(progress: dict[str, Any]) -> None:
            if progress:
                bar.update(
                    task,
                    completed=progress["done"],
                    total=progress["total"] or None,
                    rate=f"{progress['rate']:.1f} files/s",
                    description=f"{name}: {progress['stage']}",
                )

        yield show


def show_report(report: dict[str, Any]) -> None:
    if stopped := report.get("stopped"):
        for path in stopped["paths"]:
            out.print(f"[yellow]gone[/yellow] {escape(path)}")
        return
    for file in report["files"]:
        if file["status"] in ("failed", "skipped"):
            colour = "red" if file["status"] == "failed" else "yellow"
            detail = escape(f"{file['path']}: {file.get('detail', '')} [{file.get('reason', '')}]")
            out.print(f"[{colour}]{file['status']}[/{colour}] {detail}")
    counts = ", ".join(f"{count} {state}" for state, count in sorted(report["counts"].items())) or "no files"
    out.print(counts)
    if report.get("unlisted"):
        out.print(f"{report['unlisted']} more files changed than are listed")
    if "release" in report:
        out.print(f"published as release {report['release']}")
    else:
        out.print("not published yet; next: partner-copilot release publish")


def require_settled(report: dict[str, Any]) -> None:
    """Raises `ConflictError` (`retire_limit`) for a sync that would have retired much, and changed nothing; the like for one that
    gave its source up in the middle."""
    for ended in ("stopped", "gave_up"):
        if why := report.get(ended):
            raise ConflictError(why["detail"], code=why["code"])
