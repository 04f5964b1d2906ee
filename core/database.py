"""One engine for SQLite (WAL) and PostgreSQL; sessions that either read or write."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, NewType

from sqlalchemy import event
from sqlalchemy.engine import make_url
from sqlalchemy.exc import OperationalError
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession, create_async_engine

from core.errors import CopilotError, StorageFullError, UnavailableError

ReadSession = NewType("ReadSession", AsyncSession)
WriteSession = NewType("WriteSession", AsyncSession)

BUSY_TIMEOUT_MS = 10_000
"""How long a writer waits for SQLite's single write lock; ingest holds it for a few milliseconds at a time."""


class Database:
    """Opens sessions. A write session commits when its block ends and rolls back when it raises; callers never commit."""

    def __init__(self, url: str, *, pool_size: int = 10) -> None:
        parsed = make_url(url)
        self.is_sqlite = parsed.get_backend_name() == "sqlite"
        if self.is_sqlite:
            if parsed.database:
                Path(parsed.database).parent.mkdir(parents=True, exist_ok=True)
            self.engine: AsyncEngine = create_async_engine(parsed)
            _tune_sqlite(self.engine)
        else:
            self.engine = create_async_engine(parsed, pool_size=pool_size, pool_pre_ping=True)
        self._writing = self.engine.execution_options(copilot_write=True)

    @asynccontextmanager
    async def read(self) -> AsyncIterator[ReadSession]:
        with _translated():
            async with AsyncSession(self.engine, expire_on_commit=False) as session:
                yield ReadSession(session)

    @asynccontextmanager
    async def write(self) -> AsyncIterator[WriteSession]:
        with _translated():
            async with AsyncSession(self._writing, expire_on_commit=False) as session, session.begin():
                yield WriteSession(session)

    async def aclose(self) -> None:
        await self.engine.dispose()


class _translated:
    """Vendor errors become ours, once, here."""

    def __enter__(self) -> None:
        return None

    def __exit__(self, _type: object, error: BaseException | None, _trace: object) -> None:
        if not isinstance(error, OperationalError):
            return
        raise translate(error) from error


def translate(error: OperationalError) -> CopilotError:
    text = str(error.orig).lower()
    if "disk is full" in text or "no space left" in text:
        return StorageFullError("the disk that holds the database is full; free space and try again")
    if "no such table" in text:
        return UnavailableError("the database has no schema yet; run 'partner-copilot migrate'", code="not_migrated")
    return UnavailableError("the database did not answer; try again", code="database_unavailable")


def _tune_sqlite(engine: AsyncEngine) -> None:
    """WAL so that readers never wait for the writer; transactions begun by us, so that a writer takes its lock at once
    (an upgraded read lock fails with SQLITE_BUSY without waiting)."""

    @event.listens_for(engine.sync_engine, "connect")
    def on_connect(connection: Any, _record: object) -> None:
        connection.isolation_level = None
        cursor = connection.cursor()
        for pragma in ("journal_mode=WAL", "synchronous=NORMAL", "foreign_keys=ON", f"busy_timeout={BUSY_TIMEOUT_MS}"):
            cursor.execute(f"PRAGMA {pragma}")
        cursor.close()

    @event.listens_for(engine.sync_engine, "begin")
    def on_begin(connection: Any) -> None:
        write = connection.get_execution_options().get("copilot_write", False)
        connection.exec_driver_sql("BEGIN IMMEDIATE" if write else "BEGIN")
