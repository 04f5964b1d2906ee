"""The command that shows what was asked and not answered: `gaps`."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from cli.common import AsJson, Tenant, out, print_json, run, settings
from core.domain import Audience


def gaps(
    tenant: Tenant,
    limit: Annotated[int, typer.Option(min=1, max=1000)] = 50,
    as_json: AsJson = False,
) -> None:
    """List questions that no published document answered, the most asked first, with the documents nearest to them."""
    from api.client import client

    async def work() -> dict[str, Any]:
        async with client(settings(), tenant=tenant, audience=Audience.AGENT) as copilot:
            return await copilot.call("GET", f"/v1/gaps?limit={limit}")

    found = run(work())["gaps"]
    for gap in found:
        print_json(gap) if as_json else typer.echo(_line(gap))
    if not found and not as_json:
        out.print("no gaps: whatever was asked was answered")


def _line(gap: dict[str, Any]) -> str:
    nearest = "; ".join(each["title"] for each in gap["closest"])
    question = " ".join(gap["question"].split())
    return "\t".join([f"{gap['count']}x", gap["last_at"][:10], question, f"closest: {nearest}" if nearest else ""])
