"""How much one visitor, address or widget may do: moving windows in this process's memory."""

from __future__ import annotations

from limits import RateLimitItem, RateLimitItemPerDay, RateLimitItemPerMinute
from limits.storage import MemoryStorage
from limits.strategies import MovingWindowRateLimiter

from core.errors import RateLimitedError
from core.settings import WidgetSettings


class VisitLimits:
    """Counts, and raises `RateLimitedError` naming the setting; `code` is `widget_day_limit` where the day's cap is reached."""

    def __init__(self, settings: WidgetSettings) -> None:
        self._settings = settings
        self._limiter = MovingWindowRateLimiter(MemoryStorage())

    def session(self, widget_id: str, address: str) -> None:
        self._count("sessions_per_ip", widget_id, address)

    def question(self, widget_id: str, *, session_id: str, visitor: str, address: str) -> None:
        self._count("questions_per_session", session_id)
        self._count("questions_per_visitor", widget_id, visitor)
        self._count("questions_per_ip", widget_id, address)
        self._count("questions_per_widget", widget_id)
        day = RateLimitItemPerDay(self._settings.questions_per_day)
        self._hit(day, "questions_per_day", "a day", "widget_day_limit", widget_id)

    def message(self, session_id: str) -> None:
        self._count("messages_per_session", session_id)

    def _count(self, setting: str, *who: str) -> None:
        item = RateLimitItemPerMinute(getattr(self._settings, setting))
        self._hit(item, setting, "a minute", "rate_limited", *who)

    def _hit(self, item: RateLimitItem, setting: str, span: str, code: str, *who: str) -> None:
        if not self._limiter.hit(item, setting, *who):
            raise RateLimitedError(
                f"more than {item.amount} {span} here; wait a while (COPILOT_WIDGET__{setting.upper()})", code=code
            )
