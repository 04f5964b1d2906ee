"""Makes a backup: a folder that is there whole, or not at all."""

from __future__ import annotations

import asyncio
import base64
import os
import secrets
import shutil
from pathlib import Path

import structlog
from alembic.script import ScriptDirectory
from sqlalchemy.engine import make_url

from api.backup import manifest as m
from api.backup.snapshot import postgres_snapshot, sqlite_snapshot
from api.backup.telling import tell_tenants
from api.store import open_store
from api.version import VERSION
from core.data_keys import ROOT
from core.errors import ConflictError, NotFoundError
from core.keyring import Keyring
from core.migrate import alembic_config
from core.models import now
from core.settings import Settings

log = structlog.get_logger()


async def back_up(settings: Settings, target: Path) -> m.Manifest:
    """Into `target`, which is not there yet; beside a running server, too.

    Raises `ConflictError` (`backup_exists`), `NotFoundError` (`nothing_to_back_up`), `ConfigurationError` (`pg_tools_missing`).
    """
    if target.exists():
        raise ConflictError(f"{target} is there already; name a new folder", code="backup_exists")
    database = _file(settings)
    if database is not None and not database.exists():
        raise NotFoundError(f"there is no database in {settings.home}", code="nothing_to_back_up")
    m.open_masters(settings)
    target.parent.mkdir(parents=True, exist_ok=True)
    made = target.with_name(f".{target.name}.{secrets.token_hex(4)}")
    made.mkdir(mode=0o700)
    try:
        async with open_store(settings) as store:
            tenants = await tell_tenants(store, action="backup.make", target=target.name)  # before: no copy unseen
            found = await asyncio.to_thread(_fill, settings, made, database, store.keyring, tenants)
        made.rename(target)
    except BaseException:
        shutil.rmtree(made, ignore_errors=True)
        raise
    _sync(target.parent)
    log.info("backup_made", bytes=found.bytes, tenants=tenants)
    return found


def _fill(settings: Settings, folder: Path, database: Path | None, keyring: Keyring, tenants: int) -> m.Manifest:
    """The anchors before the database, so that they name no act that is not in it; the erasures after it."""
    at = now().isoformat()
    _copy(settings.audit.anchors or settings.home / m.ANCHORS, folder / m.ANCHORS)
    if database is None:
        postgres_snapshot(settings, folder / m.POSTGRES)
    else:
        sqlite_snapshot(database, folder / m.SQLITE)
    _copy(settings.subjects.ledger or settings.home / m.ERASURES, folder / m.ERASURES)
    schema = ScriptDirectory.from_config(alembic_config()).get_current_head() or ""
    files = {file.name: m.sum_of(file) for file in sorted(folder.iterdir())}
    for file in folder.iterdir():
        file.chmod(0o600)
        _sync(file)
    key_id, wrapped = keyring.masters.wrap(keyring.root, context=ROOT)
    found = m.Manifest(m.FORMAT, VERSION, schema, at, key_id, base64.b64encode(wrapped).decode(), tenants, files)
    m.write(folder, found)
    _sync(folder / m.MANIFEST)
    return found


def _file(settings: Settings) -> Path | None:
    """SQLite's; None for PostgreSQL."""
    url = make_url(settings.database_url)
    return Path(url.database or "") if url.get_backend_name() == "sqlite" else None


def _copy(source: Path, target: Path) -> None:
    if source.exists():
        shutil.copyfile(source, target)


def _sync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
