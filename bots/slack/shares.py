"""Channels shared with another organisation (Slack Connect): mapped to the partner's tenant, or refused."""

from __future__ import annotations

from dataclasses import dataclass

from core.audit import OPERATOR, record
from core.database import Database
from core.domain import Audience
from core.errors import ConflictError, InvalidRequestError, NotFoundError
from core.models import SlackShare, SlackWorkspace


@dataclass(frozen=True, slots=True)
class Share:
    """Everybody in the channel, of whichever organisation, asks as this tenant and sees at most what `audience` may."""

    tenant_id: str
    audience: Audience


class Shares:
    def __init__(self, database: Database) -> None:
        self._database = database

    async def find(self, team_id: str, channel: str) -> Share | None:
        async with self._database.read() as session:
            row = await session.get(SlackShare, (team_id, channel))
        return Share(row.tenant_id, Audience(row.audience)) if row else None

    async def map(self, team_id: str, channel: str, *, tenant_id: str, audience: Audience = Audience.PARTNER) -> None:
        """Audited in both tenants. Raises `InvalidRequestError` (`shared_audience`) for what only agents may see, `ConflictError`
        (`channel_taken`) where the channel belongs to another tenant, `NotFoundError` for a workspace that is not mapped."""
        if audience is Audience.AGENT:
            raise InvalidRequestError(
                "people of another organisation see public or partner documents", code="shared_audience"
            )
        async with self._database.write() as session:
            home = await session.get(SlackWorkspace, team_id)
            if home is None:
                raise NotFoundError("no such Slack workspace; map it first")
            row = await session.get(SlackShare, (team_id, channel))
            if row is not None and row.tenant_id != tenant_id:
                raise ConflictError("this channel belongs to another tenant; unshare it first", code="channel_taken")
            if row is None:
                row = SlackShare(team_id=team_id, channel=channel, tenant_id=tenant_id)
                session.add(row)
            row.audience = audience
            for told in sorted({tenant_id, home.tenant_id}):
                record(session, told, actor=OPERATOR, action="slack.share", target=f"{team_id}/{channel}", to=tenant_id)

    async def unmap(self, team_id: str, channel: str) -> None:
        """From now on the channel is refused. Raises `NotFoundError`."""
        async with self._database.write() as session:
            row = await session.get(SlackShare, (team_id, channel))
            if row is None:
                raise NotFoundError("this channel is not shared with a tenant")
            record(session, row.tenant_id, actor=OPERATOR, action="slack.unshare", target=f"{team_id}/{channel}")
            await session.delete(row)
