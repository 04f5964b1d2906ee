"""A backup is of one moment, whole, without the master key; a damaged or foreign one is refused."""

from __future__ import annotations

import asyncio
import json
import shutil
import sqlite3
import threading
from pathlib import Path

import pytest

from api.backup import manifest
from api.backup.make import back_up
from api.backup.restore import restore
from api.backup.snapshot import sqlite_snapshot
from api.store import open_store
from core.errors import ConfigurationError, ConflictError, InvalidRequestError, NotFoundError
from core.settings import Settings


@pytest.fixture
async def settings(tmp_path: Path, sqlite_template: Path) -> Settings:
    """A home with one tenant."""
    found = Settings(home=tmp_path / "home")
    found.home.mkdir()
    shutil.copyfile(sqlite_template, found.home / "copilot.db")
    async with open_store(found) as store:
        await store.tenants.create("acme")
    return found


def elsewhere(settings: Settings, *, key: bool = True) -> Settings:
    """An empty home, with the same key."""
    other = Settings(home=settings.home.with_name("other"))
    other.home.mkdir(exist_ok=True)
    if key:
        shutil.copyfile(settings.home / "master.key", other.home / "master.key")
    return other


async def test_a_backup_says_what_it_holds_and_holds_no_key(settings: Settings, tmp_path: Path) -> None:
    made = await back_up(settings, tmp_path / "b")
    assert made == manifest.read(tmp_path / "b")
    assert (made.tenants, sorted(made.files)) == (1, ["audit-anchors.jsonl", "copilot.db"])
    manifest.require_whole(tmp_path / "b", made)
    key = (settings.home / "master.key").read_bytes()
    assert not [file for file in (tmp_path / "b").iterdir() if key in file.read_bytes()]
    assert oct((tmp_path / "b").stat().st_mode)[-3:] == "700"
    assert [path.name for path in tmp_path.iterdir() if path.name.startswith(".")] == []


async def test_a_backup_is_in_the_audit_of_every_tenant_and_in_itself(settings: Settings, tmp_path: Path) -> None:
    async with open_store(settings) as store:
        await store.tenants.create("other")
    await back_up(settings, tmp_path / "b")
    for database in (settings.home / "copilot.db", tmp_path / "b" / "copilot.db"):
        with sqlite3.connect(database) as connection:
            query = "SELECT slug, actor, target FROM audit JOIN tenants ON tenants.id = tenant_id WHERE action = 'backup.make'"
            assert sorted(connection.execute(query)) == [("acme", "operator", "b"), ("other", "operator", "b")]


async def test_a_backup_writes_over_nothing_and_makes_no_home(settings: Settings, tmp_path: Path) -> None:
    await back_up(settings, tmp_path / "b")
    with pytest.raises(ConflictError) as caught:
        await back_up(settings, tmp_path / "b")
    assert caught.value.code == "backup_exists"
    with pytest.raises(NotFoundError):
        await back_up(Settings(home=tmp_path / "nothing"), tmp_path / "c")
    assert not (tmp_path / "c").exists()
    (settings.home / "copilot.db").write_bytes(b"no database at all" * 1000)
    with pytest.raises(Exception, match="database"):
        await back_up(settings, tmp_path / "c")
    assert [path.name for path in tmp_path.iterdir() if "c" in path.name.split(".")] == []


async def test_a_snapshot_is_of_one_moment_while_others_write(settings: Settings, tmp_path: Path) -> None:
    """Two tables are counted up together, in one transaction each time; the copy must find them equal."""
    database = settings.home / "copilot.db"
    with sqlite3.connect(database) as connection:
        for table in ("one", "two"):
            connection.execute(f"CREATE TABLE {table} (n INTEGER, filler TEXT)")
            connection.executemany(f"INSERT INTO {table} VALUES (0, ?)", [("x" * 500,)] * 400)
    stop, wrote = threading.Event(), threading.Event()

    def write() -> None:
        writer = sqlite3.connect(database, timeout=30, isolation_level=None)
        while not stop.is_set():
            writer.execute("BEGIN IMMEDIATE")
            writer.execute("UPDATE one SET n = n + 1")
            writer.execute("UPDATE two SET n = n + 1")
            writer.execute("COMMIT")
            wrote.set()
        writer.close()

    thread = threading.Thread(target=write)
    thread.start()
    try:
        await asyncio.to_thread(wrote.wait, 10)
        for number in range(5):
            await asyncio.to_thread(sqlite_snapshot, database, tmp_path / f"{number}.db")
    finally:
        stop.set()
        await asyncio.to_thread(thread.join)
    found = []
    for number in range(5):
        with sqlite3.connect(tmp_path / f"{number}.db") as copy:
            counted = [copy.execute(f"SELECT min(n), max(n) FROM {table}").fetchone() for table in ("one", "two")]
        assert len({n for pair in counted for n in pair}) == 1, counted
        found.append(counted[0][0])
    assert found == sorted(found)
    assert found[-1] > found[0], "nobody wrote meanwhile: the test proves nothing"


async def test_damage_and_strangers_are_told(settings: Settings, tmp_path: Path) -> None:
    backup, other = tmp_path / "b", elsewhere(settings)
    await back_up(settings, backup)

    async def refused(code: str, *, into: Settings = other) -> None:
        with pytest.raises((InvalidRequestError, ConfigurationError, ConflictError)) as caught:
            await restore(into, backup)
        assert caught.value.code == code
        assert {path.name for path in into.home.iterdir()} <= {"master.key", "server.lock", "keep.txt"}

    bare = Settings(home=tmp_path / "bare")
    bare.home.mkdir()
    await refused("master_key_missing", into=bare)
    stranger = Settings(home=tmp_path / "stranger", master_key="c3RyYW5nZXItc3RyYW5nZXItc3RyYW5nZXItc3RyYW4=")  # type: ignore[arg-type]
    stranger.home.mkdir()
    await refused("wrong_master_key", into=stranger)
    (other.home / "keep.txt").write_text("mine")
    await refused("home_not_empty")
    (other.home / "keep.txt").unlink()
    data = bytearray((backup / "copilot.db").read_bytes())
    data[5000] ^= 1
    (backup / "copilot.db").write_bytes(data)
    await refused("backup_damaged")
    told = json.loads((backup / "manifest.json").read_text())
    (backup / "manifest.json").write_text(json.dumps({**told, "format": 2}))
    await refused("unsupported_backup")
    (backup / "manifest.json").unlink()
    await refused("no_backup")


async def test_a_file_is_not_restored_into_postgresql(settings: Settings, tmp_path: Path) -> None:
    await back_up(settings, tmp_path / "b")
    other = elsewhere(settings)
    away = other.model_copy(update={"database": other.database.model_copy(update={"url": "postgresql+psycopg://x@/y"})})
    with pytest.raises(InvalidRequestError) as caught:
        await restore(away, tmp_path / "b")
    assert caught.value.code == "another_database"
