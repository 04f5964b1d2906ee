"""A reply that the copilot drafts and a person sends under their own name, after they have looked at it."""

from __future__ import annotations

import re

from answers.types import Answer
from bots.slack import blocks, modals
from bots.slack.asking import Asking
from bots.slack.blocks import Message
from bots.slack.drafts import Drafts
from bots.slack.events import Claim, Events
from bots.slack.markdown import escape, sections
from bots.slack.standing import Standing
from bots.slack.talks import Given
from bots.slack.web import Web
from core.domain import Outcome
from core.errors import ForbiddenError

_MARKER = re.compile(r"[ \t]?\[\d{1,3}\]")
TITLE = "Draft a reply"


class Drafting:
    def __init__(self, *, asking: Asking, given: Given, drafts: Drafts, events: Events, web: Web) -> None:
        self._asking = asking
        self._given = given
        self._drafts = drafts
        self._events = events
        self._web = web

    async def draft(self, claim: Claim, standing: Standing) -> None:
        """Into the modal that is open already: an answer to the message, or why there is none."""
        job = claim.job
        found = await self._asking.ask(job, standing)
        if not isinstance(found, Answer):
            view = modals.message(TITLE, found.text)
        elif found.outcome is not Outcome.ANSWERED:
            view = modals.message(TITLE, escape(found.text))
        else:
            text = text_of(found)
            draft_id = await self._drafts.keep(standing.principal, job, answer_id=found.answer_id, text=text)
            ids = {"draft": draft_id, "channel": job.channel, "thread": job.thread_ts}
            view = modals.draft(ids, text, [one.title or one.source for one in found.citations])
        await self._web.update_view(standing.token, job.options["view"], view)
        await self._events.finish(claim)

    async def send(self, claim: Claim, standing: Standing) -> None:
        """Authorised anew: the draft must be the sender's own, for this very thread, and they may still ask there."""
        job, principal = claim.job, standing.principal
        draft = await self._drafts.find(principal, job.options["draft"])
        here = (draft.team_id, draft.channel, draft.thread_ts) == (job.team_id, job.channel, job.thread_ts)
        if not here or not standing.settings.lets_ask(job.user):
            raise ForbiddenError("you may not post this reply here any more", code="draft_refused")
        await self._drafts.sent(principal, draft.id, job.text)
        given = await self._given.answer(principal.tenant_id, draft.answer_id)
        links = frozenset(one["url"] for one in given.answer["citations"] if one.get("url"))
        if claim.reply_ts is None and await self._events.holds(claim):
            name = await self._web.name(standing.token, job.user)
            for message in _messages(job.text, links):
                ts = await self._web.post(standing.token, job.channel, job.thread_ts, message, username=name)
                await self._events.began_reply(claim, ts)
        await self._events.finish(claim)


def text_of(answer: Answer) -> str:
    """The answer with its sources below, as a person would write it: markers mean nothing to whoever reads it."""
    cited = dict.fromkeys(one.url or one.title or one.source for one in answer.citations)
    body = _MARKER.sub("", answer.text).strip()
    sources = "\n".join(cited)
    room = modals.INPUT_CHARS - len(sources) - 2
    return f"{body[: max(room, 0)]}\n\n{sources}"[: modals.INPUT_CHARS]


def _messages(text: str, links: frozenset[str]) -> list[Message]:
    """As inert as an answer: what a person pastes notifies nobody either."""
    shown = sections(text, allowed=links) or [" "]
    return [Message(blocks.notice(one[:200]).text, (blocks.section(one),)) for one in shown]
