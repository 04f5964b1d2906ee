"""Errors as OpenAI's clients read them: `{"error": {message, type, param, code}}`, on OpenAI's paths alone."""

from __future__ import annotations

from collections.abc import Mapping

PATHS = ("/v1/chat/completions", "/v1/models")

_TYPES = {401: "authentication_error", 403: "permission_error", 404: "not_found_error", 429: "rate_limit_error"}
_CODES = {"unauthenticated": "invalid_api_key", "rate_limited": "rate_limit_exceeded"}
"""Where clients know a code of OpenAI's own; all others are the ones of our problems."""


def speaks_openai(path: str) -> bool:
    return path in PATHS or path.startswith("/v1/models/")


def status_of(status: int) -> int:
    """OpenAI knows no 422: what cannot be used is a 400."""
    return 400 if status == 422 else status


def error_body(status: int, code: str, detail: str, members: Mapping[str, object] | None = None) -> dict[str, object]:
    kind = "server_error" if status >= 500 else _TYPES.get(status, "invalid_request_error")
    param = (members or {}).get("param")
    return {"error": {"message": detail, "type": kind, "param": param, "code": _CODES.get(code, code)}}
