from __future__ import annotations

import asyncio
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, inspect, select, text
from sqlalchemy.exc import ProgrammingError

from core.crossings import Crossing
from core.database import Database
from core.errors import UnavailableError
from core.migrate import alembic_config, downgrade, migrate, require_current
from core.models import APIKey, Base, Corpus, Document, Tenant


async def tables(database: Database) -> set[str]:
    async with database.engine.connect() as connection:
        return set(await connection.run_sync(lambda c: inspect(c).get_table_names()))


def differences(connection: Connection) -> list[object]:
    context = MigrationContext.configure(connection, opts={"compare_type": True})
    return list(compare_metadata(context, Base.metadata))


async def test_migrations_and_models_agree(database: Database) -> None:
    async with database.engine.connect() as connection:
        assert await connection.run_sync(differences) == []


async def test_schema_goes_down_to_nothing_and_up_again(database: Database) -> None:
    await downgrade(database, revision="base")
    assert await tables(database) == {"alembic_version"}
    with pytest.raises(UnavailableError):
        await require_current(database)
    await migrate(database)
    await require_current(database)
    assert await tables(database) == {*Base.metadata.tables, "alembic_version"}


async def test_database_with_rows_that_refer_to_each_other_goes_down_and_up(database: Database) -> None:
    async with database.write(Crossing.UPKEEP) as session:
        tenant = Tenant(slug="a", name="a", settings={"allow": ["x"]})
        session.add(tenant)
        await session.flush()
        session.add(APIKey(tenant_id=tenant.id, role="auditor", audience="agent", secret_hash="0" * 64))
        corpus = Corpus(tenant_id=tenant.id, name="c")
        session.add(corpus)
        await session.flush()
        session.add(Document(tenant_id=tenant.id, corpus_id=corpus.id, path="p", status="draft", audience="agent"))
    await downgrade(database, revision="base")
    await migrate(database)
    async with database.write(Crossing.UPKEEP) as session:
        assert (await session.scalars(select(Tenant))).all() == []
        session.add(Tenant(slug="a", name="a"))


async def test_migrating_twice_changes_nothing_and_keeps_the_rows(database: Database) -> None:
    async with database.write(Crossing.UPKEEP) as session:
        session.add(Tenant(slug="a", name="a"))
    await migrate(database)
    await require_current(database)
    async with database.read(Crossing.UPKEEP) as session:
        assert await session.scalar(select(Tenant.slug)) == "a"


async def test_schema_of_another_version_is_refused_with_the_remedy(database: Database) -> None:
    async with database.write(Crossing.UPKEEP) as session:
        await session.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    with pytest.raises(UnavailableError) as caught:
        await require_current(database)
    assert caught.value.code == "not_migrated"
    assert "partner-copilot migrate" in caught.value.detail


async def test_failed_migration_leaves_the_schema_as_it_was(database: Database) -> None:
    await downgrade(database, revision="base")
    async with database.write(Crossing.UPKEEP) as session:
        await session.execute(text("CREATE TABLE passages (x INTEGER)"))  # the last table of the first migration
    with pytest.raises((UnavailableError, ProgrammingError)):
        await migrate(database)
    assert await tables(database) == {"alembic_version", "passages"}


async def test_processes_that_start_together_migrate_once(database: Database, database_url: str) -> None:
    await downgrade(database, revision="base")
    several = [Database(database_url) for _ in range(3)]
    await asyncio.gather(*(migrate(one) for one in several))
    for one in several:
        await require_current(one)
        await one.aclose()


async def test_database_that_is_away_is_unavailable(tmp_path: Path) -> None:
    database = Database(f"postgresql+psycopg://nobody@/none?host={tmp_path}")
    for attempt in (require_current(database), migrate(database)):
        with pytest.raises(UnavailableError) as caught:
            await attempt
        assert caught.value.code == "database_unavailable"
    await database.aclose()


def test_migrations_are_one_line_of_history() -> None:
    script = ScriptDirectory.from_config(alembic_config())
    assert len(script.get_heads()) == 1
    assert len(script.get_bases()) == 1
