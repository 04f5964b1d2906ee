"""Lists in pages: where the next one begins is told by the last row of this one, so that rows that come or go skip none."""

from __future__ import annotations

import json
from base64 import urlsafe_b64decode, urlsafe_b64encode
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Generic, TypeVar

from core.errors import InvalidRequestError

T = TypeVar("T")

USUAL = 50


@dataclass(frozen=True, slots=True)
class Page(Generic[T]):
    """`next_cursor` is None on the last page."""

    items: tuple[T, ...]
    next_cursor: str | None = None


@dataclass(frozen=True, slots=True)
class PageRequest:
    """What a caller asks for: at most `limit` rows after `cursor`, which an earlier page gave."""

    cursor: str | None = None
    limit: int | None = None

    def size(self, most: int) -> int:
        """Raises `InvalidRequestError` (`invalid_limit`) naming the setting."""
        if self.limit is None:
            return min(USUAL, most)
        if not 1 <= self.limit <= most:
            raise InvalidRequestError(
                f"a page has 1 to {most} rows (COPILOT_CURATION__PAGE_SIZE); follow next_cursor for more",
                code="invalid_limit",
            )
        return self.limit

    def after(self) -> tuple[str, str] | None:
        """The sort key and id of the row before this page. Raises `InvalidRequestError` (`invalid_cursor`)."""
        if self.cursor is None:
            return None
        try:
            key, row_id = json.loads(urlsafe_b64decode(self.cursor.encode("ascii")))
        except (ValueError, TypeError):
            raise _no_cursor() from None
        if not isinstance(key, str) or not isinstance(row_id, str) or "\x00" in key + row_id:
            raise _no_cursor()
        return key, row_id

    def after_instant(self) -> tuple[datetime, str] | None:
        """As `after`, for rows that are sorted by time."""
        found = self.after()
        try:
            return None if found is None else (datetime.fromisoformat(found[0]).astimezone(UTC), found[1])
        except (ValueError, OverflowError):
            raise _no_cursor() from None


def cursor(key: str, row_id: str) -> str:
    return urlsafe_b64encode(json.dumps([key, row_id]).encode()).decode("ascii")


def _no_cursor() -> InvalidRequestError:
    return InvalidRequestError("this cursor is none; take next_cursor as a page gave it", code="invalid_cursor")
