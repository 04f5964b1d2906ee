"""What only the server's adapter has: deadlines, and a server that fails."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

import pytest

from core.errors import CopilotError, StorageFullError, UnavailableError
from retrieval.server import ServerIndex
from tests.retrieval.index_points import ANYTHING, point

SILENT = b""


@asynccontextmanager
async def server(answer: bytes) -> AsyncIterator[str]:
    """Answers every request with these bytes; with none it never answers."""
    done = asyncio.Event()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        if answer:
            writer.write(answer)
            await writer.drain()
        else:
            await done.wait()
        writer.close()

    listening = await asyncio.start_server(serve, "127.0.0.1", 0)
    try:
        yield f"http://127.0.0.1:{listening.sockets[0].getsockname()[1]}"
    finally:
        done.set()
        listening.close()
        await listening.wait_closed()


def refusal(status: str, body: str) -> bytes:
    head = f"HTTP/1.1 {status}\r\nContent-Type: application/json\r\nConnection: close\r\nContent-Length: {len(body)}"
    return f"{head}\r\n\r\n{body}".encode()


@pytest.mark.parametrize(
    ("answer", "kind", "code"),
    [
        (refusal("500 Internal Server Error", '{"status": {"error": "panic"}}'), UnavailableError, "index_unavailable"),
        (refusal("404 Not Found", '{"status": {"error": "no collection"}}'), UnavailableError, "index_missing"),
        (refusal("500 Oh", '{"status": {"error": "No space left on device"}}'), StorageFullError, "storage_full"),
        (refusal("200 OK", "not JSON"), UnavailableError, "index_unavailable"),
    ],
)
async def test_refusal_becomes_our_error(answer: bytes, kind: type[CopilotError], code: str) -> None:
    async with server(answer) as url:
        index = ServerIndex.connect(url)
        with pytest.raises(kind) as caught:
            await index.count("t_1", ANYTHING)
        assert caught.value.code == code
        await index.close()


async def test_silent_server_is_given_up_at_the_deadline() -> None:
    async with server(SILENT) as url:
        index = ServerIndex.connect(url, deadline_s=0.3)
        began = time.monotonic()
        with pytest.raises(UnavailableError) as caught:
            await index.count("t_1", ANYTHING)
        assert caught.value.code == "index_unavailable"
        assert time.monotonic() - began < 30
        await index.close()


@pytest.mark.parametrize(
    "call",
    [
        lambda index: index.ensure("t_1"),
        lambda index: index.upsert("t_1", [point("a")]),
        lambda index: index.revisions("t_1"),
        lambda index: index.enter("t_1", ["r1"], 1),
        lambda index: index.delete_document("t_1", "d1"),
        lambda index: index.document_frequencies("t_1", ANYTHING, [1, 2, 3]),
    ],
)
async def test_server_that_is_down_is_unavailable(call: Callable[[ServerIndex], object]) -> None:
    async with server(SILENT) as url:
        pass
    index = ServerIndex.connect(url)
    with pytest.raises(UnavailableError) as caught:
        await call(index)  # type: ignore[misc]
    assert caught.value.code == "index_unavailable"
    await index.close()
