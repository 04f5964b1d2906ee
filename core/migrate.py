"""Brings a database's schema to this code's version."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection

from core.crossings import NO_TENANT, Crossing
from core.database import Database
from core.errors import UnavailableError
from core.row_security import enforce


def alembic_config() -> Config:
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent / "migrations"))
    return config


async def migrate(database: Database, *, revision: str = "head", service_role: str | None = None) -> None:
    """Upgrade to `revision` in one transaction. Processes that start together take turns, and the second finds it done.

    On PostgreSQL row-level security is brought up to date with it, and `service_role` may then use the tables.
    """

    def run(connection: Connection) -> None:
        config = alembic_config()
        config.attributes["connection"] = connection
        config.attributes["trail"] = database.trail
        command.upgrade(config, revision)
        if revision == "head":
            enforce(connection, service_role=service_role)

    await _alone(database, run)


async def downgrade(database: Database, *, revision: str) -> None:
    def run(connection: Connection) -> None:
        config = alembic_config()
        config.attributes["connection"] = connection
        command.downgrade(config, revision)

    await _alone(database, run)


async def require_current(database: Database) -> None:
    """Raises `UnavailableError` (`not_migrated`) where the schema is not this code's."""
    async with database.read(NO_TENANT) as session:
        connection = await session.connection()
        found = await connection.run_sync(lambda c: MigrationContext.configure(c).get_current_revision())
    if found != ScriptDirectory.from_config(alembic_config()).get_current_head():
        raise UnavailableError(
            "the database's schema is not this version's; run 'partner-copilot migrate'", code="not_migrated"
        )


async def _alone(database: Database, run: Callable[[Connection], None]) -> None:
    """A write session takes SQLite's write lock at once; on PostgreSQL the lock is one among processes."""
    async with database.exclusive("migrate"), database.write(Crossing.UPKEEP) as session:
        connection = await session.connection()
        await connection.run_sync(run)
