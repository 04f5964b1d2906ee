"""From a Slack thread to a case: by the button under an answer, or by a summary of the thread that a person looks through."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Protocol

import structlog

from answers.case_views import Severity
from answers.handoff import Case
from answers.types import Answer
from bots.slack import blocks, incoming, modals
from bots.slack.asking import Asking
from bots.slack.cases import SlackCases
from bots.slack.drafts import Redacts
from bots.slack.events import Claim, Events
from bots.slack.standing import Standing
from bots.slack.web import Web
from core.domain import Outcome, Principal
from core.errors import CopilotError

log = structlog.get_logger()

MESSAGE_CHARS = 400


class Cases(Protocol):
    """Opens cases for people; `answers.handoff.HandoffDesk` is one."""

    async def open(
        self,
        principal: Principal,
        *,
        answer_id: str,
        note: str | None = None,
        severity: Severity = Severity.NORMAL,
    ) -> Case: ...


class Escalations:
    def __init__(
        self,
        *,
        cases: Cases,
        places: SlackCases,
        asking: Asking,
        redact: Redacts,
        events: Events,
        web: Web,
        max_messages: int,
    ) -> None:
        """`max_messages` of a thread are read: Slack gives apps outside its Marketplace 15 a minute."""
        self._cases = cases
        self._places = places
        self._asking = asking
        self._redact = redact
        self._events = events
        self._web = web
        self._max_messages = max_messages

    async def hand_over(self, claim: Claim, standing: Standing) -> None:
        """Of the answer under which the button was pressed."""
        await self._open(claim, standing, claim.job.text, None, Severity.NORMAL)

    async def escalate(self, claim: Claim, standing: Standing) -> None:
        """Of the summary that a person has looked through."""
        given = claim.job.options
        severity = Severity(given["severity"]) if given.get("severity") in tuple(Severity) else Severity.NORMAL
        await self._open(claim, standing, given["answer"], claim.job.text, severity)

    async def digest(self, claim: Claim, standing: Standing) -> None:
        """Read the thread, ask its question, and put both into the modal that is open already."""
        job, token = claim.job, standing.token
        said = await self._web.thread(token, job.channel, job.thread_ts, most=self._max_messages)
        lines = list(_lines(said))
        question = incoming.plain(str(said[0].get("text", "")), bot=None) if said else ""
        found = await self._asking.ask(job, standing, text=question or job.text)
        if not isinstance(found, Answer):
            view = modals.message("Hand over a thread", found.text)
        else:
            text = await self._redact(standing.principal.tenant_id, "\n".join([*lines, _outcome(found)]))
            view = modals.digest(text.text, channel=job.channel, thread_ts=job.thread_ts, answer_id=found.answer_id)
        await self._web.update_view(token, job.options["view"], view)
        await self._events.finish(claim)

    async def _open(
        self, claim: Claim, standing: Standing, answer_id: str, note: str | None, severity: Severity
    ) -> None:
        job, principal = claim.job, standing.principal
        try:
            case = await self._cases.open(principal, answer_id=answer_id, note=note, severity=severity)
            await self._places.remember(principal.tenant_id, case.case_id, job)
        except CopilotError as error:
            log.warning("slack_handover_failed", event_id=claim.event_id, code=error.code)
            apology = blocks.apology(error.code, error.detail)
            await self._web.post(standing.token, job.channel, job.thread_ts, apology)
            await self._events.forget(claim)
            return
        if await self._events.holds(claim):
            await self._web.post(standing.token, job.channel, job.thread_ts, blocks.case_opened(case.case_id))
            await self._events.finish(claim)


def _lines(messages: Sequence[Mapping[str, object]]) -> Iterator[str]:
    """Each message in a line, without names: who said it is in the thread."""
    authors: dict[str, str] = {}
    for message in messages:
        author = str(message.get("user") or message.get("bot_id") or "")
        text = " ".join(incoming.plain(str(message.get("text", "")), bot=None).split())
        if not text:
            continue
        name = "Copilot" if message.get("bot_id") else authors.setdefault(author, f"Person {len(authors) + 1}")
        yield f"{name}: {text if len(text) <= MESSAGE_CHARS else text[:MESSAGE_CHARS] + ' …'}"


def _outcome(answer: Answer) -> str:
    if answer.outcome is Outcome.ANSWERED:
        cited = "; ".join(dict.fromkeys(one.title for one in answer.citations))
        return f"The copilot answers the first question from: {cited} (confidence {answer.confidence:.2f})."
    nearest = "; ".join(one.title for one in answer.closest)
    return f"The copilot finds no answer to the first question. Nearest: {nearest or 'nothing'}."
