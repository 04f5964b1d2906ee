"""A source in memory that tells what it was asked, and a library that syncs it."""

from __future__ import annotations

from collections import Counter
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import replace
from typing import cast

from ingest_world import BUDGET, World

from core.errors import CopilotError
from core.jobs import Progress
from core.keyring import Keyring
from core.models import Json
from ingest.formats.elements import ParseLimits
from ingest.library import Library, SourceView
from ingest.pipeline import IngestPipeline, Pace
from ingest.retries import Retries
from ingest.source_health import Pauses
from ingest.sources.base import Source, SourceItem
from ingest.sync import SyncPolicy
from retrieval.embedding import Embedded, EmbedItem
from retrieval.index import VectorIndex
from tests.fakes import FakeEmbedder

QUICK = Retries(attempts=3, wait_s=0.001)


class FakeSource:
    """`ingest.sources.base.Source` over a dictionary. `faults` are raised by `fetch`, one a call; `broken` by the listing."""

    def __init__(self, files: Mapping[str, str | bytes] | None = None) -> None:
        self.files: dict[str, bytes] = {}
        self.versions: Counter[str] = Counter()
        self.rules: dict[str, dict[str, object]] = {}
        self.asked: Counter[str] = Counter()
        self.fetched: list[str] = []
        self.faults: dict[str, list[CopilotError]] = {}
        self.broken: CopilotError | None = None
        self.headless = False
        for path, text in (files or {}).items():
            self.write(path, text)

    def write(self, path: str, text: str | bytes) -> None:
        self.files[path] = text if isinstance(text, bytes) else text.encode()
        self.versions[path] += 1

    def move(self, old: str, new: str) -> None:
        self.files[new] = self.files.pop(old)
        self.versions[new] += 1

    def forget_calls(self) -> None:
        self.asked.clear()
        self.fetched.clear()

    async def head(self, item: SourceItem) -> str:
        self.asked["head"] += 1
        return "" if self.headless else f"v{self.versions[item.path]}"

    async def discover(self) -> AsyncIterator[SourceItem]:
        self.asked["discover"] += 1
        if self.broken:
            raise self.broken
        for path in sorted(self.files):
            yield SourceItem(path, len(self.files[path]), None, self.rules.get(path, {}))

    async def fetch(self, item: SourceItem) -> bytes:
        self.fetched.append(item.path)
        if faults := self.faults.get(item.path):
            raise faults.pop(0)
        return self.files[item.path]

    async def close(self) -> None:
        self.asked["close"] += 1


class SpyEmbedder(FakeEmbedder):
    """Remembers the texts, and the most of one call; `faults` are raised, one a call."""

    def __init__(self) -> None:
        self.texts: list[str] = []
        self.most = 0
        self.faults: list[CopilotError] = []

    async def embed_passages(self, items: Sequence[EmbedItem]) -> list[Embedded]:
        if self.faults:
            raise self.faults.pop(0)
        self.texts += [item.text for item in items]
        self.most = max(self.most, len(items))
        return await super().embed_passages(items)


class Shelf:
    """One source of a world's corpus, synced by a library of its own."""

    def __init__(
        self,
        world: World,
        source: FakeSource,
        *,
        policy: SyncPolicy | None = None,
        pauses: Pauses | None = None,
        name: str = "shelf",
        places: int = 3,
    ) -> None:
        self.world = world
        self.source = source
        self.embedder = SpyEmbedder()
        self._folder = world.folder / name
        limits = ParseLimits()
        self.pipeline = IngestPipeline(
            database=world.database,
            index=cast(VectorIndex, world.index),
            embedder=self.embedder,
            workers=world.workers,  # type: ignore[arg-type]
            keyring=Keyring(bytes(range(32))),
            budget=BUDGET,
            limits=limits,
            file_timeout_s=30,
            pace=Pace(places=places),
            retries=QUICK,
        )
        self.library = Library(
            database=world.database,
            index=cast(VectorIndex, world.index),
            tenants=world.tenants,
            pipeline=self.pipeline,
            limits=limits,
            roots=(world.folder,),
            policy=replace(policy or SyncPolicy(), retries=QUICK),
            pauses=pauses,
            opener=self._opened,
        )

    async def source_id(self, corpus: str = "docs") -> str:
        self._folder.mkdir(parents=True, exist_ok=True)
        added = await self.world.library.add_folder(self.world.principal(), corpus=corpus, path=self._folder)
        return added.id

    async def sync(
        self, *, confirm_retire: bool = False, scheduled: bool = False, actor: str = "admin", corpus: str = "docs"
    ) -> Json:
        self.source.forget_calls()
        self.embedder.texts.clear()
        self.world.workers.taken.clear()
        return await self.library.sync(
            self.world.tenant.id,
            await self.source_id(corpus),
            Progress(),
            actor=actor,
            confirm_retire=confirm_retire,
            scheduled=scheduled,
        )

    async def _opened(self, _tenant_id: str, _view: SourceView) -> Source:
        return self.source


def of(report: Json, path: str) -> Json:
    """What a report says of one file."""
    [file] = [file for file in report["files"] if file["path"] == path]
    return cast(Json, file)


def page(number: int, *, words: int = 30) -> str:
    """A page of its own words, of several chunks, unlike any other number's."""
    parts = [f"## Part {part}\n\n" + " ".join(f"n{number}p{part}w{word}" for word in range(words)) for part in range(4)]
    return f"# Page {number}\n\n" + "\n\n".join(parts)
