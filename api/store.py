"""What needs no model: the database, the keys, the tenants. Light to import, so that administration is quick."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from functools import partial

from sqlalchemy.engine import make_url

from api.homes import require_settled
from api.wiring.people import People, make_people
from core.audit import Trail
from core.audit_anchors import Anchors
from core.audit_book import AuditBook
from core.auth import Keys
from core.budgets import Budget, Budgets
from core.data_keys import unlock
from core.database import Database
from core.keyring import Keyring
from core.metering import Meter
from core.migrate import migrate, require_current
from core.row_security import standing
from core.settings import QuotaSettings, Settings
from core.tenancy import Tenants
from core.usage import UsageBook
from guardrails.patterns import redact_patterns
from guardrails.vault import Vault
from ingest.chunk import CHUNKER_VERSION
from ingest.source_desk import SourceDesk
from ingest.sources.base import SourceLimits


@dataclass(frozen=True, slots=True)
class Store:
    """What needs no model: the database, the keys, the sources."""

    settings: Settings
    database: Database
    keyring: Keyring
    tenants: Tenants
    keys: Keys
    sources: SourceDesk
    audit: AuditBook
    anchors: Anchors
    budgets: Budgets
    meter: Meter
    usage: UsageBook
    people: People
    vault: Vault


def generation(settings: Settings) -> str:
    """Names what an index was built with: vectors of another model or chunker are never searched together."""
    model = (settings.embedding.model or "minilm").rsplit("/", 1)[-1].lower()
    return f"{''.join(c for c in model if c.isalnum())[:20]}-c{CHUNKER_VERSION}"


def searchable(settings: Settings, other: str) -> bool:
    """Whether vectors of another generation can still be compared with this one's: the same model made them, of passages that
    were cut otherwise. They are answered from until a reindex."""
    return other.rpartition("-c")[0] == generation(settings).rpartition("-c")[0]


@asynccontextmanager
async def open_store(settings: Settings) -> AsyncIterator[Store]:
    """SQLite is brought up to date by itself; PostgreSQL waits for 'partner-copilot migrate', which one operator runs once."""
    settings.home.mkdir(parents=True, exist_ok=True, mode=0o700)
    require_settled(settings.home)
    given = settings.audit
    database, keyring, trail = await _open_database(settings)
    anchors = Anchors(
        database, keyring, file=given.anchors or settings.home / "audit-anchors.jsonl", every_s=given.anchor_s
    )
    try:
        tenants = Tenants(database, keyring, generation=generation(settings), searchable=partial(searchable, settings))
        sources = source_desk(settings, database, keyring)
        book = AuditBook(database, trail, anchors, page_size=given.page_size)
        budgets = Budgets(database, _budget(settings.quota))
        yield Store(
            settings,
            database,
            keyring,
            tenants,
            Keys(database, keyring),
            sources,
            book,
            anchors,
            budgets,
            Meter(database, budgets),
            UsageBook(database, budgets),
            make_people(settings, database, keyring, tenants),
            Vault(keyring),
        )
        await anchors.try_append()
    finally:
        await database.aclose()


async def _open_database(settings: Settings) -> tuple[Database, Keyring, Trail]:
    """With the root key, and the audit's chain under it. Closed where that fails."""
    keyring = _keyring(settings)
    trail = Trail(keyring, scrub=redact_patterns)
    database = Database(settings.database_url, pool_size=settings.database.pool_size, trail=trail)
    try:
        await (migrate(database) if database.is_sqlite else require_current(database))
        keyring = await unlock(database, keyring)
    except BaseException:
        await database.aclose()
        raise
    database.trail = trail = Trail(keyring, scrub=redact_patterns)
    return database, keyring, trail


def _keyring(settings: Settings) -> Keyring:
    keys = (settings.master_key, settings.previous_master_key)
    return Keyring.open(settings.home, *(key.get_secret_value() if key else None for key in keys))


async def migrate_store(settings: Settings) -> str | None:
    """Upgrade the schema as the tables' owner; what is wrong with the role that the service will run as, if anything."""
    trail = Trail(_keyring(settings), scrub=redact_patterns)
    owner = settings.database.owner_url.get_secret_value() if settings.database.owner_url else settings.database_url
    async with _closing(Database(owner, trail=trail)) as database:
        await migrate(database, service_role=make_url(settings.database_url).username)
    async with _closing(Database(settings.database_url)) as database:
        found = await standing(database)
    return found.fault if found else None


@asynccontextmanager
async def _closing(database: Database) -> AsyncIterator[Database]:
    try:
        yield database
    finally:
        await database.aclose()


def _budget(given: QuotaSettings) -> Budget:
    return Budget(given.questions_per_day, given.tokens_per_day, given.key_questions_per_day, given.key_tokens_per_day)


def source_desk(settings: Settings, database: Database, keyring: Keyring) -> SourceDesk:
    ingest, given = settings.ingest, settings.sources
    return SourceDesk(
        database=database,
        keyring=keyring,
        limits=SourceLimits(
            max_bytes=ingest.max_file_bytes,
            max_ratio=given.max_archive_ratio,
            allow_hosts=ingest.allow_hosts,
            **given.model_dump(exclude={"max_archive_ratio", "max_per_tenant"}),
        ),
        roots=ingest.roots,
        home=settings.home / "sources",
        most=given.max_per_tenant,
    )
