"""The cookies: `__Host-` and `Secure` wherever TLS may be, never readable by scripts, never sent from another site's page.

Only over plain HTTP at a loopback address, as in a demo, do they go without; `COPILOT_SESSIONS__SECURE` decides otherwise.
"""

from __future__ import annotations

from typing import Literal

from fastapi import Request, Response
from starlette.datastructures import URL

from core.settings import LOOPBACK

SESSION, ATTEMPT = "copilot-session", "copilot-oidc"
_PREFIX = "__Host-"


class Cookies:
    """Of one request. `own` is the service's origin as browsers see it."""

    def __init__(self, request: Request, *, own: str, secure: bool | None) -> None:
        url = URL(own)
        local = url.scheme != "https" and url.hostname in LOOPBACK
        self._secure = not local if secure is None else secure
        self._given = request.cookies

    def get(self, name: str) -> str | None:
        """Over TLS only one with the prefix counts: a neighbour under the same domain cannot plant it."""
        return self._given.get(self._named(name))

    def put(
        self,
        response: Response,
        name: str,
        value: str,
        *,
        same_site: Literal["strict", "lax"] = "strict",
        max_age_s: int | None = None,
    ) -> None:
        """Without `max_age_s` it goes when the browser is closed."""
        response.set_cookie(
            self._named(name),
            value,
            max_age=max_age_s,
            path="/",
            secure=self._secure,
            httponly=True,
            samesite=same_site,
        )

    def drop(self, response: Response, name: str) -> None:
        response.delete_cookie(self._named(name), path="/", secure=self._secure, httponly=True, samesite="strict")

    def _named(self, name: str) -> str:
        return _PREFIX + name if self._secure else name
