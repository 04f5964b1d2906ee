"""Questions over HTTP: one client beside the bare model calls and search, then sixteen clients at once.

A real server process answers over the ingested pages, extractively. The bare figure is encode and NER of the question plus one
Edge search, in one process (target: our median at most twice as long).
"""

from __future__ import annotations

import argparse
import asyncio
import shutil
import tempfile
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import cycle, islice
from pathlib import Path
from statistics import median

import httpx

from benchmarks.pages import copy_pages, parser, questions
from benchmarks.processes import Memory, Server, answering, call, serving
from evals.metrics import percentile

CLIENTS = 16
WARM_UP = 10
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


@dataclass(frozen=True, slots=True)
class Pairs:
    """Milliseconds for each question: ours over HTTP, and bare; and those that the answer itself states for each stage."""

    ours: list[float] = field(default_factory=list)
    bare: list[float] = field(default_factory=list)
    stages: dict[str, list[float]] = field(default_factory=dict)

    @property
    def ratio(self) -> float:
        return median(self.ours) / median(self.bare)


def one_client(server: Server, key: str, asked: Sequence[str], home: Path, shard: Path) -> Pairs:
    """Each question to the server, then to the bare parts, so that whatever else the machine does slows both."""
    pairs = Pairs()
    http = httpx.Client(base_url=server.url, headers={"Authorization": f"Bearer {key}"}, timeout=120)
    with http, answering("benchmarks.bare", ["questions", shard], home=home) as bare:
        for number, question in enumerate(asked):
            began = time.perf_counter()
            response = http.post("/v1/ask", json={"question": question}).raise_for_status()
            ours = 1000 * (time.perf_counter() - began)
            alone = float(bare(question))
            if number >= WARM_UP:
                pairs.ours.append(ours)
                pairs.bare.append(alone)
                for stage, ms in response.json()["timings_ms"].items():
                    pairs.stages.setdefault(stage, []).append(ms)
    return pairs


def main() -> int:
    options = _options()
    with tempfile.TemporaryDirectory(prefix="copilot-bench-") as name:
        home, folder, shard = Path(name) / "home", Path(name) / "pages", Path(name) / "shard"
        pages = copy_pages(options, folder)
        asked = questions(options.data)
        loaded = call("benchmarks.load", [home, folder], home=home)
        print(f"{pages} pages, {loaded['chunks']} chunks", flush=True)
        shutil.copytree(home / "index" / loaded["collection"], shard)  # a shard belongs to one process
        memory = Memory()
        with serving(home) as server, memory.watch(server.pid):
            pairs = one_client(server, loaded["key"], _first(asked, WARM_UP + options.requests), home, shard)
            crowd = asyncio.run(
                ask_all(server.url, loaded["key"], _first(asked, 2 * options.requests), clients=CLIENTS)
            )
    p50, p95 = percentile(pairs.ours, 50), percentile(pairs.ours, 95)
    print(f"1 client    p50 {p50:.1f} ms, p95 {p95:.1f} ms; bare p50 {median(pairs.bare):.1f} ms")
    print("  of it     " + ", ".join(f"{stage} {median(ms):.1f} ms" for stage, ms in pairs.stages.items()))
    print(f"{CLIENTS} clients  {crowd}")
    print(f"memory      {memory.peak / 1e9:.2f} GB at its peak")
    met = "met:" if pairs.ratio <= TARGET_RATIO else "MISSED:"
    print(f"ratio       {pairs.ratio:.2f}  {met} at most {TARGET_RATIO}")
    return 0 if pairs.ratio <= TARGET_RATIO else 1


def _first(asked: Sequence[str], count: int) -> list[str]:
    """From the beginning again where there are fewer."""
    return list(islice(cycle(asked), count))


def _options() -> argparse.Namespace:
    made = parser(__doc__)
    made.add_argument("--requests", type=int, default=149, help="by one client; twice as many by sixteen (%(default)s)")
    return made.parse_args()


if __name__ == "__main__":
    raise SystemExit(main())
