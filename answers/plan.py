"""From what was typed, in its conversation, to queries that stand alone, narrowed to what the question says of itself: a customer,
a version, a day."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from answers.applicability import Asked, Asker, asked_for
from answers.clarify import narrowed, picked
from answers.follow_ups import Turn, carry_over, is_follow_up
from answers.kinds import Kind, Message
from answers.languages import ENGLISH
from answers.pasted import is_pasted, worth_searching
from answers.several import split_questions
from answers.stated import Stated, read_stated
from core.domain import Filters
from core.errors import LLMError
from core.llm import LLM
from core.llm import Message as Prompt

__all__ = ["Plan", "Planner", "Plans", "Turn"]

REWRITE_TOKENS = 80
REWRITE_DEADLINE_S = 8.0
ABOUT_SOMETHING = frozenset({Kind.QUESTION, Kind.WORD, Kind.CLARIFICATION})
"""Turns that a follow-up may lean on; nobody means "thanks" by "it"."""

_WANTS_PERSON = re.compile(
    r"\b(?:talk|speak|chat|connect|transfer|escalate|hand)\b.{0,30}\b(?:human|person|someone|somebody|agent|colleague|representative)\b"
    r"|\b(?:i need|i want|get me|give me) (?:a |an )?(?:human|person|real person|human agent|live agent)\b",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Plan:
    """What to search for, within which filters. `wants_person`: the asker asked for a human being; `asked`: whom and when the
    answer must hold for. `question` is what it answers, as asked; `language` that of the query, where the models read another;
    `pasted`: the query was pulled out of a log or a long text, and may be empty."""

    query: str
    filters: Filters
    wants_person: bool = False
    asked: Asked = field(default_factory=Asked)
    question: str = ""
    language: str = ENGLISH
    pasted: bool = False
    settled: bool = False
    """The asker has chosen; they are not asked again."""
    customers: tuple[str, ...] = ()
    """Those whom the asker may ask about."""


@dataclass(frozen=True, slots=True)
class Plans:
    """One plan for each question of a message; `left_out` questions were too many."""

    parts: tuple[Plan, ...]
    left_out: int = 0


class Planner:
    """Rewrites follow-ups by rules, or by the language model where one is configured and answers in time."""

    def __init__(self, llm: LLM | None, *, most: int = 4, languages: Sequence[str] = (ENGLISH,)) -> None:
        self._llm = llm
        self._most = most
        self._languages = languages

    async def plans(self, message: Message, filters: Filters, *, history: Sequence[Turn], asker: Asker) -> Plans:
        """For each question of the message its own; `message` and `history` are redacted."""
        history = [turn for turn in history if turn.kind in ABOUT_SOMETHING]
        if message.kind is not Kind.QUESTION:
            return Plans((Plan(message.text, filters, question=message.text),))
        choice = picked(message.text, history[-1].choices) if history else None
        if choice is not None:
            query, filters = narrowed(history[-1].query, filters, choice)
            plan = await self.plan(query, filters, history=[], asker=asker)
            return Plans((replace(plan, query=query, settled=True),))
        if is_pasted(message.text):
            query = worth_searching(message.text)
            plan = await self.plan(query, filters, history=[], asker=asker)
            return Plans((replace(plan, question=query, pasted=True),))
        if message.language not in self._languages:
            return Plans((await self._foreign(message, filters, asker),))
        return await self._several(message.text, filters, history, asker)

    async def _several(self, text: str, filters: Filters, history: Sequence[Turn], asker: Asker) -> Plans:
        """Each question after the first may lean on those before it."""
        questions = split_questions(text)
        parts: list[Plan] = []
        earlier = list(history)
        for question in questions[: self._most]:
            parts.append(await self.plan(question, filters, history=earlier, asker=asker))
            earlier.append(Turn(question, parts[-1].query, ""))
        return Plans(tuple(parts), max(0, len(questions) - self._most))

    async def _foreign(self, message: Message, filters: Filters, asker: Asker) -> Plan:
        """Translated where a model can; else to be looked for as it is, among documents in its own language."""
        translated = await self._said(
            "Translate the user's question into English. Keep names, codes and versions exactly. Reply with the question alone.",
            message.text,
        )
        plan = await self.plan(translated or message.text, filters, history=[], asker=asker)
        return replace(plan, question=message.text, language=ENGLISH if translated else message.language)

    async def plan(
        self,
        question: str,
        filters: Filters,
        *,
        history: Sequence[Turn],
        asker: Asker,
    ) -> Plan:
        """`question` and `history` are redacted."""
        query = question
        if history and is_follow_up(question):
            query = await self._rewrite(question, history) or carry_over(question, history)
        asked, searched = asked_for(filters, _stated(question, history, asker), asker)
        return Plan(
            query,
            _with_customer(searched, query, asker.customers),
            bool(_WANTS_PERSON.search(question)),
            asked=asked,
            question=question,
            customers=asker.customers,
        )

    async def _rewrite(self, question: str, history: Sequence[Turn]) -> str | None:
        exchange = "\n".join(f"User: {turn.question}\nAssistant: {turn.answer[:400]}" for turn in history[-3:])
        return await self._said(
            "Rewrite the user's last question so that it can be understood without the conversation. Keep names, codes and "
            "versions exactly. Reply with the question alone.",
            f"{exchange}\n\nLast question: {question}",
            longest=2 * len(question) + 200,
        )

    async def _said(self, order: str, text: str, *, longest: int = 2000) -> str | None:
        """The model's line; `None` without a model, where it fails, and where it rambles."""
        if self._llm is None:
            return None
        try:
            said = await self._llm.complete(
                [Prompt("system", order), Prompt("user", text)],
                max_tokens=REWRITE_TOKENS,
                deadline_s=REWRITE_DEADLINE_S,
            )
        except LLMError:
            return None
        line = said.strip().splitlines()[0].strip(' "') if said.strip() else ""
        return line if 0 < len(line) <= longest else None


def _stated(question: str, history: Sequence[Turn], asker: Asker) -> Stated:
    """What the question states. What the asker said earlier that they run holds on; a follow-up is about what its question was."""
    stated = read_stated(question, asker.vocabulary, today=asker.today)
    earlier = [read_stated(turn.question, asker.vocabulary, today=asker.today) for turn in history]
    last = earlier[-1] if earlier and is_follow_up(question) else Stated()
    if not stated.names_versions:
        runs = next((one.runs for one in reversed(earlier) if one.runs), ())
        stated = replace(stated, runs=runs, topics=last.topics, moving=last.moving)
    return replace(
        stated,
        product=stated.product or last.product,
        module=stated.module or last.module,
        region=stated.region or last.region,
        as_of=stated.as_of or last.as_of,
    )


def _with_customer(filters: Filters, query: str, customers: Sequence[str]) -> Filters:
    """Configuration records are searched for one named customer only; two names mean none, so that nothing is mixed."""
    if filters.customer is not None:
        return filters
    lowered = query.lower()
    named = [name for name in customers if re.search(rf"\b{re.escape(name.lower())}\b", lowered)]
    return replace(filters, customer=named[0]) if len(named) == 1 else filters
