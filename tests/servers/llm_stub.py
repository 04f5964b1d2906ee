"""A chat completions server that misbehaves to order: each request is answered by the next script in line."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

Script = Callable[["Exchange"], Awaitable[None]]


class Exchange:
    """One request and the connection to answer it on."""

    def __init__(self, body: dict[str, Any], headers: dict[str, str], writer: asyncio.StreamWriter) -> None:
        self.body = body
        self.headers = headers
        self._writer = writer

    async def respond(self, status: int, body: str = "", *, headers: dict[str, str] | None = None) -> None:
        lines = [f"HTTP/1.1 {status} Status", f"Content-Length: {len(body.encode())}", "Connection: close"]
        lines += [f"{name}: {value}" for name, value in (headers or {"Content-Type": "application/json"}).items()]
        await self.raw(("\r\n".join(lines) + "\r\n\r\n" + body).encode())

    async def begin(self) -> None:
        await self.raw(b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n")

    async def event(self, data: str) -> None:
        payload = f"data: {data}\n\n".encode()
        await self.raw(f"{len(payload):x}\r\n".encode() + payload + b"\r\n")

    async def piece(self, text: str) -> None:
        await self.event(chunk({"content": text}))

    async def finish(self, *, reason: str | None = "stop", usage: tuple[int, int] | None = None) -> None:
        if reason is not None:
            await self.event(chunk({}, finish_reason=reason))
        if usage is not None:
            counts = {"prompt_tokens": usage[0], "completion_tokens": usage[1], "total_tokens": sum(usage)}
            await self.event(json.dumps({**json.loads(chunk({})), "choices": [], "usage": counts}))
        await self.event("[DONE]")
        await self.raw(b"0\r\n\r\n")

    async def raw(self, data: bytes) -> None:
        self._writer.write(data)
        await self._writer.drain()


def chunk(delta: dict[str, str], *, finish_reason: str | None = None) -> str:
    choice = {"index": 0, "delta": delta, "finish_reason": finish_reason}
    return json.dumps(
        {"id": "c", "object": "chat.completion.chunk", "created": 0, "model": "stub", "choices": [choice]}
    )


def says(*pieces: str, usage: tuple[int, int] | None = (7, 3), reason: str | None = "stop") -> Script:
    async def script(exchange: Exchange) -> None:
        await exchange.begin()
        for piece in pieces:
            await exchange.piece(piece)
        await exchange.finish(reason=reason, usage=usage)

    return script


def answers(status: int, body: str = "{}", *, headers: dict[str, str] | None = None) -> Script:
    async def script(exchange: Exchange) -> None:
        await exchange.respond(status, body, headers=headers)

    return script


@dataclass(slots=True)
class Ledger:
    """What a provider bills: the prompt once it has taken the request, then each piece that it has sent; by the caller's id."""

    bills: dict[str, tuple[int, int]] = field(default_factory=dict)

    def billing(self, *, pieces: int, pause_s: float) -> Script:
        """Answers in `pieces` pieces, with a pause before each."""

        async def script(exchange: Exchange) -> None:
            call = exchange.headers["x-client-request-id"]
            assert call not in self.bills, "a call was made twice under one id"
            prompt = sum(len(message["content"].split()) for message in exchange.body["messages"])
            self.bills[call] = prompt, 0
            await exchange.begin()
            for number in range(1, pieces + 1):
                await asyncio.sleep(pause_s)
                self.bills[call] = prompt, number
                await exchange.piece("word ")
            await exchange.finish(usage=self.bills[call])

        return script


class StubLLM:
    """`base_url`, the `requests` so far, and whether the last client `hung_up` in the middle of an answer."""

    def __init__(self, scripts: list[Script]) -> None:
        self.base_url = ""
        self.requests: list[Exchange] = []
        self.hung_up = asyncio.Event()
        self._scripts = scripts

    async def handle(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            head = (await reader.readuntil(b"\r\n\r\n")).decode().split("\r\n")
            headers = {
                name.lower(): value.strip() for name, _, value in (line.partition(":") for line in head[1:] if line)
            }
            body = json.loads(await reader.readexactly(int(headers.get("content-length", "0"))) or b"{}")
            exchange = Exchange(body, headers, writer)
            script = self._scripts[min(len(self.requests), len(self._scripts) - 1)]
            self.requests.append(exchange)
            await script(exchange)
        except (ConnectionError, asyncio.IncompleteReadError):
            self.hung_up.set()
        finally:
            writer.close()


@asynccontextmanager
async def stub_llm(*scripts: Script) -> AsyncIterator[StubLLM]:
    """The last script answers every further request, too."""
    stub = StubLLM(list(scripts))
    tasks: set[asyncio.Task[None]] = set()

    def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.get_running_loop().create_task(stub.handle(reader, writer))
        tasks.add(task)
        task.add_done_callback(tasks.discard)

    server = await asyncio.start_server(connected, "127.0.0.1", 0)
    stub.base_url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/v1"
    try:
        yield stub
    finally:
        server.close()
        for task in list(tasks):
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await server.wait_closed()
