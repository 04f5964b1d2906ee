"""Commands for the audit: verify that it is whole, and export it. They need no model and no server."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import nullcontext
from dataclasses import asdict
from datetime import timedelta
from pathlib import Path
from typing import Annotated

import typer
from rich.markup import escape

from cli.common import AsJson, Tenant, err, out, print_json, run, settings
from core.audit_book import Verdict
from core.audit_prune import prune
from core.models import now

audit = typer.Typer(no_args_is_help=True, help="Verify and export the audit.")


@audit.command("verify")
def audit_verify(
    tenant: Annotated[str | None, typer.Option("--tenant", "-t", help="Only this tenant's chain.")] = None,
    as_json: AsJson = False,
) -> None:
    """Check that every row is as it was written and none is missing. Fails, and names the first wrong row, where not."""
    verdicts, forged = run(_verified(tenant))
    for verdict in verdicts:
        print_json(asdict(verdict)) if as_json else _show(verdict)
    for line in forged:
        err.print(f"[red]fail[/red] line {line} of the anchors' file was not written by this installation")
    if forged or not all(verdict.whole for verdict in verdicts):
        raise typer.Exit(1)


@audit.command("export")
def audit_export(
    tenant: Tenant,
    to: Annotated[Path | None, typer.Option(help="A file; standard output if absent.")] = None,
) -> None:
    """Write a tenant's audit as JSON lines, oldest first, with the hashes that chain them."""
    run(_exported(tenant, to))


@audit.command("prune")
def audit_prune(
    tenant: Tenant,
    days: Annotated[int, typer.Option(min=30, help="Acts that are older go; at least 30.")],
) -> None:
    """Delete a tenant's oldest acts. A tombstone stays in the chain, so that the rest still verifies."""
    out.print(f"deleted {run(_pruned(tenant, days))} rows")


async def _pruned(tenant: str, days: int) -> int:
    from api.store import open_store

    async with open_store(settings()) as store:
        info = await store.tenants.by_slug(tenant)
        return await prune(store.database, info.id, before=now() - timedelta(days=days))


async def _verified(tenant: str | None) -> tuple[Sequence[Verdict], tuple[int, ...]]:
    from api.store import open_store

    async with open_store(settings()) as store:
        if tenant is None:
            verdicts = await store.audit.verify_all()
        else:
            verdicts = [await store.audit.verify((await store.tenants.by_slug(tenant)).id)]
        return verdicts, store.audit.forged_anchors()


async def _exported(tenant: str, to: Path | None) -> None:
    from api.store import open_store

    async with open_store(settings()) as store:
        info = await store.tenants.by_slug(tenant)
        with nullcontext(None) if to is None else to.open("w", encoding="utf-8") as file:
            async for act in store.audit.export(info.id):
                print_json({"tenant": info.slug, **asdict(act)}, file=file)


def _show(verdict: Verdict) -> None:
    if verdict.fault is not None:
        out.print(f"[red]fail[/red] {escape(verdict.tenant)}: {escape(verdict.fault.detail)} ({verdict.fault.code})")
        return
    pruned = f" from {verdict.first}" if verdict.first > 1 else ""
    out.print(f"[green]ok[/green]   {escape(verdict.tenant)}: {verdict.rows} rows{pruned}, {verdict.anchors} anchors")
