"""Deletes the beginning of an audit chain, and leaves a tombstone by which the rest still verifies."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import delete, func, select

from core.audit import OPERATOR, PRUNE, record
from core.database import Database, WriteSession
from core.models import AuditRow

_BATCH = 1000


async def prune(database: Database, tenant_id: str, *, before: datetime, actor: str = OPERATOR) -> int:
    """Delete the tenant's acts from before then, up to the first later one; how many.

    The tombstone is a row of the chain, and committed first: the database's triggers let go only what it covers. A crash in between
    leaves rows that the next call deletes.
    """
    async with database.write(tenant_id) as session:
        last = await _last_before(session, tenant_id, before)
        if last is not None:
            number, digest = last
            record(session, tenant_id, actor=actor, action=PRUNE, target=str(number), through=number, hash=digest)
    deleted = 0
    while done := await _delete_some(database, tenant_id):
        deleted += done
    return deleted


async def _last_before(session: WriteSession, tenant_id: str, before: datetime) -> tuple[int, str] | None:
    """The last row that goes; None where nothing but tombstones would."""
    mine = AuditRow.tenant_id == tenant_id
    later = await session.scalar(select(func.min(AuditRow.number)).where(mine, AuditRow.at >= before))
    going = select(AuditRow.number, AuditRow.hash).where(mine, AuditRow.action != PRUNE)
    if later is not None:
        going = going.where(AuditRow.number < later)
    row = (await session.execute(going.order_by(AuditRow.number.desc()).limit(1))).first()
    return (row[0], row[1]) if row else None


async def _delete_some(database: Database, tenant_id: str) -> int:
    async with database.write(tenant_id) as session:
        tombstones = select(AuditRow.details).where(AuditRow.tenant_id == tenant_id, AuditRow.action == PRUNE)
        through = max((int(details["through"]) for details in await session.scalars(tombstones)), default=0)
        ids = list(
            await session.scalars(
                select(AuditRow.id)
                .where(AuditRow.tenant_id == tenant_id, AuditRow.number <= through)
                .order_by(AuditRow.number)
                .limit(_BATCH)
            )
        )
        if ids:
            await session.execute(delete(AuditRow).where(AuditRow.id.in_(ids)))
        return len(ids)
