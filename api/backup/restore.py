"""The way back: a home as it was when the backup was made, without those who were erased since, and with vectors made from it."""

from __future__ import annotations

import asyncio
import base64
import shutil
from collections.abc import Callable, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path

import structlog
from pydantic import SecretStr

from api.backup import manifest as m
from api.backup import places
from api.backup.snapshot import postgres_restore
from api.backup.telling import tell_tenants
from api.bootstrap import open_services
from api.engine import open_engine
from api.rights.ledger import Erasure, Ledger
from api.store import Store, migrate_store, open_store
from api.wiring.knowledge import make_reindexer
from core.errors import ConfigurationError, InvalidRequestError, NotFoundError
from core.job_tries import Progress
from core.keyring import Keyring
from core.master_keys import MasterKeys
from core.models import now
from core.settings import IndexKind, Settings

log = structlog.get_logger()

Told = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Restored:
    """`at` is the moment of the backup (ISO 8601), `erased` how many erasures since then were done again, `passages` how many got
    vectors."""

    at: str
    tenants: int
    passages: int
    erased: int


async def restore(
    settings: Settings, source: Path, *, replace: bool = False, told: Told = lambda _stage: None
) -> Restored | None:
    """Into the home folder, which is empty or, with `replace`, set aside. None where an earlier restore only had its last step
    left.

    Whatever goes wrong before the last step leaves the home as it was. Raises `InvalidRequestError` (`no_backup`, `backup_damaged`,
    `unsupported_backup`, `another_database`), `ConfigurationError` (`master_key_missing`, `wrong_master_key`, `pg_tools_missing`),
    `ConflictError` (`server_running`, `home_not_empty`).
    """
    home, aside = settings.home, f".replaced-{now():%Y%m%dT%H%M%S}"
    if places.finish(home, aside):
        return None
    told("checking")
    manifest = m.read(source)
    keyring = m.open_keyring(m.open_masters(settings), manifest)
    await asyncio.to_thread(m.require_whole, source, manifest)
    _require_kind(settings, manifest)
    places.require_free(home, replace=replace)
    stage = places.staged(home)
    try:
        found = await _filled(_staged(settings, stage, keyring.masters), keyring, source, manifest, told)
    except BaseException:
        shutil.rmtree(stage, ignore_errors=True)
        raise
    places.decide(home)
    places.finish(home, aside)
    log.info("restored", at=found.at, tenants=found.tenants, erased=found.erased)
    return found


async def _filled(settings: Settings, keyring: Keyring, source: Path, manifest: m.Manifest, told: Told) -> Restored:
    told("copying")
    erasures = await asyncio.to_thread(_copied, settings, keyring, source)
    if m.POSTGRES in manifest.files:
        await asyncio.to_thread(postgres_restore, settings, source / m.POSTGRES)
        await migrate_store(settings)
    told("vectors")
    async with open_store(settings) as store:
        tenants, passages = await _aligned(store)
        await tell_tenants(store, action="backup.restore", target=source.name, made=manifest.at)
    told("erasures")
    late = [erasure for erasure in erasures if erasure.at >= manifest.moment or erasure.subject is not None]
    erased = await _redone(settings, late) if late else 0
    return Restored(manifest.at, tenants, passages, erased)


def _copied(settings: Settings, keyring: Keyring, source: Path) -> list[Erasure]:
    """The backup's files in place; all erasures that the backup or the home knows of."""
    for name in (m.SQLITE, m.ANCHORS, m.ERASURES):
        if (source / name).exists():
            shutil.copyfile(source / name, settings.home / name)
            (settings.home / name).chmod(0o600)
    ledger = Ledger(settings.home / m.ERASURES, keyring)
    known = Ledger(settings.subjects.ledger or settings.home.parent / m.ERASURES, keyring)
    return ledger.merge(known.read())


async def _aligned(store: Store) -> tuple[int, int]:
    """Every tenant's vectors as the database says; how many tenants, and how many passages were written."""
    async with AsyncExitStack() as stack:
        reindexer = make_reindexer(await open_engine(stack, store))
        found, progress = await store.tenants.all(), Progress()
        for tenant in found:
            if tenant.current:
                await reindexer.align(tenant.id, progress)
            else:  # another model made them, which nobody can ask any more
                await reindexer.run(tenant.id, progress)
        return len(found), progress.done


async def _redone(settings: Settings, erasures: Sequence[Erasure]) -> int:
    """Those that the restored database has not done, done again; how many."""
    done = 0
    async with open_services(settings) as services:
        for erasure in erasures:
            try:
                tenant = await services.tenants.get(erasure.tenant_id)
            except NotFoundError:
                continue  # made after the backup
            if erasure.subject is not None:
                done += await services.rights.requests.redo(erasure)
            elif tenant.id in {each.id for each in await services.tenants.all()}:
                await services.rights.tenants.run(tenant.id, confirm=tenant.slug, actor=erasure.actor)
                done += 1
    return done


def _staged(settings: Settings, stage: Path, masters: MasterKeys) -> Settings:
    """The same settings over the folder in which the home is made ready."""
    present, previous = (SecretStr(base64.b64encode(key).decode()) for key in (masters.present, masters.oldest))
    audit = settings.audit.model_copy(update={"anchors": stage / m.ANCHORS})
    return settings.model_copy(
        update={"home": stage, "master_key": present, "previous_master_key": previous, "audit": audit}
    )


def _require_kind(settings: Settings, manifest: m.Manifest) -> None:
    """A dump goes into PostgreSQL, a file into SQLite; and SQLite's file lies in the home."""
    sqlite = settings.database_url.startswith("sqlite")
    if sqlite != (m.SQLITE in manifest.files):
        kinds = ("PostgreSQL", "SQLite") if sqlite else ("SQLite", "PostgreSQL")
        raise InvalidRequestError(
            f"this backup is of {kinds[0]}, and COPILOT_DATABASE__URL names {kinds[1]}", code="another_database"
        )
    if sqlite and settings.database.url is not None:
        raise ConfigurationError(
            "a backup is restored into the home folder; leave COPILOT_DATABASE__URL out for SQLite",
            code="another_database",
        )
    if not sqlite and settings.index.kind is IndexKind.EMBEDDED:
        log.info("embedded_index_with_postgresql", remedy="vectors are made in the home folder")
