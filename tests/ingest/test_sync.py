from __future__ import annotations

import asyncio
import os
import shutil
from pathlib import Path

import pytest
from ingest_files import compound_file
from ingest_world import NAME, World, raising, statuses

from core.domain import DocumentStatus
from core.errors import StorageFullError
from core.jobs import Progress
from ingest.sources.base import SourceVanishedError


async def test_folder_becomes_answers_with_the_publish_and_not_before(world: World) -> None:
    world.write("a.md", "# A\n\nmanual one")
    world.write("deep/b.md", "# B\n\nmanual two")
    report = await world.sync()
    assert report["counts"] == {"indexed": 2}
    assert await world.found() == set()
    await world.publish()
    assert await world.found() == {"a.md: manual one", "deep/b.md: manual two"}


async def test_unchanged_files_are_not_touched(world: World) -> None:
    world.write("a.md", "manual one")
    world.write("b.md", "manual two")
    await world.sync()
    await world.publish()
    before = await world.documents()
    world.index.calls.clear()
    world.workers.taken.clear()
    os.utime(world.folder / "a.md")
    report = await world.sync()
    assert report == {"counts": {"unchanged": 2}, "files": []}
    assert world.index.calls["upsert"] == 0
    assert world.workers.taken == []
    after = await world.documents()
    assert {path: row.updated_at for path, row in after.items()} == {p: r.updated_at for p, r in before.items()}


async def test_only_the_changed_file_is_worked_on(world: World) -> None:
    for name in ("a.md", "b.md", "c.md"):
        world.write(name, f"manual {name}")
    await world.sync()
    world.workers.taken.clear()
    world.write("b.md", "manual changed")
    report = await world.sync()
    assert report["counts"] == {"unchanged": 2, "indexed": 1}
    assert world.workers.taken == ["b.md"]


async def test_old_words_answer_until_the_changed_ones_are_published(world: World) -> None:
    world.write("a.md", "manual old")
    await world.sync()
    await world.publish()
    world.write("a.md", "manual new")
    await world.sync()
    assert await world.found() == {"a.md: manual old"}
    assert (await world.documents())["a.md"].status == DocumentStatus.APPROVED
    await world.publish()
    assert await world.found() == {"a.md: manual new"}
    assert await world.found(release=1) == {"a.md: manual old"}


async def test_file_put_back_to_its_published_words_keeps_answering(world: World) -> None:
    world.write("a.md", "manual first")
    await world.sync()
    await world.publish()
    world.write("a.md", "manual second")
    await world.sync()
    world.write("a.md", "manual first")
    await world.sync()
    assert await world.found() == {"a.md: manual first"}
    assert await world.publish() == 1
    assert await world.found() == {"a.md: manual first"}
    assert (await world.documents())["a.md"].status == DocumentStatus.PUBLISHED


async def test_file_put_back_to_earlier_words_leaves_every_release_as_it_was(world: World) -> None:
    for text in ("manual first", "manual second", "manual first", "manual second", "manual first"):
        world.write("a.md", text)
        await world.sync()
        await world.publish()
    shown = [await world.found(release=n) for n in range(1, 6)]
    assert shown == [{"a.md: manual first"}, {"a.md: manual second"}] * 2 + [{"a.md: manual first"}]


async def test_vanished_file_answers_until_the_next_publish(world: World) -> None:
    world.write("a.md", "manual one")
    gone = world.write("b.md", "manual two")
    await world.sync()
    await world.publish()
    gone.unlink()
    report = await world.sync()
    assert statuses(report) == {"b.md": "retired"}
    assert len(await world.found()) == 2
    await world.publish()
    assert await world.found() == {"a.md: manual one"}
    assert len(await world.found(release=1)) == 2


@pytest.mark.parametrize("published_between", [True, False])
async def test_vanished_file_that_comes_back_answers_again(world: World, published_between: bool) -> None:
    world.write("a.md", "manual one")
    file = world.write("b.md", "manual two")
    await world.sync()
    await world.publish()
    file.unlink()
    await world.sync()
    if published_between:
        await world.publish()
    world.write("b.md", "manual two")
    assert statuses(await world.sync()) == {"b.md": "indexed"}
    await world.publish()
    assert len(await world.found()) == 2
    assert len(await world.found(release=1)) == 2


async def test_folder_that_vanished_retires_nothing(world: World) -> None:
    world.write("a.md", "manual one")
    await world.sync()
    await world.publish()
    source = await world.library.add_folder(world.principal(), corpus="docs", path=world.folder)
    shutil.rmtree(world.folder)
    with pytest.raises(SourceVanishedError):
        await world.library.sync(world.tenant.id, source.id, Progress())
    assert (await world.documents())["a.md"].status == DocumentStatus.PUBLISHED


async def test_folder_that_vanishes_midway_retires_nothing(world: World) -> None:
    for number in range(8):
        world.write(f"{number}.md", f"manual {number}")
    await world.sync()
    await world.publish()
    for number in range(8):
        world.write(f"{number}.md", f"manual {number} changed")
    world.workers.hold = asyncio.Event()
    syncing = asyncio.create_task(world.sync())
    async with asyncio.timeout(60):
        while not world.workers.running:
            await asyncio.sleep(0.01)
    shutil.rmtree(world.folder)
    world.workers.hold.set()
    found = statuses(await syncing)
    assert "failed:source_vanished" in found.values()
    assert set(found.values()) <= {"failed:source_vanished", "indexed"}
    documents = await world.documents()
    assert {row.status for row in documents.values()} <= {DocumentStatus.PUBLISHED, DocumentStatus.APPROVED}
    await world.publish()
    assert len(await world.found()) == 8


async def test_each_file_that_cannot_be_used_is_named_with_its_reason_and_holds_up_no_other(world: World) -> None:
    world.write("good.md", "manual good")
    world.write("empty.md", "")
    world.write("blank.txt", " \n\t ")
    world.write("code.exe", "MZ")
    (world.folder / "sheet.xls").write_bytes(b"\xd0\xcf\x11\xe0")
    (world.folder / "locked.docx").write_bytes(compound_file({"EncryptedPackage": b"x" * 64, "EncryptionInfo": b"y"}))
    (world.folder / "cut.docx").write_bytes(b"PK\x03\x04 cut short")
    (world.folder / "cut.pdf").write_bytes(b"%PDF-1.7\n1 0 obj")
    with (world.folder / "huge.md").open("wb") as huge:
        huge.truncate(200_000_000)
    found = statuses(await world.sync())
    assert found == {
        "good.md": "indexed",
        "empty.md": "skipped:empty",
        "blank.txt": "skipped:empty",
        "code.exe": "skipped:unsupported_type",
        "sheet.xls": "skipped:unsupported_type",
        "locked.docx": "skipped:encrypted",
        "cut.docx": "failed:unreadable_document",
        "cut.pdf": "failed:unreadable_document",
        "huge.md": "failed:too_large",
    }
    assert set(await world.documents()) == {"good.md"}


async def test_published_document_whose_file_got_damaged_keeps_answering(world: World) -> None:
    file = world.write("a.md", "manual one")
    await world.sync()
    await world.publish()
    file.write_bytes(b"")
    assert statuses(await world.sync()) == {"a.md": "skipped:empty"}
    await world.publish()
    assert await world.found() == {"a.md: manual one"}


async def test_file_whose_name_is_no_text_is_reported_and_holds_up_no_other(world: World) -> None:
    world.write("good.md", "manual good")
    (world.folder / os.fsdecode(b"caf\xe9.md")).write_text("manual odd")
    report = await world.sync()
    assert statuses(report)["good.md"] == "indexed"
    assert report["counts"] == {"indexed": 1, "failed": 1}
    for path in statuses(report):
        path.encode("utf-8")
    await world.publish()
    assert await world.found() == {"good.md: manual good"}


async def test_personal_data_is_neither_stored_nor_indexed_in_clear(world: World) -> None:
    world.write("a.md", f"manual of {NAME}")
    await world.sync()
    await world.publish()
    assert await world.found() == {"a.md: manual of <PERSON_a>"}
    if world.database.is_sqlite:
        files = Path(str(world.database.engine.url.database)).parent.glob("copilot.db*")
        assert all(NAME.encode() not in file.read_bytes() for file in files)


async def test_runs_over_one_corpus_take_turns_and_store_each_document_once(world: World) -> None:
    for number in range(6):
        world.write(f"{number}.md", f"manual {number}")
    reports = await asyncio.gather(world.sync(), world.sync(), (await world.reopened()).sync())
    assert sum(report["counts"].get("indexed", 0) for report in reports) == 6
    assert sum(report["counts"].get("unchanged", 0) for report in reports) == 12
    assert len(await world.documents()) == 6
    assert sum((await world.points()).values()) == 6


async def test_full_disk_of_the_index_leaves_documents_as_they_were_and_the_next_run_finishes(world: World) -> None:
    world.write("a.md", "manual old")
    await world.sync()
    await world.publish()
    world.write("a.md", "manual new")
    world.write("b.md", "manual more")
    world.index.before["upsert"] = raising(StorageFullError("full"))
    with pytest.raises(StorageFullError):
        await world.sync()
    documents = await world.documents()
    assert documents["a.md"].status == DocumentStatus.PUBLISHED
    assert documents.get("b.md") is None or documents["b.md"].revision_id is None
    await world.publish()
    assert await world.found() == {"a.md: manual old"}
    assert (await world.sync())["counts"] == {"indexed": 2}
    await world.publish()
    assert await world.found() == {"a.md: manual new", "b.md: manual more"}


async def test_interrupted_run_is_finished_by_the_next_without_duplicates(world: World) -> None:
    for number in range(12):
        world.write(f"{number:02}.md", f"manual {number}")
    reached = asyncio.Event()

    async def interrupted() -> None:
        reached.set()
        await asyncio.Event().wait()

    world.index.after["upsert"] = interrupted
    running = asyncio.create_task(world.sync())
    await reached.wait()
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running
    again = await world.reopened()
    await again.sync()
    await again.publish()
    assert len(await again.found()) == 12
    assert sum((await again.points()).values()) == 12
    assert len(await again.documents()) == 12


async def test_run_cancelled_while_files_are_prepared_ends_and_leaves_nothing_running(world: World) -> None:
    for number in range(12):
        world.write(f"{number:02}.md", f"manual {number}")
    world.workers.hold = asyncio.Event()
    running = asyncio.create_task(world.sync())
    async with asyncio.timeout(60):
        while not world.workers.running:
            await asyncio.sleep(0.01)
        running.cancel()
        with pytest.raises(asyncio.CancelledError):
            await running
    assert world.workers.running == 0
    world.workers.hold = None
    assert (await world.sync())["counts"] == {"indexed": 12}


async def test_files_are_prepared_ahead_but_not_all_at_once(world: World) -> None:
    for number in range(12):
        world.write(f"{number:02}.md", f"manual {number}")
    await world.sync()
    assert 1 <= world.workers.most <= 3


async def test_rules_of_a_folder_are_part_of_what_is_compared(world: World) -> None:
    world.write("a.md", "manual one")
    await world.sync()
    world.write("_meta.yaml", "'*':\n  audience: agent\n")
    report = await world.sync()
    assert statuses(report) == {"a.md": "indexed"}
    assert (await world.documents())["a.md"].audience == "agent"


async def test_documents_of_another_source_are_not_retired(world: World, tmp_path: Path) -> None:
    world.write("a.md", "manual one")
    other = tmp_path / "files" / "other"
    world.write("other/b.md", "manual two")
    single = world.folder / "a.md"
    await world.sync(folder=single)
    await world.sync(folder=other)
    await world.sync(folder=single)
    assert {row.status for row in (await world.documents()).values()} == {DocumentStatus.APPROVED}
