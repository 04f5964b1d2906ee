"""How much one visitor, address or widget may do: counted in the database, so that all processes count together.

A minute that moves is taken from two that stand: what was counted in the last one weighs as much as of it still lies within the
last sixty seconds. A day is the calendar's (UTC).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import and_, or_, select

from core.database import Database, WriteSession, insert_into
from core.errors import RateLimitedError
from core.keyring import Keyring
from core.models import WidgetCount, now
from core.settings import WidgetSettings

MINUTE, DAY = timedelta(minutes=1), timedelta(days=1)


@dataclass(frozen=True, slots=True)
class _Limit:
    setting: str
    who: str
    span: timedelta


class VisitLimits:
    """Counts, and raises `RateLimitedError` naming the setting; `code` is `widget_day_limit` where the day's cap is reached. What
    is refused is not counted."""

    def __init__(
        self,
        database: Database,
        keyring: Keyring,
        settings: WidgetSettings,
        *,
        clock: Callable[[], datetime] = now,
    ) -> None:
        self._database = database
        self._keyring = keyring
        self._settings = settings
        self._clock = clock

    async def session(self, tenant_id: str, widget_id: str, address: str) -> None:
        await self._count(tenant_id, [self._limit("sessions_per_ip", widget_id, address)])

    async def question(self, tenant_id: str, widget_id: str, *, session_id: str, visitor: str, address: str) -> None:
        limits = (
            self._limit("questions_per_session", session_id),
            self._limit("questions_per_visitor", widget_id, visitor),
            self._limit("questions_per_ip", widget_id, address),
            self._limit("questions_per_widget", widget_id),
            self._limit("questions_per_day", widget_id, span=DAY),
        )
        await self._count(tenant_id, limits)

    async def message(self, tenant_id: str, session_id: str) -> None:
        await self._count(tenant_id, [self._limit("messages_per_session", session_id)])

    def _limit(self, setting: str, *who: str, span: timedelta = MINUTE) -> _Limit:
        return _Limit(setting, self._keyring.digest("widget-counts", "\n".join((setting, *who))), span)

    async def _count(self, tenant_id: str, limits: Sequence[_Limit]) -> None:
        at = self._clock()
        async with self._database.write(tenant_id) as session:
            counted = await _counted(session, tenant_id, limits, at)
            before = await _before(session, limits, at)
            for limit in limits:
                left = 1 - (at - _begin(at, limit.span)) / limit.span
                self._require(limit, counted[limit.setting] + before.get(limit.setting, 0) * left)

    def _require(self, limit: _Limit, times: float) -> None:
        most = getattr(self._settings, limit.setting)
        if times > most:
            span, code = ("a day", "widget_day_limit") if limit.span is DAY else ("a minute", "rate_limited")
            raise RateLimitedError(
                f"more than {most} {span} here; wait a while (COPILOT_WIDGET__{limit.setting.upper()})", code=code
            )


async def _counted(session: WriteSession, tenant_id: str, limits: Sequence[_Limit], at: datetime) -> dict[str, int]:
    """With this once. One statement, whose rows two processes lock in the same order."""
    rows = [
        {
            "setting": limit.setting,
            "who": limit.who,
            "begins_at": _begin(at, limit.span),
            "tenant_id": tenant_id,
            "times": 1,
            "expires_at": _begin(at, limit.span) + 2 * limit.span,
        }
        for limit in limits
    ]
    key = (WidgetCount.setting, WidgetCount.who, WidgetCount.begins_at)
    again = {"times": WidgetCount.times + 1}
    upsert = insert_into(session, WidgetCount).values(rows).on_conflict_do_update(index_elements=key, set_=again)
    found = await session.execute(upsert.returning(WidgetCount.setting, WidgetCount.times))
    return {row.setting: row.times for row in found}


async def _before(session: WriteSession, limits: Sequence[_Limit], at: datetime) -> dict[str, int]:
    """In the minute before this one."""
    places = [
        and_(
            WidgetCount.setting == limit.setting,
            WidgetCount.who == limit.who,
            WidgetCount.begins_at == _begin(at, limit.span) - limit.span,
        )
        for limit in limits
        if limit.span is MINUTE
    ]
    found = await session.execute(select(WidgetCount.setting, WidgetCount.times).where(or_(*places)))
    return {row.setting: row.times for row in found}


def _begin(at: datetime, span: timedelta) -> datetime:
    """Of the minute or the day that the instant lies in."""
    day = at.replace(hour=0, minute=0, second=0, microsecond=0)
    return day if span is DAY else at.replace(second=0, microsecond=0)
