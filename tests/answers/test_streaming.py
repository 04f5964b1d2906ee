"""A stream of events: in their order, with the work's fault at the end, and work that ends with its reader."""

from __future__ import annotations

import asyncio
from contextlib import suppress

import pytest

from answers.events import StatusChanged
from answers.streaming import Emit, stream
from core.errors import UnavailableError


async def test_events_come_in_order_and_the_fault_after_them() -> None:
    async def work(emit: Emit) -> None:
        emit(StatusChanged("searching"))
        emit(StatusChanged("reading"))
        raise UnavailableError("down")

    events = stream(work)
    assert [await anext(events), await anext(events)] == [StatusChanged("searching"), StatusChanged("reading")]
    with pytest.raises(UnavailableError):
        await anext(events)


async def test_work_tidies_up_undisturbed_however_often_its_reader_is_cancelled() -> None:
    """Starlette and the MCP SDK cancel a reader again at each of its awaits."""
    began, tidied = asyncio.Event(), asyncio.Event()

    async def work(_emit: Emit) -> None:
        try:
            began.set()
            await asyncio.sleep(60)
        finally:
            for _ in range(5):
                await asyncio.sleep(0.01)
            tidied.set()

    async def read() -> None:
        async for _ in stream(work):
            pass

    reader = asyncio.create_task(read())
    await began.wait()
    for _ in range(10):
        reader.cancel()
        await asyncio.sleep(0)
    with suppress(asyncio.CancelledError):
        await reader
    assert reader.cancelled()
    await asyncio.wait_for(tidied.wait(), 60)
