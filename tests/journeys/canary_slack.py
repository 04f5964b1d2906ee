"""A stand-in for Slack's web API."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from aiohttp import web


class Slack:
    """Says yes to every call, and remembers what it was sent."""

    def __init__(self) -> None:
        self.received: list[bytes] = []
        self._count = 0

    async def call(self, request: web.Request) -> web.Response:
        self.received.append(await request.read())
        self._count += 1
        return web.json_response({"ok": True, "ts": f"1800000000.{self._count:06d}"})

    @asynccontextmanager
    async def running(self) -> AsyncIterator[str]:
        app = web.Application()
        app.add_routes([web.post("/api/{method}", self.call)])
        runner = web.AppRunner(app, shutdown_timeout=0.1)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        yield f"http://127.0.0.1:{runner.addresses[0][1]}/api/"
        await runner.cleanup()
