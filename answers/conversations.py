"""Conversations and their turns: recalled for one principal of one tenant, stored with the evidence of each answer."""

from __future__ import annotations

import dataclasses
from typing import Any, Protocol

from pydantic_core import to_jsonable_python
from sqlalchemy import select

from answers.follow_ups import Turn
from answers.gaps import keep_gaps
from answers.kinds import Kind
from answers.types import Answer, Choice, Evidence, Facet
from core.database import Database, insert_new
from core.domain import Principal
from core.errors import NotFoundError
from core.metering import Cost, add
from core.models import AnswerRow, Conversation, Json, new_id, now
from core.settings import GapSettings
from guardrails.guards import ScreenedInput
from guardrails.vault import Place, Vault
from guardrails.withheld import Withheld


@dataclasses.dataclass(frozen=True, slots=True)
class StoredAnswer:
    """An answer as it was given, with what it was given on."""

    answer: Json
    evidence: Json
    question: str
    principal_id: str
    conversation_id: str


class Memory(Protocol):
    """What the pipeline needs of `Conversations`."""

    async def recall(self, principal: Principal, conversation_id: str | None) -> tuple[str, list[Turn]]: ...

    async def keep(self, principal: Principal, question: ScreenedInput, answer: Answer, evidence: Evidence) -> None: ...


class NullConversations:
    """Remembers and keeps nothing: questions that nobody asked, such as the publish gate's, leave no trace."""

    async def recall(self, principal: Principal, conversation_id: str | None) -> tuple[str, list[Turn]]:
        return new_id(), []

    async def keep(self, principal: Principal, question: ScreenedInput, answer: Answer, evidence: Evidence) -> None:
        return None


class Conversations:
    def __init__(self, database: Database, *, vault: Vault, history: int, gaps: GapSettings | None = None) -> None:
        self._database = database
        self._vault = vault
        self._history = history
        self._gaps = gaps or GapSettings()

    async def recall(self, principal: Principal, conversation_id: str | None) -> tuple[str, list[Turn]]:
        """The conversation's id (a new one for None) and its last turns, oldest first.

        Raises `NotFoundError` for another tenant's or principal's conversation as for an unknown one.
        """
        if conversation_id is None:
            return new_id(), []
        query = (
            select(AnswerRow)
            .where(AnswerRow.conversation_id == conversation_id, AnswerRow.tenant_id == principal.tenant_id)
            .order_by(AnswerRow.created_at.desc())
            .limit(self._history)
        )
        async with self._database.read(principal.tenant_id) as session:
            conversation = await session.get(Conversation, conversation_id)
            if conversation is None or (conversation.tenant_id, conversation.principal_id) != (
                principal.tenant_id,
                principal.id,
            ):
                raise NotFoundError("no such conversation; leave conversation_id out to begin a new one")
            rows = list(await session.scalars(query))
        return conversation_id, [_turn(row) for row in reversed(rows)]

    async def keep(self, principal: Principal, question: ScreenedInput, answer: Answer, evidence: Evidence) -> None:
        """Store the turn, what was taken out of it, what it could not answer, and count the question, in one transaction. Its
        models' tokens are counted call by call."""
        async with self._database.write(principal.tenant_id) as session:
            conversation = {
                "id": answer.conversation_id,
                "tenant_id": principal.tenant_id,
                "principal_id": principal.id,
            }
            await insert_new(session, Conversation, [conversation])
            session.add(
                AnswerRow(
                    id=answer.answer_id,
                    tenant_id=principal.tenant_id,
                    conversation_id=answer.conversation_id,
                    principal_id=principal.id,
                    channel=principal.channel,
                    question=question.text,
                    query=evidence.query,
                    outcome=answer.outcome,
                    answer=as_json(answer),
                    evidence=as_json(evidence),
                )
            )
            if found := _withheld(answer.answer_id, question, evidence.query):
                await self._vault.keep(session, principal.tenant_id, found)
            await keep_gaps(session, principal.tenant_id, evidence.missed, settings=self._gaps)
            await add(session, principal, now().date(), answer.model, Cost(), questions=1)

    async def answer(self, tenant_id: str, answer_id: str) -> StoredAnswer:
        """Raises `NotFoundError` for another tenant's answer as for an unknown one."""
        query = select(AnswerRow).where(AnswerRow.id == answer_id, AnswerRow.tenant_id == tenant_id)
        async with self._database.read(tenant_id) as session:
            row = await session.scalar(query)
        if row is None:
            raise NotFoundError("no such answer")
        return StoredAnswer(row.answer, row.evidence, row.question, row.principal_id, row.conversation_id)


def _withheld(answer_id: str, question: ScreenedInput, query: str) -> dict[Place, tuple[Withheld, ...]]:
    """Of the question, and of what the query takes up from a conversation that was sent along."""
    own = {each.placeholder for each in question.withheld}
    taken_up = {each.placeholder: each for each in question.told if each.placeholder not in own}
    found = {
        "question": question.withheld,
        "query": tuple(each for each in taken_up.values() if each.placeholder in query),
    }
    return {Place("answers", answer_id, field): some for field, some in found.items() if some}


def _turn(row: AnswerRow) -> Turn:
    choices = (Choice(c["label"], Facet(c["facet"]), c["value"]) for c in row.answer.get("choices", ()))
    kind = Kind(row.answer.get("kind", Kind.QUESTION))
    return Turn(row.question, row.query, str(row.answer["text"]), kind, tuple(choices))


def as_json(value: Any) -> Json:
    """A dataclass as JSON values: dates as ISO 8601."""
    found: Json = to_jsonable_python(value)
    return found
