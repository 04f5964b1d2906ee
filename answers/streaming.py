"""Turns a coroutine that emits events into a stream of them.

The work runs in a task of its own: a trace opened in it is closed in the same context, whoever reads the stream, and a reader
that goes away cancels the work.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable

from answers.events import AnswerEvent

Emit = Callable[[AnswerEvent], None]


async def stream(work: Callable[[Emit], Awaitable[None]]) -> AsyncIterator[AnswerEvent]:
    """Events as they are emitted; the work's exception, if it raises one, after them."""
    queue: asyncio.Queue[AnswerEvent | None] = asyncio.Queue()

    async def run() -> None:
        try:
            await work(queue.put_nowait)
        finally:
            queue.put_nowait(None)

    task = asyncio.create_task(run())
    task.add_done_callback(_hear)
    try:
        while (event := await queue.get()) is not None:
            yield event
        await task
    finally:
        task.cancel()
        # Not `await task`: servers cancel whoever reads again and again until it ends, and each of these would reach the work
        # while it tidies up, so that a language model's connection stayed open.
        await asyncio.wait({task})


def _hear(task: asyncio.Task[None]) -> None:
    """What a reader who stays is told, one who has left need not be reminded of."""
    if not task.cancelled():
        task.exception()
