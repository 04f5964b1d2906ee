"""A circuit breaker for each source: one that keeps failing is left alone for longer and longer, until a person asks for it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import select

from core.database import Database
from core.errors import ConflictError, CopilotError, UnavailableError
from core.models import Json, Source, now
from ingest.source_desk import PAUSED


@dataclass(frozen=True, slots=True)
class Pauses:
    """After `after` failures in a row a source rests for `first_s`, twice as long with each further one, at most `longest_s`."""

    after: int = 3
    first_s: float = 300.0
    longest_s: float = 86_400.0

    def until(self, failures: int, at: datetime) -> datetime | None:
        if failures < self.after:
            return None
        return at + timedelta(seconds=min(self.longest_s, self.first_s * 2.0 ** min(failures - self.after, 62)))


class SourceHealth:
    """Keeps `Source.failures`, `paused_until`, `last_error` and `synced_at`."""

    def __init__(self, database: Database, pauses: Pauses) -> None:
        self._database = database
        self._pauses = pauses

    async def require_awake(self, tenant_id: str, source_id: str, *, scheduled: bool) -> None:
        """Raises `ConflictError` (`source_paused`) where an admin paused it, also while its job waited, and `UnavailableError`
        (`source_paused`) for a `scheduled` sync of one that rests."""
        async with self._database.read(tenant_id) as session:
            until = await session.scalar(select(Source.paused_until).where(Source.id == source_id))
        if until == PAUSED:
            raise ConflictError("the source is paused; resume it first", code="source_paused")
        if scheduled and until is not None and until > now():
            raise UnavailableError(
                f"this source failed repeatedly and rests until {until:%Y-%m-%d %H:%M} UTC; a sync by hand goes ahead",
                code="source_paused",
            )

    async def failed(self, tenant_id: str, source_id: str, fault: CopilotError) -> None:
        """A sync failed as a whole, and by the source's fault."""
        async with self._database.write(tenant_id) as session:
            row = await session.get(Source, source_id, with_for_update=True)
            if row is None:
                return
            row.failures += 1
            if row.paused_until != PAUSED:  # an admin's word stands
                row.paused_until = self._pauses.until(row.failures, now())
            row.last_error = error_json(fault.code, fault.detail)

    async def answered(self, tenant_id: str, source_id: str, error: Json | None = None) -> None:
        """A sync ran to its end; `error` is what an admin should know all the same."""
        async with self._database.write(tenant_id) as session:
            row = await session.get(Source, source_id, with_for_update=True)
            if row is None:
                return
            row.failures, row.last_error, row.synced_at = 0, error, now()
            if row.paused_until != PAUSED:
                row.paused_until = None


def error_json(code: str, detail: str) -> Json:
    return {"code": code, "detail": detail, "at": now().isoformat()}
