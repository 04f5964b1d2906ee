"""One tenant's large sync does not stand before another tenant's small upload."""

from __future__ import annotations

import asyncio
import time

import pytest
from ingest_world import World
from sync_world import FakeSource, Shelf, page

from core.domain import Audience, Permission, Principal
from ingest.prepare import Prepared, PrepareTask
from retrieval.embedding import EmbedItem, SentenceTransformerEmbedder, model_folder


class OneByOne:
    """A pool of one: counts whose files were taken before whose."""

    def __init__(self, inner: object) -> None:
        self._inner = inner
        self._busy = asyncio.Lock()
        self.taken: list[str] = []
        self.goes_on = asyncio.Event()
        self.goes_on.set()

    async def run(self, task: PrepareTask, *, timeout_s: float) -> Prepared:
        async with self._busy:
            self.taken.append(task.name)
            await self.goes_on.wait()
            return await self._inner.run(task, timeout_s=timeout_s)  # type: ignore[attr-defined,no-any-return]


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
async def test_upload_of_another_tenant_is_prepared_next_whatever_waits(world: World) -> None:
    other = await world.tenants.create("other")
    guest = Principal(other.id, "guest", Audience.AGENT, frozenset(Permission))
    shelf = Shelf(world, FakeSource({f"{n:03}.md": page(n) for n in range(60)}), places=1)
    shelf.pipeline._workers = pool = OneByOne(world.workers)  # type: ignore[assignment]
    await shelf.library.upload(guest, corpus="notes", name="first.md", data=b"so that there is a shard", metadata={})
    syncing = asyncio.create_task(shelf.sync())
    while len(pool.taken) < 6:
        await asyncio.sleep(0.001)
    pool.goes_on.clear()
    uploading = asyncio.create_task(
        shelf.library.upload(guest, corpus="notes", name="small.md", data=b"manual", metadata={})
    )
    while other.id not in shelf.pipeline._turns._waiting:
        await asyncio.sleep(0.001)
    before = len(pool.taken)
    pool.goes_on.set()
    assert (await uploading).document_id
    assert not syncing.done()
    assert pool.taken.index("small.md") <= before + 2  # the one at work, and one whose turn it is
    assert (await syncing)["counts"] == {"indexed": 60}


@pytest.mark.slow
async def test_small_batch_does_not_wait_for_another_tenants_large_one() -> None:
    embedder = SentenceTransformerEmbedder(model_folder(None), threads=1, batch_tokens=1024)
    await embedder.warm_up()
    long = EmbedItem(" ".join(f"word{n}" for n in range(150)))
    began = time.perf_counter()
    large = asyncio.create_task(embedder.embed_passages([long] * 24))
    await asyncio.sleep(0.05)
    await embedder.embed_passages([EmbedItem("The till prints nothing.")])
    small_s = time.perf_counter() - began
    assert not large.done()
    await large
    assert small_s < 0.5 * (time.perf_counter() - began)
    await embedder.aclose()
