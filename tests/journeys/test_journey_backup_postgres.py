"""The drill on PostgreSQL, as three roles: dumped by one that may, restored as the tables' owner, served by one that row-level
security binds; and on either database after the master key was changed."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

import httpx
import pytest
from journey_world import FREEZES, MAIL, NAME, PHONE, WARRANTY, Json, Prepared, furnish, operator
from pydantic import SecretStr
from sqlalchemy import select

from api.app import app_over
from api.backup.make import back_up
from api.backup.restore import restore
from api.bootstrap import Services, open_services
from api.doctor import examine
from api.rights.requests import RequestKind
from api.store import migrate_store, open_store
from core.data_keys import rotate
from core.errors import ConfigurationError
from core.models import AuditRow, Document, Original
from core.row_security import standing
from core.settings import Settings
from core.settings.rights import SubjectSettings
from core.settings.system import DatabaseSettings
from tests.servers.postgres import OWNER, SERVICE, PostgresServer

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]


@pytest.fixture
def databases(monkeypatch: pytest.MonkeyPatch, postgres: PostgresServer) -> Iterator[tuple[str, str]]:
    """Two that are empty, and the programs that copy one into the other."""
    folder = postgres.programs()
    if folder is None:
        pytest.skip("there is no pg_dump of the server's version")
    monkeypatch.setenv("PATH", str(folder), prepend=":")
    names = f"drill_{uuid4().hex[:12]}", f"drill_{uuid4().hex[:12]}"
    for name in names:
        postgres.create(name)
    yield names
    for name in names:
        postgres.drop(name)


def settings_of(postgres: PostgresServer, name: str, home: Path) -> Settings:
    url, owner, dumper = (postgres.address(name, role) for role in (SERVICE, OWNER, postgres.administrator))
    given = DatabaseSettings(url=url, owner_url=SecretStr(owner), backup_url=SecretStr(dumper))
    home.mkdir(exist_ok=True)
    return Settings(home=home, database=given, subjects=SubjectSettings(ledger=home.parent / "erasures.jsonl"))


async def told(services: Services, token: str) -> list[Json]:
    """Answers over the API, without what is another each time; the first with the person it speaks of restored."""
    app = app_over(services)
    api = httpx.AsyncClient(transport=httpx.ASGITransport(app=app), base_url="http://127.0.0.1")
    async with app.router.lifespan_context(app), api:
        api.headers["Authorization"] = f"Bearer {token}"
        answers = [(await api.post("/v1/ask", json={"question": question})).json() for question in (FREEZES, WARRANTY)]
        listed = (await api.get("/v1/documents")).json()["documents"]
        shown = [(await api.post("/v1/restore", json={"document_id": each["id"]})).json()["texts"] for each in listed]
    kept = [{name: answer[name] for name in ("text", "outcome", "citations", "releases")} for answer in answers]
    assert [answer["outcome"] for answer in answers] == ["answered", "answered"]
    return [*kept, {"restored": sorted(map(str, shown))}]


async def test_a_whole_installation_on_postgresql_is_restored_under_row_security(
    postgres: PostgresServer, databases: tuple[str, str], tmp_path: Path
) -> None:
    here, there = (settings_of(postgres, name, tmp_path / name) for name in databases)
    assert await migrate_store(here) is None
    async with open_services(here) as services:
        token = await furnish(services, tmp_path / "docs")
        await back_up(here, tmp_path / "backup")
        wanted = await told(services, token)
        assert NAME in str(wanted[-1])
        await erase(services)
    shutil.copyfile(here.home / "master.key", there.home / "master.key")

    found = await restore(there, tmp_path / "backup")
    assert found is not None
    assert (found.tenants, found.erased) == (1, 1)
    async with open_services(there) as services:
        after = await told(services, token)
        assert NAME not in str(after)
        assert after[1] == wanted[1]
        await whole(services, originals=2)
        stands = await standing(services.database)
        assert stands is not None
        assert (stands.role, stands.fault) == (SERVICE, None)
    async with open_store(here) as store:
        assert [verdict.whole for verdict in await store.audit.verify_all()] == [True]


async def test_after_a_change_of_the_master_key_a_backup_from_before_and_one_from_after_are_restored(
    prepared: Prepared, tmp_path: Path
) -> None:
    """The one from before with the key from before, and never with the new one."""
    home = Settings(home=prepared.copied_to(tmp_path / "home"))
    shutil.copyfile(home.home / "master.key", tmp_path / "old.key")
    async with open_services(home) as services:
        wanted = await told(services, prepared.token)
        await back_up(home, tmp_path / "before")
        assert (await rotate(services.database, services.keyring)).rewrapped >= 2
        await back_up(home, tmp_path / "after")
    for backup, key in (("before", tmp_path / "old.key"), ("after", home.home / "master.key")):
        other = Settings(home=tmp_path / f"from-{backup}" / "home")
        other.home.mkdir(parents=True)
        shutil.copyfile(key, other.home / "master.key")
        assert await restore(other, tmp_path / backup) is not None
        assert [finding for finding in await examine(other) if not finding.ok] == []
        async with open_services(other) as services:
            assert await told(services, prepared.token) == wanted
            await whole(services, originals=3)
    with pytest.raises(ConfigurationError) as caught:
        await restore(home, tmp_path / "before", replace=True)
    assert caught.value.code == "wrong_master_key"
    assert (home.home / "copilot.db").exists()


async def erase(services: Services) -> None:
    [tenant] = await services.tenants.all()
    who = {"names": [NAME], "emails": [MAIL], "phones": [PHONE]}
    asked = await services.rights.requests.submit(operator(tenant.id), RequestKind.ERASE, who, services.jobs)
    assert asked.job_id
    await services.jobs.wait(asked.job_id)
    assert (await services.jobs.get(tenant.id, asked.job_id)).status == "done"


async def whole(services: Services, *, originals: int) -> None:
    """Every chain verifies, and tells of the backup and of the way back; of the originals none is lost but an erased person's."""
    assert [verdict.fault for verdict in await services.audit.verify_all()] == [None]
    [tenant] = await services.tenants.all()
    async with services.database.read(tenant.id) as session:
        acts = list(await session.scalars(select(AuditRow.action).where(AuditRow.tenant_id == tenant.id)))
        assert len(list(await session.scalars(select(Document.id)))) == 3
        assert len(list(await session.scalars(select(Original.revision_id)))) == originals
    assert acts.count("backup.make") in (1, 2)
    assert acts.count("backup.restore") == 1
