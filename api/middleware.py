"""Around every request: a request id in the logs, security headers, and limits on the body."""

from __future__ import annotations

import asyncio
from enum import StrEnum
from typing import assert_never
from uuid import uuid4

import structlog
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api.errors import crashed, rendered

CSP = (
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self'; "
    "form-action 'none'; base-uri 'none'; frame-ancestors 'self'"
)
_HEADERS = [
    (b"content-security-policy", CSP.encode()),
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"no-referrer"),
    (b"cross-origin-opener-policy", b"same-origin"),
    (b"permissions-policy", b"camera=(), microphone=(), geolocation=()"),
]


class Envelope:
    """Pure ASGI, so that streams pass through untouched."""

    def __init__(self, app: ASGIApp, *, max_body_bytes: int, body_s: float = 120.0) -> None:
        self._app = app
        self._limit = max_body_bytes
        self._body_s = body_s

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        request_id = uuid4().hex[:12]
        with structlog.contextvars.bound_contextvars(request_id=request_id):
            await self._guarded(scope, receive, _with_headers(send, request_id))

    async def _guarded(self, scope: Scope, receive: Receive, send: Send) -> None:
        if "\x00" in scope["path"]:  # PostgreSQL takes it in no text, so no id holds it
            await rendered(scope["path"], 404, "not_found", "Not Found")(scope, receive, send)
        elif _declared(scope) > self._limit:
            await self._refuse(_Fault.TOO_LARGE, scope, receive, send)
        else:
            await self._metered(scope, receive, send)

    async def _metered(self, scope: Scope, receive: Receive, send: Send) -> None:
        body = _Body(receive, max_bytes=self._limit, seconds=self._body_s)
        started = False

        async def watched(message: Message) -> None:
            nonlocal started
            if body.fault is not None and not started:
                return  # FastAPI answers a torn body with a 400 of its own; ours follows
            started = True
            await send(message)

        try:
            await self._app(scope, body.receive, watched)
        except Exception as error:  # the edge of a request
            if started:
                raise
            if body.fault is None:
                await crashed(error, scope["path"])(scope, receive, send)
        if body.fault is not None and not started:
            await self._refuse(body.fault, scope, receive, send)

    async def _refuse(self, fault: _Fault, scope: Scope, receive: Receive, send: Send) -> None:
        match fault:
            case _Fault.TOO_LARGE:
                status = 413
                detail = f"the request's body is larger than {self._limit:,} bytes (COPILOT_SERVER__MAX_BODY_BYTES)"
            case _Fault.TOO_SLOW:
                status, detail = 408, f"the request's body took longer than {self._body_s:g} s (COPILOT_SERVER__BODY_S)"
            case _:
                assert_never(fault)
        await rendered(scope["path"], status, fault, detail)(scope, receive, send)


class _Fault(StrEnum):
    TOO_LARGE = "too_large"
    TOO_SLOW = "too_slow"


class _RefusedError(Exception):
    """Ends whoever reads the body."""


class _Body:
    """A request's body on its way in. Once it is whole, waiting for the caller to leave takes as long as it takes."""

    def __init__(self, receive: Receive, *, max_bytes: int, seconds: float) -> None:
        self.fault: _Fault | None = None
        self._receive = receive
        self._max_bytes = max_bytes
        self._until = asyncio.get_running_loop().time() + seconds
        self._read = 0
        self._whole = False

    async def receive(self) -> Message:
        message = await self._next()
        self._read += len(message.get("body", b""))
        self._whole = not message.get("more_body", False)
        if self._read > self._max_bytes:
            self.fault = _Fault.TOO_LARGE
            raise _RefusedError
        return message

    async def _next(self) -> Message:
        if self._whole:
            return await self._receive()
        try:
            async with asyncio.timeout_at(self._until):
                return await self._receive()
        except TimeoutError:
            self.fault = _Fault.TOO_SLOW
            raise _RefusedError from None


def _declared(scope: Scope) -> int:
    return next((int(v) for k, v in scope["headers"] if k == b"content-length" and v.isdigit()), 0)


def _with_headers(send: Send, request_id: str) -> Send:
    async def sending(message: Message) -> None:
        if message["type"] == "http.response.start":
            given = message.get("headers", [])
            # A page that other origins frame states its own policy; two at once would both hold.
            stated = {name.lower() for name, _ in given}
            added = [header for header in _HEADERS if header[0] not in stated]
            message["headers"] = [*given, *added, (b"x-request-id", request_id.encode())]
        await send(message)

    return sending
