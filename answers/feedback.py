"""Votes on answers, stored redacted; each becomes a score on the answer's trace, a rejection with a reason a curation task."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from sqlalchemy import select

from answers.conversations import Conversations
from answers.tasks import open_task
from core.database import Database
from core.domain import Principal, RedactedText, Vote
from core.models import FeedbackRow, new_id
from core.telemetry import Tracer
from core.tenancy import Tenants
from guardrails.guards import Guards
from guardrails.vault import Place, Vault
from guardrails.withheld import withheld


class Reason(StrEnum):
    WRONG = "wrong"
    OUTDATED = "outdated"
    INCOMPLETE = "incomplete"
    UNSAFE = "unsafe"
    OTHER = "other"


@dataclass(frozen=True, slots=True)
class Feedback:
    answer_id: str
    vote: Vote
    reason: Reason | None = None
    comment: str | None = None
    correction: str | None = None


class FeedbackDesk:
    """Takes votes. One principal has one vote an answer: a second one replaces the first."""

    def __init__(
        self,
        *,
        database: Database,
        vault: Vault,
        conversations: Conversations,
        guards: Guards,
        tenants: Tenants,
        tracer: Tracer,
    ) -> None:
        self._database = database
        self._vault = vault
        self._conversations = conversations
        self._guards = guards
        self._tenants = tenants
        self._tracer = tracer

    async def give(self, principal: Principal, feedback: Feedback) -> None:
        """Raises `NotFoundError` where the tenant has no such answer."""
        await self._conversations.answer(principal.tenant_id, feedback.answer_id)
        texts = {"comment": feedback.comment or "", "correction": feedback.correction or ""}
        clean = await self._redacted(principal.tenant_id, texts)
        comment, correction = (clean[name].text or None for name in texts)
        query = select(FeedbackRow).where(
            FeedbackRow.answer_id == feedback.answer_id, FeedbackRow.principal_id == principal.id
        )
        async with self._database.write(principal.tenant_id) as session:
            row = await session.scalar(query)
            if row is None:
                row = FeedbackRow(
                    id=new_id(), tenant_id=principal.tenant_id, answer_id=feedback.answer_id, principal_id=principal.id
                )
                session.add(row)
            row.vote, row.reason, row.comment, row.correction = feedback.vote, feedback.reason, comment, correction
            await self._vault.keep(
                session,
                principal.tenant_id,
                {Place("feedback", row.id, name): withheld(text, clean[name]) for name, text in texts.items()},
            )
            if feedback.vote is Vote.DOWN and (feedback.reason or correction):
                reason = feedback.reason or Reason.OTHER
                await open_task(session, principal.tenant_id, feedback.answer_id, reason=reason, correction=correction)
        self._tracer.score(
            feedback.answer_id,
            "user_feedback",
            1.0 if feedback.vote is Vote.UP else 0.0,
            comment=feedback.reason,
            score_id=f"fb-{feedback.answer_id}-{principal.id}",
        )

    async def _redacted(self, tenant_id: str, texts: Mapping[str, str]) -> dict[str, RedactedText]:
        profile = await self._tenants.profile(tenant_id)
        redacted = await self._guards.redact_many(list(texts.values()), profile)
        return dict(zip(texts, redacted, strict=True))
