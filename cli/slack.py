"""Commands that say which tenant a Slack workspace, a shared channel, a person belongs to."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Annotated

import typer

from cli.common import AudienceOption, Tenant, out, run, settings
from core.domain import Audience, Role

if TYPE_CHECKING:
    from api.store import Store
    from core.tenancy import TenantInfo

workspaces = typer.Typer(
    no_args_is_help=True, help="Map Slack workspaces to tenants. An unmapped workspace gets no answer."
)

Team = Annotated[str, typer.Argument(help="Slack's workspace id, T…; of an Enterprise Grid organisation: E….")]
Channel = Annotated[str, typer.Argument(help="Slack's channel id, C….")]
User = Annotated[str, typer.Argument(help="Slack's user id, U….")]
Shared = Annotated[Audience, typer.Option(help="The most that people there see: public or partner.")]


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
    from api.wiring.slack import workspaces as mapped

    async def work(store: Store, info: TenantInfo) -> None:
        await mapped(store).map(
            team_id=team, enterprise_id=None, tenant_id=info.id, audience=audience, bot_token=bot_token
        )
        out.print(f"{team} asks as {info.slug} ({audience})")

    _with_tenant(tenant, work)


@workspaces.command("unmap")
def unmap_workspace(team: Team) -> None:
    """Let a workspace ask no more."""
    from api.wiring.slack import workspaces as mapped

    async def work(store: Store) -> None:
        await mapped(store).unmap(team)
        out.print(f"{team} is not mapped any more")

    _with_store(work)


@workspaces.command("code")
def code(tenant: Tenant, audience: AudienceOption = Audience.AGENT) -> None:
    """Make a link that installs the app into a workspace and binds it to the tenant, once."""
    from api.serve import running_url
    from bots.slack.codes import Codes

    async def work(store: Store, info: TenantInfo) -> None:
        given = store.settings
        made, until = await Codes(store.database, store.keyring).create(
            info.id, audience=audience, hours=given.slack.code_hours
        )
        here = running_url(given.home) or f"http://{given.server.host}:{given.server.port}"
        own = given.server.public_url or here
        typer.echo(f"{own.rstrip('/')}/slack/install?code={made}")
        out.print(f"binds one workspace to {info.slug} ({audience}), until {until:%Y-%m-%d %H:%M} UTC")

    _with_tenant(tenant, work)


@workspaces.command("share")
def share_channel(team: Team, channel: Channel, tenant: Tenant, audience: Shared = Audience.PARTNER) -> None:
    """Let everybody in a channel shared with another organisation (Slack Connect) ask as that partner's tenant."""
    from bots.slack.shares import Shares

    async def work(store: Store, info: TenantInfo) -> None:
        await Shares(store.database).map(team, channel, tenant_id=info.id, audience=audience)
        out.print(f"{channel} asks as {info.slug} ({audience})")

    _with_tenant(tenant, work)


@workspaces.command("unshare")
def unshare_channel(team: Team, channel: Channel) -> None:
    """Refuse a shared channel again."""
    from bots.slack.shares import Shares

    async def work(store: Store) -> None:
        await Shares(store.database).unmap(team, channel)
        out.print(f"{channel} gets no more answers")

    _with_store(work)


@workspaces.command("role")
def give_role(
    team: Team,
    user: User,
    tenant: Tenant,
    role: Annotated[
        Role | None,
        typer.Option(help="support_agent: works on cases; knowledge_admin: also sets channels. Absent: none."),
    ] = None,
) -> None:
    """Say what a Slack user may do beside asking."""
    from bots.slack.people import People

    async def work(store: Store, info: TenantInfo) -> None:
        people = People(store.database)
        await (people.give(info.id, team, user, role) if role else people.take(info.id, team, user))
        out.print(f"{user} is {role or 'an asker'} of {info.slug}")

    _with_tenant(tenant, work)


def _with_store(work: Callable[[Store], Awaitable[None]]) -> None:
    from api.store import open_store

    async def opened() -> None:
        async with open_store(settings()) as store:
            await work(store)

    run(opened())


def _with_tenant(tenant: str, work: Callable[[Store, TenantInfo], Awaitable[None]]) -> None:
    async def found(store: Store) -> None:
        await work(store, await store.tenants.by_slug(tenant))

    _with_store(found)
