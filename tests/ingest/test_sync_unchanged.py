"""What did not change costs one head; what changed costs only its changed chunks."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from ingest_world import BUDGET, World, statuses
from sqlalchemy import select
from sync_world import FakeSource, Shelf, of, page

from core.crossings import Crossing
from core.errors import DocumentError
from core.models import PassageRow
from ingest import sync
from ingest.chunk import Chunk
from ingest.formats.elements import ElementKind, ParseLimits
from ingest.points import embed_item, embedded_hash
from ingest.repository import point_id
from ingest.settle import AT_ONCE
from ingest.sources.base import Source, SourceItem
from ingest.sources.files import FilesSource
from tests.fakes import FakeEmbedder

SQLITE = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


def chunk_of(row: PassageRow) -> Chunk:
    spans = tuple((start, end) for start, end in row.sentences)
    return Chunk(row.number, row.text, tuple(row.heading_path), row.page, ElementKind(row.kind), spans)


@pytest.fixture(params=["folder", "fake"])
def source(request: pytest.FixtureRequest, tmp_path: Path) -> Source:
    """Two files, from the real thing and from the double that stands for it."""
    files = {"a.md": "one", "deep/b.md": "two"}
    if request.param == "fake":
        return FakeSource(files)
    for path, text in files.items():
        (tmp_path / "files" / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "files" / path).write_text(text)
    return FilesSource(tmp_path / "files", ParseLimits())


async def test_source_lists_by_path_fetches_and_tells_the_same_head_for_the_same_bytes(source: Source) -> None:
    items = [item async for item in source.discover()]
    assert [item.path for item in items] == ["a.md", "deep/b.md"]
    assert [await source.fetch(item) for item in items] == [b"one", b"two"]
    heads = [await source.head(item) for item in items]
    assert all(heads)
    assert heads == [await source.head(item) for item in items]
    await source.close()


async def test_head_changes_with_the_bytes(tmp_path: Path) -> None:
    fake, folder = FakeSource({"a.md": "one"}), FilesSource(tmp_path, ParseLimits())
    (tmp_path / "a.md").write_text("one")
    item = SourceItem("a.md")
    before = [await fake.head(item), await folder.head(item)]
    fake.write("a.md", "two")
    (tmp_path / "a.md").write_text("two")
    after = [await fake.head(item), await folder.head(item)]
    assert all(one != other for one, other in zip(before, after, strict=True))


@SQLITE
async def test_unchanged_files_cost_one_head_each_and_no_fetch(world: World) -> None:
    shelf = Shelf(world, FakeSource({f"{n}.md": page(n) for n in range(20)}))
    assert (await shelf.sync())["counts"] == {"indexed": 20}
    assert await shelf.sync() == {"counts": {"unchanged": 20}, "files": []}
    assert shelf.source.asked == {"discover": 1, "head": 20, "close": 1}
    assert shelf.source.fetched == []
    assert world.workers.taken == []


@SQLITE
async def test_source_without_heads_costs_a_fetch_and_no_work(world: World) -> None:
    shelf = Shelf(world, FakeSource({"a.md": "manual"}))
    shelf.source.headless = True
    await shelf.sync()
    assert (await shelf.sync())["counts"] == {"unchanged": 1}
    assert shelf.source.fetched == ["a.md"]
    assert world.workers.taken == []


async def test_new_head_of_the_same_bytes_is_remembered(world: World) -> None:
    shelf = Shelf(world, FakeSource({"a.md": "manual"}))
    await shelf.sync()
    before = (await world.documents())["a.md"].updated_at
    shelf.source.write("a.md", "manual")
    assert (await shelf.sync())["counts"] == {"unchanged": 1}
    assert shelf.source.fetched == ["a.md"]
    await shelf.sync()
    assert shelf.source.fetched == []
    assert (await world.documents())["a.md"].updated_at == before


@SQLITE
async def test_changed_rules_are_seen_though_the_head_is_the_same(world: World) -> None:
    shelf = Shelf(world, FakeSource({"a.md": "manual"}))
    await shelf.sync()
    shelf.source.rules["a.md"] = {"audience": "agent"}
    assert statuses(await shelf.sync()) == {"a.md": "indexed"}
    assert (await world.documents())["a.md"].audience == "agent"


@SQLITE
async def test_new_version_of_the_pipeline_takes_everything_in_again(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    shelf = Shelf(world, FakeSource({"a.md": "manual"}))
    await shelf.sync()
    monkeypatch.setattr(sync, "PIPELINE_VERSION", "next")
    assert statuses(await shelf.sync()) == {"a.md": "indexed"}


@SQLITE
async def test_bytes_that_change_between_head_and_fetch_are_seen_by_the_next_sync(world: World) -> None:
    class Racing(FakeSource):
        async def fetch(self, item: SourceItem) -> bytes:
            data = await super().fetch(item)
            if len(self.fetched) == 1:
                self.write(item.path, "manual new")
            return data

    shelf = Shelf(world, Racing({"a.md": "manual old"}))
    await shelf.sync()
    assert statuses(await shelf.sync()) == {"a.md": "indexed"}
    await world.publish()
    assert await world.found() == {"a.md: manual new"}


@SQLITE
async def test_head_that_fails_leaves_the_verdict_to_the_fetch(world: World) -> None:
    class Headless(FakeSource):
        async def head(self, item: SourceItem) -> str:
            raise DocumentError("no head for you", code="source_refused")

    shelf = Shelf(world, Headless({"a.md": "manual"}))
    await shelf.sync()
    assert (await shelf.sync())["counts"] == {"unchanged": 1}


async def test_only_the_changed_chunk_is_embedded_again(world: World) -> None:
    shelf = Shelf(world, FakeSource({"a.md": page(1)}))
    first = of(await shelf.sync(), "a.md")
    assert first["embedded"] == 4
    assert "reused" not in first
    shelf.source.write("a.md", page(1).replace("n1p2w7", "changed"))
    second = of(await shelf.sync(), "a.md")
    assert (second["embedded"], second["reused"]) == (1, 3)
    [text] = shelf.embedder.texts
    assert "changed" in text
    await world.publish()
    found = await world.found("changed n1p0w1 n1p1w1 n1p3w1")
    assert len(found) == 4
    assert any("changed" in passage for passage in found)


@SQLITE
async def test_taken_over_vectors_are_those_that_embedding_gives(world: World) -> None:
    shelf = Shelf(world, FakeSource({"a.md": page(1)}))
    await shelf.sync()
    shelf.source.write("a.md", page(1).replace("n1p2w7", "changed"))
    await shelf.sync()
    revision_id = (await world.documents())["a.md"].revision_id
    async with world.database.read(Crossing.UPKEEP) as session:
        rows = await session.scalars(select(PassageRow).where(PassageRow.revision_id == revision_id))
        ids = {point_id(str(revision_id), row.number): row for row in rows}
    vectors = await world.index.vectors(world.tenant.collection, list(ids))
    assert len(vectors) == 4
    for name, row in ids.items():
        item = embed_item(chunk_of(row), "Page 1", BUDGET)
        [expected] = await FakeEmbedder().embed_passages([item])
        np.testing.assert_allclose(vectors[name].dense, expected.dense, atol=1e-3)
        assert row.embedded_hash == embedded_hash(item)


@SQLITE
async def test_new_title_embeds_every_chunk_again(world: World) -> None:
    shelf = Shelf(world, FakeSource({"a.md": page(1)}))
    await shelf.sync()
    shelf.source.write("a.md", page(1).replace("# Page 1", "# Another page"))
    assert of(await shelf.sync(), "a.md")["embedded"] == 4


@SQLITE
async def test_chunks_whose_points_are_gone_are_embedded_again(world: World) -> None:
    shelf = Shelf(world, FakeSource({"a.md": page(1)}))
    await shelf.sync()
    document = (await world.documents())["a.md"]
    await world.index.delete_document(world.tenant.collection, document.id)
    shelf.source.write("a.md", page(1).replace("n1p2w7", "changed"))
    assert of(await shelf.sync(), "a.md")["embedded"] == 4


@SQLITE
async def test_vectors_are_taken_from_the_newest_copy_of_a_revision_that_came_back(world: World) -> None:
    shelf = Shelf(world, FakeSource({"a.md": page(1)}))
    for text in (page(1), page(2), page(1)):
        shelf.source.write("a.md", text)
        await shelf.sync()
        await world.publish()
    document = (await world.documents())["a.md"]
    first = [point_id(str(document.revision_id), number) for number in range(4)]
    await world.index.delete_points(world.tenant.collection, first)  # as a collection of old releases does
    shelf.source.write("a.md", page(1).replace("n1p2w7", "changed"))
    assert of(await shelf.sync(), "a.md")["reused"] == 3


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
async def test_large_file_is_embedded_by_stretches_and_is_one_document(world: World) -> None:
    parts = [f"manual part {n} " + f"word{n} " * 35 for n in range(AT_ONCE + 20)]
    shelf = Shelf(world, FakeSource({"big.md": "\n\n".join(parts), "small.md": "manual small"}))
    report = await shelf.sync()
    chunks = of(report, "big.md")["embedded"]
    assert chunks > AT_ONCE
    assert shelf.embedder.most <= AT_ONCE
    assert sorted((await world.points()).values()) == [1, chunks]
    shelf.source.write("big.md", "\n\n".join([*parts[:-1], "manual last, and other words"]))
    again = of(await shelf.sync(), "big.md")
    assert (again["reused"] + again["embedded"], again["embedded"] <= 2) == (chunks, True)
    await world.publish()
    assert sum((await world.visible(1)).values()) == chunks + 1
