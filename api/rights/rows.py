"""A tenant's rows by table, in small batches: those that are one person's, and those that speak of them."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Collection, Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Table, delete, select, tuple_, update

from api.rights.stores import Row, Store
from api.rights.subject import ERASED, Traces
from core.database import Database, WriteSession

BATCH = 200
"""Rows that are read, and changed in one transaction, at a time: an answer with its evidence has up to 100 KB."""

Key = tuple[Any, ...]


@dataclass(frozen=True, slots=True)
class Hits:
    """Of one batch: rows that are the person's own, rows that quote them, rows in which they did something; by their keys."""

    own: list[Row] = field(default_factory=list)
    quoting: list[Row] = field(default_factory=list)
    named: list[Row] = field(default_factory=list)


class Rows:
    def __init__(self, database: Database, tenant_id: str) -> None:
        self._database = database
        self._tenant_id = tenant_id

    async def batches(self, table: Table, columns: Collection[str]) -> AsyncIterator[list[Row]]:
        """All of the tenant's rows, with their keys and these columns, by key. Rows may go meanwhile."""
        key = list(table.primary_key)
        wanted = dict.fromkeys([*(c.name for c in key), *columns])
        whose = table.c.id if table.name == "tenants" else table.c.tenant_id
        query = select(*(table.c[name] for name in wanted)).where(whose == self._tenant_id).order_by(*key)
        last: Key | None = None
        while True:
            page = query if last is None else query.where(tuple_(*key) > last)
            async with self._database.read(self._tenant_id) as session:
                rows: list[Row] = [dict(row._mapping) for row in await session.execute(page.limit(BATCH))]
            if not rows:
                return
            yield rows
            last = key_of(table, rows[-1])

    async def hits(self, store: Store, traces: Traces, conversations: Collection[str]) -> AsyncIterator[Hits]:
        """Of one store, batch by batch; `conversations` are the person's own."""
        columns = {*store.quotes, *store.named, *store.own, *([store.conversation] if store.conversation else [])}
        async for rows in self.batches(store.table, columns):
            yield await asyncio.to_thread(_hits, store, rows, traces, conversations)


def key_of(table: Table, row: Row) -> Key:
    return tuple(row[column.name] for column in table.primary_key)


def quotes(value: object, traces: Traces) -> bool:
    """Whether a text or a JSON value speaks of the person."""
    if value is None:
        return False
    return traces.in_text(value if isinstance(value, str) else json.dumps(value, ensure_ascii=False))


async def remove(session: WriteSession, store: Store, rows: Sequence[Row]) -> int:
    """Delete rows, and those of other tables that name them; how many went in all."""
    gone = 0
    keys = [key_of(store.table, row) for row in rows]
    for column in store.with_:
        owner = column.class_.__table__
        done = await session.execute(delete(owner).where(column.in_([key[0] for key in keys])))
        gone += max(0, getattr(done, "rowcount", 0))
    await session.execute(delete(store.table).where(tuple_(*store.table.primary_key).in_(keys)))
    return gone + len(keys)


async def blot(session: WriteSession, store: Store, rows: Sequence[Row], traces: Traces) -> None:
    """Write the rows anew without the person."""
    for row in rows:
        values: dict[str, object] = {n: traces.blotted(row[n]) for n in store.quotes if quotes(row[n], traces)}
        values |= {name: ERASED for name in store.named if row[name] in traces.principals}
        mine = tuple_(*store.table.primary_key) == key_of(store.table, row)
        await session.execute(update(store.table).where(mine).values(values))


def _hits(store: Store, rows: Sequence[Row], traces: Traces, conversations: Collection[str]) -> Hits:
    found = Hits()
    for row in rows:
        if _is_own(store, row, traces, conversations):
            found.own.append(row)
        elif any(quotes(row[name], traces) for name in store.quotes):
            (found.own if store.drop else found.quoting).append(row)
        elif any(row[name] in traces.principals for name in store.named):
            found.named.append(row)
    return found


def _is_own(store: Store, row: Row, traces: Traces, conversations: Collection[str]) -> bool:
    if store.conversation is not None and row[store.conversation] in conversations:
        return True
    return store.whose is not None and store.whose(row) in traces.principals
