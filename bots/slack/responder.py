"""Works on stored jobs: asks the pipeline, replies in the thread, and says so where it cannot.

A reply begins with a short placeholder that the finished answer replaces. Slack's streaming calls are not used: a streamed
text cannot be taken back (`Replaced`), a crashed attempt could not go on in it, and it makes every address a link.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Protocol, assert_never

import structlog

from answers.events import AnswerEvent, Done
from answers.feedback import Feedback
from answers.handoff import Case
from answers.types import Answer, Question
from bots.slack import blocks
from bots.slack.blocks import Message
from bots.slack.events import Claim, Events, EventStatus
from bots.slack.installs import Workspace, Workspaces
from bots.slack.jobs import MAX_ATTEMPTS, JobKind
from bots.slack.threads import Threads
from bots.slack.web import SlackError, Web
from core.domain import Principal
from core.errors import CopilotError, NotFoundError, UnavailableError

log = structlog.get_logger()

ANSWER_S = 180.0
"""Longest time for one answer, in seconds; the model's own deadline is far below."""


class Answerer(Protocol):
    """The pipeline, as this surface needs it."""

    def ask(self, question: Question) -> AsyncIterator[AnswerEvent]: ...


class Votes(Protocol):
    """Takes feedback; `answers.feedback.FeedbackDesk` is one."""

    async def give(self, principal: Principal, feedback: Feedback) -> None: ...


class Cases(Protocol):
    """Opens cases for people; `answers.handoff.HandoffDesk` is one."""

    async def open(self, principal: Principal, *, answer_id: str) -> Case: ...


class Responder:
    """Takes one event at a time through `claim`, reply and `finish`."""

    def __init__(
        self, *, answerer: Answerer, cases: Cases, workspaces: Workspaces, events: Events, threads: Threads, web: Web
    ) -> None:
        self._answerer = answerer
        self._cases = cases
        self._workspaces = workspaces
        self._events = events
        self._threads = threads
        self._web = web

    async def respond(self, event_id: str) -> None:
        """Work on one stored event, unless somebody else does. Where Slack takes no reply it is given back or given up."""
        claim = await self._events.claim(event_id)
        if claim is None:
            return
        try:
            await self._work(claim)
        except asyncio.CancelledError:
            await self._events.release(claim)
            raise
        except SlackError as error:
            again = error.transient and claim.attempt <= MAX_ATTEMPTS
            log.warning("slack_reply_failed", event_id=event_id, reason=error.detail, again=again)
            await (self._events.release(claim) if again else self._events.finish(claim, EventStatus.FAILED))

    async def _work(self, claim: Claim) -> None:
        """The mapping is read again: it may have changed since the event was stored."""
        workspace = await self._workspaces.find(claim.job.team_id, claim.job.enterprise_id)
        if workspace is None or workspace.bot_token is None or workspace.tenant_id != claim.tenant_id:
            log.warning("slack_workspace_unmapped", team=claim.job.team_id, event_id=claim.event_id)
            await self._events.finish(claim, EventStatus.FAILED)
            return
        if claim.attempt > MAX_ATTEMPTS:
            await self._reply(claim, workspace.bot_token, [blocks.apology("gave_up")], EventStatus.FAILED)
            return
        match claim.job.kind:
            case JobKind.OUTSIDE:
                await self._reply(claim, workspace.bot_token, [blocks.notice(blocks.OUTSIDE)])
            case JobKind.HANDOVER:
                await self._hand_over(claim, workspace, workspace.bot_token)
            case JobKind.QUESTION:
                await self._answer(claim, workspace, workspace.bot_token)
            case _ as unknown:
                assert_never(unknown)

    async def _answer(self, claim: Claim, workspace: Workspace, token: str) -> None:
        if not claim.job.text:
            await self._reply(claim, token, [blocks.notice(blocks.EMPTY)])
            return
        ts = claim.reply_ts
        if ts is None:
            ts = await self._web.post(token, claim.job.channel, claim.job.thread_ts, blocks.notice(blocks.SEARCHING))
            await self._events.began_reply(claim, ts)
        messages = await self._messages(claim, workspace.principal(claim.job.user))
        await self._reply(claim, token, messages, instead_of=ts)

    async def _messages(self, claim: Claim, principal: Principal) -> list[Message]:
        """The answer, or an apology: never silence."""
        try:
            async with asyncio.timeout(ANSWER_S):
                return blocks.answer_messages(await self._ask(claim, principal))
        except CopilotError as error:
            log.warning("slack_answer_failed", event_id=claim.event_id, code=error.code)
            return [blocks.apology(error.code, error.detail)]
        except TimeoutError:
            log.warning("slack_answer_failed", event_id=claim.event_id, code="timeout")
            return [blocks.apology("timeout")]
        except Exception as error:  # an event is a process edge: whoever asked is told, the fault is logged
            log.error("slack_answer_failed", event_id=claim.event_id, code="internal_error", exc_info=error)
            return [blocks.apology("internal_error")]

    async def _ask(self, claim: Claim, principal: Principal) -> Answer:
        conversation_id = await self._threads.conversation(principal.tenant_id, claim.job)
        try:
            answer = await self._finished(Question(claim.job.text, principal, conversation_id))
        except NotFoundError:
            if conversation_id is None:
                raise
            # The conversation was erased since: the thread begins a new one.
            answer = await self._finished(Question(claim.job.text, principal))
        await self._threads.remember(principal.tenant_id, claim.job, answer.conversation_id)
        return answer

    async def _finished(self, question: Question) -> Answer:
        """Only the finished answer is shown, so that a withdrawn sentence never stood anywhere."""
        answer: Answer | None = None
        async for event in self._answerer.ask(question):
            if isinstance(event, Done):
                answer = event.answer
        if answer is None:
            raise UnavailableError("the answer was interrupted")
        return answer

    async def _hand_over(self, claim: Claim, workspace: Workspace, token: str) -> None:
        principal = workspace.principal(claim.job.user)
        try:
            case = await self._cases.open(principal, answer_id=claim.job.text)
        except CopilotError as error:
            log.warning("slack_handover_failed", event_id=claim.event_id, code=error.code)
            await self._web.post(
                token, claim.job.channel, claim.job.thread_ts, blocks.apology(error.code, error.detail)
            )
            await self._events.forget(claim)
            return
        await self._reply(claim, token, [blocks.case_opened(case.case_id)])

    async def _reply(
        self,
        claim: Claim,
        token: str,
        messages: list[Message],
        status: EventStatus = EventStatus.DONE,
        *,
        instead_of: str | None = None,
    ) -> None:
        """The last step of an attempt that still holds its event."""
        if not await self._events.holds(claim):
            return
        place = (token, claim.job.channel, claim.job.thread_ts)
        await self._web.send(*place, messages, instead_of=instead_of or claim.reply_ts)
        await self._events.finish(claim, status)
