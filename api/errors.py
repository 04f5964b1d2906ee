"""Every error as `application/problem+json` (RFC 9457) with a stable `code`; on OpenAI's paths as OpenAI's clients read it."""

from __future__ import annotations

from collections.abc import Mapping

import structlog
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException

from api.openai.errors import error_body, speaks_openai, status_of
from core.errors import CopilotError

log = structlog.get_logger()

_TITLES = {
    400: "Bad request",
    401: "Not signed in",
    403: "Not allowed",
    404: "Not found",
    405: "Method not allowed",
    408: "Too slow",
    409: "Conflict",
    413: "Too large",
    422: "Cannot be used",
    429: "Too many requests",
    500: "Internal error",
    502: "Upstream failed",
    503: "Not available",
    507: "Storage full",
}
_CODES = {404: "not_found", 405: "method_not_allowed", 413: "too_large"}


def problem(
    status: int,
    code: str,
    detail: str,
    headers: Mapping[str, str] | None = None,
    members: Mapping[str, object] | None = None,
) -> JSONResponse:
    body = {
        "type": "about:blank",
        "title": _TITLES.get(status, "Error"),
        "status": status,
        "code": code,
        "detail": _encodable(detail),
        **(members or {}),
    }
    return JSONResponse(body, status, _headers(status, headers), media_type="application/problem+json")


def rendered(
    path: str,
    status: int,
    code: str,
    detail: str,
    headers: Mapping[str, str] | None = None,
    members: Mapping[str, object] | None = None,
) -> JSONResponse:
    """In the shape that callers of `path` read."""
    if not speaks_openai(path):
        return problem(status, code, detail, headers, members)
    status = status_of(status)
    return JSONResponse(error_body(status, code, _encodable(detail), members), status, _headers(status, headers))


def crashed(error: Exception, path: str) -> JSONResponse:
    """For a fault that is nobody's but ours: told in full to the log, and to the caller not at all."""
    log.error("request_crashed", exc_info=error)
    return rendered(path, 500, "internal_error", "something went wrong; the service's log says more")


def _encodable(detail: str) -> str:
    """A field's name may hold half a character (JSON's "\\ud800"), which no encoding takes."""
    return detail.encode("utf-8", "replace").decode()


def _headers(status: int, given: Mapping[str, str] | None) -> dict[str, str]:
    added = {"WWW-Authenticate": "Bearer"} if status == 401 else {"Retry-After": "60"} if status == 429 else {}
    return {**added, **(given or {})}


def _wait(error: CopilotError) -> dict[str, str]:
    """Where the error knows how long."""
    seconds = error.members.get("retry_after_s")
    return {} if seconds is None else {"Retry-After": str(seconds)}


def install(app: FastAPI) -> None:
    """One handler a kind of error; what none of them takes, `Envelope` hands to `crashed`."""

    @app.exception_handler(CopilotError)
    async def ours(request: Request, error: CopilotError) -> JSONResponse:
        if error.status >= 500 and error.code != "not_ready":  # which probes hear, and ask again, at every start
            log.warning("request_failed", code=error.code, status=error.status)
        path, waiting = request.url.path, _wait(error)
        return rendered(path, error.status, error.code, error.detail, waiting, members=error.members)

    @app.exception_handler(RequestValidationError)
    async def invalid(request: Request, error: RequestValidationError) -> JSONResponse:
        # Never the value that was sent: it may be personal data.
        parts = (f"{'.'.join(str(p) for p in e['loc'][1:]) or 'body'}: {e['msg']}" for e in error.errors()[:5])
        if speaks_openai(request.url.path):
            return rendered(request.url.path, 422, "invalid_request", "; ".join(parts), members=_at_fault(error))
        return problem(422, "invalid_request", "; ".join(parts))

    @app.exception_handler(HTTPException)
    async def http(request: Request, error: HTTPException) -> JSONResponse:
        code = _CODES.get(error.status_code, "invalid_request")
        return rendered(request.url.path, error.status_code, code, str(error.detail), error.headers)


def _at_fault(error: RequestValidationError) -> dict[str, object]:
    place = [str(part) for part in error.errors()[0]["loc"][1:]]
    return {"param": ".".join(place) or None}
