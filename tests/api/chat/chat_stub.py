"""A stand-in for the service behind the chat page: real static files, a strict CSP, canned answers."""

from __future__ import annotations

import asyncio
import json
import threading
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import uvicorn
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import FileResponse, JSONResponse, Response
from starlette.routing import Mount, Route
from starlette.staticfiles import StaticFiles
from starlette.types import ASGIApp, Message, Receive, Scope, Send

PAGE = Path(__file__).parents[3] / "api" / "chat"
KEY = "pck_test_0123456789abcdef"
CSP = (
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self'; "
    "form-action 'none'; base-uri 'none'; frame-ancestors 'self'"
)
Event = tuple[str, dict[str, Any]] | None
"""A name and its data; None is a heartbeat."""


@dataclass
class FakeService:
    """Serves the page; keeps what was asked, voted and handed over; answers with `script(question)`."""

    script: Callable[[str], list[Event]]
    pause: float = 0.02
    base_url: str = ""
    asked: list[dict[str, Any]] = field(default_factory=list)
    votes: list[dict[str, Any]] = field(default_factory=list)
    handoffs: list[dict[str, Any]] = field(default_factory=list)
    problems: list[tuple[int, str, str, dict[str, str]]] = field(default_factory=list)
    """Faults that the next calls meet, one each: status, code, detail, headers."""
    cuts: int = 0
    """How many of the next answers break off before their last event, without the end of the body."""

    def app(self) -> Starlette:
        routes = [
            Route("/", lambda _: FileResponse(PAGE / "index.html")),
            Route("/v1/ask", self._ask, methods=["POST"]),
            Route("/v1/feedback", self._feedback, methods=["POST"]),
            Route("/v1/handoffs", self._hand_over, methods=["POST"]),
            Mount("/chat", StaticFiles(directory=PAGE)),
        ]
        return Starlette(routes=routes, middleware=[Middleware(_StrictCSP)])

    async def _ask(self, request: Request) -> Response:
        if fault := self._fault(request):
            return fault
        body = await request.json()
        self.asked.append(body)
        cut = self.cuts > 0
        self.cuts -= cut
        return _EventResponse(self.script(body["question"]), pause=self.pause, cut=cut)

    async def _feedback(self, request: Request) -> Response:
        if fault := self._fault(request):
            return fault
        self.votes.append(await request.json())
        return JSONResponse({}, 201)

    async def _hand_over(self, request: Request) -> Response:
        if fault := self._fault(request):
            return fault
        self.handoffs.append(await request.json())
        return JSONResponse({"case_id": "CASE-1042", "status": "open"}, 201)

    def _fault(self, request: Request) -> Response | None:
        if request.headers.get("authorization") != f"Bearer {KEY}":
            return _problem(401, "unauthenticated", "The key is unknown.", {})
        return _problem(*self.problems.pop(0)) if self.problems else None


def _problem(status: int, code: str, detail: str, headers: dict[str, str]) -> Response:
    body = {"type": f"urn:problem:{code}", "title": code, "status": status, "code": code, "detail": detail}
    return JSONResponse(body, status, headers, media_type="application/problem+json")


class _EventResponse(Response):
    """Streams events with a pause before each; a cut one leaves out the last and closes without the final chunk."""

    def __init__(self, events: list[Event], *, pause: float, cut: bool) -> None:
        super().__init__(media_type="text/event-stream")
        del self.headers["content-length"]
        self._events = events[:-1] if cut else events
        self._pause = pause
        self._cut = cut

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": self.raw_headers})
        async for chunk in self._chunks():
            await send({"type": "http.response.body", "body": chunk, "more_body": True})
        if not self._cut:
            await send({"type": "http.response.body", "body": b""})

    async def _chunks(self) -> AsyncIterator[bytes]:
        for event in self._events:
            await asyncio.sleep(self._pause)
            yield (
                b": heartbeat\n\n" if event is None else f"event: {event[0]}\ndata: {json.dumps(event[1])}\n\n".encode()
            )


class _StrictCSP:
    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def with_policy(message: Message) -> None:
            if message["type"] == "http.response.start":
                message["headers"] = [*message["headers"], (b"content-security-policy", CSP.encode())]
            await send(message)

        await self._app(scope, receive, with_policy)


@contextmanager
def serving(service: FakeService) -> Iterator[FakeService]:
    """Runs the service on a free loopback port in a thread; sets its `base_url`."""
    server = uvicorn.Server(uvicorn.Config(service.app(), port=0, log_level="critical", timeout_graceful_shutdown=1))
    thread = threading.Thread(target=server.run)
    thread.start()
    try:
        deadline = time.monotonic() + 60
        while not server.started:
            assert time.monotonic() < deadline, "the stub did not start"
            time.sleep(0.01)
        port = server.servers[0].sockets[0].getsockname()[1]
        service.base_url = f"http://127.0.0.1:{port}"
        yield service
    finally:
        server.should_exit = True
        thread.join(timeout=10)
