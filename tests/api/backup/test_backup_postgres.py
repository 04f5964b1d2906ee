"""PostgreSQL's part, with its own programs: dumped past row-level security, restored under it."""

from __future__ import annotations

from pathlib import Path

import pytest
from pydantic import SecretStr
from sqlalchemy import select

from api.backup.snapshot import postgres_restore, postgres_snapshot
from core.crossings import Crossing
from core.database import Database
from core.errors import ConfigurationError, UnavailableError
from core.migrate import migrate
from core.models import Base, Tenant
from core.row_security import standing
from core.settings import Settings
from core.settings.system import DatabaseSettings
from tests.fakes import trail
from tests.servers.postgres import OWNER, SERVICE, PostgresServer
from tests.tenant_rows import fill


@pytest.fixture
def tools(monkeypatch: pytest.MonkeyPatch, postgres: PostgresServer) -> None:
    """Of the server's own version: pg_dump refuses a newer server."""
    folder = postgres.programs()
    if folder is None:
        pytest.skip("there is no pg_dump of the server's version")
    monkeypatch.setenv("PATH", str(folder), prepend=":")


def at(url: str, *, backup: str | None = None) -> Settings:
    given = DatabaseSettings(url=url, backup_url=SecretStr(backup) if backup else None)
    return Settings(database=given)


async def test_a_dump_is_restored_with_every_row_under_row_security(
    postgres: PostgresServer, tools: None, tmp_path: Path
) -> None:
    name, owner = postgres.create_fresh()
    database = Database(owner, trail=trail())
    ids = {await fill(database, slug) for slug in ("one", "other")}
    await database.aclose()
    postgres_snapshot(at(owner, backup=postgres.address(name, postgres.administrator)), tmp_path / "dump")
    with pytest.raises(UnavailableError, match="row-level security"):
        postgres_snapshot(at(owner), tmp_path / "by-owner")

    empty = f"{name}_back"
    target = postgres.create(empty)
    postgres_restore(at(target), tmp_path / "dump")
    restored = Database(target, trail=trail())
    await migrate(restored, service_role=SERVICE)
    async with restored.read(Crossing.UPKEEP) as session:
        assert set(await session.scalars(select(Tenant.id))) == ids
        for table in Base.metadata.sorted_tables:
            if "tenant_id" in table.columns:
                assert set(await session.scalars(select(table.c.tenant_id))) == ids, table.name
    found = await standing(restored)
    assert found is not None
    assert (found.role, found.unprotected) == (OWNER, ())
    with pytest.raises(UnavailableError):  # what is there already is not mixed with it
        postgres_restore(at(target), tmp_path / "dump")
    await restored.aclose()
    postgres.drop(empty)
    postgres.drop(name)


def test_missing_programs_are_named_with_the_remedy(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(ConfigurationError) as caught:
        postgres_snapshot(at("postgresql+psycopg://a:secret@/b"), tmp_path / "dump")
    assert caught.value.code == "pg_tools_missing"
    assert "secret" not in caught.value.detail


def test_the_password_is_no_argument_of_a_process(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A program that notes how it was called stands in for pg_dump."""
    program = tmp_path / "pg_dump"
    program.write_text(f'#!/bin/sh\necho "$@" > {tmp_path}/seen\necho "$PGPASSWORD" > {tmp_path}/password\n')
    program.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path), prepend=":")
    postgres_snapshot(at("postgresql+psycopg://a:s3cret@db/b"), tmp_path / "dump")
    assert "s3cret" not in (tmp_path / "seen").read_text()
    assert "postgresql://a@db/b" in (tmp_path / "seen").read_text()
    assert (tmp_path / "password").read_text() == "s3cret\n"
