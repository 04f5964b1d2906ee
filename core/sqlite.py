"""SQLite from the event loop: one hop to the connection's thread for each statement.

aiosqlite alone makes four (cursor, execute, fetch, close), and a hop is two switches between threads: a question reads a
dozen times. Results are read whole, which is what every caller here does with them.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Sequence
from functools import partial
from typing import Any

import aiosqlite
from sqlalchemy import event
from sqlalchemy.engine import URL
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine

BUSY_TIMEOUT_MS = 10_000
"""How long a writer waits for SQLite's single write lock; ingest holds it for a few milliseconds at a time."""

_PRAGMAS = ("journal_mode=WAL", "synchronous=NORMAL", "foreign_keys=ON", "secure_delete=ON")
"""The last one: what is deleted is overwritten with zeros, not only let go."""

_BEGIN = "BEGIN"


def sqlite_engine(url: URL) -> AsyncEngine:
    """In WAL mode, so that readers never wait for the writer; transactions begun by us, so that a writer takes its lock at once (an
    upgraded read lock fails with SQLITE_BUSY without waiting); rolled back before their connection is thrown away."""
    engine = create_async_engine(url, connect_args={"async_creator_fn": _connected})

    @event.listens_for(engine.sync_engine, "connect")
    def on_connect(connection: Any, _record: object) -> None:
        connection.isolation_level = None
        cursor = connection.cursor()
        for pragma in (f"busy_timeout={BUSY_TIMEOUT_MS}", *_PRAGMAS):
            cursor.execute(f"PRAGMA {pragma}")
        cursor.close()

    @event.listens_for(engine.sync_engine, "begin")
    def on_begin(connection: Any) -> None:
        write = connection.get_execution_options().get("copilot_write", False)
        connection.exec_driver_sql("BEGIN IMMEDIATE" if write else _BEGIN)

    @event.listens_for(engine.sync_engine, "invalidate")
    def on_invalidate(connection: Any, _record: object, _error: object) -> None:
        # After a cancellation, say. Closed alone, a connection whose SELECT was not read to its end keeps the write lock until
        # that statement is collected as garbage (sqlite3_close_v2's zombies).
        connection.rollback()

    return engine


def _connected(database: str, **kwargs: Any) -> OneHopConnection:
    connection = OneHopConnection(partial(sqlite3.connect, database, **kwargs), iter_chunk_size=64)
    connection._thread.daemon = True  # as SQLAlchemy sets it on connections that it makes itself
    return connection


class OneHopConnection(aiosqlite.Connection):
    """Awaitable, as SQLAlchemy's adapter uses it."""

    _to_begin = False
    _unsettled = False

    def cursor(self) -> OneHopCursor:  # type: ignore[override]
        return OneHopCursor(self)

    async def run(self, statement: str, parameters: Any, *, many: bool = False) -> Ran:
        """A deferred BEGIN takes no lock, so it travels with the statement after it."""
        if statement == _BEGIN:
            self._to_begin = True
            return Ran()
        begin, self._to_begin = self._to_begin, False
        self._unsettled = True  # until the thread has answered: a caller that is cancelled meanwhile cannot know
        work = partial(_run, self._conn, statement, parameters, begin=begin, many=many)
        ran: Ran = await self._execute(work)  # type: ignore[no-untyped-call]
        self._unsettled = False
        return ran

    async def commit(self) -> None:
        if self._is_open():
            await super().commit()

    async def rollback(self) -> None:
        if self._is_open():
            await super().rollback()
            self._unsettled = False

    def _is_open(self) -> bool:
        """Whether there may be a transaction to end."""
        self._to_begin = False
        return self._unsettled or self.in_transaction


class Ran:
    """What a statement came to; `rows` are taken by whoever fetches."""

    __slots__ = ("description", "lastrowid", "rowcount", "rows")

    def __init__(self, cursor: sqlite3.Cursor | None = None) -> None:
        self.description = cursor.description if cursor else None
        self.rows: list[Any] = cursor.fetchall() if cursor and cursor.description else []
        self.rowcount = cursor.rowcount if cursor else -1  # known once the rows of a RETURNING are read
        self.lastrowid = cursor.lastrowid if cursor else None


def _run(connection: sqlite3.Connection, statement: str, parameters: Any, *, begin: bool, many: bool) -> Ran:
    if begin:
        connection.execute(_BEGIN)
    cursor = connection.executemany(statement, parameters) if many else connection.execute(statement, parameters)
    ran = Ran(cursor)
    cursor.close()
    return ran


class OneHopCursor:
    """What SQLAlchemy's adapter asks of a driver's cursor."""

    arraysize = 1

    def __init__(self, connection: OneHopConnection) -> None:
        self._connection = connection
        self._ran = Ran()

    async def __aenter__(self) -> OneHopCursor:
        return self

    @property
    def description(self) -> Any:
        return self._ran.description

    @property
    def rowcount(self) -> int:
        return self._ran.rowcount

    @property
    def lastrowid(self) -> int | None:
        return self._ran.lastrowid

    async def execute(self, statement: str, parameters: Any = ()) -> OneHopCursor:
        self._ran = await self._connection.run(statement, parameters)
        return self

    async def executemany(self, statement: str, parameters: Iterable[Any]) -> OneHopCursor:
        self._ran = await self._connection.run(statement, parameters, many=True)
        return self

    async def fetchall(self) -> Sequence[Any]:
        rows, self._ran.rows = self._ran.rows, []
        return rows

    async def close(self) -> None:
        self._ran.rows = []
