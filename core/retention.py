"""How long a tenant's data is kept: the installation's days for each kind, or the tenant's own; and the run that holds to them.

Rows go in small transactions, each with its row in the audit. A run that is cut short leaves nothing to put right: the next one
finds what is left.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from core.audit import OPERATOR, record
from core.database import Database
from core.errors import InvalidRequestError, NotFoundError
from core.job_tries import Progress
from core.models import Json, Tenant, now
from core.retention_rows import RULES, Kind, count, delete_some
from core.settings import RetentionSettings

KEY = "retention"
JOB = "retention"
"""The kind of job that one run is."""
MOST_DAYS = 36_500.0
LEAST_AUDIT_DAYS = 30.0

Days = Mapping[Kind, float | None]
"""None: the kind stays."""


@dataclass(frozen=True, slots=True)
class Sweep:
    """What is not deleted by rows alone: `due` counts what would go, `run` lets it go; both of what is older than the instant.
    `run` is `(tenant_id, before, actor) -> count` and audits itself."""

    due: Callable[[str, datetime], Awaitable[int]]
    run: Callable[[str, datetime, str], Awaitable[int]]


@dataclass(frozen=True, slots=True)
class Due:
    """What one run would delete, by kind, and of what age."""

    days: Days
    rows: Mapping[Kind, int] = field(default_factory=dict)


class Retention:
    """`sweeps` are kinds with ways of their own: the audit's chain, and releases."""

    def __init__(self, database: Database, settings: RetentionSettings, sweeps: Mapping[Kind, Sweep]) -> None:
        self._database = database
        self._settings = settings
        self._sweeps = sweeps

    async def of(self, tenant_id: str) -> Days:
        async with self._database.read(tenant_id) as session:
            row = await session.get(Tenant, tenant_id)
        return self._merged(row.settings.get(KEY, {}) if row else {})

    async def change(self, tenant_id: str, changes: Mapping[str, float], *, actor: str = OPERATOR) -> Days:
        """Set the tenant's own days; 0 takes one back, so that the installation's holds. Raises `InvalidRequestError`
        (`invalid_retention`)."""
        for name, days in changes.items():
            _require_sound(name, days)
        async with self._database.write(tenant_id) as session:
            row = await session.get(Tenant, tenant_id, with_for_update=True, populate_existing=True)
            if row is None:
                raise NotFoundError("no such tenant", code="unknown_tenant")
            stated = {name: days for name, days in {**row.settings.get(KEY, {}), **changes}.items() if days}
            row.settings = {**row.settings, KEY: stated}
            record(session, tenant_id, actor=actor, action="retention.change", target=row.slug, **changes)
        return self._merged(stated)

    async def due(self, tenant_id: str) -> Due:
        """What a run would delete now. Changes nothing."""
        days = await self.of(tenant_id)
        found: dict[Kind, int] = {}
        for kind, before in _cutoffs(days):
            if sweep := self._sweeps.get(kind):
                found[kind] = await sweep.due(tenant_id, before)
            else:
                async with self._database.read(tenant_id) as session:
                    found[kind] = await count(session, kind, tenant_id, before)
        return Due(days, found)

    async def run(self, tenant_id: str, progress: Progress, *, actor: str) -> dict[Kind, int]:
        """Delete what is due; how many rows of each kind."""
        days = await self.of(tenant_id)
        gone: dict[Kind, int] = {}
        for kind, before in _cutoffs(days):
            progress.stage = kind
            if sweep := self._sweeps.get(kind):
                gone[kind] = await sweep.run(tenant_id, before, actor)
            else:
                gone[kind] = await self._delete(kind, tenant_id, before, progress, actor)
        return gone

    async def _delete(self, kind: Kind, tenant_id: str, before: datetime, progress: Progress, actor: str) -> int:
        total = 0
        while True:
            async with self._database.write(tenant_id) as session:
                done = await delete_some(session, kind, tenant_id, before, self._settings.batch)
                if done:
                    told = {"rows": done, "before": before.isoformat()}
                    record(session, tenant_id, actor=actor, action="retention.delete", target=kind, **told)
            if not done:
                return total
            total += done
            progress.done += done

    def _merged(self, stated: Json) -> Days:
        days: dict[Kind, float | None] = {
            kind: stated.get(kind, getattr(self._settings, f"{kind}_days")) for kind in (*RULES, Kind.AUDIT)
        }
        return {**days, Kind.RELEASES: 0.0 if self._settings.collect else None}


def _require_sound(name: str, days: float) -> None:
    kinds = [*RULES, Kind.AUDIT]
    if name not in kinds or not (days == 0 or 1 <= days <= MOST_DAYS):
        raise InvalidRequestError(
            f"retention states 1 to {MOST_DAYS:,.0f} days, or 0 for the installation's, of {', '.join(kinds)}",
            code="invalid_retention",
        )
    if name == Kind.AUDIT and 0 < days < LEAST_AUDIT_DAYS:
        raise InvalidRequestError(
            f"the audit is kept for {LEAST_AUDIT_DAYS:.0f} days at least", code="invalid_retention"
        )


def _cutoffs(days: Days) -> list[tuple[Kind, datetime]]:
    """In the order in which kinds depend on each other."""
    at = now()
    return [(kind, at - timedelta(days=kept)) for kind in Kind if (kept := days[kind]) is not None]
