"""Answers in Slack, one function a way of asking: in the thread, by itself, for the asker alone, shared, in private."""

from __future__ import annotations

import asyncio
import contextlib
from dataclasses import replace
from typing import Protocol

from answers.conversations import StoredAnswer
from answers.given import answer_of
from answers.types import Answer
from bots.slack import blocks
from bots.slack.asking import Asking
from bots.slack.blocks import Message
from bots.slack.case_blocks import person
from bots.slack.cases import SlackCases
from bots.slack.events import Claim, Events, EventStatus
from bots.slack.jobs import JobKind
from bots.slack.markdown import escape
from bots.slack.standing import Standing, Standings
from bots.slack.streams import Stream, stop
from bots.slack.views import AgentView
from bots.slack.web import SlackError, Web
from bots.slack.words import ENGLISH, LANGUAGES, Words
from core.errors import NotFoundError
from core.tasks import beside


class Given(Protocol):
    """Answers as they were given; `answers.conversations.Conversations` is one."""

    async def answer(self, tenant_id: str, answer_id: str) -> StoredAnswer: ...


class Talks:
    """Each reply ends with its event, unless another worker holds it by then."""

    def __init__(
        self,
        *,
        asking: Asking,
        given: Given,
        standings: Standings,
        cases: SlackCases,
        events: Events,
        web: Web,
        view: AgentView,
    ) -> None:
        self._asking = asking
        self._given = given
        self._standings = standings
        self._cases = cases
        self._events = events
        self._web = web
        self._view = view

    async def question(self, claim: Claim, standing: Standing) -> None:
        """In the thread: streamed, or to the asker first where the channel wants that."""
        if await self._is_silenced(claim, standing):
            await self._events.finish(claim)
        elif not claim.job.text:
            await self.reply(claim, standing.token, [blocks.notice(blocks.EMPTY)])
        elif standing.settings.ephemeral and not claim.job.is_direct:
            await self.aside(claim, standing)
        else:
            await self._streamed(claim, standing)

    async def auto(self, claim: Claim, standing: Standing) -> None:
        """Put to nobody: an answer that is not good enough, and any fault, stays unseen."""
        job, settings = claim.job, standing.settings
        if not settings.lets_ask(job.user) or await self._cases.taken(standing.principal.tenant_id, job):
            await self._events.finish(claim)
            return
        found = await self._asking.ask(job, standing)
        if isinstance(found, Message) or not settings.speaks(found):
            await self._events.finish(claim)
        elif settings.ephemeral:
            await self._whispered(claim, standing, found)
        else:
            await self.reply(claim, standing.token, blocks.answer_messages(found, words(standing)))

    async def aside(self, claim: Claim, standing: Standing) -> None:
        """For the asker alone."""
        if not standing.settings.lets_ask(claim.job.user):
            await self._whisper(claim, standing, [blocks.notice(blocks.NOT_ASKED)])
        elif not claim.job.text:
            await self._whisper(claim, standing, [blocks.notice(blocks.EMPTY)])
        else:
            await self._whispered(claim, standing, await self._asking.ask(claim.job, standing))

    async def share(self, claim: Claim, standing: Standing) -> None:
        """What its asker alone saw, as it was given."""
        given = await self._own(claim, standing)
        if given is None:
            await self._whisper(claim, standing, [blocks.notice(blocks.NOTHING_MORE)])
            return
        head = f"Asked by {person(given.principal_id)}: {escape(' '.join(given.question.split())[:300])}"
        shown = blocks.answer_messages(answer_of(given.answer), words(standing), head=head)
        await self.reply(claim, standing.token, shown)

    async def private(self, claim: Claim, standing: Standing) -> None:
        """The same question once more, with all that its asker may see, in a direct message."""
        given, alone = await self._own(claim, standing), await self._standings.private(claim.job)
        if given is None or alone is None:
            await self._whisper(claim, standing, [blocks.notice(blocks.NOTHING_MORE)])
            return
        apart = replace(claim.job, thread_ts="")  # what is said in private is no part of the thread's conversation
        found = await self._asking.ask(apart, alone, text=given.question)
        if not await self._events.holds(claim):
            return
        shown = [found] if isinstance(found, Message) else blocks.answer_messages(found, words(alone))
        await self._web.send(alone.token, claim.job.user, None, shown)
        await self._events.finish(claim)

    async def reply(
        self,
        claim: Claim,
        token: str,
        messages: list[Message],
        status: EventStatus = EventStatus.DONE,
        *,
        instead_of: str | None = None,
    ) -> None:
        """In the thread, the first message in the place of what an earlier attempt began."""
        if not await self._events.holds(claim):
            return
        stands, job = instead_of or claim.reply_ts, claim.job
        await self._web.send(token, job.channel, job.thread_ts or None, messages, instead_of=stands)
        await self._events.finish(claim, status)

    async def _streamed(self, claim: Claim, standing: Standing) -> None:
        stream = Stream(self._web, standing.token, claim.job, words(standing))
        job, ts = claim.job, claim.reply_ts
        if ts is None:
            ts = await stream.begin()
            await self._events.began_reply(claim, ts)
        else:  # what a dead process began can only be replaced
            await stop(self._web, standing.token, job.channel, ts)
        async with beside(self._view.working(standing.token, job.channel, job.thread_ts, busy=True), "slack-session"):
            try:
                found = await self._asking.ask(job, standing, watch=stream.show)
            finally:
                await asyncio.shield(stream.end())
        shown = [found] if isinstance(found, Message) else blocks.answer_messages(found, words(standing))
        await self.reply(claim, standing.token, shown, instead_of=ts)
        await self._view.working(standing.token, job.channel, job.thread_ts, busy=False)
        if isinstance(found, Answer) and standing.narrowed and claim.job.home:
            await self._offer_more(claim, standing, found)

    async def _offer_more(self, claim: Claim, standing: Standing, answer: Answer) -> None:
        """A courtesy: the answer stands already."""
        job, offer = claim.job, blocks.more_in_private(answer.answer_id)
        with contextlib.suppress(SlackError):
            await self._web.whisper(standing.token, job.channel, job.thread_ts or None, job.user, offer)

    async def _is_silenced(self, claim: Claim, standing: Standing) -> bool:
        """Whoever asked the copilot by name is told why it is silent; a follow-up may not have been meant for it."""
        job = claim.job
        taken = await self._cases.taken(standing.principal.tenant_id, job)
        if taken is not None:
            said = f"*{taken.case_id}* is with {person(taken.owner)}. I am silent here until it is handed back."
        elif not standing.settings.lets_ask(job.user):
            said = blocks.NOT_ASKED
        else:
            return False
        if job.kind is JobKind.QUESTION:
            await self._web.whisper(standing.token, job.channel, job.thread_ts, job.user, blocks.note(said))
        return True

    async def _whispered(self, claim: Claim, standing: Standing, found: Answer | Message) -> None:
        if isinstance(found, Answer):
            shown = blocks.answer_messages(found, words(standing), aside=not claim.job.is_direct)
        else:
            shown = [found]
        await self._whisper(claim, standing, shown)

    async def _whisper(self, claim: Claim, standing: Standing, messages: list[Message]) -> None:
        """To the asker alone: in the channel, or directly where the copilot is not in it."""
        if not await self._events.holds(claim):
            return
        job = claim.job
        try:
            for message in messages:
                await self._web.whisper(standing.token, job.channel, job.thread_ts or None, job.user, message)
        except SlackError as error:
            if error.error not in ("channel_not_found", "not_in_channel", "user_not_in_channel"):
                raise
            await self._web.send(standing.token, job.user, None, messages)
        await self._events.finish(claim)

    async def _own(self, claim: Claim, standing: Standing) -> StoredAnswer | None:
        """The answer that the job names, if whoever clicked is whoever asked."""
        try:
            given = await self._given.answer(standing.principal.tenant_id, claim.job.text)
        except NotFoundError:
            return None
        return given if given.principal_id == standing.principal.id else None


def words(standing: Standing) -> Words:
    return LANGUAGES.get(standing.settings.language, ENGLISH)
