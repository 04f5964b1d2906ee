"""Against requests that another site's page makes a browser send (CSRF): where a request comes from, and a token that only our own
pages can have read. `SameSite` keeps the cookie from such requests anyway; each of the three would do alone."""

from __future__ import annotations

import hmac

from fastapi import Request
from starlette.datastructures import URL

from core.errors import ForbiddenError

TOKEN_HEADER = "X-CSRF-Token"  # noqa: S105 - a header's name
SAFE = frozenset({"GET", "HEAD", "OPTIONS"})
"""Methods that change nothing."""


def require_own_page(request: Request, *, own: str, stated: bool = True) -> None:
    """Raises `ForbiddenError` (`foreign_origin`) unless the browser says that a page of ours sent it; with `stated` also where
    it says nothing."""
    site, origin = request.headers.get("sec-fetch-site"), request.headers.get("origin")
    foreign = site not in (None, "same-origin") or (origin is not None and not _ours(request, origin, own))
    if foreign or (stated and site is None and origin is None):
        raise ForbiddenError("only this service's own pages may do that", code="foreign_origin")


def require_token(request: Request, expected: str) -> None:
    """Raises `ForbiddenError` (`csrf`)."""
    given = request.headers.get(TOKEN_HEADER, "")
    if not hmac.compare_digest(given.encode(), expected.encode()):
        raise ForbiddenError(
            f"send the session's token as '{TOKEN_HEADER}'; GET /v1/session tells it to the service's own pages",
            code="csrf",
        )


def _ours(request: Request, origin: str, own: str) -> bool:
    """As the operator states it, or the host that was asked: behind a proxy the scheme may be unknown here, the host is not."""
    return origin == own or URL(origin).netloc == request.headers.get("host")
