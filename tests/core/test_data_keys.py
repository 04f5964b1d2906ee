"""The master key is changed while everything stays readable, whatever kills the change half-way."""

from __future__ import annotations

import asyncio
import base64
import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from sqlalchemy import select, update

from core.audit import Trail, record
from core.crossings import NO_TENANT, Crossing
from core.data_keys import ensure_key, find_key, rotate, unlock
from core.database import Database
from core.errors import ConfigurationError
from core.keyring import Keyring
from core.master_keys import MasterKeys
from core.models import AuditRow, DataKeyRow, RootKey, Tenant, new_id
from tests.fakes import trail

ONE, TWO = (base64.b64encode(bytes([n]) * 32).decode() for n in (1, 2))
SAID = b"said in confidence"


async def tenants_of(database: Database, keyring: Keyring, count: int) -> dict[str, bytes]:
    """What each has sealed."""
    sealed = {}
    for _ in range(count):
        tenant_id = new_id()
        async with database.write(tenant_id) as session:
            session.add(Tenant(id=tenant_id, slug=tenant_id, name="a shop", settings={}))
            await session.flush()
            sealed[tenant_id] = (await ensure_key(session, keyring, tenant_id)).seal(SAID, context=tenant_id)
    return sealed


async def require_readable(database: Database, keyring: Keyring, sealed: dict[str, bytes]) -> None:
    for tenant_id, data in sealed.items():
        async with database.read(tenant_id) as session:
            key = await find_key(session, keyring, tenant_id)
        assert key is not None
        assert key.open(data, context=tenant_id) == SAID


async def key_ids(database: Database) -> set[str]:
    async with database.read(Crossing.KEYS) as session:
        return set(await session.scalars(select(DataKeyRow.key_id)))


async def test_everything_stays_readable_and_the_old_key_file_is_gone(database: Database, tmp_path: Path) -> None:
    before = await unlock(database, Keyring.open(tmp_path, None))
    sealed = await tenants_of(database, before, 3)
    old = (tmp_path / "master.key").read_text()
    done = await rotate(database, before)
    assert done.rewrapped == 4
    assert await key_ids(database) == {done.key_id}
    assert (tmp_path / "master.key").read_text() != old
    assert [file.name for file in tmp_path.glob("master.key*")] == ["master.key"]
    after = await unlock(database, Keyring.open(tmp_path, None))
    for keyring in (before, after):  # also the process that read the old file at its start
        await require_readable(database, keyring, sealed)
    assert after.digest("api-keys", "x") == before.digest("api-keys", "x")
    assert after.decrypt(before.encrypt(b"original", context="c"), context="c") == b"original"


async def test_a_copy_of_the_old_master_key_opens_nothing_any_more(database: Database, tmp_path: Path) -> None:
    keyring = await unlock(database, Keyring.open(tmp_path / "home", None))
    shutil.copytree(tmp_path / "home", tmp_path / "thief")
    await tenants_of(database, keyring, 1)
    await rotate(database, keyring)
    with pytest.raises(ConfigurationError) as caught:
        await unlock(database, Keyring.open(tmp_path / "thief", None))
    assert caught.value.code == "wrong_master_key"


async def test_a_key_that_is_a_setting_is_changed_with_both_set(database: Database, tmp_path: Path) -> None:
    first = await unlock(database, Keyring.open(tmp_path, ONE))
    sealed = await tenants_of(database, first, 2)
    with pytest.raises(ConfigurationError) as caught:
        await rotate(database, first)
    assert caught.value.code == "no_new_master_key"
    both = await unlock(database, Keyring.open(tmp_path, TWO, ONE))
    await require_readable(database, both, sealed)
    assert (await rotate(database, both)).rewrapped == 3
    await require_readable(database, await unlock(database, Keyring.open(tmp_path, TWO)), sealed)
    with pytest.raises(ConfigurationError):
        await unlock(database, Keyring.open(tmp_path, ONE))


@pytest.mark.parametrize("steps", [0, 1, 2, 3])
async def test_a_rotation_that_was_interrupted_goes_on(database: Database, tmp_path: Path, steps: int) -> None:
    """As a kill leaves it: the files changed, and `steps` of the keys wrapped anew."""
    keyring = await unlock(database, Keyring.open(tmp_path, None))
    sealed = await tenants_of(database, keyring, 3)
    keyring.masters.renew()
    for tenant_id in list(sealed)[:steps]:
        async with database.write(tenant_id) as session:
            row = await session.get(DataKeyRow, tenant_id)
            assert row is not None
            secret = keyring.masters.unwrap(row.key_id, row.wrapped, context=f"{tenant_id}/data_keys")
            row.key_id, row.wrapped = keyring.masters.wrap(secret, context=f"{tenant_id}/data_keys")
    again = await unlock(database, Keyring.open(tmp_path, None))
    await require_readable(database, again, sealed)
    done = await rotate(database, again)
    assert done.rewrapped == 4 - steps
    assert not (tmp_path / "master.key.previous").exists()
    await require_readable(database, await unlock(database, Keyring.open(tmp_path, None)), sealed)
    assert (await rotate(database, again)).key_id != done.key_id  # that one was over: the next is a new one


async def test_what_was_made_with_the_old_key_meanwhile_keeps_it(database: Database, tmp_path: Path) -> None:
    keyring = await unlock(database, Keyring.open(tmp_path, ONE))
    sealed = await tenants_of(database, keyring, 1)
    both = await unlock(database, Keyring.open(tmp_path, TWO, ONE))
    await rotate(database, both)
    sealed |= await tenants_of(database, keyring, 1)  # by a process that was not restarted
    await require_readable(database, both, sealed)
    assert (await rotate(database, both)).rewrapped == 1
    assert len(await key_ids(database)) == 1


async def test_readers_and_writers_notice_nothing_of_a_rotation(database: Database, tmp_path: Path) -> None:
    keyring = await unlock(database, Keyring.open(tmp_path, None))
    sealed = await tenants_of(database, keyring, 4)
    other = await unlock(database, Keyring.open(tmp_path, None))
    done = asyncio.Event()

    async def read() -> int:
        rounds = 0
        while not done.is_set():
            await require_readable(database, other, sealed)
            rounds += 1
        return rounds

    reading = asyncio.create_task(read())
    for _ in range(3):
        await rotate(database, keyring)
    more = await tenants_of(database, other, 1)
    done.set()
    assert await reading >= 1
    await require_readable(database, keyring, sealed | more)


async def test_each_tenants_audit_says_that_its_key_was_wrapped_anew(database: Database, tmp_path: Path) -> None:
    keyring = await unlock(database, Keyring.open(tmp_path, None))
    [tenant_id] = await tenants_of(database, keyring, 1)
    done = await rotate(database, keyring)
    async with database.read(tenant_id) as session:
        query = select(AuditRow.action, AuditRow.target).where(AuditRow.tenant_id == tenant_id)
        assert (await session.execute(query)).all() == [("vault.rotate", done.key_id)]


async def test_a_root_key_of_another_master_key_is_not_taken(database: Database, tmp_path: Path) -> None:
    await unlock(database, Keyring.open(tmp_path, ONE))
    forged_id, forged = MasterKeys([bytes(32)]).wrap(bytes(32), context="root")
    async with database.write(NO_TENANT) as session:
        await session.execute(update(RootKey).values(key_id=forged_id, wrapped=forged))
    with pytest.raises(ConfigurationError):
        await unlock(database, Keyring.open(tmp_path, ONE))


async def test_a_mistyped_master_key_does_not_become_the_root(database: Database, tmp_path: Path) -> None:
    """At the first start of an installation that is older than the stored root key."""
    tenant_id = new_id()
    async with database.write(tenant_id) as session:
        session.add(Tenant(id=tenant_id, slug=tenant_id, name="a shop", settings={}))
        await session.flush()
        record(session, tenant_id, actor="operator", action="tenant.create")
    right, database.trail = database.trail, Trail(Keyring.open(tmp_path, TWO))
    with pytest.raises(ConfigurationError) as caught:
        await unlock(database, Keyring.open(tmp_path, TWO))
    assert caught.value.code == "wrong_master_key"
    database.trail = right
    await unlock(database, Keyring.open(tmp_path, ONE))


CHILD = """
import asyncio, sys
from pathlib import Path
from core.data_keys import rotate, unlock
from core.database import Database
from core.keyring import Keyring
from tests.fakes import trail

async def main(url, home):
    database = Database(url, trail=trail())
    keyring = await unlock(database, Keyring.open(Path(home), None))
    print("ready", flush=True)
    while True:
        await rotate(database, keyring)

asyncio.run(main(*sys.argv[1:]))
"""


@pytest.mark.slow
async def test_after_kills_at_any_moment_every_row_opens(sqlite_template: Path, tmp_path: Path) -> None:
    home, file = tmp_path / "home", tmp_path / "copilot.db"
    shutil.copyfile(sqlite_template, file)
    url = f"sqlite+aiosqlite:///{file}"
    database = Database(url, trail=trail())
    sealed = await tenants_of(database, await unlock(database, Keyring.open(home, None)), 8)
    for trial in range(6):
        child = subprocess.Popen(
            [sys.executable, "-c", CHILD, url, str(home)], stdout=subprocess.PIPE, env={**os.environ, "PYTHONPATH": "."}
        )
        assert child.stdout is not None
        await asyncio.to_thread(child.stdout.readline)
        await asyncio.sleep(0.005 + 0.013 * trial)
        child.send_signal(signal.SIGKILL)
        child.communicate()
        await require_readable(database, await unlock(database, Keyring.open(home, None)), sealed)
    await rotate(database, await unlock(database, Keyring.open(home, None)))
    assert not (home / "master.key.previous").exists()
    assert len(await key_ids(database)) == 1
    await database.aclose()
