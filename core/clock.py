"""Today's date where answers are dated by it, in UTC, so that every process agrees."""

from __future__ import annotations

from datetime import UTC, date, datetime


def today() -> date:
    return datetime.now(UTC).date()
