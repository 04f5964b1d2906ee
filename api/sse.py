"""Answer events as server-sent events (WHATWG HTML, section 9.2): `meta, status, sentence, citation, replace, done | error`."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from dataclasses import asdict
from typing import Any, Protocol, assert_never

import structlog
from fastapi.responses import StreamingResponse

from answers.conversations import as_json
from answers.events import AnswerEvent, Cited, Done, Replaced, Sentence, Started, StatusChanged
from core.errors import CopilotError

log = structlog.get_logger()

HEARTBEAT_S = 10.0
"""Below the idle limits of common proxies (nginx: 60 s)."""
DISCLOSURE = "You are chatting with an AI assistant."


class Rendering(Protocol):
    """How a stream is written; an empty text is not sent."""

    def event(self, event: AnswerEvent) -> str: ...

    def fault(self, error: CopilotError) -> str: ...


class ContractEvents:
    """The events of DESIGN's contract."""

    def event(self, event: AnswerEvent) -> str:
        return _frame(*_render(event))

    def fault(self, error: CopilotError) -> str:
        return _frame("error", {"code": error.code, "detail": error.detail})


async def event_stream(events: AsyncIterator[AnswerEvent], rendering: Rendering | None = None) -> StreamingResponse:
    """Waits for the first event, so that a fault before it becomes a proper error response instead of a broken stream."""
    first = await anext(events)
    return StreamingResponse(
        _frames(first, events, rendering or ContractEvents()),
        media_type="text/event-stream",
        headers={"Cache-Control": "no-store", "X-Accel-Buffering": "no"},
    )


async def _frames(first: AnswerEvent, events: AsyncIterator[AnswerEvent], rendering: Rendering) -> AsyncIterator[str]:
    pending: asyncio.Task[AnswerEvent | None] = asyncio.create_task(_next(events))
    try:
        yield rendering.event(first)
        while True:
            done, _ = await asyncio.wait({pending}, timeout=HEARTBEAT_S)
            if not done:
                yield ": still here\n\n"
                continue
            event = pending.result()
            if event is None:
                return
            if frame := rendering.event(event):
                yield frame
            pending = asyncio.create_task(_next(events))
    except CopilotError as error:
        yield rendering.fault(error)
    except Exception as error:  # the edge of a request whose status line is already sent
        log.error("stream_crashed", exc_info=error)
        yield rendering.fault(CopilotError("something went wrong; ask again"))
    finally:
        pending.cancel()
        await asyncio.gather(pending, return_exceptions=True)
        aclose = getattr(events, "aclose", None)
        if aclose is not None:
            await aclose()


async def _next(events: AsyncIterator[AnswerEvent]) -> AnswerEvent | None:
    return await anext(events, None)


def _render(event: AnswerEvent) -> tuple[str, dict[str, Any]]:
    match event:
        case Started():
            return "meta", asdict(event) | {"disclosure": DISCLOSURE}
        case StatusChanged():
            return "status", asdict(event)
        case Sentence():
            return "sentence", asdict(event)
        case Cited(citation):
            return "citation", as_json(citation)
        case Replaced():
            return "replace", asdict(event)
        case Done(answer):
            return "done", as_json(answer)
        case _:
            assert_never(event)


def _frame(name: str, data: dict[str, Any]) -> str:
    return f"event: {name}\ndata: {json.dumps(data, ensure_ascii=False)}\n\n"
