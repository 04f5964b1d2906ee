"""Real and hostile files through all of ingest: each ends, in time, and the service stays small."""

from __future__ import annotations

import asyncio
import os
import re
import time
from collections import Counter
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from functools import partial
from pathlib import Path
from threading import Event, Thread
from typing import cast

import bombs_child
import psutil
import pytest
from bombs import BOMBS, truncated
from ingest_files import TOKENIZER, minilm_budget, shared_data
from ingest_world import World

from core.jobs import Progress
from core.keyring import Keyring
from core.models import Json
from ingest import prepare
from ingest.formats.elements import ParseLimits
from ingest.library import Library
from ingest.pipeline import IngestPipeline, Pace
from ingest.prepare import Prepared, PrepareTask
from ingest.worker import Workers
from tests.fakes import FakeEmbedder

LIMIT_S = 60.0
"""Of one file: the setting's default."""
GRACE_S = 15.0
"""On top of a file's limit: to kill its process and hear of it, on a machine that does three other things."""
MOST_BYTES = 300_000_000
HEAVY = frozenset(
    ("attributes.html", "keys.json", "many-paragraphs.docx", "entities.md", "admonitions.md", "open-quote.csv", "crowded.eml",
     "wide-table.docx", "wide-rows.xlsx", "far-corner.xlsx", "long-header.eml", "fences.md", "merged.xlsx", "one-line.md",
     "one-line.txt", "deflated.pdf", "commas.csv", "brackets.md", "emphasis.md", "links.md", "letters.txt", "lists.md")
)  # fmt: skip
"""Bombs that take seconds: they run with the proofs."""
OUTCOMES = frozenset(("indexed", "skipped", "failed"))


class Watched:
    """A pool that tells how long each file took, its process being up already."""

    def __init__(self, inner: Workers[PrepareTask, Prepared]) -> None:
        self._inner = inner
        self.seconds: dict[str, float] = {}

    async def run(self, task: PrepareTask, *, timeout_s: float) -> Prepared:
        await self._inner.start()
        began = time.perf_counter()
        try:
            return await self._inner.run(task, timeout_s=timeout_s)
        finally:
            self.seconds[task.name] = time.perf_counter() - began


class Memory:
    """The most memory (bytes) that this process has taken on top of what it held, sampled: `grown` is its own; `mapped` counts the
    index's files, too, which the kernel takes back as it likes (an empty shard maps 120 MB)."""

    def __init__(self) -> None:
        self.grown = 0
        self.mapped = 0

    @contextmanager
    def watched(self) -> Iterator[None]:
        process, done = psutil.Process(os.getpid()), Event()
        before = process.memory_info()

        def sample() -> None:
            while not done.wait(0.01):
                now = process.memory_info()
                mapped = now.rss - before.rss
                self.grown = max(self.grown, mapped - (now.shared - before.shared))
                self.mapped = max(self.mapped, mapped)

        thread = Thread(target=sample)
        thread.start()
        try:
            yield
        finally:
            done.set()
            thread.join()


@asynccontextmanager
async def library(world: World, timeout_s: float, *, redacting: bool = False) -> AsyncIterator[tuple[Library, Watched]]:
    """The world's library over a process of its own, one file at a time; `redacting` with the service's own models."""
    handler, load = (
        (prepare.prepare, partial(prepare.load, TOKENIZER)) if redacting else (bombs_child.prepare, bombs_child.load)
    )
    limits = ParseLimits()
    async with Workers(handler, init=load, memory_bytes=2_000_000_000) as workers:
        watched = Watched(workers)
        pipeline = IngestPipeline(
            database=world.database,
            index=world.index,  # type: ignore[arg-type]
            embedder=FakeEmbedder(),
            workers=cast("Workers[PrepareTask, Prepared]", watched),
            keyring=Keyring(bytes(range(32))),
            budget=minilm_budget(),
            limits=limits,
            file_timeout_s=timeout_s,
            pace=Pace(ahead=1, places=1),
        )
        yield (
            Library(
                database=world.database,
                index=world.index,  # type: ignore[arg-type]
                tenants=world.tenants,
                pipeline=pipeline,
                limits=limits,
                roots=(world.folder,),
            ),
            watched,
        )


def lay_out(folder: Path, names: set[str]) -> None:
    """The shared files and these bombs, and what a file system adds: a link that leads out, a pipe, a file of a gigabyte."""
    for source in sorted(each for each in shared_data("formats").rglob("*") if each.is_file()):
        target = folder / "real" / source.relative_to(shared_data("formats"))
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(source.read_bytes())
    bombs = folder / "bombs"
    bombs.mkdir()
    for name, make in BOMBS.items():
        if name in names:
            (bombs / name).write_bytes(make())
    for name, data in truncated():
        (bombs / name).write_bytes(data)
    (bombs / "passwd.md").symlink_to("/etc/passwd")
    os.mkfifo(bombs / "pipe.md")
    with (bombs / "gigabyte-line.txt").open("wb") as file:
        file.truncate(1_000_000_000)  # one line, without the disk that it would take


def ended(report: Json) -> dict[str, str]:
    """Path → how the file ended, with the reason."""
    return {each["path"]: f"{each['status']}({each.get('reason', '')})".removesuffix("()") for each in report["files"]}


async def proven(world: World, names: set[str], *, redacting: bool) -> dict[str, str]:
    await asyncio.to_thread(lay_out, world.folder, names)
    files = [each for each in world.folder.rglob("*") if each.is_file() and not each.is_symlink()]
    memory = Memory()
    async with library(world, LIMIT_S, redacting=redacting) as (corpus, watched):
        await corpus.upload(world.principal(), corpus="warm", name="a.md", data=b"Warm words.", metadata={})
        source = await corpus.add_folder(world.principal(), corpus="docs", path=world.folder)
        with memory.watched():
            report = await corpus.sync(world.tenant.id, source.id, Progress())
    found = ended(report)
    assert len(found) == len(files), set(map(str, files)) ^ set(found)
    assert {how.partition("(")[0] for how in found.values()} <= OUTCOMES
    told = [each for each in report["files"] if each["status"] != "indexed"]
    assert all(each["reason"] and re.search(r"[:;] ", each["detail"]) for each in told), "reason, then remedy"
    slowest = max(watched.seconds, key=lambda name: watched.seconds[name])
    print(f"\n{len(found)} files: {dict(sorted(Counter(found.values()).items()))}")
    print(
        f"slowest {slowest} {watched.seconds[slowest]:.1f} s of {LIMIT_S:g} s; memory grew by"
        f" {memory.grown / 1e6:.0f} MB, with the index's files by {memory.mapped / 1e6:.0f} MB"
    )
    assert watched.seconds[slowest] <= LIMIT_S + GRACE_S
    assert memory.grown <= MOST_BYTES
    return found


def check(found: dict[str, str]) -> None:
    """What each of these says, by kind."""
    bombs = {path.removeprefix("bombs/"): how for path, how in found.items() if path.startswith("bombs/")}
    expected = {
        "flat.zip": "failed(too_large)", "flat.docx": "failed(too_large)", "overlapping.zip": "failed(too_large)",
        "crowded.zip": "failed(too_large)", "nested.zip": "skipped(no_text)", "lying.zip": "skipped(no_text)",
        "traversal.zip": "indexed", "links.zip": "indexed", "under-password.zip": "skipped(encrypted)",
        "under-password.pdf": "skipped(encrypted)", "under-password.docx": "skipped(encrypted)",
        "laughs.docx": "failed(unreadable_document)", "laughs.xlsx": "failed(unreadable_document)", "laughs.html": "indexed",
        "laughs.svg": "skipped(unsupported_type)", "foreign.docx": "failed(unreadable_document)", "huge-dimension.xlsx": "indexed",
        "repeated-string.xlsx": "failed(too_large)", "hundred-thousand-pages.pdf": "failed(too_many_pages)",
        "own-child.pdf": "skipped(no_text)", "own-form.pdf": "indexed", "twice-deflated.pdf": "failed(crashed)",
        "deep.json": "failed(unreadable_document)", "gigabyte-line.txt": "failed(too_large)", "lies.md": "indexed",
        "unknown.xyz": "skipped(unsupported_type)", "empty.md": "skipped(empty)", "wrong-encoding.md": "indexed",
        "macros.docm": "indexed", "cut-97.docx": "failed(unreadable_document)", "cut-97.pdf": "failed(unreadable_document)",
    }  # fmt: skip
    assert {name: bombs.get(name) for name in expected} == expected
    assert "passwd.md" not in bombs
    assert "pipe.md" not in bombs
    real = Counter(how for path, how in found.items() if path.startswith("real/"))
    assert real["indexed"] >= 95
    assert real["failed(timeout)"] == real["failed(crashed)"] == 0


@pytest.mark.slow
@pytest.mark.timeout(600)
@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
async def test_every_file_ends_in_time_and_the_service_stays_small(world: World) -> None:
    check(await proven(world, set(BOMBS) - HEAVY, redacting=False))
    assert await _says(world, "lie till") == {"The lie about the till."}


async def _says(world: World, query: str) -> set[str]:
    await world.publish()
    return {each.partition(": ")[2] for each in await world.found(query) if "lies.md" in each}


@pytest.mark.slow
@pytest.mark.proof
@pytest.mark.timed
@pytest.mark.timeout(3600)
@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
@pytest.mark.parametrize("redacting", [False, True])
async def test_every_bomb_ends_in_time_also_where_names_are_looked_for(world: World, redacting: bool) -> None:
    check(await proven(world, set(BOMBS), redacting=redacting))


@pytest.mark.slow
@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
async def test_a_file_over_its_seconds_is_stopped_and_the_next_one_is_read(world: World) -> None:
    world.write("a.html", BOMBS["attributes.html"]().decode())
    world.write("b.md", "Words.")
    async with library(world, 1.0) as (corpus, watched):
        source = await corpus.add_folder(world.principal(), corpus="docs", path=world.folder)
        report = await corpus.sync(world.tenant.id, source.id, Progress())
    assert ended(report) == {"a.html": "failed(timeout)", "b.md": "indexed"}
    assert 1.0 <= watched.seconds["a.html"] <= 1.0 + GRACE_S
