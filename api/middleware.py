"""Around every request: a request id in the logs, security headers, and a limit on the body."""

from __future__ import annotations

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

    def __init__(self, app: ASGIApp, *, max_body_bytes: int) -> None:
        self._app = app
        self._limit = max_body_bytes

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
            await self._refuse(scope, receive, send)
        else:
            await self._metered(scope, receive, send)

    async def _metered(self, scope: Scope, receive: Receive, send: Send) -> None:
        read = 0
        started = False

        async def counted() -> Message:
            nonlocal read
            message = await receive()
            read += len(message.get("body", b""))
            if read > self._limit:
                raise _TooLargeError
            return message

        async def watched(message: Message) -> None:
            nonlocal started
            if read > self._limit and not started:
                return  # FastAPI answers a torn body with a 400 of its own; ours follows
            started = True
            await send(message)

        try:
            await self._app(scope, counted, watched)
        except Exception as error:  # the edge of a request
            if started:
                raise
            if read <= self._limit:
                await crashed(error, scope["path"])(scope, receive, send)
        if read > self._limit and not started:
            await self._refuse(scope, receive, send)

    async def _refuse(self, scope: Scope, receive: Receive, send: Send) -> None:
        detail = f"the request's body is larger than {self._limit:,} bytes (COPILOT_SERVER__MAX_BODY_BYTES)"
        await rendered(scope["path"], 413, "too_large", detail)(scope, receive, send)


class _TooLargeError(Exception):
    pass


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
