"""Tells of cases in Slack: the tenant's escalation channel, and the thread of whoever asked."""

from __future__ import annotations

from answers.case_notices import CaseEvent, Letter
from bots.slack import blocks
from bots.slack.case_blocks import case_message, told_asker
from bots.slack.cases import SlackCases
from bots.slack.installs import Workspaces
from bots.slack.web import SlackError, Web
from core.errors import NotFoundError


class EscalationCourier:
    """Posts a case once and keeps that message up to date; a reminder comes into its thread. The receipt is the message's `ts`."""

    def __init__(self, workspaces: Workspaces, web: Web, cases: SlackCases) -> None:
        self._workspaces = workspaces
        self._web = web
        self._cases = cases

    async def deliver(self, letter: Letter) -> str | None:
        team_id, _, channel = letter.target.partition("/")
        token = await _token(self._workspaces, letter, team_id, None)
        message = case_message(letter.case, await self._cases.place(letter.tenant_id, letter.case_row))
        stands = letter.first_receipt
        if stands is None:
            return await self._web.post(token, channel, None, message, metadata=_told(letter))
        if letter.event is CaseEvent.OVERDUE:
            late = f":alarm_clock: Nobody has taken *{letter.case.case_id}* yet."
            return await self._web.post(token, channel, stands, blocks.note(late), metadata=_told(letter))
        try:
            await self._web.update(token, channel, stands, message)
        except SlackError as error:
            if not error.gone:
                raise
            return await self._web.post(token, channel, None, message, metadata=_told(letter))
        return stands


class AskerCourier:
    """Tells whoever asked in Slack, in the thread where they asked. Others see their case through the API."""

    def __init__(self, workspaces: Workspaces, web: Web, cases: SlackCases) -> None:
        self._workspaces = workspaces
        self._web = web
        self._cases = cases

    async def deliver(self, letter: Letter) -> str | None:
        place = await self._cases.place(letter.tenant_id, letter.case_row)
        if place is None:
            return None
        token = await _token(self._workspaces, letter, place.team_id, place.enterprise_id)
        said = blocks.note(told_asker(letter.case, letter.event))
        return await self._web.post(token, place.channel, place.thread_ts, said, metadata=_told(letter))


def _told(letter: Letter) -> dict[str, object]:
    """The same in every attempt: Slack takes no key that would keep it from posting a message twice, but tells apps this."""
    payload = {"id": letter.id, "case": letter.case.case_id, "event": letter.event.value}
    return {"event_type": "copilot_case_notice", "event_payload": payload}


async def _token(workspaces: Workspaces, letter: Letter, team_id: str, enterprise_id: str | None) -> str:
    """Raises `NotFoundError` (`workspace_unmapped`) for a workspace that is not, or no longer, the case's tenant's."""
    workspace = await workspaces.find(team_id, enterprise_id)
    if workspace is None or workspace.tenant_id != letter.tenant_id or workspace.bot_token is None:
        raise NotFoundError("the Slack workspace is not mapped to this tenant", code="workspace_unmapped")
    return workspace.bot_token
