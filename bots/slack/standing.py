"""As whom, and within which bounds, somebody asks at one place of Slack's: workspace, channel, Slack Connect together."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

from bots.slack.channels import DEFAULT, Channels, ChannelSettings
from bots.slack.installs import Workspace, Workspaces
from bots.slack.jobs import SlackJob
from bots.slack.people import People
from bots.slack.shares import Share, Shares
from core.domain import Principal


@dataclass(frozen=True, slots=True)
class Standing:
    """`narrowed`: the asker may see more than is shown here, and can be told so in private."""

    principal: Principal
    settings: ChannelSettings
    token: str = field(repr=False)
    narrowed: bool = False


class Standings:
    def __init__(self, workspaces: Workspaces, channels: Channels, shares: Shares, people: People) -> None:
        self._workspaces = workspaces
        self._channels = channels
        self._shares = shares
        self._people = people

    async def tenant(self, job: SlackJob) -> str | None:
        """Whose question it is; None where the workspace is nobody's."""
        workspace = await self._workspaces.find(job.team_id, job.enterprise_id)
        if workspace is None:
            return None
        share = await self._shares.find(job.team_id, job.channel)
        return share.tenant_id if share else workspace.tenant_id

    async def of(self, job: SlackJob) -> Standing | None:
        """None for who gets no answer here: a workspace without tenant or token, an outside channel that is mapped to nobody."""
        workspace = await self._workspaces.find(job.team_id, job.enterprise_id)
        if workspace is None or workspace.bot_token is None:
            return None
        home = await self._people.principal(workspace, job.user, channel=job.channel)
        share = await self._shares.find(job.team_id, job.channel)
        if share is not None:
            return await self._shared(job, workspace, home, share)
        if job.outside:
            return None
        settings = await self._channels.of(workspace.tenant_id, job.team_id, job.channel)
        audience = settings.narrowed(home.audience)
        asker = replace(home, audience=audience)
        return Standing(asker, settings, workspace.bot_token, narrowed=audience is not home.audience)

    async def private(self, job: SlackJob) -> Standing | None:
        """In a conversation with nobody else: all that the asker may see. None for people of another organisation."""
        workspace = await self._workspaces.find(job.team_id, job.enterprise_id)
        if workspace is None or workspace.bot_token is None or not job.home:
            return None
        return Standing(await self._people.principal(workspace, job.user), DEFAULT, workspace.bot_token)

    async def _shared(self, job: SlackJob, workspace: Workspace, home: Principal, share: Share) -> Standing | None:
        """Roles count for nothing where others read along: everybody there asks as the partner's tenant."""
        if workspace.bot_token is None:
            return None
        asker = replace(workspace, tenant_id=share.tenant_id, audience=share.audience).principal(job.user)
        settings = await self._channels.of(workspace.tenant_id, job.team_id, job.channel)
        asker = replace(asker, audience=settings.narrowed(asker.audience))
        wider = home.tenant_id != asker.tenant_id or home.audience is not asker.audience
        return Standing(asker, settings, workspace.bot_token, narrowed=wider and job.home)
