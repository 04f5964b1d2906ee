"""What a measurement puts in the place of the stored conversations: the data set's history in, what was searched out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from answers.plan import Turn
from answers.types import Answer, Evidence
from core.domain import Principal
from core.models import new_id
from guardrails.guards import ScreenedInput


@dataclass(frozen=True, slots=True)
class Kept:
    """The question as it was asked, redacted, and the query that was searched for it."""

    question: str
    query: str


class Dialogues:
    """`answers.conversations.Memory` that stores nothing: questions that nobody asked leave no trace.

    `begin` opens a conversation whose last `history` turns are recalled; what the pipeline keeps is handed over by `kept`, once.
    """

    def __init__(self, *, history: int) -> None:
        self._history = history
        self._turns: dict[str, list[Turn]] = {}
        self._kept: dict[str, Kept] = {}

    def begin(self, turns: Sequence[Turn]) -> str:
        """The id to ask with; `turns` are the oldest first."""
        conversation_id = new_id()
        self._turns[conversation_id] = list(turns[max(0, len(turns) - self._history) :])
        return conversation_id

    async def recall(self, principal: Principal, conversation_id: str | None) -> tuple[str, list[Turn]]:
        if conversation_id is None:
            return new_id(), []
        return conversation_id, self._turns.pop(conversation_id)

    async def keep(self, principal: Principal, question: ScreenedInput, answer: Answer, evidence: Evidence) -> None:
        self._kept[answer.answer_id] = Kept(question.text, evidence.query)

    def kept(self, answer_id: str) -> Kept:
        return self._kept.pop(answer_id)
