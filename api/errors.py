"""Every error as `application/problem+json` (RFC 9457) with a stable `code`."""

from __future__ import annotations

import structlog
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException

from core.errors import CopilotError

log = structlog.get_logger()

_TITLES = {
    400: "Bad request",
    401: "Not signed in",
    403: "Not allowed",
    404: "Not found",
    405: "Method not allowed",
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


def problem(status: int, code: str, detail: str) -> JSONResponse:
    headers = {"WWW-Authenticate": "Bearer"} if status == 401 else {"Retry-After": "60"} if status == 429 else None
    body = {
        "type": "about:blank",
        "title": _TITLES.get(status, "Error"),
        "status": status,
        "code": code,
        "detail": detail,
    }
    return JSONResponse(body, status, headers, media_type="application/problem+json")


def install(app: FastAPI) -> None:
    """One handler a kind of error; nothing else renders errors."""

    @app.exception_handler(CopilotError)
    async def ours(_request: Request, error: CopilotError) -> JSONResponse:
        if error.status >= 500:
            log.warning("request_failed", code=error.code, status=error.status)
        return problem(error.status, error.code, error.detail)

    @app.exception_handler(RequestValidationError)
    async def invalid(_request: Request, error: RequestValidationError) -> JSONResponse:
        # Never the value that was sent: it may be personal data.
        parts = (f"{'.'.join(str(p) for p in e['loc'][1:]) or 'body'}: {e['msg']}" for e in error.errors()[:5])
        return problem(422, "invalid_request", "; ".join(parts))

    @app.exception_handler(HTTPException)
    async def http(_request: Request, error: HTTPException) -> JSONResponse:
        return problem(error.status_code, _CODES.get(error.status_code, "invalid_request"), str(error.detail))

    @app.exception_handler(Exception)
    async def unexpected(_request: Request, error: Exception) -> JSONResponse:
        log.error("request_crashed", exc_info=error)
        return problem(500, "internal_error", "something went wrong; the service's log says more")
