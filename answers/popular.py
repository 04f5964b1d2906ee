"""What is asked most: suggested to whoever does not know yet what to ask."""

from __future__ import annotations

from datetime import timedelta

from sqlalchemy import distinct, func, select

from core.database import Database
from core.domain import Outcome
from core.models import AnswerRow, now

LEAST_ASKERS = 2
"""What one person alone asked may tell of that person."""


class Popular:
    def __init__(self, database: Database) -> None:
        self._database = database

    async def top(self, tenant_id: str, *, askers: str, days: float, limit: int) -> list[str]:
        """Questions of the last `days` that were answered, redacted, those of most people first; only of principals whose id
        begins with `askers`, so that nobody is shown what another audience asks."""
        count = func.count(distinct(AnswerRow.principal_id))
        query = (
            select(func.min(AnswerRow.question))
            .where(AnswerRow.tenant_id == tenant_id, AnswerRow.outcome == Outcome.ANSWERED)
            .where(AnswerRow.principal_id.startswith(askers, autoescape=True))
            .where(AnswerRow.created_at >= now() - timedelta(days=days))
            .group_by(func.lower(AnswerRow.query))
            .having(count >= LEAST_ASKERS)
            .order_by(count.desc(), func.max(AnswerRow.created_at).desc())
            .limit(limit)
        )
        async with self._database.read(tenant_id) as session:
            return list(await session.scalars(query))
