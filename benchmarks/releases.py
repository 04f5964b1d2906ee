"""Releases: milliseconds of a publish that stands ready, of a rollback, and of a publish of one changed page.

Target: at most 200 ms each for 14,000 chunks (2,500 pages). There are no golden questions, so the gate asks nothing; redactor and
embedding model are stand-ins, as in `resync`. Each figure is given in elapsed and in processor time.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable
from pathlib import Path

from sqlalchemy import func, select

from benchmarks.pages import laid_out
from benchmarks.resync import World, opened
from core.models import Revision

TARGET_MS = 200.0


async def _timed(what: str, work: Awaitable[object], *, target: bool = False) -> bool:
    """Whether it took no longer than the target, where it has one."""
    began, busy = time.perf_counter(), time.process_time()
    await work
    elapsed, used = 1e3 * (time.perf_counter() - began), 1e3 * (time.process_time() - busy)
    met = elapsed <= TARGET_MS
    verdict = f"  {'met' if met else 'MISSED'}: at most {TARGET_MS:g} ms" if target else ""
    print(f"{what:42} {elapsed:6.0f} ms, {used:5.0f} ms of processor{verdict}", flush=True)
    return met or not target


async def _measured(home: Path, folder: Path) -> bool:
    async with opened(home, folder) as world:
        seconds, report = await world.sync()
        async with world.database.read(world.tenant_id) as session:
            chunks = await session.scalar(select(func.sum(Revision.passages)))
        print(f"{chunks:,} chunks, ingested in {seconds:.0f} s with stand-ins for the models: {report['counts']}")
        return all([each async for each in _figures(world, folder)])


async def _figures(world: World, folder: Path) -> AsyncIterator[bool]:
    tenant, releases = world.tenant_id, world.releases
    yield await _timed("a dry run, everything marked and undone", releases.rehearse(tenant, actor="benchmark"))
    yield await _timed("preparing, behind the end of a sync", releases.prepare(tenant))
    yield await _timed("publish of all chunks", releases.publish(tenant, actor="benchmark"), target=True)
    page = sorted(folder.glob("*.md"))[0]
    page.write_text(page.read_text("utf-8") + "\n\nOne more sentence than before.\n", "utf-8")
    await world.sync()
    yield await _timed(
        "publish of one page, nothing prepared", releases.publish(tenant, actor="benchmark"), target=True
    )
    yield await _timed("rollback", releases.rollback(tenant, 2, actor="benchmark"), target=True)


def main() -> int:
    with laid_out(__doc__) as (home, folder):
        return 0 if asyncio.run(_measured(home, folder)) else 1


if __name__ == "__main__":
    raise SystemExit(main())
