"""The audit as auditors read it: pages, JSON lines, and whether it is whole."""

from __future__ import annotations

import hmac
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Select, select

from core.audit import GENESIS, PRUNE, Trail
from core.audit_anchors import Anchors
from core.crossings import Crossing
from core.database import Database
from core.models import AuditRow, Json, Tenant

_BATCH = 1000


@dataclass(frozen=True, slots=True)
class Act:
    """A row of the chain; `hash` and `previous` in hex."""

    number: int
    at: datetime
    actor: str
    action: str
    target: str
    details: Json
    previous: str
    hash: str


@dataclass(frozen=True, slots=True)
class Fault:
    """The first row that is not as it was written; `number` is its place in the tenant's chain."""

    number: int
    code: str
    detail: str


@dataclass(frozen=True, slots=True)
class Verdict:
    """`rows` were read, of which the first is number `first`; `anchors` of the chain were held against them."""

    tenant: str
    rows: int
    first: int
    last: int
    anchors: int
    fault: Fault | None

    @property
    def whole(self) -> bool:
        return self.fault is None


class AuditBook:
    """Reads the audit. Nothing here writes."""

    def __init__(self, database: Database, trail: Trail, anchors: Anchors, *, page_size: int = 200) -> None:
        self._database = database
        self._trail = trail
        self._anchors = anchors
        self._page_size = page_size

    async def page(
        self, tenant_id: str, *, before: int | None = None, action: str | None = None, limit: int = 50
    ) -> list[Act]:
        """Newest first; `before` is the number of the last row of the page before."""
        query = select(AuditRow).where(AuditRow.tenant_id == tenant_id).order_by(AuditRow.number.desc())
        if before is not None:
            query = query.where(AuditRow.number < before)
        if action is not None:
            query = query.where(AuditRow.action == action)
        async with self._database.read(tenant_id) as session:
            return [_act(row) for row in await session.scalars(query.limit(min(limit, self._page_size)))]

    async def export(self, tenant_id: str) -> AsyncIterator[Act]:
        """Oldest first, all of it."""
        async for row in self._rows(tenant_id):
            yield _act(row)

    async def verify(self, tenant_id: str) -> Verdict:
        """Whether each row is as it was written, none is missing in between, and none behind the last anchor."""
        anchored = self._anchors.read().hashes.get(tenant_id, {})
        check = _Check(self._trail, dict(anchored))
        try:
            async for row in self._rows(tenant_id):
                check.take(row)
                if check.fault is not None:
                    break
        except _UnreadableError as error:
            check.fault = Fault(error.number, "altered", f"row {error.number} cannot be read")
        return Verdict(await self._slug(tenant_id), check.rows, check.first, check.last, len(anchored), check.ended())

    async def verify_all(self) -> list[Verdict]:
        """Every tenant's, by name; then those whose rows or anchors are left though the tenant is gone."""
        async with self._database.read(Crossing.ANCHORS) as session:
            known = list(await session.scalars(select(Tenant.id).order_by(Tenant.slug)))
            held = set(await session.scalars(select(AuditRow.tenant_id).distinct()))
        strangers = sorted((held | self._anchors.read().hashes.keys()) - set(known))
        return [await self.verify(tenant_id) for tenant_id in [*known, *strangers]]

    def forged_anchors(self) -> tuple[int, ...]:
        """Lines of the anchors' file that this installation did not write."""
        return self._anchors.read().forged

    async def _rows(self, tenant_id: str) -> AsyncIterator[AuditRow]:
        after = (-(2**31), 0)
        while True:
            query = (
                select(AuditRow)
                .where(
                    AuditRow.tenant_id == tenant_id,
                    (AuditRow.number > after[0]) | ((AuditRow.number == after[0]) & (AuditRow.id > after[1])),
                )
                .order_by(AuditRow.number, AuditRow.id)
                .limit(_BATCH)
            )
            try:
                async with self._database.read(tenant_id) as session:
                    rows = list(await session.scalars(query))
            except ValueError:  # somebody wrote what is no JSON or no time into SQLite
                raise _UnreadableError(await self._unreadable(tenant_id, query)) from None
            for row in rows:
                yield row
            if len(rows) < _BATCH:
                return
            after = rows[-1].number, rows[-1].id

    async def _unreadable(self, tenant_id: str, query: Select[AuditRow]) -> int:
        """The number of the first row that `query` cannot read."""
        async with self._database.read(tenant_id) as session:
            places = list(await session.execute(query.with_only_columns(AuditRow.id, AuditRow.number)))
            for row_id, number in places:
                try:
                    await session.get(AuditRow, row_id)
                except ValueError:
                    return int(number)
        return int(places[0][1])

    async def _slug(self, tenant_id: str) -> str:
        async with self._database.read(tenant_id) as session:
            return await session.scalar(select(Tenant.slug).where(Tenant.id == tenant_id)) or tenant_id


class _UnreadableError(Exception):
    def __init__(self, number: int) -> None:
        super().__init__(number)
        self.number = number


class _Check:
    """Walks one chain. A chain that begins later than at 1 needs the tombstone of what was before."""

    def __init__(self, trail: Trail, anchored: dict[int, str]) -> None:
        self.rows = self.first = self.last = 0
        self.fault: Fault | None = None
        self._trail = trail
        self._anchored = anchored
        self._previous = GENESIS
        self._missing: tuple[int, str] | None = None
        """Number and hash of the last row that a tombstone must cover."""

    def take(self, row: AuditRow) -> None:
        if not self.rows:
            self._begin(row)
        self.fault = self._fault(row)
        self._bury(row)
        self.rows, self.last, self._previous = self.rows + 1, row.number, row.hash

    def ended(self) -> Fault | None:
        """What is wrong, all rows considered."""
        if self.fault is not None:
            return self.fault
        if self._missing is not None:
            return Fault(1, "deleted", f"rows 1 to {self._missing[0]} are gone, and no retention job deleted them")
        highest = max(self._anchored, default=0)
        if highest > self.last:
            return Fault(self.last + 1, "truncated", f"rows {self.last + 1} to {highest} were anchored and are gone")
        return None

    def _begin(self, row: AuditRow) -> None:
        self.first = row.number
        if row.number > 1:
            self._previous, self._missing = row.previous, (row.number - 1, row.previous)
            self.last = row.number - 1

    def _fault(self, row: AuditRow) -> Fault | None:
        if row.number <= self.last:
            return Fault(row.number, "inserted", f"row {row.number} is there twice, or before the first")
        if row.number > self.last + 1:
            gone = (
                f"row {self.last + 1} is"
                if row.number == self.last + 2
                else f"rows {self.last + 1} to {row.number - 1} are"
            )
            return Fault(self.last + 1, "deleted", f"{gone} gone")
        if not hmac.compare_digest(row.hash.encode(), self._trail.digest(row).encode()):
            return Fault(row.number, "altered", f"row {row.number} is not as it was written")
        if row.previous != self._previous:
            return Fault(row.number, "unlinked", f"row {row.number} does not follow the row before it")
        if self._anchored.get(row.number, row.hash) != row.hash:
            return Fault(row.number, "rewritten", f"row {row.number} is not the one that was anchored")
        return None

    def _bury(self, row: AuditRow) -> None:
        covered = (row.details.get("through"), row.details.get("hash")) if row.action == PRUNE else None
        if self._missing is not None and covered == self._missing:
            self._missing = None


def _act(row: AuditRow) -> Act:
    return Act(row.number, row.at, row.actor, row.action, row.target, row.details, row.previous, row.hash)
