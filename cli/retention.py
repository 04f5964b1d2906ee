"""Commands for retention: how long what is kept, what would go, and a run at once."""

from __future__ import annotations

from typing import Annotated, Any

import typer
from rich.markup import escape

from cli.common import AsJson, Tenant, called, out, print_json, with_client
from core.errors import InvalidRequestError

retention = typer.Typer(no_args_is_help=True, help="Say how long a tenant's data is kept, and delete what is due.")
Days = Annotated[list[str], typer.Argument(help="kind=days, such as conversations=90; 0 takes the tenant's own back.")]


@retention.command("show")
def retention_show(tenant: Tenant, as_json: AsJson = False) -> None:
    """Show the days of each kind, and how many rows a run would delete now."""
    _show(called(tenant, "GET", "/v1/retention/due"), as_json=as_json)


@retention.command("set")
def retention_set(tenant: Tenant, days: Days, as_json: AsJson = False) -> None:
    """Set a tenant's own days."""
    body = {"days": dict(map(_stated, days))}
    _show(called(tenant, "PATCH", "/v1/retention", body), as_json=as_json)


@retention.command("run")
def retention_run(
    tenant: Tenant,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only count.")] = False,
    as_json: AsJson = False,
) -> None:
    """Delete now what is due. By itself a server or worker does so once a day."""
    if dry_run:
        _show(called(tenant, "GET", "/v1/retention/due"), as_json=as_json)
        return
    job = with_client(tenant, lambda c: _finished(c, "/v1/retention/run"))
    gone = ", ".join(f"{rows} {kind}" for kind, rows in sorted(job["result"].items()))
    print_json(job) if as_json else out.print(f"deleted {gone}" if gone else "nothing was due")


async def _finished(copilot: Any, path: str) -> dict[str, Any]:
    found: dict[str, Any] = await copilot.finished(await copilot.call("POST", path))
    return found


def _stated(text: str) -> tuple[str, float]:
    kind, _, days = text.partition("=")
    try:
        return kind, float(days)
    except ValueError:
        raise InvalidRequestError(f"'{text}' is no kind=days", code="invalid_retention") from None


def _show(found: dict[str, Any], *, as_json: bool) -> None:
    if as_json:
        print_json(found)
        return
    for each in found["kinds"]:
        days = (
            "kept" if each["days"] is None else f"{each['days']:g} days" if each["kind"] != "releases" else "collected"
        )
        due = "" if each["rows"] is None else f"  {each['rows']} due"
        out.print(f"{escape(each['kind']):<14} {days}{due}")
