"""What an operator dreads: the disk full, the process killed, the server told to stop while it speaks."""

from __future__ import annotations

import asyncio
import shutil
import sqlite3
import subprocess
import threading
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import httpx
import pytest
from journey_world import (
    FREEZES,
    TENANT,
    WARRANTY,
    Event,
    Json,
    Prepared,
    ask,
    finished_job,
    is_proved,
    is_told_in_order,
    running_stub,
    serving,
    streaming,
    write_documents,
)

from retrieval.edge import EdgeIndex
from tests.servers.llm_stub import Exchange
from tests.servers.ports import wait_for

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]

DISK = 800_000_000
MANY = 300
"""More than the 256 chunks that are settled together, so that a kill finds some files done and some not."""
BEYOND = {
    f"loyalty-{n}.md": f"# Loyalty rule {n}\n\nLoyalty rule {n} gives {n + 10} points for each receipt above {n + 20} EUR.\n"
    for n in range(MANY - 1)
} | {"zz-drawer.md": "# Cash drawer\n\nThe cash drawer of a till opens with the key combination Control and F9.\n"}
DRAWER = "Which key combination opens the cash drawer of a till?"


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of its own, in memory."""
    disk = tmp_path / "disk"
    disk.mkdir()
    mount = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", f"size={DISK}", "tmpfs", disk], capture_output=True, text=True, check=False
    )
    if mount.returncode:
        pytest.skip(f"a small disk cannot be mounted here: {mount.stderr.strip()}")
    yield disk
    subprocess.run(["umount", disk], check=True)


def fill(disk: Path, left: int) -> Path:
    """A file that leaves so many bytes free on the disk; delete it to free them."""
    ballast = disk / "ballast"
    with ballast.open("wb") as out:
        try:
            while _free(disk) > left:
                out.write(bytes(min(1 << 20, max(1, _free(disk) - left))))
                out.flush()
        except OSError:
            pass  # full to the last byte, closing included
    return ballast


def _free(disk: Path) -> int:
    return shutil.disk_usage(disk).free


def sync(api: httpx.Client, folder: Path) -> httpx.Response:
    """Ask for the folder to be taken in: the job, or the refusal."""
    source = api.post("/v1/sources", json={"corpus": "loyalty", "uri": str(folder)})
    return source if source.is_error else api.post(f"/v1/sources/{source.json()['id']}/sync")


def held_up(api: httpx.Client, started: httpx.Response) -> tuple[str, str | None]:
    """The code that a sync is held up with, and its job, which waits; None where it was refused before there was one."""
    if started.is_error:
        assert started.headers["content-type"] == "application/problem+json"
        return str(started.json()["code"]), None
    job: Json = {}

    def waits() -> bool:
        job.update(api.get(f"/v1/jobs/{started.json()['id']}").json())
        assert job["status"] in ("queued", "running"), job
        return bool(job["error"])

    wait_for(waits, seconds=180, what="the fault of the job")
    return str(job["error"]["code"]), str(job["id"])


def stored(home: Path, statement: str) -> list[tuple[Any, ...]]:
    with closing(sqlite3.connect(home / "copilot.db")) as database:
        return database.execute(statement).fetchall()


def indexed_passages(home: Path) -> dict[str, int]:
    """Points in the index by revision; the server must have let go of it."""

    async def read() -> dict[str, int]:
        index = EdgeIndex(home / "index")
        try:
            [(tenant_id, generation)] = stored(home, f"SELECT id, generation FROM tenants WHERE slug = '{TENANT}'")
            return await index.revisions(f"t_{tenant_id}_{generation}")
        finally:
            await index.close()

    return asyncio.run(read())


def is_consistent(home: Path) -> None:
    """What the database says is indexed is in the index, once, and nothing else is."""
    stated = dict(stored(home, "SELECT id, passages FROM revisions WHERE indexed"))
    assert indexed_passages(home) == stated
    assert stored(home, "SELECT count(*) FROM documents WHERE revision_id IS NULL") == [(0,)]
    assert stored(home, "SELECT path FROM documents GROUP BY corpus_id, path HAVING count(*) > 1") == []
    passages = dict(stored(home, "SELECT revision_id, count(*) FROM passages GROUP BY revision_id"))
    assert passages == stated


def answerable(home: Path) -> list[tuple[Any, ...]]:
    """Documents with what they are answered from; a draft without a revision is a name and no more."""
    return stored(home, "SELECT id, revision_id, status FROM documents WHERE revision_id IS NOT NULL ORDER BY id")


@pytest.mark.parametrize("left", [120_000_000, 0], ids=["reserve-used-up", "last-byte-used-up"])
def test_a_full_disk_stops_an_ingest_and_not_the_answers_and_freeing_space_finishes_it(
    prepared: Prepared, small_disk: Path, tmp_path: Path, left: int
) -> None:
    home = prepared.copied_to(small_disk / "home")
    folder = write_documents(tmp_path / "loyalty", dict(list(BEYOND.items())[-20:]))
    with serving(home, JOBS__FULL_DISK_PAUSE_S="2") as server, server.api(prepared.token) as api:
        before = ask(api, FREEZES)
        documents = answerable(home)

        ballast = fill(small_disk, left)
        code, waiting = held_up(api, sync(api, folder))
        assert code == "storage_full"
        assert answerable(home) == documents
        if left:
            is_proved(api, ask(api, FREEZES))
        else:
            refused = api.post("/v1/ask", json={"question": FREEZES})
            assert (refused.status_code, refused.json().get("code")) == (507, "storage_full")

        ballast.unlink()
        job = finished_job(api, waiting or sync(api, folder).json()["id"])
        assert job["result"].get("counts") == {"indexed": 20}, job
        assert api.post("/v1/releases", json={}).json()["release"] == 2
        found = ask(api, DRAWER)
        is_proved(api, found)
        assert "Control and F9" in found["text"]
        after = ask(api, FREEZES)
        assert (after["text"], after["citations"][0]["quote"]) == (before["text"], before["citations"][0]["quote"])
    is_consistent(home)


def test_an_ingest_whose_server_is_killed_is_taken_up_at_the_next_start(prepared: Prepared, tmp_path: Path) -> None:
    home = prepared.copied_to(tmp_path / "home")
    folder = write_documents(tmp_path / "loyalty", BEYOND)
    before = stored(home, "SELECT count(*) FROM documents")[0][0]
    with serving(home) as server:
        with server.api(prepared.token) as api:
            job_id = sync(api, folder).json()["id"]
            progress: Json = {}

            def under_way() -> bool:
                progress.update(api.get(f"/v1/jobs/{job_id}").json()["progress"])
                return bool(progress.get("done"))

            wait_for(under_way, seconds=180, what="the first settled files")
            server.kill()
        assert 0 < progress["done"] < progress["total"] == MANY
        assert stored(home, f"SELECT status FROM jobs WHERE id = '{job_id}'") == [("running",)]

        server.restart()
        with server.api(prepared.token) as api:
            job = finished_job(api, job_id)
            counts = job["result"]["counts"]
            assert job["status"] == "done"
            assert counts["indexed"] > 0
            assert sum(counts.values()) == MANY
            assert set(counts) <= {"indexed", "unchanged"}
            assert api.post("/v1/releases", json={}).json()["entered"] == MANY
            found = ask(api, DRAWER)
            is_proved(api, found)
            assert "Control and F9" in found["text"]
            is_proved(api, ask(api, WARRANTY))
            again = finished_job(api, sync(api, folder).json()["id"])
            assert again["result"]["counts"] == {"unchanged": MANY}
    assert stored(home, "SELECT count(*) FROM documents") == [(before + MANY,)]
    is_consistent(home)


def test_a_server_that_is_told_to_stop_finishes_what_it_is_saying(prepared: Prepared, tmp_path: Path) -> None:
    may_finish = threading.Event()

    async def slowly(exchange: Exchange) -> None:
        await exchange.begin()
        await exchange.piece("Restart the service TillSync on the till [1]. ")
        while not may_finish.is_set():
            await exchange.piece(" ")
            await asyncio.sleep(0.2)
        await exchange.piece("The service listens on port 7443 [1].")
        await exchange.finish()

    home = prepared.copied_to(tmp_path / "home")
    with (
        running_stub(slowly) as stub,
        serving(home, LLM__BASE_URL=stub.base_url, LLM__MODEL="stub-model") as server,
        server.api(prepared.token) as api,
    ):
        told: list[Event] = []
        with streaming(api, FREEZES) as heard:
            for event in heard:
                told.append(event)
                if event[0] == "sentence" and not may_finish.is_set():
                    server.process.terminate()
                    wait_for(lambda: _refuses(server.url), seconds=20, what="refusing new questions")
                    may_finish.set()
        done = is_told_in_order(told)
        assert not done["degraded"]
        assert "7443" in done["text"]
        server.process.wait(30)
    assert stored(home, f"SELECT outcome FROM answers WHERE id = '{done['answer_id']}'") == [("answered",)]


def _refuses(url: str) -> bool:
    """Nobody new is let in while the rest is seen off."""
    try:
        return httpx.get(f"{url}/readyz", timeout=5.0, trust_env=False).status_code == 503
    except httpx.TransportError:
        return True
