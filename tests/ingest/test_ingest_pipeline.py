from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from functools import partial
from pathlib import Path
from typing import cast

import pytest
from ingest_files import TOKENIZER, docx
from ingest_world import BUDGET, NAME, World, raising

from core.domain import DocumentStatus
from core.errors import DocumentError, StorageFullError, UnavailableError
from core.keyring import Keyring
from ingest.formats.elements import ParseLimits
from ingest.pipeline import BATCH_CHUNKS, FileState, FileStatus, Incoming, IngestPipeline, Target
from ingest.prepare import load, prepare
from ingest.sync import content_hash
from ingest.worker import Workers
from retrieval.index import VectorIndex
from tests.fakes import FakeEmbedder


async def target(world: World) -> Target:
    await world.upload("first.md", "so that the corpus is there")
    document = (await world.documents())["first.md"]
    profile = await world.tenants.profile(world.tenant.id)
    return Target(world.tenant.id, document.corpus_id, None, world.tenant.collection, profile, DocumentStatus.APPROVED)


def incoming(path: str, text: str) -> Incoming:
    return Incoming(path, text.encode(), content_hash(text.encode(), {}), {})


async def all_of(*files: Incoming) -> AsyncIterator[Incoming]:
    for file in files:
        yield file


async def taken(world: World, *files: Incoming) -> dict[str, FileStatus]:
    noted: list[FileStatus] = []
    await world.pipeline.take(await target(world), all_of(*files), noted.append)
    assert len({status.path for status in noted}) == len(noted)
    return {status.path: status for status in noted}


async def test_no_files_need_no_work(world: World) -> None:
    assert await taken(world) == {}


async def test_every_file_is_settled_exactly_once(world: World) -> None:
    files = [incoming(f"{n}.md", "" if n % 5 == 0 else f"manual {n}") for n in range(25)]
    noted = await taken(world, *files)
    assert set(noted) == {file.path for file in files}
    assert sum(status.state is FileState.SKIPPED for status in noted.values()) == 5


async def test_document_of_many_chunks_and_small_ones_are_batched_without_a_mix_up(world: World) -> None:
    long = "\n\n".join(f"manual part {n} " + f"word{n} " * 35 for n in range(BATCH_CHUNKS + 20))
    await taken(world, incoming("long.md", long), *(incoming(f"{n}.md", f"manual short {n}") for n in range(5)))
    await world.publish()
    sizes = await world.sizes()
    assert max(sizes.values()) > BATCH_CHUNKS
    assert await world.points() == sizes
    for number in (0, 100, BATCH_CHUNKS + 19):
        assert any(
            found.startswith("long.md:") and f"part {number} " in found for found in await world.found(f"word{number}")
        )


async def test_file_that_comes_with_an_unreadable_one_is_still_taken(world: World) -> None:
    noted = await taken(world, incoming("bad.docx", "no zip"), incoming("good.md", "manual"))
    assert noted["bad.docx"].state is FileState.FAILED
    assert noted["bad.docx"].reason == "unreadable_document"
    assert noted["good.md"].state is FileState.INDEXED


@pytest.mark.parametrize("step", ["ensure", "upsert"])
async def test_fault_keeps_its_own_type_and_code(world: World, step: str) -> None:
    where = await target(world)
    world.index.before[step] = raising(StorageFullError("full"))
    with pytest.raises(StorageFullError):
        await world.pipeline.take(where, all_of(incoming("a.md", "manual")), lambda status: None)


async def test_workers_that_are_gone_stop_the_run_with_their_own_fault(world: World) -> None:
    where = await target(world)

    class Gone:
        async def run(self, task: object, *, timeout_s: float) -> object:
            raise UnavailableError("shut down", code="workers_closed")

    pipeline = IngestPipeline(
        database=world.database,
        index=cast(VectorIndex, world.index),
        embedder=FakeEmbedder(),
        workers=Gone(),  # type: ignore[arg-type]
        keyring=Keyring(bytes(32)),
        budget=BUDGET,
        limits=ParseLimits(),
        file_timeout_s=1,
    )
    with pytest.raises(UnavailableError) as caught:
        await pipeline.take(where, all_of(*(incoming(f"{n}.md", "manual") for n in range(9))), lambda status: None)
    assert caught.value.code == "workers_closed"


async def test_source_that_fails_stops_the_run_with_its_own_fault(world: World) -> None:
    where = await target(world)

    async def broken() -> AsyncIterator[Incoming]:
        yield incoming("a.md", "manual")
        raise StorageFullError("full")

    async with asyncio.timeout(60):
        with pytest.raises(StorageFullError):
            await world.pipeline.take(where, broken(), lambda status: None)


async def test_one_file_that_cannot_be_used_is_an_error_with_its_reason(world: World) -> None:
    with pytest.raises(DocumentError) as caught:
        await world.pipeline.take_one(await target(world), incoming("a.md", " "))
    assert caught.value.code == "empty"


async def test_retiring_nothing_and_very_much_works(world: World) -> None:
    document_id = await world.upload("a.md", "manual")
    where = await target(world)
    await world.pipeline.retire(where, [])
    await world.pipeline.retire(where, [document_id, *(f"{n:032x}" for n in range(70_000))])
    assert (await world.documents())["a.md"].status == DocumentStatus.RETIRED


@pytest.mark.slow
async def test_real_workers_parse_redact_and_survive_a_hostile_file(world: World, tmp_path: Path) -> None:
    async with Workers(prepare, init=partial(load, TOKENIZER), count=1) as workers:
        world.pipeline._workers = workers
        (world.folder / "printer.docx").write_bytes(docx())
        world.write("mail.md", f"The manual says: write to {NAME}, zoe.lind@example.org, about the manual.")
        (world.folder / "cut.docx").write_bytes(docx()[:2000])
        report = await world.sync()
        assert report["counts"] == {"indexed": 2, "failed": 1}
        assert (await world.sync())["counts"] == {"unchanged": 2, "failed": 1}
        mapped = Path(f"/proc/{workers._children[0]._process.pid}/maps")
        assert not mapped.exists() or "libtorch" not in mapped.read_text(), "290 MB a worker, for nothing"
    await world.publish()
    found = "\n".join(await world.found())
    assert "zoe.lind@example.org" not in found
    assert NAME not in found
    assert "printer.docx: " in found
