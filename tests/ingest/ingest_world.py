"""Everything between a folder of files and what a search sees: real parts but for the models, and an index that can fail."""

from __future__ import annotations

import asyncio
import re
from collections import Counter
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any, cast

import numpy as np
from sqlalchemy import select

from core.crossings import Crossing
from core.database import Database
from core.domain import Audience, Permission, Principal, RedactedText, Redaction, RedactionProfile, Scope
from core.errors import CopilotError
from core.grants import Grants
from core.jobs import Progress
from core.keyring import Keyring
from core.models import Document, Json, Revision
from core.tenancy import TenantInfo, Tenants
from core.turns import Turns
from ingest.chunk import TokenBudget
from ingest.formats.elements import ParseLimits
from ingest.library import Library
from ingest.pipeline import IngestPipeline
from ingest.prepare import Prepared, Preparer, PrepareTask
from ingest.releases import Releases
from ingest.worker import Workers
from retrieval.edge import EdgeIndex
from retrieval.index import DIMENSION, IndexFilter, SparseVector, VectorIndex
from retrieval.passages import Passages
from retrieval.search import Searcher
from retrieval.supersession import Supersession
from tests.fakes import FakeEmbedder

TODAY = date(2026, 11, 1)
BUDGET = TokenBudget(lambda text: len(text.split()), window=60, target=40, prefix=10)
NAME = "Zoe Lind"


class FakeRedactor:
    """Replaces one name."""

    def redact_batch(self, texts: Sequence[str], profile: RedactionProfile) -> list[RedactedText]:
        return [self._redacted(text) for text in texts]

    def _redacted(self, text: str) -> RedactedText:
        found = tuple(Redaction("PERSON", m.start(), m.end(), 1.0, "<PERSON_a>") for m in re.finditer(NAME, text))
        return RedactedText(text.replace(NAME, "<PERSON_a>"), found)


class FakeWorkers:
    """Prepares in this process what `Workers` prepares in children. `taken` are the files' names, `hold` stops them, `faults` are
    raised first, by name."""

    def __init__(self) -> None:
        self._preparer = Preparer(FakeRedactor(), BUDGET)
        self.taken: list[str] = []
        self.hold: asyncio.Event | None = None
        self.faults: dict[str, list[CopilotError]] = {}
        self.running = 0
        self.most = 0

    async def run(self, task: PrepareTask, *, timeout_s: float) -> Prepared:
        self.taken.append(task.name)
        if self.faults.get(task.name):
            raise self.faults[task.name].pop()
        self.running += 1
        self.most = max(self.most, self.running)
        try:
            if self.hold:
                await self.hold.wait()
            return await asyncio.to_thread(self._preparer.prepare, task)
        finally:
            self.running -= 1


class FaultyIndex:
    """A real index; `calls` counts, `before` and `after` hold what happens around a method, once each."""

    def __init__(self, inner: EdgeIndex) -> None:
        self._inner = inner
        self.calls: Counter[str] = Counter()
        self.before: dict[str, Callable[[], Awaitable[None]]] = {}
        self.after: dict[str, Callable[[], Awaitable[None]]] = {}

    def __getattr__(self, name: str) -> Any:
        method = getattr(self._inner, name)

        async def watched(*args: object, **kwargs: object) -> object:
            self.calls[name] += 1
            if name in self.before:
                await self.before.pop(name)()
            result = await method(*args, **kwargs)
            if name in self.after:
                await self.after.pop(name)()
            return result

        return watched


def raising(error: BaseException) -> Callable[[], Awaitable[None]]:
    async def fail() -> None:
        raise error

    return fail


@dataclass(frozen=True, slots=True)
class Point:
    """One visible point, as a release shows it."""

    revision_id: str
    number: int


class World:
    """One tenant's corner of the service. Close it; `reopened` is the service after a restart."""

    def __init__(self, database: Database, folder: Path, index: FaultyIndex, *, max_bytes: int = 50_000_000) -> None:
        limits = ParseLimits(max_bytes=max_bytes)
        keyring = Keyring(bytes(range(32)))
        self.database = database
        self.folder = folder
        self.index = index
        self.tenants = Tenants(database, keyring, generation="fake")
        self.workers = FakeWorkers()
        port = cast(VectorIndex, index)
        embedder = FakeEmbedder()
        self.pipeline = IngestPipeline(
            database=database,
            index=port,
            embedder=embedder,
            workers=cast("Workers[PrepareTask, Prepared]", self.workers),
            keyring=keyring,
            budget=BUDGET,
            limits=limits,
            file_timeout_s=30,
        )
        self.library = Library(
            database=database,
            index=port,
            tenants=self.tenants,
            pipeline=self.pipeline,
            limits=limits,
            roots=(folder,),
        )
        self.releases = Releases(database=database, index=port, tenants=self.tenants)
        self.searcher = Searcher(
            index=port,
            embedder=embedder,
            passages=Passages(database),
            tenants=self.tenants,
            grants=Grants(database),
            supersession=Supersession(database),
            turns=Turns(4),
            candidates=200,
        )
        self.tenant: TenantInfo

    async def begin(self, slug: str = "acme") -> World:
        self.tenant = await self.tenants.create(slug)
        self.folder.mkdir(exist_ok=True)
        return self

    async def reopened(self) -> World:
        """Another process' objects over the same data."""
        world = World(self.database, self.folder, self.index)
        world.tenant = self.tenant
        await world.releases.reconcile()
        return world

    def principal(self, audience: Audience = Audience.AGENT, *, without: Permission | None = None) -> Principal:
        return Principal(self.tenant.id, "admin", audience, frozenset(Permission) - {without})

    def write(self, path: str, text: str) -> Path:
        file = self.folder / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, "utf-8")
        return file

    async def sync(self, corpus: str = "docs", folder: Path | None = None) -> Json:
        source = await self.library.add_folder(self.principal(), corpus=corpus, path=folder or self.folder)
        return await self.library.sync(self.tenant.id, source.id, Progress())

    async def publish(self) -> int:
        return (await self.releases.publish(self.tenant.id, actor="admin")).release

    async def upload(self, name: str, text: str, **metadata: object) -> str:
        """The document's id."""
        status = await self.library.upload(
            self.principal(), corpus="docs", name=name, data=text.encode(), metadata=metadata
        )
        return status.document_id

    async def found(
        self, query: str = "manual", audience: Audience = Audience.AGENT, release: int | None = None
    ) -> set[str]:
        """`path: text` of every passage that a search shows."""
        scope = Scope(self.tenant.id, audience)
        releases = {} if release is None else {scope.tenant_id: release}
        result = await self.searcher.search(scope, query, limit=200, today=TODAY, releases=releases)
        return {f"{p.source}: {p.text}" for p in result.passages}

    async def visible(self, release: int) -> Counter[Point]:
        """Every point that the index shows at a release, straight from the index."""
        tenant = await self.tenants.get(self.tenant.id)
        within = IndexFilter(release, tuple(Audience), TODAY.toordinal())
        direction = np.eye(1, DIMENSION, dtype=np.float32)[0]
        candidates = await self.index.candidates(tenant.collection, direction, SparseVector((), ()), within, 5000)
        return Counter(Point(c.payload.revision_id, c.payload.number) for c in candidates)

    async def points(self) -> dict[str, int]:
        """Points by revision, whatever their state."""
        found: dict[str, int] = await self.index.revisions(self.tenant.collection)
        return found

    async def documents(self) -> dict[str, Document]:
        async with self.database.read(Crossing.UPKEEP) as session:
            rows = await session.scalars(select(Document).where(Document.tenant_id == self.tenant.id))
            return {row.path: row for row in rows}

    async def sizes(self) -> dict[str, int]:
        """Passages by revision."""
        async with self.database.read(Crossing.UPKEEP) as session:
            return {row.id: row.passages for row in await session.execute(select(Revision.id, Revision.passages))}


def statuses(report: Json) -> dict[str, str]:
    """Path → state, with the reason where there is one; unchanged files are not listed."""
    return {file["path"]: ":".join(filter(None, (file["status"], file.get("reason")))) for file in report["files"]}
