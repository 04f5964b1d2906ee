"""`migrate` with the addresses that an operator sets: what it does, and what it says of the role that the service runs as."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

import pytest
from sqlalchemy import select
from sqlalchemy.exc import ProgrammingError

from api.doctor import examine
from api.store import migrate_store, open_store
from core.crossings import Crossing
from core.models import Tenant
from core.settings import Settings
from tests.servers.postgres import OWNER, SERVICE, PostgresServer


@pytest.fixture
def owner(postgres: PostgresServer) -> Iterator[str]:
    """The address of an empty database, as its owner."""
    name = f"roles_{uuid4().hex[:12]}"
    yield postgres.create(name)
    postgres.drop(name)


def settings(home: Path, url: str, owner_url: str | None = None) -> Settings:
    return Settings.model_validate({"home": home, "database": {"url": url, "owner_url": owner_url}})


async def told(given: Settings) -> str | None:
    """What the doctor finds wrong with the role."""
    [finding] = [finding for finding in await examine(given) if finding.what == "row-level security"]
    return None if finding.ok else finding.detail


async def test_the_owner_migrates_and_the_service_runs_as_a_role_that_owns_nothing(owner: str, tmp_path: Path) -> None:
    service = settings(tmp_path, owner.replace(f"//{OWNER}@", f"//{SERVICE}@"), owner)
    for _ in range(2):
        assert await migrate_store(service) is None
    assert await told(service) is None
    async with open_store(service) as store:
        one, other = [await store.tenants.create(slug) for slug in ("one", "other")]
        async with store.database.read(one.id) as session:
            assert set(await session.scalars(select(Tenant.slug))) == {"one"}
        async with store.database.read(Crossing.DIRECTORY) as session:
            assert set(await session.scalars(select(Tenant.id))) == {one.id, other.id}


async def test_a_service_that_runs_as_the_owner_is_told_of_by_both(owner: str, tmp_path: Path) -> None:
    given = settings(tmp_path, owner)
    for said in (await migrate_store(given), await told(given)):
        assert said is not None
        assert f"'{OWNER}', the tables' owner" in said
        assert "docs/operations.md" in said


async def test_the_services_role_cannot_migrate(owner: str, tmp_path: Path) -> None:
    with pytest.raises(ProgrammingError, match="permission denied"):
        await migrate_store(settings(tmp_path, owner.replace(f"//{OWNER}@", f"//{SERVICE}@")))


async def test_sqlite_needs_no_role_and_the_doctor_says_what_it_lacks(tmp_path: Path) -> None:
    given = Settings(home=tmp_path)
    assert await migrate_store(given) is None
    [finding] = [finding for finding in await examine(given) if finding.what == "row-level security"]
    assert finding.ok
    assert "none on SQLite" in finding.detail
