"""Origins of pages: as browsers write them in `Origin` and `event.origin` (RFC 6454), and nothing looser."""

from __future__ import annotations

import re
from collections.abc import Sequence

from core.errors import InvalidRequestError

_ORIGIN = re.compile(r"(https?)://([a-z0-9](?:[a-z0-9.-]{0,251}[a-z0-9])?|\[[0-9a-f:]{2,39}\])(?::([0-9]{1,5}))?")
_LOCAL = re.compile(r"localhost|127\.0\.0\.1|\[::1\]|[a-z0-9.-]+\.localhost")
_DEFAULT_PORTS = {"http": "80", "https": "443"}


def checked(origins: Sequence[str], *, most: int) -> list[str]:
    """Each once, in the browser's spelling. Raises `InvalidRequestError` (`invalid_origin`)."""
    found = list(dict.fromkeys(_checked(origin) for origin in origins))
    if len(found) > most:
        raise InvalidRequestError(
            f"a widget has at most {most} origins (COPILOT_WIDGET__MAX_ORIGINS)", code="invalid_origin"
        )
    return found


def checked_domain(domain: str) -> str | None:
    """The one origin that serves a widget under its tenant's own name; an empty text takes it away. Raises as `checked`."""
    return _checked(domain) if domain.strip() else None


def _checked(origin: str) -> str:
    match = _ORIGIN.fullmatch(origin.strip().lower().removesuffix("/"))
    if match is None or not 0 < int(match[3] or 1) <= 65535:
        raise InvalidRequestError(
            f"'{origin[:100]}' is no origin; write it as https://portal.example.com, without a path or a wildcard",
            code="invalid_origin",
        )
    scheme, host, port = match.groups()
    if scheme == "http" and not _LOCAL.fullmatch(host):
        raise InvalidRequestError(
            f"'{origin[:100]}' is not encrypted; http is accepted for localhost alone", code="invalid_origin"
        )
    return f"{scheme}://{host}" + (f":{port}" if port and port != _DEFAULT_PORTS[scheme] else "")
