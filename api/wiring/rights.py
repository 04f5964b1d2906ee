"""Retention, and the rights of the people whose data is here, put together from the settings."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import func, select

from api.engine import Engine
from api.rights.erase import Eraser
from api.rights.export import Exporter
from api.rights.finding import Finder
from api.rights.ledger import Ledger
from api.rights.requests import Requests
from api.rights.tenant import TenantEraser
from api.wiring.knowledge import make_garbage
from core.audit_prune import prune
from core.database import Database
from core.job_tries import Handler, Progress
from core.keyring import Keyring
from core.models import AuditRow, Json, now
from core.retention import JOB as RETAIN
from core.retention import Retention, Sweep
from core.retention_rows import Kind
from core.retention_schedule import RetentionSchedule
from core.settings import Settings
from ingest.garbage import Garbage
from ingest.reindex import Reindexer


@dataclass(frozen=True, slots=True)
class Rights:
    """What is due to the people whose data is here. `tidy` lets go, after a tenant's retention, of what has an end of its own."""

    retention: Retention
    schedule: RetentionSchedule
    requests: Requests
    tenants: TenantEraser
    ledger: Ledger
    backup_days: float

    def handlers(self) -> dict[str, Handler]:
        """Of their jobs."""
        return {RETAIN: self._retain, **self.requests.handlers()}

    async def _retain(self, tenant_id: str, args: Json, progress: Progress) -> Json:
        gone = await self.retention.run(tenant_id, progress, actor=str(args["actor"]))
        exports = await self.requests.expire(tenant_id)
        self.ledger.drop(now() - timedelta(days=self.backup_days))
        return {**{kind: rows for kind, rows in gone.items() if rows}, **({"exports": exports} if exports else {})}


def make_rights(engine: Engine, reindexer: Reindexer) -> Rights:
    settings, database = engine.settings, engine.database
    finder = Finder(database, engine.keyring, engine.tenants)
    ledger = make_ledger(settings, engine.keyring)
    sources = settings.home / "sources"
    eraser = Eraser(
        database=database, finder=finder, ledger=ledger, vectors=reindexer, vault=engine.vault, sources=sources
    )
    given = settings.subjects
    return Rights(
        retention=make_retention(database, make_garbage(engine), settings),
        schedule=RetentionSchedule(database, settings.retention),
        requests=Requests(
            database,
            engine.keyring,
            eraser=eraser,
            exporter=Exporter(database, finder, max_bytes=given.max_export_bytes),
            export_days=given.export_days,
        ),
        tenants=TenantEraser(database, engine.index, ledger, sources=sources),
        ledger=ledger,
        backup_days=given.backup_days,
    )


def make_ledger(settings: Settings, keyring: Keyring) -> Ledger:
    return Ledger(settings.subjects.ledger or settings.home / "erasures.jsonl", keyring)


def make_retention(database: Database, garbage: Garbage, settings: Settings) -> Retention:
    async def collect_due(tenant_id: str, _before: datetime) -> int:
        return await garbage.due(tenant_id)

    async def collect(tenant_id: str, _before: datetime, actor: str) -> int:
        return len((await garbage.collect(tenant_id, actor=actor)).releases)

    async def acts(tenant_id: str, before: datetime) -> int:
        async with database.read(tenant_id) as session:
            old = select(func.count()).select_from(AuditRow).where(AuditRow.tenant_id == tenant_id)
            return await session.scalar(old.where(AuditRow.at < before)) or 0

    async def pruned(tenant_id: str, before: datetime, actor: str) -> int:
        return await prune(database, tenant_id, before=before, actor=actor)

    sweeps = {Kind.RELEASES: Sweep(collect_due, collect), Kind.AUDIT: Sweep(acts, pruned)}
    return Retention(database, settings.retention, sweeps)
