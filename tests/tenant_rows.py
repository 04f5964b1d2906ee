"""A row in every table for a tenant, made from the metadata alone: a new table is filled without being named here."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any
from uuid import uuid4

from sqlalchemy import Column, Table, insert

from core.crossings import Crossing
from core.database import Database
from core.models import Base, Instant


async def fill(database: Database, slug: str) -> str:
    """The tenant's id. Rows refer to the tenant's own."""
    tenant_id, made = uuid4().hex, dict[str, dict[str, Any]]()
    async with database.write(Crossing.UPKEEP) as session:
        for table in Base.metadata.sorted_tables:
            if table.name != "tenants" and "tenant_id" not in table.columns:
                continue
            given = {"tenants": {"id": tenant_id, "slug": slug}}.get(table.name, {})
            row = {c.name: given.get(c.name, _value(c, made, tenant_id)) for c in table.columns if _stated(c)}
            await session.execute(insert(table).values(row))
            made[table.name] = row
    return tenant_id


def _stated(column: Column[Any]) -> bool:
    """Numbers that the database counts itself are left to it."""
    return not (column.primary_key and column.autoincrement is True)


def _value(column: Column[Any], made: dict[str, dict[str, Any]], tenant_id: str) -> Any:
    for key in column.foreign_keys:
        target: Table = key.column.table
        return tenant_id if target.name == "tenants" else made[target.name][key.column.name]
    if column.name == "tenant_id":
        return tenant_id
    if column.name == "status":
        return "queued"
    if isinstance(column.type, Instant):
        return datetime.now(UTC)
    kind = column.type.python_type
    if kind is str:
        return uuid4().hex[: getattr(column.type, "length", None) or 32]
    return _VALUES.get(kind, {})  # JSON's is object


_VALUES: dict[type, Any] = {int: 1, bool: True, bytes: b"x", date: date(2026, 1, 1)}
