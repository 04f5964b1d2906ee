"""How often a tenant may ask: a moving window in this process's memory."""

from __future__ import annotations

from limits import RateLimitItemPerMinute
from limits.storage import MemoryStorage
from limits.strategies import MovingWindowRateLimiter

from core.domain import Principal
from core.errors import RateLimitedError


class Quota:
    """`per_minute` questions for each tenant."""

    def __init__(self, *, per_minute: int) -> None:
        self._limit = RateLimitItemPerMinute(per_minute)
        self._limiter = MovingWindowRateLimiter(MemoryStorage())

    def admit(self, principal: Principal) -> None:
        """Count one question. Raises `RateLimitedError` where the window is full."""
        if not self._limiter.hit(self._limit, principal.tenant_id):
            raise RateLimitedError(
                f"more than {self._limit.amount} questions a minute; wait a moment, or raise COPILOT_QUOTA__QUESTIONS_PER_MINUTE"
            )
