"""What visitors may do is counted in the database: by two processes as by one."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import select

from api.widget.limits import VisitLimits
from core.crossings import Crossing
from core.database import Database
from core.errors import RateLimitedError
from core.keyring import Keyring
from core.models import Tenant, WidgetCount
from core.settings import WidgetSettings

KEYRING = Keyring(b"k" * 32)
NOON = datetime(2026, 3, 1, 12, 0, 0, tzinfo=UTC)


class Door:
    """One process, at a time of the test's own."""

    def __init__(self, database: Database, tenant: str, **settings: int) -> None:
        self.at = NOON
        self._tenant = tenant
        self._limits = VisitLimits(database, KEYRING, WidgetSettings(**settings), clock=lambda: self.at)  # type: ignore[arg-type]

    async def asks(self, times: int = 1, *, session: str = "s1", visitor: str = "kim") -> bool:
        """Whether all of so many questions are let in."""
        try:
            for _ in range(times):
                await self._limits.question(
                    self._tenant, "widget", session_id=session, visitor=visitor, address="192.0.2.7"
                )
        except RateLimitedError as refusal:
            self.refusal = refusal
            return False
        return True


@pytest.fixture
async def tenant(database: Database) -> str:
    async with database.write(Crossing.UPKEEP) as session:
        row = Tenant(slug="acme", name="acme")
        session.add(row)
    return row.id


async def test_two_processes_count_together(database: Database, tenant: str) -> None:
    one, two = (Door(database, tenant, questions_per_visitor=3) for _ in range(2))
    assert await one.asks(2)
    assert await two.asks(session="s2")
    assert not await one.asks()
    assert not await two.asks(session="s3")
    assert await two.asks(visitor="ann")
    assert "COPILOT_WIDGET__QUESTIONS_PER_VISITOR" in two.refusal.detail


async def test_questions_at_once_are_counted_one_by_one(database: Database, tenant: str) -> None:
    doors = [Door(database, tenant, questions_per_widget=10, questions_per_session=100) for _ in range(2)]
    let_in = await asyncio.gather(*(doors[n % 2].asks(visitor=str(n), session=str(n)) for n in range(24)))
    assert sum(let_in) == 10


async def test_what_is_refused_counts_nowhere(database: Database, tenant: str) -> None:
    door = Door(database, tenant, questions_per_session=1, questions_per_widget=3)
    assert await door.asks()
    for _ in range(5):
        assert not await door.asks()
    assert await door.asks(2, session="s2") is False
    assert await door.asks(session="s3")


async def test_the_minute_moves(database: Database, tenant: str) -> None:
    door = Door(database, tenant, questions_per_session=4)
    door.at = NOON + timedelta(seconds=30)
    assert await door.asks(4)
    door.at = NOON + timedelta(seconds=61)
    assert not await door.asks()
    door.at = NOON + timedelta(seconds=91)
    assert await door.asks(2)
    assert not await door.asks()
    door.at = NOON + timedelta(seconds=180)
    assert await door.asks(4)


async def test_the_day_is_the_calendars(database: Database, tenant: str) -> None:
    door = Door(database, tenant, questions_per_day=2)
    assert await door.asks(2)
    door.at = NOON + timedelta(hours=11)
    assert not await door.asks()
    assert door.refusal.code == "widget_day_limit"
    door.at = NOON + timedelta(hours=12)
    assert await door.asks(2)


async def test_nobody_can_be_read_from_the_counts(database: Database, tenant: str) -> None:
    assert await Door(database, tenant).asks()
    async with database.read(tenant) as session:
        rows = list(await session.scalars(select(WidgetCount)))
    assert len(rows) == 5
    assert all(len(row.who) == 64 and "192.0.2.7" not in row.who for row in rows)
