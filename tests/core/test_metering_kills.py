"""Kill -9 at random moments of metered calls: the meter equals the provider's own ledger."""

from __future__ import annotations

import asyncio
import os
import random
import signal
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import date
from pathlib import Path

import pytest
from job_world import new_tenant
from sqlalchemy import func, select

from core.budgets import Budget, Budgets
from core.crossings import Crossing
from core.database import Database
from core.metering import CallState, Meter
from core.models import Conversation, KeyUsage, Usage
from core.usage import Price, UnconfirmedCall, UsageBook
from tests.servers.llm_stub import Ledger, stub_llm

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parents[2]
LONGEST_LIFE_S = 1.5
"""Of a process whose first call has reached the provider; a call takes about a fifth of it."""


@pytest.mark.parametrize(
    ("kills", "seed"),
    [
        pytest.param(3, 5, marks=pytest.mark.timeout(300)),
        pytest.param(100, 2026, marks=[pytest.mark.proof, pytest.mark.timeout(5400)]),
    ],
)
async def test_after_kills_the_meter_equals_the_providers_ledger(
    database: Database, database_url: str, kills: int, seed: int
) -> None:
    print(f"seed {seed}: {kills} kills")
    draw, ledger = random.Random(seed), Ledger()
    tenant = await new_tenant(database, "a")
    async with (
        stub_llm(ledger.billing(pieces=5, pause_s=0.05)) as stub,
        _asking(database_url, stub.base_url, tenant) as asker,
    ):
        for _ in range(kills):
            await asker.lived(ledger, draw.uniform(0.0, LONGEST_LIFE_S))
        await asker.lived(ledger, None)
    await Meter(database, Budgets(database, Budget())).recover()
    book = UsageBook(database, Budgets(database, Budget()))
    report = await book.report(tenant, since=date.min, until=date.max)
    left = {call.id: call for call in report.unconfirmed}
    settled = [bill for call, bill in ledger.bills.items() if call not in left]
    print(
        f"{len(ledger.bills)} calls billed, {len(left)} unconfirmed, {len(left.keys() - ledger.bills.keys())} never made"
    )

    # What the provider told is counted exactly; what it could not tell is listed, and bounded.
    assert left, "no kill came in the middle of a call"
    assert await _counted(database) == _sum(settled, [_booked(call) for call in left.values()])
    for call, row in left.items():
        billed = ledger.bills.get(call, (0, 0))
        assert row.state == CallState.LOST
        assert billed[0] <= row.reserved_prompt and billed[1] <= row.reserved_completion

    # With the provider's log, the two are equal to the token.
    prices = [Price(call, *ledger.bills.get(call, (0, 0))) for call in left]
    assert (await book.confirm(tenant, prices)).unknown == []
    assert await _counted(database) == _sum(ledger.bills.values())
    assert (await book.report(tenant, since=date.min, until=date.max)).unconfirmed == []
    async with database.read(Crossing.UPKEEP) as session:
        questions = await session.scalar(select(func.sum(Usage.questions)))
        assert questions == await session.scalar(select(func.count()).select_from(Conversation))
        assert await session.scalar(select(func.sum(KeyUsage.tokens))) == sum(_sum(ledger.bills.values()))


class Asker:
    """A process that forks the ones to be killed."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        assert process.stdin is not None
        assert process.stdout is not None
        self._in, self._out = process.stdin, process.stdout

    async def lived(self, ledger: Ledger, seconds: float | None) -> None:
        """One that is killed so long after its first call reached the provider; without `seconds`, one that comes to its end."""
        before = len(ledger.bills)
        self._in.write(b"8\n" if seconds is None else b"1000000\n")
        child = int(await self._out.readline())
        if seconds is not None:
            while len(ledger.bills) == before:
                await asyncio.sleep(0.005)
            await asyncio.sleep(seconds)
            os.kill(child, signal.SIGKILL)
        assert int(await self._out.readline()) == (0 if seconds is None else -signal.SIGKILL)


@asynccontextmanager
async def _asking(*arguments: str) -> AsyncIterator[Asker]:
    pipe = asyncio.subprocess.PIPE
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "tests.core.metering_child", *arguments, cwd=ROOT, stdin=pipe, stdout=pipe
    )
    try:
        assert process.stdout is not None
        assert await process.stdout.readline() == b"ready\n"
        yield Asker(process)
    finally:
        assert process.stdin is not None
        process.stdin.close()
        await process.wait()


def _booked(call: UnconfirmedCall) -> tuple[int, int]:
    return call.prompt_tokens, call.completion_tokens


def _sum(*bills: object) -> tuple[int, int]:
    pairs = [pair for some in bills for pair in some]  # type: ignore[attr-defined]
    return sum(prompt for prompt, _ in pairs), sum(completion for _, completion in pairs)


async def _counted(database: Database) -> tuple[int, int]:
    async with database.read(Crossing.UPKEEP) as session:
        row = (await session.execute(select(func.sum(Usage.prompt_tokens), func.sum(Usage.completion_tokens)))).one()
    return row[0] or 0, row[1] or 0
