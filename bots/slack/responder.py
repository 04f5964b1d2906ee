"""Works on stored jobs: finds out as whom and where, lets the right part do it, and says so where it cannot."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import replace

import structlog

from bots.slack import blocks, modals
from bots.slack.blocks import Message
from bots.slack.drafting import TITLE, Drafting
from bots.slack.escalations import Escalations
from bots.slack.events import Claim, Events, EventStatus
from bots.slack.jobs import LOOKED_UP, MAX_ATTEMPTS, JobKind
from bots.slack.standing import Standing, Standings
from bots.slack.talks import Talks
from bots.slack.web import SlackError, Web
from core.errors import CopilotError, ForbiddenError

log = structlog.get_logger()

Work = Callable[[Claim, Standing], Awaitable[None]]


class Responder:
    """Takes one event at a time through `claim`, reply and `finish`."""

    def __init__(
        self,
        *,
        talks: Talks,
        escalations: Escalations,
        drafting: Drafting,
        standings: Standings,
        events: Events,
        web: Web,
    ) -> None:
        self._talks = talks
        self._standings = standings
        self._events = events
        self._web = web
        self._works: dict[JobKind, Work] = {
            JobKind.QUESTION: talks.question,
            JobKind.FOLLOW_UP: talks.question,
            JobKind.AUTO: talks.auto,
            JobKind.ASIDE: talks.aside,
            JobKind.SHARE: talks.share,
            JobKind.PRIVATE: talks.private,
            JobKind.HANDOVER: escalations.hand_over,
            JobKind.DIGEST: escalations.digest,
            JobKind.ESCALATE: escalations.escalate,
            JobKind.DRAFT: drafting.draft,
            JobKind.SEND: drafting.send,
        }

    async def respond(self, event_id: str) -> None:
        """Work on one stored event, unless somebody else does. Where Slack takes no reply it is given back or given up."""
        claim = await self._events.claim(event_id)
        if claim is None:
            return
        try:
            await self._work(claim)
        except asyncio.CancelledError:
            await asyncio.shield(self._events.release(claim))
            raise
        except SlackError as error:
            again = error.transient and claim.attempt <= MAX_ATTEMPTS
            log.warning("slack_reply_failed", event_id=event_id, reason=error.detail, again=again)
            await (self._events.release(claim) if again else self._events.finish(claim, EventStatus.FAILED))

    async def _work(self, claim: Claim) -> None:
        """Whose it is is read again: mapping and settings may have changed since the event was stored."""
        standing = await self._standings.of(claim.job)
        if await self._standings.tenant(claim.job) != claim.tenant_id:
            log.warning("slack_workspace_unmapped", team=claim.job.team_id, event_id=claim.event_id)
            await self._events.finish(claim, EventStatus.FAILED)
        elif standing is None:
            await self._refuse(claim)
        elif claim.attempt > MAX_ATTEMPTS:
            await self._give_up(claim, standing)
        else:
            await self._try(claim, standing)

    async def _try(self, claim: Claim, standing: Standing) -> None:
        try:
            here = await self._looked_up(claim, standing)
            await (self._works[claim.job.kind](claim, here) if here else self._refuse(claim))
        except CopilotError as error:
            if isinstance(error, SlackError) and (error.transient or not claim.job.options.get("view")):
                raise
            log.warning("slack_job_failed", event_id=claim.event_id, code=error.code)
            await self._tell(claim, standing, blocks.apology(error.code, error.detail))
            await self._events.finish(claim, EventStatus.FAILED)

    async def _looked_up(self, claim: Claim, standing: Standing) -> Standing | None:
        """Where the payload does not say whether outsiders read along, Slack is asked. None where they do, in a channel that is
        mapped to no tenant. Raises `ForbiddenError` (`channel_unseen`) where the copilot cannot see the channel."""
        job = claim.job
        if job.kind not in LOOKED_UP or job.is_direct:
            return standing
        external = await self._web.is_external(standing.token, job.channel)
        if external is None and job.kind is JobKind.ASIDE:
            return await self._standings.private(job)
        if external is None:
            raise ForbiddenError("I cannot see this channel; invite me to it first", code="channel_unseen")
        return await self._standings.of(replace(job, outside=external))

    async def _refuse(self, claim: Claim) -> None:
        """Nobody answers outsiders in a channel that is mapped to no tenant; whoever spoke to nobody is not told so."""
        alone = await self._standings.private(replace(claim.job, home=True))
        if alone is None:
            await self._events.finish(claim, EventStatus.FAILED)
        elif claim.job.kind is JobKind.QUESTION:
            await self._talks.reply(claim, alone.token, [blocks.notice(blocks.OUTSIDE)])
        else:
            if claim.job.kind not in (JobKind.FOLLOW_UP, JobKind.AUTO):
                await self._tell(claim, alone, blocks.notice(blocks.OUTSIDE))
            await self._events.finish(claim)

    async def _give_up(self, claim: Claim, standing: Standing) -> None:
        if claim.job.kind in (JobKind.AUTO, JobKind.FOLLOW_UP) and claim.reply_ts is None:
            await self._events.finish(claim, EventStatus.FAILED)
        elif claim.job.kind in (JobKind.QUESTION, JobKind.FOLLOW_UP):
            await self._talks.reply(claim, standing.token, [blocks.apology("gave_up")], EventStatus.FAILED)
        else:
            await self._tell(claim, standing, blocks.apology("gave_up"))
        await self._events.finish(claim, EventStatus.FAILED)

    async def _tell(self, claim: Claim, standing: Standing, message: Message) -> None:
        """Whoever asked: in their modal, else to them alone."""
        job, view = claim.job, claim.job.options.get("view")
        try:
            if view:
                await self._web.update_view(standing.token, view, modals.message(TITLE, message.text))
            else:
                await self._web.whisper(standing.token, job.channel, job.thread_ts or None, job.user, message)
        except SlackError as error:
            if error.transient:
                raise
            log.warning("slack_not_told", event_id=claim.event_id, reason=error.detail)
