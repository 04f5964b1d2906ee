from __future__ import annotations

import asyncio
import sqlite3
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import pytest
from sqlalchemy import func, select, text, update
from sqlalchemy.exc import IntegrityError

from core.crossings import Crossing
from core.database import Database
from core.errors import StorageFullError, UnavailableError
from core.models import Job, Tenant
from tests.servers.postgres import PostgresServer


def tenant(slug: str) -> Tenant:
    return Tenant(slug=slug, name=slug)


async def slugs(database: Database) -> set[str]:
    async with database.read(Crossing.UPKEEP) as session:
        return set(await session.scalars(select(Tenant.slug)))


@pytest.fixture
async def sqlite(sqlite_template: Path, tmp_path: Path):  # type: ignore[no-untyped-def]
    file = tmp_path / "one.db"
    file.write_bytes(sqlite_template.read_bytes())
    database = Database(f"sqlite+aiosqlite:///{file}")
    yield database
    await database.aclose()


async def test_what_a_write_block_did_is_there_afterwards(database: Database) -> None:
    async with database.write(Crossing.UPKEEP) as session:
        session.add(tenant("a"))
    assert await slugs(database) == {"a"}


async def test_failed_write_block_leaves_nothing(database: Database) -> None:
    async def write() -> None:
        async with database.write(Crossing.UPKEEP) as session:
            session.add(tenant("a"))
            await session.flush()
            session.add(tenant("b"))
            await session.flush()
            raise RuntimeError("half-way")

    with pytest.raises(RuntimeError, match="half-way"):
        await write()
    assert await slugs(database) == set()


async def test_cancelled_write_block_leaves_nothing_and_frees_the_database(database: Database) -> None:
    begun = asyncio.Event()

    async def write() -> None:
        async with database.write(Crossing.UPKEEP) as session:
            session.add(tenant("a"))
            await session.flush()
            begun.set()
            await asyncio.sleep(60)

    task = asyncio.create_task(write())
    await begun.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    async with database.write(Crossing.UPKEEP) as session:
        session.add(tenant("b"))
    assert await slugs(database) == {"b"}


async def test_write_cancelled_within_a_query_frees_the_database_at_once(sqlite: Database) -> None:
    """The query is not read to its end, and who was cancelled is still remembered."""
    count = "WITH RECURSIVE n(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM n LIMIT 1000000) SELECT count(*) FROM n"
    querying = asyncio.Event()

    async def write() -> None:
        async with sqlite.write(Crossing.UPKEEP) as session:
            session.add(tenant("a"))
            await session.flush()
            querying.set()
            await session.execute(text(f"{count} UNION ALL SELECT 1"))

    task = asyncio.create_task(write())
    await querying.wait()
    await asyncio.sleep(0.02)
    task.cancel()
    await asyncio.wait([task])
    async with asyncio.timeout(60), sqlite.write(Crossing.UPKEEP) as session:
        session.add(tenant("b"))
    assert task.cancelled()
    assert await slugs(sqlite) == {"b"}


async def test_row_of_an_unknown_tenant_is_refused(database: Database) -> None:
    with pytest.raises(IntegrityError):
        async with database.write(Crossing.UPKEEP) as session:
            session.add(Job(tenant_id="nobody", kind="k", status="queued"))


async def test_reader_is_not_held_up_by_a_writer_and_sees_nothing_unfinished(database: Database) -> None:
    async with database.write(Crossing.UPKEEP) as session:
        session.add(tenant("a"))
        await session.flush()
        async with asyncio.timeout(60):
            assert await slugs(database) == set()
    assert await slugs(database) == {"a"}


async def test_reader_sees_one_state_or_the_next_but_is_never_refused(database: Database) -> None:
    async def read() -> None:
        for _ in range(20):
            assert len(await slugs(database)) in range(21)

    async def write() -> None:
        for number in range(20):
            async with database.write(Crossing.UPKEEP) as session:
                session.add(tenant(f"t{number}"))

    await asyncio.gather(read(), write(), read())
    assert len(await slugs(database)) == 20


async def test_writers_take_turns_and_no_change_is_lost(database: Database) -> None:
    async with database.write(Crossing.UPKEEP) as session:
        session.add(tenant("a"))

    async def add_one() -> None:
        async with database.write(Crossing.UPKEEP) as session:
            row = await session.scalar(select(Tenant).where(Tenant.slug == "a").with_for_update())
            assert row is not None
            before = row.live_release
            await asyncio.sleep(0.01)
            row.live_release = before + 1

    await asyncio.gather(*(add_one() for _ in range(8)))
    async with database.read(Crossing.UPKEEP) as session:
        assert await session.scalar(select(Tenant.live_release)) == 8


async def test_sqlite_keeps_a_write_ahead_log_checks_references_and_waits_for_the_lock(sqlite: Database) -> None:
    async with sqlite.read(Crossing.UPKEEP) as session:
        found = {
            name: await session.scalar(text(f"PRAGMA {name}"))
            for name in ("journal_mode", "foreign_keys", "busy_timeout")
        }
    assert found == {"journal_mode": "wal", "foreign_keys": 1, "busy_timeout": 10_000}


async def test_database_in_a_folder_that_is_not_there_is_created(tmp_path: Path) -> None:
    database = Database(f"sqlite+aiosqlite:///{tmp_path / 'a' / 'b' / 'c.db'}")
    async with database.read(Crossing.UPKEEP) as session:
        assert await session.scalar(select(func.count()).select_from(text("sqlite_master"))) == 0
    await database.aclose()


async def test_full_disk_is_told_as_such_and_leaves_nothing(sqlite: Database) -> None:
    async def fill() -> None:
        async with sqlite.write(Crossing.UPKEEP) as session:
            # Not a page more than there are: SQLite meets this limit as it meets a full disk.
            await session.execute(text("PRAGMA max_page_count = 1"))
            session.add_all(Tenant(slug=f"t{n}", name="x" * 200, settings={"x": "y" * 2000}) for n in range(200))

    with pytest.raises(StorageFullError) as caught:
        await fill()
    assert caught.value.code == "storage_full"
    assert await slugs(sqlite) == set()


async def test_database_without_a_schema_says_what_to_run_sqlite(tmp_path: Path) -> None:
    await assert_not_migrated(f"sqlite+aiosqlite:///{tmp_path / 'empty.db'}")


async def test_database_without_a_schema_says_what_to_run_postgresql(postgres: PostgresServer) -> None:
    await assert_not_migrated(postgres.create("empty"))
    postgres.drop("empty")


async def assert_not_migrated(url: str) -> None:
    database = Database(url)
    with pytest.raises(UnavailableError) as caught:
        await slugs(database)
    assert caught.value.code == "not_migrated"
    assert "partner-copilot migrate" in caught.value.detail
    await database.aclose()


async def test_schema_that_lacks_a_column_says_what_to_run(database: Database) -> None:
    async with database.write(Crossing.UPKEEP) as session:
        await session.execute(text("ALTER TABLE tenants DROP COLUMN live_release"))
    with pytest.raises(UnavailableError) as caught:
        async with database.read(Crossing.UPKEEP) as session:
            await session.scalars(select(Tenant))
    assert caught.value.code == "not_migrated"


async def test_database_that_is_away_is_unavailable_and_not_a_fault_of_ours(tmp_path: Path) -> None:
    database = Database(f"postgresql+psycopg://nobody@/none?host={tmp_path}")
    with pytest.raises(UnavailableError) as caught:
        await slugs(database)
    assert caught.value.code == "database_unavailable"
    assert str(tmp_path) not in caught.value.detail
    await database.aclose()


async def test_file_that_is_no_database_is_not_taken_for_one(tmp_path: Path) -> None:
    file = tmp_path / "notes.txt"
    file.write_text("no database at all " * 100)
    database = Database(f"sqlite+aiosqlite:///{file}")
    with pytest.raises(UnavailableError) as caught:
        await slugs(database)
    assert caught.value.code == "database_damaged"
    await database.aclose()
    assert file.read_text().startswith("no database")


async def test_write_lock_held_by_another_process_for_long_is_unavailable(sqlite: Database, tmp_path: Path) -> None:
    other = sqlite3.connect(tmp_path / "one.db", isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    try:
        async with sqlite.read(Crossing.UPKEEP) as session:
            await session.execute(text("PRAGMA busy_timeout = 10"))  # the next session gets the same connection
        with pytest.raises(UnavailableError) as caught:
            async with sqlite.write(Crossing.UPKEEP) as session:
                session.add(tenant("a"))
    finally:
        other.execute("ROLLBACK")
        other.close()
    assert caught.value.code == "database_unavailable"


async def test_no_free_connection_is_unavailable(postgres: PostgresServer) -> None:
    name, url = postgres.create_fresh()
    database = Database(f"{url}&connect_timeout=60", pool_size=1)
    database.engine.pool._timeout = 0.05  # type: ignore[attr-defined]
    database.engine.pool._max_overflow = 0  # type: ignore[attr-defined]
    async with database.read(Crossing.UPKEEP) as session:
        await session.execute(select(1))
        with pytest.raises(UnavailableError) as caught:
            await slugs(database)
    assert caught.value.code == "database_unavailable"
    await database.aclose()
    postgres.drop(name)


async def test_one_holder_at_a_time_also_among_processes(database: Database, database_url: str) -> None:
    others = [database] if database.is_sqlite else [database, Database(database_url)]
    inside = 0
    most = 0

    async def hold(one: Database) -> None:
        nonlocal inside, most
        async with one.exclusive("publish"):
            inside += 1
            most = max(most, inside)
            await asyncio.sleep(0.02)
            inside -= 1

    await asyncio.gather(*(hold(one) for one in others * 4))
    assert most == 1
    for other in others[1:]:
        await other.aclose()


async def test_different_names_do_not_wait_for_each_other(database: Database) -> None:
    async with asyncio.timeout(60), database.exclusive("a"), database.exclusive("b"):
        pass


async def test_lock_is_free_after_its_holder_failed(database: Database) -> None:
    with pytest.raises(RuntimeError):
        async with database.exclusive("a"):
            raise RuntimeError
    async with asyncio.timeout(60), database.exclusive("a"):
        pass


async def test_holders_of_locks_leave_the_pool_alone(postgres: PostgresServer) -> None:
    name, url = postgres.create_fresh()
    database = Database(url, pool_size=1)
    async with (
        asyncio.timeout(60),
        database.exclusive("a"),
        database.exclusive("b"),
        database.exclusive("c"),
        database.write(Crossing.UPKEEP) as session,
    ):
        session.add(tenant("a"))
    await database.aclose()
    postgres.drop(name)


async def test_instants_come_back_in_utc_whatever_zone_they_had(database: Database) -> None:
    at = datetime(2026, 3, 29, 2, 30, tzinfo=timezone(timedelta(hours=5, minutes=30)))
    async with database.write(Crossing.UPKEEP) as session:
        session.add(tenant("a"))
        await session.flush()
        await session.execute(update(Tenant).values(created_at=at))
    async with database.read(Crossing.UPKEEP) as session:
        found = await session.scalar(select(Tenant.created_at))
    assert found == at
    assert found is not None
    assert found.tzinfo is UTC
