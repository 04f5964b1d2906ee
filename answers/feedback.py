"""Votes on answers, stored redacted; each becomes a score on the answer's trace, a rejection with a reason a curation task."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from sqlalchemy import select

from answers.conversations import Conversations
from answers.tasks import open_task
from core.database import Database
from core.domain import Principal, Vote
from core.models import FeedbackRow
from core.telemetry import Tracer
from core.tenancy import Tenants
from guardrails.guards import Guards


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
        self, *, database: Database, conversations: Conversations, guards: Guards, tenants: Tenants, tracer: Tracer
    ) -> None:
        self._database = database
        self._conversations = conversations
        self._guards = guards
        self._tenants = tenants
        self._tracer = tracer

    async def give(self, principal: Principal, feedback: Feedback) -> None:
        """Raises `NotFoundError` where the tenant has no such answer."""
        await self._conversations.answer(principal.tenant_id, feedback.answer_id)
        comment, correction = await self._redacted(principal.tenant_id, feedback.comment, feedback.correction)
        query = select(FeedbackRow).where(
            FeedbackRow.answer_id == feedback.answer_id, FeedbackRow.principal_id == principal.id
        )
        async with self._database.write(principal.tenant_id) as session:
            row = await session.scalar(query)
            if row is None:
                row = FeedbackRow(
                    tenant_id=principal.tenant_id, answer_id=feedback.answer_id, principal_id=principal.id
                )
                session.add(row)
            row.vote, row.reason, row.comment, row.correction = feedback.vote, feedback.reason, comment, correction
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

    async def _redacted(self, tenant_id: str, *texts: str | None) -> list[str | None]:
        profile = await self._tenants.profile(tenant_id)
        redacted = await self._guards.redact_many([text or "" for text in texts], profile)
        return [clean.text or None for clean in redacted]
