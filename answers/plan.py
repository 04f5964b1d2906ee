"""From what was typed, in its conversation, to a query that stands alone, narrowed to what the question says of itself: a customer,
a version, a day."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from answers.applicability import Asked, Asker, asked_for
from answers.stated import Stated, read_stated
from core.domain import Filters
from core.errors import LLMError
from core.llm import LLM, Message

MAX_FOLLOW_UP_WORDS = 8
"""A longer question is taken to stand alone unless it points back with a pronoun."""
MAX_CARRIED_TERMS = 12
REWRITE_TOKENS = 80
REWRITE_DEADLINE_S = 8.0

_POINTS_BACK = re.compile(
    r"^(?:and|but|so|also|then|or|what about|how about|what if|why|since when|for how long|which one|same for)\b"
    r"|\b(?:it|its|that|this|these|those|they|them|there|the same|the other|the first|the second|the latter|one)\b",
    re.IGNORECASE,
)
_WANTS_PERSON = re.compile(
    r"\b(?:talk|speak|chat|connect|transfer|escalate|hand)\b.{0,30}\b(?:human|person|someone|somebody|agent|colleague|representative)\b"
    r"|\b(?:i need|i want|get me|give me) (?:a |an )?(?:human|person|real person|human agent|live agent)\b",
    re.IGNORECASE,
)
_WORD = re.compile(r"[\w][\w.\-/]*", re.UNICODE)
_COMMON = frozenset(
    """a an and are as at be been but by can could did do does for from had has have how i if in is it its me my no not of on or
    our should so that the their them then there these they this those to us was we were what when where which who why will with
    would you your about after also any because before get got just like make more much need please same some tell than too use
    used""".split()  # noqa: SIM905
)


@dataclass(frozen=True, slots=True)
class Turn:
    """One earlier exchange, redacted: the question as asked and as searched, and the answer's text."""

    question: str
    query: str
    answer: str


@dataclass(frozen=True, slots=True)
class Plan:
    """What to search for, within which filters. `wants_person`: the asker asked for a human being; `asked`: whom and when the
    answer must hold for."""

    query: str
    filters: Filters
    wants_person: bool = False
    asked: Asked = field(default_factory=Asked)


class Planner:
    """Rewrites follow-ups by rules, or by the language model where one is configured and answers in time."""

    def __init__(self, llm: LLM | None) -> None:
        self._llm = llm

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
            query = await self._rewrite(question, history) or carry_over(question, history[-1])
        asked, narrowed = asked_for(filters, _stated(question, history, asker), asker)
        return Plan(
            query, _with_customer(narrowed, query, asker.customers), bool(_WANTS_PERSON.search(question)), asked=asked
        )

    async def _rewrite(self, question: str, history: Sequence[Turn]) -> str | None:
        if self._llm is None:
            return None
        exchange = "\n".join(f"User: {turn.question}\nAssistant: {turn.answer[:400]}" for turn in history[-3:])
        messages = [
            Message(
                "system",
                "Rewrite the user's last question so that it can be understood without the conversation. Keep names, codes and "
                "versions exactly. Reply with the question alone.",
            ),
            Message("user", f"{exchange}\n\nLast question: {question}"),
        ]
        try:
            text = await self._llm.complete(messages, max_tokens=REWRITE_TOKENS, deadline_s=REWRITE_DEADLINE_S)
        except LLMError:
            return None
        line = text.strip().splitlines()[0].strip(' "') if text.strip() else ""
        return line if 0 < len(line) <= 2 * len(question) + 200 else None


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


def is_follow_up(question: str) -> bool:
    words = _WORD.findall(question)
    return len(words) <= MAX_FOLLOW_UP_WORDS and (bool(_POINTS_BACK.search(question)) or len(_content(question)) <= 2)


def carry_over(question: str, last: Turn) -> str:
    """The question, followed by the topic words of the last one that it does not repeat."""
    own = {word.lower() for word in _content(question)}
    carried = [word for word in _content(last.query) if word.lower() not in own]
    return " ".join([question, *dict.fromkeys(carried[:MAX_CARRIED_TERMS])])


def _content(text: str) -> list[str]:
    return [word.rstrip(".-/") for word in _WORD.findall(text) if word.lower().rstrip(".") not in _COMMON]


def _with_customer(filters: Filters, query: str, customers: Sequence[str]) -> Filters:
    """Configuration records are searched for one named customer only; two names mean none, so that nothing is mixed."""
    if filters.customer is not None:
        return filters
    lowered = query.lower()
    named = [name for name in customers if re.search(rf"\b{re.escape(name.lower())}\b", lowered)]
    return replace(filters, customer=named[0]) if len(named) == 1 else filters
