"""What a tenant may ask: how often, by a moving window in this process's memory, and how much in a day."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from limits import RateLimitItemPerMinute
from limits.storage import MemoryStorage
from limits.strategies import MovingWindowRateLimiter

from core.domain import Principal
from core.errors import RateLimitedError
from core.metering import Meter, NullMeter


class Quota:
    """`per_minute` questions for each tenant, and the daily budgets that `meter` counts."""

    def __init__(self, *, per_minute: int, meter: Meter | NullMeter | None = None) -> None:
        self._meter = meter or NullMeter()
        self._limit = RateLimitItemPerMinute(per_minute)
        self._limiter = MovingWindowRateLimiter(MemoryStorage())

    @asynccontextmanager
    async def turn(self, principal: Principal) -> AsyncIterator[None]:
        """One question, from here to its end. Raises `RateLimitedError`, `BudgetError` before anything is done for it."""
        self.admit(principal)
        async with self._meter.turn(principal):
            yield

    def admit(self, principal: Principal) -> None:
        """Count one question. Raises `RateLimitedError` where the window is full."""
        if not self._limiter.hit(self._limit, principal.tenant_id):
            raise RateLimitedError(
                f"more than {self._limit.amount} questions a minute; wait a moment, or raise COPILOT_QUOTA__QUESTIONS_PER_MINUTE"
            )
