"""Puts a question to the pipeline as the conversation of its author in that thread; what breaks becomes an apology."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from typing import Protocol

import structlog

from answers.events import AnswerEvent, Done
from answers.types import Answer, Question
from bots.slack import blocks
from bots.slack.blocks import Message
from bots.slack.jobs import SlackJob
from bots.slack.standing import Standing
from bots.slack.threads import Threads
from core.errors import CopilotError, NotFoundError, UnavailableError

log = structlog.get_logger()

ANSWER_S = 180.0
"""Longest time for one answer, in seconds; the model's own deadline is far below."""

Watch = Callable[[AnswerEvent], None]


class Answerer(Protocol):
    """The pipeline, as this surface needs it."""

    def ask(self, question: Question) -> AsyncIterator[AnswerEvent]: ...


def _ignore(_event: AnswerEvent) -> None:
    return None


class Asking:
    def __init__(self, answerer: Answerer, threads: Threads) -> None:
        self._answerer = answerer
        self._threads = threads

    async def ask(
        self, job: SlackJob, standing: Standing, *, text: str | None = None, watch: Watch = _ignore
    ) -> Answer | Message:
        """The answer, or an apology: never silence. `watch` sees each event; `text` stands in for the job's."""
        try:
            async with asyncio.timeout(ANSWER_S):
                return await self._ask(job, standing, job.text if text is None else text, watch)
        except CopilotError as error:
            log.warning("slack_answer_failed", code=error.code)
            return blocks.apology(error.code, error.detail)
        except TimeoutError:
            log.warning("slack_answer_failed", code="timeout")
            return blocks.apology("timeout")
        except Exception as error:  # an event is a process edge: whoever asked is told, the fault is logged
            log.error("slack_answer_failed", code="internal_error", exc_info=error)
            return blocks.apology("internal_error")

    async def _ask(self, job: SlackJob, standing: Standing, text: str, watch: Watch) -> Answer:
        tenant_id = standing.principal.tenant_id
        known = await self._threads.conversation(tenant_id, job) if job.thread_ts else None
        try:
            answer = await self._finished(_question(text, standing, known), watch)
        except NotFoundError:
            if known is None:
                raise
            # The conversation was erased since: the thread begins a new one.
            answer = await self._finished(_question(text, standing, None), watch)
        if job.thread_ts:
            await self._threads.remember(tenant_id, job, answer.conversation_id)
        return answer

    async def _finished(self, question: Question, watch: Watch) -> Answer:
        answer: Answer | None = None
        async for event in self._answerer.ask(question):
            watch(event)
            if isinstance(event, Done):
                answer = event.answer
        if answer is None:
            raise UnavailableError("the answer was interrupted")
        return answer


def _question(text: str, standing: Standing, conversation_id: str | None) -> Question:
    return Question(text, standing.principal, conversation_id, standing.settings.filters())
