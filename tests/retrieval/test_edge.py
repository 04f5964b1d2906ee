"""What only the embedded index has: a folder of one process, few open shards, crashes, a full disk."""

from __future__ import annotations

import asyncio
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from core.errors import ConflictError, StorageFullError, UnavailableError
from retrieval.edge import EdgeIndex
from tests.retrieval.index_points import ANYTHING, NOTHING, PUBLISHED, point, point_id, unit

REPOSITORY = Path(__file__).parents[2]


def child(command: str, root: Path) -> subprocess.Popen[str]:
    module = [sys.executable, "-m", "tests.retrieval.edge_child", command, str(root)]
    return subprocess.Popen(module, cwd=REPOSITORY, stdout=subprocess.PIPE, text=True)


def open_index(root: Path, *, max_open: int = 64) -> EdgeIndex:
    return EdgeIndex(root, max_open=max_open, min_free_bytes=0)


@pytest.mark.slow
async def test_second_process_is_refused_until_the_first_closes(quick_folder: Path) -> None:
    index = open_index(quick_folder)
    said, _ = child("hold", quick_folder).communicate(timeout=60)
    assert said.startswith("home_in_use")
    assert "partner-copilot serve" in said
    await index.close()
    assert child("hold", quick_folder).communicate(timeout=60)[0] == "opened\n"


async def test_second_index_in_one_process_is_refused(quick_folder: Path) -> None:
    index = open_index(quick_folder)
    with pytest.raises(ConflictError):
        open_index(quick_folder)
    await index.close()


@pytest.mark.parametrize(
    ("collections", "bound"),
    [(7, 2), pytest.param(70, 4, marks=[pytest.mark.proof, pytest.mark.timeout(900)])],
)
async def test_open_shards_stay_within_the_bound_and_closed_ones_come_back(
    quick_folder: Path, collections: int, bound: int
) -> None:
    index = open_index(quick_folder, max_open=bound)
    names = [f"t_{n}" for n in range(collections)]
    for n, name in enumerate(names):
        await index.ensure(name)
        await index.upsert(name, [point(name, seed=n)])
        assert index.open_shards <= bound
    counts = await asyncio.gather(*(index.count(name, ANYTHING) for name in names))
    assert counts == [1] * collections
    assert index.open_shards == bound
    for n in (0, collections // 2, collections - 1):
        (found,) = await index.candidates(names[n], unit(n), NOTHING, ANYTHING, 5)
        assert found.id == point_id(names[n])
    await index.close()


async def test_reopened_index_has_what_was_written(quick_folder: Path) -> None:
    index = open_index(quick_folder)
    await index.ensure("t_1")
    await index.upsert("t_1", [point(n, seed=n) for n in range(100)])
    await index.leave("t_1", ["r1"], 2)
    await index.close()
    index = open_index(quick_folder)
    assert await index.count("t_1", ANYTHING) == 100
    assert await index.count("t_1", replace(ANYTHING, release=2)) == 0
    await index.close()


@pytest.mark.slow
async def test_acknowledged_writes_survive_kill_9(quick_folder: Path) -> None:
    with child("write", quick_folder) as process:
        assert process.stdout
        acknowledged = [process.stdout.readline() for _ in range(20)]
        process.kill()
        rest = process.stdout.read().split()
    written = int(rest[-1] if rest else acknowledged[-1])
    index = open_index(quick_folder)
    assert await index.count("t_1", ANYTHING) >= 5 * written >= 100
    found = await index.sentence_vectors("t_1", [point_id(f"{n}-{i}") for n in range(written) for i in range(5)])
    assert len(found) == 5 * written
    await index.upsert("t_1", [point("after")])
    await index.close()


async def test_what_a_crash_left_half_made_is_cleared(quick_folder: Path) -> None:
    index = open_index(quick_folder)
    await index.ensure("t_done")
    await index.upsert("t_done", [point("a")])
    await index.close()
    (quick_folder / "t_done").rename(quick_folder / "t_done.optimised")
    for state in ("creating", "optimising", "dropped"):
        (quick_folder / f"t_new.{state}").mkdir()
    index = open_index(quick_folder)
    assert await index.count("t_done", ANYTHING) == 1
    await index.ensure("t_new")
    assert await index.count("t_new", ANYTHING) == 0
    assert sorted(f.name for f in quick_folder.iterdir() if f.is_dir()) == ["t_done", "t_new"]
    await index.close()


async def test_full_disk_refuses_new_data_and_goes_on_answering(quick_folder: Path) -> None:
    index = open_index(quick_folder)
    await index.ensure("t_1")
    await index.upsert("t_1", [point("a")])
    await index.close()
    index = EdgeIndex(quick_folder, min_free_bytes=10**18)
    with pytest.raises(StorageFullError):
        await index.upsert("t_1", [point("b")])
    with pytest.raises(StorageFullError):
        await index.ensure("t_2")
    assert await index.count("t_1", ANYTHING) == 1
    await index.close()


async def test_damaged_shard_is_unavailable_and_names_no_vendor_error(quick_folder: Path) -> None:
    index = open_index(quick_folder)
    await index.ensure("t_1")
    await index.ensure("t_2")
    await index.close()
    for file in (quick_folder / "t_1").rglob("*.json"):
        file.write_bytes(b"{")
    index = open_index(quick_folder)
    with pytest.raises(UnavailableError) as caught:
        await index.count("t_1", ANYTHING)
    assert caught.value.code == "index_unavailable"
    assert await index.count("t_2", ANYTHING) == 0
    await index.close()


@pytest.mark.parametrize("name", ["../t_1", "t_1/x", "", "t.1"])
async def test_name_that_leaves_the_folder_is_refused(quick_folder: Path, name: str) -> None:
    index = open_index(quick_folder / "index")
    with pytest.raises(ValueError, match="collection's name"):
        await index.ensure(name)
    with pytest.raises(ValueError, match="collection's name"):
        await index.drop(name)
    await index.close()


@pytest.mark.slow
async def test_optimising_keeps_every_point_and_what_was_written_meanwhile(quick_folder: Path) -> None:
    index = open_index(quick_folder)
    await index.ensure("t_1")
    await index.upsert("t_1", [point(n, replace(PUBLISHED, document_id=f"d{n % 2}"), seed=n) for n in range(5_200)])
    await index.optimize("t_1")
    assert await index.count("t_1", ANYTHING) == 5_200
    running = asyncio.create_task(index.optimize("t_1"))
    while not (quick_folder / "t_1.optimising").exists():
        await asyncio.sleep(0.01)
    await index.update_payload("t_1", "d1", {"audience": "agent"})
    assert not running.done()
    await running
    partner = replace(ANYTHING, audiences=("partner",))
    assert await index.count("t_1", partner) == 2_600
    await index.close()
    index = open_index(quick_folder)
    assert await index.count("t_1", partner) == 2_600
    (best, *_) = await index.candidates("t_1", unit(4), NOTHING, partner, 5)
    assert best.id == point_id(4)
    await index.close()
