"""One engine for SQLite (WAL) and PostgreSQL; sessions that either read or write."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager, nullcontext
from hashlib import sha256
from pathlib import Path
from typing import Any, NewType, Protocol

from sqlalchemy import Connection, FromClause, event, func, select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.engine import make_url
from sqlalchemy.exc import DBAPIError, OperationalError
from sqlalchemy.exc import TimeoutError as NoConnectionError
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession, create_async_engine
from sqlalchemy.orm import DeclarativeBase, Session, SessionTransaction
from sqlalchemy.pool import NullPool

from core.crossings import NO_TENANT, Crossing
from core.errors import CopilotError, StorageFullError, UnavailableError
from core.sqlite import sqlite_engine

ReadSession = NewType("ReadSession", AsyncSession)
WriteSession = NewType("WriteSession", AsyncSession)

_UNDEFINED = frozenset({"42P01", "42703"})
"""PostgreSQL's undefined_table and undefined_column (its manual, appendix A)."""

TENANT_SETTING, CROSSING_SETTING = "app.tenant", "app.crossing"
"""What PostgreSQL's policies read: set for each transaction, and gone with it, so that a pooled connection remembers nobody."""


class Trail(Protocol):
    """What a write session ends with: see `core.audit`."""

    def attach(self, session: WriteSession) -> None: ...

    async def seal(self, session: WriteSession) -> None: ...

    def digest(self, row: Any) -> str: ...


class Database:
    """Opens sessions, each for one tenant (its id), for none (`NO_TENANT`), or for several (a `Crossing`). On PostgreSQL row-level
    security shows a session nothing else; SQLite has no such thing, there the statements' own filters stand alone.

    A write session commits when its block ends and rolls back when it raises; callers never commit. Without a `trail` nothing can
    be audited, and so nothing privileged done.
    """

    def __init__(self, url: str, *, pool_size: int = 10, trail: Trail | None = None) -> None:
        self.trail = trail
        parsed = make_url(url)
        self.is_sqlite = parsed.get_backend_name() == "sqlite"
        if self.is_sqlite:
            if parsed.database:
                Path(parsed.database).parent.mkdir(parents=True, exist_ok=True)
            self.engine: AsyncEngine = sqlite_engine(parsed)
        else:
            self.engine = create_async_engine(parsed, pool_size=pool_size, pool_pre_ping=True)
        self._writing = self.engine.execution_options(copilot_write=True)
        # SQLite has one writer. Whoever waits for it there sleeps and tries again, holding a connection: here they stand in line.
        self._writer: AbstractAsyncContextManager[None] = asyncio.Lock() if self.is_sqlite else nullcontext()
        # Apart from the pool: whoever holds a lock for minutes must not take a connection from the requests.
        self._locking = None if self.is_sqlite else create_async_engine(parsed, poolclass=NullPool)
        self._locks: dict[str, asyncio.Lock] = {}
        self.crossings: Counter[str] = Counter()
        """How often sessions for several tenants were opened since the process began."""

    @asynccontextmanager
    async def read(self, whose: str | Crossing) -> AsyncIterator[ReadSession]:
        with _translated():
            async with self._session(self.engine, whose) as session:
                yield ReadSession(session)

    @asynccontextmanager
    async def write(self, whose: str | Crossing) -> AsyncIterator[WriteSession]:
        with _translated():
            async with self._writer, self._session(self._writing, whose) as session, session.begin():
                writing = WriteSession(session)
                if self.trail is not None:
                    self.trail.attach(writing)
                yield writing
                if self.trail is not None:
                    await self.trail.seal(writing)

    @asynccontextmanager
    async def exclusive(self, name: str) -> AsyncIterator[None]:
        """One holder of `name` at a time: in this process, and on PostgreSQL among all processes. Released when the holder dies.

        SQLite's embedded index belongs to one process, so nobody else can need it there.
        """
        async with self._locks.setdefault(name, asyncio.Lock()):
            if self._locking is None:
                yield
                return
            with _translated():
                async with self._locking.connect() as connection:
                    await connection.execution_options(isolation_level="AUTOCOMMIT")
                    await connection.execute(select(func.pg_advisory_lock(_lock_key(name))))
                    yield

    async def scour(self) -> bool:
        """SQLite: what was deleted is overwritten in the file at once (`secure_delete`), and with this it is gone from the log of
        changes, too. False where a long reader kept it from that. PostgreSQL vacuums by itself."""
        if not self.is_sqlite:
            return True
        async with self.engine.connect() as connection:
            raw = await connection.get_raw_connection()
            driver = raw.driver_connection
            assert driver is not None
            cursor = await driver.execute("PRAGMA wal_checkpoint(TRUNCATE)")
            rows = await cursor.fetchall()
        return not rows[0][0]

    async def aclose(self) -> None:
        await self.engine.dispose()

    def _session(self, engine: AsyncEngine, whose: str | Crossing) -> AsyncSession:
        session = AsyncSession(engine, expire_on_commit=False)
        if isinstance(whose, Crossing):
            self.crossings[whose] += 1
        if not self.is_sqlite:
            _confine(session.sync_session, whose)
        return session


def _confine(session: Session, whose: str | Crossing) -> None:
    """Tell PostgreSQL at each transaction's begin, before any other statement of it, whose rows it may show."""
    tenant, crossing = (NO_TENANT, whose.value) if isinstance(whose, Crossing) else (whose, "")
    settings = select(func.set_config(TENANT_SETTING, tenant, True), func.set_config(CROSSING_SETTING, crossing, True))

    @event.listens_for(session, "after_begin")
    def on_begin(_session: Session, transaction: SessionTransaction, connection: Connection) -> None:
        if not transaction.nested:
            connection.execute(settings)


async def wait_turn(session: WriteSession, name: str, *, shared: bool = False) -> None:
    """One transaction at a time from here to its end, among all processes; `shared` ones go together, and no other with them.
    SQLite's writers take turns anyway."""
    if session.get_bind().dialect.name == "postgresql":
        lock = func.pg_advisory_xact_lock_shared if shared else func.pg_advisory_xact_lock
        await session.execute(select(lock(_lock_key(name))))


async def insert_new(session: WriteSession, table: type[DeclarativeBase], rows: Sequence[dict[str, Any]]) -> None:
    """In one statement; of a row whose key is taken, the stored one stays. All rows name the same columns."""
    if rows:
        await session.execute(insert_into(session, table.__table__).on_conflict_do_nothing(), list(rows))


def insert_into(session: WriteSession, table: type[DeclarativeBase] | FromClause) -> postgresql.Insert | sqlite.Insert:
    """An INSERT that can say what becomes of a row whose key is taken: in the same words on both databases."""
    if session.get_bind().dialect.name == "postgresql":
        return postgresql.insert(table)  # type: ignore[arg-type]
    return sqlite.insert(table)  # type: ignore[arg-type]


class _translated:
    """Vendor errors become ours, once, here."""

    def __enter__(self) -> None:
        return None

    def __exit__(self, _type: object, error: BaseException | None, _trace: object) -> None:
        if isinstance(error, (DBAPIError, NoConnectionError)) and (ours := translate(error)):
            raise ours from error


def translate(error: DBAPIError | NoConnectionError) -> CopilotError | None:
    """None for what is a fault of our own: a broken constraint, a wrong statement."""
    text = str(error.orig).lower() if isinstance(error, DBAPIError) else ""
    if "disk is full" in text or "no space left" in text:
        return StorageFullError("the disk that holds the database is full; free space and try again")
    if "no such table" in text or "no such column" in text or _sqlstate(error) in _UNDEFINED:
        return UnavailableError("the database has no schema yet; run 'partner-copilot migrate'", code="not_migrated")
    if "not a database" in text or "malformed" in text:
        return UnavailableError("the database's file is damaged; restore it from a backup", code="database_damaged")
    if isinstance(error, (OperationalError, NoConnectionError)) or error.connection_invalidated:
        return UnavailableError("the database did not answer; try again", code="database_unavailable")
    return None


def _sqlstate(error: DBAPIError | NoConnectionError) -> str | None:
    return getattr(error.orig, "sqlstate", None) if isinstance(error, DBAPIError) else None


def _lock_key(name: str) -> int:
    """PostgreSQL's advisory locks are numbers, int8."""
    return int.from_bytes(sha256(name.encode()).digest()[:8], "big", signed=True)
