"""Commands for files that could not be taken in: `failures list`, `failures retry`."""

from __future__ import annotations

from typing import Annotated, Any

import typer
from rich.markup import escape

from cli.common import AsJson, Tenant, called, out, print_json, run, settings
from core.domain import Audience

failures = typer.Typer(no_args_is_help=True, help="List and retry files of sources that could not be taken in.")

_PAGE = 1000


@failures.command("list")
def failures_list(
    tenant: Tenant,
    source: Annotated[str, typer.Option(help="Only of this source.")] = "",
    skipped: Annotated[bool, typer.Option("--skipped", help="Also files that hold nothing, such as pictures.")] = False,
    as_json: AsJson = False,
) -> None:
    """List files that failed for good: the id to retry one by, its path, why, and how often it was tried."""
    narrowed = f"&source_id={source}" if source else ""
    found = called(tenant, "GET", f"/v1/failures?limit={_PAGE}&skipped={str(skipped).lower()}{narrowed}")
    for failure in found["failures"]:
        print_json(failure) if as_json else typer.echo(_line(failure))
    if not found["failures"] and not as_json:
        out.print("no files failed")


@failures.command("retry")
def failures_retry(
    failure_id: Annotated[str, typer.Argument(help="As 'failures list' shows it.")],
    tenant: Tenant,
    as_json: AsJson = False,
) -> None:
    """Try a file again, changed or not: its source is synced."""
    job = _finished(tenant, f"/v1/failures/{failure_id}/retry")
    print_json(job) if as_json else out.print(f"synced: {escape(_counts(job['result']))}")


def _finished(tenant: str, path: str) -> dict[str, Any]:
    """Without a server the job runs in this process, so it is waited for."""
    from api.client import client

    async def work() -> dict[str, Any]:
        async with client(settings(), tenant=tenant, audience=Audience.AGENT) as copilot:
            return await copilot.finished(await copilot.call("POST", path))

    return run(work())


def _counts(result: dict[str, Any]) -> str:
    return ", ".join(f"{count} {state}" for state, count in sorted(result["counts"].items())) or "no files"


def _line(failure: dict[str, Any]) -> str:
    why = f"{failure['detail']} [{failure['reason']}]"
    return "\t".join([failure["id"], failure["corpus"], failure["path"], f"tried {failure['attempts']}x", why])
