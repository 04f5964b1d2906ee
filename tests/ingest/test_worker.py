from __future__ import annotations

import asyncio
import signal
import subprocess
import sys
import time
from collections.abc import AsyncIterator
from pathlib import Path

import psutil
import pytest
import pytest_asyncio
import worker_tasks

from core.errors import DocumentError, UnavailableError
from ingest.worker import Workers

Pool = Workers[tuple[str, object], object]


@pytest_asyncio.fixture
async def pool() -> AsyncIterator[Pool]:
    async with Workers(worker_tasks.act, init=worker_tasks.load, memory_bytes=300 << 20) as workers:
        yield workers


async def refused(pool: Pool, task: tuple[str, object], timeout_s: float = 20) -> DocumentError:
    with pytest.raises(DocumentError) as caught:
        await pool.run(task, timeout_s=timeout_s)
    return caught.value


async def test_task_runs_in_an_initialised_child_that_is_kept(pool: Pool) -> None:
    await pool.start()
    assert await pool.run(("loaded", None), timeout_s=20) is True
    assert await pool.run(("echo", b"x" * 3_000_000), timeout_s=20) == b"x" * 3_000_000
    assert await pool.run(("pid", None), timeout_s=20) == await pool.run(("pid", None), timeout_s=20)


async def test_document_error_passes_through_with_its_code(pool: Pool) -> None:
    error = await refused(pool, ("document_error", "scanned"))
    assert (error.code, error.detail) == ("scanned", "named remedy")


async def test_runaway_task_is_killed_in_time_and_the_pool_goes_on(pool: Pool) -> None:
    first = await pool.run(("pid", None), timeout_s=20)
    began = time.perf_counter()
    assert (await refused(pool, ("spin", None), timeout_s=0.3)).code == "timeout"
    assert time.perf_counter() - began < 15
    assert not psutil.pid_exists(first)
    assert await pool.run(("pid", None), timeout_s=20) != first


async def test_crash_is_an_error_of_the_document_and_the_pool_goes_on(pool: Pool) -> None:
    assert (await refused(pool, ("die", signal.SIGSEGV))).code == "crashed"
    assert await pool.run(("echo", 1), timeout_s=20) == 1


async def test_task_that_takes_too_much_memory_is_refused_and_its_child_replaced(pool: Pool) -> None:
    first = await pool.run(("pid", None), timeout_s=20)
    assert await pool.run(("hoard", 100), timeout_s=20) == 100 << 20
    error = await refused(pool, ("hoard", 1000))
    assert error.code == "crashed"
    assert "memory" in error.detail
    assert await pool.run(("pid", None), timeout_s=20) != first


async def test_unexpected_failure_never_quotes_the_document(pool: Pool) -> None:
    error = await refused(pool, ("bug", "Zoë Lind"))
    assert error.code == "crashed"
    assert "KeyError" in error.detail
    assert "Zoë" not in error.detail


async def test_ctrl_c_is_left_to_the_parent(pool: Pool) -> None:
    assert await pool.run(("interrupt", None), timeout_s=20) == "alive"


async def test_child_cannot_write_to_stdout(pool: Pool) -> None:
    assert await pool.run(("stdout", None), timeout_s=20) is True


async def test_cancelled_task_takes_its_child_along(pool: Pool) -> None:
    first = await pool.run(("pid", None), timeout_s=20)
    running = asyncio.create_task(pool.run(("spin", None), timeout_s=60))
    await asyncio.sleep(0.2)
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running
    assert not psutil.pid_exists(first)
    assert await pool.run(("echo", 2), timeout_s=20) == 2


async def test_tasks_wait_for_a_free_child_and_the_loop_stays_free(pool: Pool) -> None:
    await pool.start()
    ticks = 0
    both = asyncio.gather(*(pool.run(("sleep", 0.3), timeout_s=20) for _ in range(2)))
    while not both.done():
        await asyncio.sleep(0.02)
        ticks += 1
    assert both.result() == ["slept", "slept"]
    assert ticks > 3  # one, where the loop waits for the children


async def test_two_children_work_at_once() -> None:
    async with Workers(worker_tasks.act, count=2) as workers:
        await workers.start()
        pids = await asyncio.gather(*(workers.run(("pid", None), timeout_s=20) for _ in range(2)))
        assert len(set(pids)) == 2


async def test_child_that_cannot_start_is_a_fault_of_the_service() -> None:
    async with Workers(worker_tasks.act, init=worker_tasks.fail_to_load) as workers:
        with pytest.raises(UnavailableError) as caught:
            await workers.run(("echo", 1), timeout_s=20)
    assert caught.value.code == "worker_not_started"


async def test_what_a_task_takes_to_be_loaded_is_not_on_its_clock() -> None:
    async with Workers(worker_tasks.act, furnish=worker_tasks.furnish) as workers:
        assert await workers.run(("furnished", 0.8), timeout_s=0.4) is True
        assert (await refused(workers, ("furnished", "no number"))).code == "crashed"
        assert await workers.run(("echo", 1), timeout_s=20) == 1


async def test_what_does_not_load_in_time_is_a_fault_of_the_service_and_the_pool_goes_on() -> None:
    async with Workers(worker_tasks.act, furnish=worker_tasks.furnish, start_s=5.0) as workers:
        first = await workers.run(("pid", None), timeout_s=20)
        with pytest.raises(UnavailableError) as caught:
            await workers.run(("furnished", 600), timeout_s=20)
        assert caught.value.code == "worker_not_started"
        assert "COPILOT_INGEST__WORKER_START_S" in caught.value.detail
        assert await workers.run(("pid", None), timeout_s=20) != first


async def test_closing_ends_children_and_what_they_do() -> None:
    workers = Workers(worker_tasks.act)
    pid = await workers.run(("pid", None), timeout_s=20)
    running = asyncio.create_task(workers.run(("spin", None), timeout_s=60))
    await asyncio.sleep(0.1)
    await workers.close()
    with pytest.raises(DocumentError) as caught:
        await running
    assert caught.value.code == "crashed"
    assert not psutil.pid_exists(pid)
    with pytest.raises(UnavailableError):
        await workers.run(("echo", 1), timeout_s=20)


def test_child_dies_with_a_killed_parent_even_in_a_task() -> None:
    parent = """
import asyncio, sys
import worker_tasks
from ingest.worker import Workers
async def main():
    workers = Workers(worker_tasks.act)
    print(await workers.run(("pid", None), timeout_s=30), flush=True)
    await workers.run(("spin", None), timeout_s=300)
if __name__ == "__main__":
    asyncio.run(main())
"""
    paths = f"{Path(worker_tasks.__file__).parent}:{Path(__file__).parents[2]}"
    process = subprocess.Popen([sys.executable, "-c", parent], stdout=subprocess.PIPE, env={"PYTHONPATH": paths})
    try:
        assert process.stdout
        child = psutil.Process(int(process.stdout.readline()))
        time.sleep(0.2)
        assert child.is_running()
    finally:
        process.kill()
        process.wait()
        process.stdout.close()  # type: ignore[union-attr]
    assert not psutil.wait_procs([child], timeout=60)[1]
