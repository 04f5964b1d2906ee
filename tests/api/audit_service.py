"""What is behind the audited routes: real services but for the models, in process."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import httpx
from sqlalchemy import func, select, update

from answers.calibration import Calibrations, Fitted, Point
from answers.case_routes import CaseRoutes
from answers.confidence import SHIPPED
from answers.tasks import Tasks
from api.widget.identity import Identities
from api.widget.registry import Widgets
from api.wiring.people import People, make_people
from core.audit_anchors import Anchors
from core.audit_book import AuditBook
from core.auth import Keys
from core.budgets import Budget, Budgets
from core.crossings import Crossing
from core.database import Database
from core.directives import Directives
from core.domain import Audience, Principal, Role
from core.grants import Grants
from core.jobs import Jobs, Progress
from core.keyring import Keyring
from core.metering import Meter
from core.models import AuditRow, IngestFailure, Job, Json, Revision
from core.profiles import Profiles
from core.retention import Retention, Sweep
from core.retention_rows import Kind
from core.settings import CaseSettings, RetentionSettings, Settings, WidgetSettings
from core.usage import UsageBook
from evals.golden_store import GoldenStore
from guardrails.restoring import Restorer
from guardrails.vault import Vault
from ingest.catalogue import Catalogue
from ingest.curation import Curation, CurationLimits, Redacts
from ingest.failures import Failures
from ingest.garbage import Garbage
from ingest.inbound import Inbound
from ingest.revisions import Revisions
from ingest.source_desk import SourceDesk
from ingest.sources.base import SourceLimits
from ingest.staging import Staging
from retrieval.edge import EdgeIndex
from retrieval.index import VectorIndex
from tests.api.rights.rights_world import RightsWorld
from tests.api.shared_app import SharedApp
from tests.case_world import CaseWorld
from tests.fakes import FakeEmbedder, trail
from tests.ingest.ingest_world import BUDGET, FakeRedactor, FaultyIndex, World

KEYRING = Keyring(bytes(range(32)))


class _Redactor:
    async def redact_many(self, texts: Any, profile: Any) -> Any:
        return FakeRedactor().redact_batch(texts, profile)


class _Calibrator:
    """Fits without searching."""

    def __init__(self, calibrations: Calibrations) -> None:
        self._calibrations = calibrations

    async def fit(self, principal: Principal) -> Any:
        return await self._calibrations.keep(
            principal, Fitted(SHIPPED, (Point(0.5, 0.9, 0.1), Point(0.7, 0.6, 0.05)), 50, 30, None, 0.2, 0.1)
        )


@dataclass
class Service:
    """A knowledge admin's and the operator's clients of one tenant, one without a key, and what stands behind them."""

    world: World
    jobs: Jobs
    meter: Meter
    admin: httpx.AsyncClient
    operator: httpx.AsyncClient
    nobody: httpx.AsyncClient
    people: People

    async def rows(self) -> int:
        async with self.world.database.read(Crossing.UPKEEP) as session:
            mine = AuditRow.tenant_id == self.world.tenant.id
            return await session.scalar(select(func.count()).select_from(AuditRow).where(mine)) or 0

    async def document(self, name: str = "a.md", *, status: str | None = None) -> Json:
        """Uploaded by another author; with `status`, brought to it."""
        document_id = await self.world.upload(name, f"manual of {name}")
        async with self.world.database.write(Crossing.UPKEEP) as session:
            await session.execute(update(Revision).where(Revision.document_id == document_id).values(author="ada"))
        row = (await self.world.documents())[name]
        return {"document_id": document_id, "revision_id": row.revision_id}

    async def waiting(self, name: str) -> Json:
        await self.document("first.md")
        (await self.admin.patch("/v1/corpora/docs", json={"requires_approval": True})).raise_for_status()
        return await self.document(name)

    async def source(self) -> str:
        self.world.write("box/a.md", "manual of a box")
        sent = {"corpus": "boxes", "uri": str(self.world.folder / "box")}
        return str((await self.admin.post("/v1/sources", json=sent)).json()["id"])

    async def failure(self) -> str:
        row = IngestFailure(
            tenant_id=self.world.tenant.id, source_id=await self.source(), path="b.pdf", reason="timeout", detail=""
        )
        async with self.world.database.write(Crossing.UPKEEP) as session:
            session.add(row)
        return row.id

    async def job(self, status: str) -> str:
        job = Job(tenant_id=self.world.tenant.id, kind="work", args={}, status=status, not_before=None)
        async with self.world.database.write(Crossing.UPKEEP) as session:
            session.add(job)
        return job.id

    async def published(self) -> None:
        for name in ("one.md", "two.md"):
            await self.document(name)
            await self.world.publish()


@asynccontextmanager
async def served(database: Database, folder: Path, quick_folder: Path) -> AsyncIterator[Service]:
    """`folder` is for files, `quick_folder` for the index."""
    index = EdgeIndex(quick_folder / "index", min_free_bytes=0)
    world = await World(database, folder / "files", FaultyIndex(index)).begin()
    await world.tenants.create("partner")
    keys = Keys(database, KEYRING)

    async def work(_tenant: str, _args: Json, _progress: Progress) -> Json:
        return {}

    jobs = Jobs(
        database, dict.fromkeys(("work", "sync", "reindex", "retention", "subject.erase", "subject.export"), work)
    )
    meter = Meter(database, Budgets(database, Budget()))
    services = _services(world, keys, jobs, folder)
    app = SharedApp(services)
    clients = []
    for role in (Role.KNOWLEDGE_ADMIN, Role.OPERATOR):
        key = await keys.create(world.tenant.id, role=role, audience=Audience.AGENT)
        headers = {"Authorization": f"Bearer {key.token}"}
        transport = httpx.ASGITransport(app=app)
        clients.append(httpx.AsyncClient(base_url="http://test", transport=transport, headers=headers))
    clients.append(httpx.AsyncClient(base_url="http://test", transport=httpx.ASGITransport(app=app)))
    yield Service(world, jobs, meter, *clients, services.people)
    for client in clients:
        await client.aclose()
    await jobs.aclose()
    await index.close()


def _services(world: World, keys: Keys, jobs: Jobs, folder: Path) -> SimpleNamespace:
    database, index = world.database, cast(VectorIndex, world.index)
    redactor, budgets = cast(Redacts, _Redactor()), Budgets(database, Budget())
    calibrations = Calibrations(database, threshold=0.4)
    staging = Staging(database=database, index=index, embedder=FakeEmbedder(), tenants=world.tenants, budget=BUDGET)
    limits = SourceLimits(max_bytes=1_000_000)
    return SimpleNamespace(
        settings=Settings(home=folder),
        database=database,
        keys=keys,
        tenants=world.tenants,
        library=world.library,
        inbound=Inbound(world.library, limits=limits, most=10),
        catalogue=Catalogue(database, page_size=200),
        curation=Curation(
            database=database, vault=Vault(KEYRING), tenants=world.tenants, redactor=redactor, limits=CurationLimits()
        ),
        revisions=Revisions(database=database, staging=staging, page_size=200, max_diff_lines=500),
        releases=world.releases,
        garbage=Garbage(database=database, index=index, tenants=world.tenants, keep=20, keep_revisions=5, grace_s=0.0),
        golden=GoldenStore(
            database, vault=Vault(KEYRING), tenants=world.tenants, redactor=redactor, most=10, max_chars=1000
        ),
        calibrations=calibrations,
        calibrator=_Calibrator(calibrations),
        grants=Grants(database),
        profiles=Profiles(database),
        directives=Directives(database),
        failures=Failures(database),
        sources=SourceDesk(
            database=database, keyring=KEYRING, limits=limits, roots=(world.folder,), home=folder / "sources"
        ),
        widgets=Widgets(database, WidgetSettings()),
        identities=Identities(database, KEYRING, WidgetSettings()),
        jobs=jobs,
        budgets=budgets,
        people=make_people(Settings(home=folder), database, KEYRING, world.tenants),
        usage=UsageBook(database, budgets),
        cases=CaseWorld(database).desk,
        case_routes=CaseRoutes(database, KEYRING, CaseSettings()),
        tasks=Tasks(database),
        restorer=Restorer(database, Vault(KEYRING), {}, max_chars=100),
        rights=_rights(world, folder),
        audit=AuditBook(database, trail(), Anchors(database, KEYRING, file=folder / "anchors")),
    )


def _rights(world: World, folder: Path) -> Any:
    rights = RightsWorld(world, folder)
    retention = Retention(world.database, RetentionSettings(), dict.fromkeys((Kind.AUDIT, Kind.RELEASES), NO_SWEEP))
    return SimpleNamespace(retention=retention, requests=rights.requests, tenants=rights.tenants)


async def _none(*_given: object) -> int:
    return 0


NO_SWEEP = Sweep(_none, _none)
