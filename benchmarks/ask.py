"""Questions over HTTP: one client beside the bare model calls and search, then sixteen clients at once.

A real server process answers over the ingested pages, extractively. The bare figure is encode and NER of the question plus one
Edge search, in one process (target: our median at most twice as long).
"""

from __future__ import annotations

import argparse
import asyncio
import json
import tempfile
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import cycle, islice
from pathlib import Path
from statistics import median

import httpx

from benchmarks.pages import copy_pages, parser, questions
from benchmarks.processes import Memory, call, serving
from evals.metrics import percentile

CLIENTS = 16
TARGET_RATIO = 2.0


@dataclass(frozen=True, slots=True)
class Load:
    """`ms` for each request, in no order."""

    ms: list[float]
    seconds: float
    outcomes: Counter[str]

    def __str__(self) -> str:
        p50, p95 = percentile(self.ms, 50), percentile(self.ms, 95)
        return f"p50 {p50:.1f} ms, p95 {p95:.1f} ms, {len(self.ms) / self.seconds:.1f} answers/s, {dict(self.outcomes)}"


async def ask_all(url: str, key: str, asked: Sequence[str], *, clients: int) -> Load:
    """Each client asks its next question when it has its answer. A status other than 200 is raised."""
    times: list[float] = []
    outcomes: Counter[str] = Counter()
    waiting = iter(asked)
    headers = {"Authorization": f"Bearer {key}"}
    async with httpx.AsyncClient(base_url=url, headers=headers, timeout=120) as http:
        began = time.perf_counter()
        async with asyncio.TaskGroup() as group:
            for _ in range(clients):
                group.create_task(_client(http, waiting, times, outcomes))
        return Load(times, time.perf_counter() - began, outcomes)


async def _client(http: httpx.AsyncClient, waiting: Iterator[str], times: list[float], outcomes: Counter[str]) -> None:
    for question in waiting:
        began = time.perf_counter()
        response = await http.post("/v1/ask", json={"question": question})
        times.append(1000 * (time.perf_counter() - began))
        outcomes[response.raise_for_status().json()["outcome"]] += 1


def main() -> int:
    options = _options()
    with tempfile.TemporaryDirectory(prefix="copilot-bench-") as name:
        home, folder, file = Path(name) / "home", Path(name) / "pages", Path(name) / "questions.json"
        pages = copy_pages(options, folder)
        asked = questions(options.data)
        loaded = call("benchmarks.load", [home, folder], home=home)
        print(f"{pages} pages, {loaded['chunks']} chunks")
        memory = Memory()
        with serving(home) as server, memory.watch(server.pid):
            asyncio.run(ask_all(server.url, loaded["key"], asked[:20], clients=1))
            alone = asyncio.run(
                ask_all(server.url, loaded["key"], list(islice(cycle(asked), options.requests)), clients=1)
            )
            busy_questions = list(islice(cycle(asked), options.requests * 2))
            busy = asyncio.run(ask_all(server.url, loaded["key"], busy_questions, clients=CLIENTS))
        file.write_text(json.dumps(asked), "utf-8")
        bare = median(
            call("benchmarks.bare", ["questions", file, home / "index" / loaded["collection"]], home=home)["ms"]
        )
    print(f"1 client    {alone}")
    print(f"{CLIENTS} clients  {busy}")
    print(f"memory      {memory.peak / 1e9:.2f} GB at its peak")
    ratio = median(alone.ms) / bare
    met = "met:" if ratio <= TARGET_RATIO else "MISSED:"
    print(f"bare        p50 {bare:.1f} ms; ratio {ratio:.2f}  {met} at most {TARGET_RATIO}")
    return 0 if ratio <= TARGET_RATIO else 1


def _options() -> argparse.Namespace:
    made = parser(__doc__)
    made.add_argument("--requests", type=int, default=149, help="by one client; twice as many by sixteen (%(default)s)")
    return made.parse_args()


if __name__ == "__main__":
    raise SystemExit(main())
