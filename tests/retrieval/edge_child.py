"""A process that holds an embedded index: `hold ROOT` says what came of opening it, `write ROOT` writes until it is killed."""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path

from core.errors import ConflictError
from retrieval.edge import EdgeIndex
from tests.retrieval.index_points import PAYLOAD, point


def say(word: object) -> None:
    print(word, flush=True)


async def write(root: Path) -> None:
    index = EdgeIndex(root, min_free_bytes=0)
    await index.ensure("t_1")
    for n in range(100_000):
        await index.upsert("t_1", [point(f"{n}-{i}", PAYLOAD, seed=n) for i in range(5)])
        await index.enter("t_1", ["r1"], 1)
        say(n + 1)


def hold(root: Path) -> None:
    try:
        EdgeIndex(root)
    except ConflictError as error:
        say(f"{error.code} {error.detail}")
    else:
        say("opened")


if __name__ == "__main__":
    folder = Path(sys.argv[2])
    if sys.argv[1] == "hold":
        hold(folder)
    else:
        asyncio.run(write(folder))
