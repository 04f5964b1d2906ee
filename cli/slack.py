"""Commands that map Slack workspaces to tenants."""

from __future__ import annotations

from typing import Annotated

import typer

from cli.common import AudienceOption, Tenant, out, run, settings
from core.domain import Audience

workspaces = typer.Typer(
    no_args_is_help=True, help="Map Slack workspaces to tenants. An unmapped workspace gets no answer."
)

Team = Annotated[str, typer.Argument(help="Slack's workspace id, T…; of an Enterprise Grid organisation: E….")]


@workspaces.command("map")
def map_workspace(
    team: Team,
    tenant: Tenant,
    audience: AudienceOption = Audience.AGENT,
    bot_token: Annotated[
        str | None, typer.Option(help="Its own bot token (xoxb-…), stored encrypted.", envvar="SLACK_BOT_TOKEN")
    ] = None,
) -> None:
    """Let a workspace ask as a tenant."""
    from api.slack import workspaces as mapped
    from api.store import open_store

    async def work() -> None:
        async with open_store(settings()) as store:
            info = await store.tenants.by_slug(tenant)
            await mapped(store).map(
                team_id=team, enterprise_id=None, tenant_id=info.id, audience=audience, bot_token=bot_token
            )
            out.print(f"{team} asks as {info.slug} ({audience})")

    run(work())


@workspaces.command("unmap")
def unmap_workspace(team: Team) -> None:
    """Let a workspace ask no more."""
    from api.slack import workspaces as mapped
    from api.store import open_store

    async def work() -> None:
        async with open_store(settings()) as store:
            await mapped(store).unmap(team)
            out.print(f"{team} is not mapped any more")

    run(work())
