"""Which tenant a Slack workspace belongs to. There is no default: an unknown workspace is nobody's."""

from __future__ import annotations

from dataclasses import dataclass, field

from pydantic import SecretStr
from sqlalchemy import delete, select
from sqlalchemy.exc import IntegrityError

from core.audit import OPERATOR, record
from core.auth import PERMISSIONS
from core.crossings import Crossing
from core.database import Database, WriteSession
from core.domain import Audience, Principal, Role
from core.errors import ConflictError, NotFoundError
from core.keyring import Keyring
from core.models import SlackChannel, SlackPerson, SlackThread, SlackWorkspace


@dataclass(frozen=True, slots=True)
class Workspace:
    """A mapped workspace, or a whole Enterprise Grid organisation mapped under its own id."""

    team_id: str
    enterprise_id: str | None
    tenant_id: str
    audience: Audience
    bot_token: str | None = field(repr=False)

    def principal(self, user: str) -> Principal:
        """Who is asking: the tenant and the audience are the mapping's, whatever the message says."""
        return Principal(
            self.tenant_id, f"slack:{self.team_id}:{user}", self.audience, PERMISSIONS[Role.PARTNER_USER], "slack"
        )


class Workspaces:
    """Maps workspaces to tenants. `fallback` is the bot token of workspaces mapped without one of their own."""

    def __init__(self, database: Database, keyring: Keyring, *, fallback: SecretStr | None = None) -> None:
        self._database = database
        self._keyring = keyring
        self._fallback = fallback.get_secret_value() if fallback else None

    async def map(
        self,
        team_id: str,
        *,
        tenant_id: str,
        enterprise_id: str | None = None,
        audience: Audience = Audience.AGENT,
        bot_token: str | None = None,
    ) -> None:
        """Map a workspace, or renew its token and audience. For an organisation-wide installation `team_id` is the
        enterprise's id. Raises `ConflictError` where the workspace belongs to another tenant."""
        sealed = self._keyring.encrypt(bot_token.encode(), context=context(tenant_id, team_id)) if bot_token else None
        async with self._database.write(tenant_id) as session:
            await take(session, team_id, tenant_id, enterprise_id=enterprise_id, audience=audience, sealed=sealed)
            record(session, tenant_id, actor=OPERATOR, action="slack.map", target=team_id, audience=audience)

    async def unmap(self, team_id: str) -> None:
        """From now on the workspace is nobody's. Raises `NotFoundError` where it was nobody's before."""
        tenant_id = await self._tenant(team_id)
        if tenant_id is None:
            raise NotFoundError("no such Slack workspace")
        await self._removed(tenant_id, team_id, actor=OPERATOR, action="slack.unmap")

    async def uninstalled(self, team_id: str) -> None:
        """The app was removed there, or its token revoked: the workspace is nobody's, and its token is gone from here."""
        tenant_id = await self._tenant(team_id)
        if tenant_id is not None:
            await self._removed(tenant_id, team_id, actor="slack", action="slack.uninstall")

    async def find(self, team_id: str | None, enterprise_id: str | None) -> Workspace | None:
        """The workspace of an event; None for one that is nobody's, or whose organisation is not the mapped one."""
        key = team_id or enterprise_id
        if key is None:
            return None
        async with self._database.read(Crossing.CREDENTIALS) as session:
            row = await session.get(SlackWorkspace, key)
        if row is None or (row.enterprise_id and enterprise_id and row.enterprise_id != enterprise_id):
            return None
        return Workspace(row.team_id, row.enterprise_id, row.tenant_id, Audience(row.audience), self._token(row))

    async def token(self, team_id: str | None, enterprise_id: str | None) -> str | None:
        """The bot token to reply with, also in a workspace that is nobody's; None where there is none."""
        workspace = await self.find(team_id, enterprise_id)
        return workspace.bot_token if workspace else self._fallback

    async def _removed(self, tenant_id: str, team_id: str, *, actor: str, action: str) -> None:
        """With what was set for it: its threads lead to conversations of this tenant, and whoever is mapped next begins anew."""
        async with self._database.write(tenant_id) as session:
            for table in (SlackThread, SlackChannel, SlackPerson, SlackWorkspace):
                await session.execute(delete(table).where(table.team_id == team_id, table.tenant_id == tenant_id))
            record(session, tenant_id, actor=actor, action=action, target=team_id)

    async def _tenant(self, team_id: str) -> str | None:
        async with self._database.read(Crossing.CREDENTIALS) as session:
            found: str | None = await session.scalar(
                select(SlackWorkspace.tenant_id).where(SlackWorkspace.team_id == team_id)
            )
        return found

    def _token(self, row: SlackWorkspace) -> str | None:
        if row.bot_token is None:
            return self._fallback
        return self._keyring.decrypt(row.bot_token, context=context(row.tenant_id, row.team_id)).decode()


def context(tenant_id: str, team_id: str) -> str:
    return f"{tenant_id}/slack_workspaces/{team_id}"


async def take(
    session: WriteSession,
    team_id: str,
    tenant_id: str,
    *,
    enterprise_id: str | None,
    audience: str,
    sealed: bytes | None,
) -> None:
    """Make the workspace the tenant's, or renew it. Raises `ConflictError` (`workspace_taken`), also where two take it at once."""
    row = await session.get(SlackWorkspace, team_id, with_for_update=True)
    if row is None:
        row = SlackWorkspace(team_id=team_id, tenant_id=tenant_id)
        session.add(row)
    if row.tenant_id != tenant_id:
        raise _taken()
    row.enterprise_id, row.audience, row.bot_token = enterprise_id, audience, sealed
    try:
        await session.flush()
    except IntegrityError:  # another tenant's, which row-level security does not show
        raise _taken() from None


def _taken() -> ConflictError:
    return ConflictError(
        "this Slack workspace belongs to another tenant; its operator can unmap it", code="workspace_taken"
    )
