"""Channels shared with another organisation (Slack Connect): mapped to the partner's tenant, or refused."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import delete
from sqlalchemy.exc import IntegrityError

from core.audit import OPERATOR, record
from core.crossings import Crossing
from core.database import Database, WriteSession
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
        async with self._database.read(Crossing.CREDENTIALS) as session:
            row = await session.get(SlackShare, (team_id, channel))
        return Share(row.tenant_id, Audience(row.audience)) if row else None

    async def map(self, team_id: str, channel: str, *, tenant_id: str, audience: Audience = Audience.PARTNER) -> None:
        """Audited in both tenants. Raises `InvalidRequestError` (`shared_audience`) for what only agents may see, `ConflictError`
        (`channel_taken`) where the channel belongs to another tenant, `NotFoundError` for a workspace that is not mapped."""
        if audience is Audience.AGENT:
            raise InvalidRequestError(
                "people of another organisation see public or partner documents", code="shared_audience"
            )
        async with self._database.read(Crossing.CREDENTIALS) as session:
            home = await session.get(SlackWorkspace, team_id)
        if home is None:
            raise NotFoundError("no such Slack workspace; map it first")
        share = await self.find(team_id, channel)
        if share is not None and share.tenant_id != tenant_id:
            raise _taken()
        # The host first, in a transaction of its own: nothing is shared that its audit does not tell of.
        for told in sorted({tenant_id, home.tenant_id}, key=lambda told: told == tenant_id):
            async with self._database.write(told) as session:
                if told == tenant_id:
                    await _take(session, team_id, channel, tenant_id, audience)
                record(session, told, actor=OPERATOR, action="slack.share", target=f"{team_id}/{channel}", to=tenant_id)

    async def unmap(self, team_id: str, channel: str) -> None:
        """From now on the channel is refused. Raises `NotFoundError`."""
        share = await self.find(team_id, channel)
        if share is None:
            raise NotFoundError("this channel is not shared with a tenant")
        async with self._database.write(share.tenant_id) as session:
            where = SlackShare.team_id == team_id, SlackShare.channel == channel
            await session.execute(delete(SlackShare).where(SlackShare.tenant_id == share.tenant_id, *where))
            record(session, share.tenant_id, actor=OPERATOR, action="slack.unshare", target=f"{team_id}/{channel}")


async def _take(session: WriteSession, team_id: str, channel: str, tenant_id: str, audience: Audience) -> None:
    row = await session.get(SlackShare, (team_id, channel), with_for_update=True)
    if row is None:
        row = SlackShare(team_id=team_id, channel=channel, tenant_id=tenant_id)
        session.add(row)
    if row.tenant_id != tenant_id:
        raise _taken()
    row.audience = audience
    try:
        await session.flush()
    except IntegrityError:  # another tenant's, which row-level security does not show
        raise _taken() from None


def _taken() -> ConflictError:
    return ConflictError("this channel belongs to another tenant; unshare it first", code="channel_taken")
