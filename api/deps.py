"""What handlers are given: the services, and the principal behind the request's key or session."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import replace
from typing import Annotated, Any

from fastapi import Depends, Request, Security
from fastapi.security import APIKeyCookie, HTTPAuthorizationCredentials, HTTPBearer
from starlette.datastructures import URL

from api.bootstrap import Services
from api.people import forgery
from api.people.cookies import SESSION, Cookies
from api.people.sessions import SignedIn
from api.widget.visits import PREFIX as VISITOR
from core.auth import require
from core.domain import Permission, Principal
from core.errors import ForbiddenError, UnauthenticatedError, UnavailableError

_bearer = HTTPBearer(auto_error=False, description="An API key: `pc.<id>.<secret>`")
_API = "api"
_session = APIKeyCookie(
    name=f"__Host-{SESSION}",
    auto_error=False,
    description="Of a person who signed in at `/sign-in`; what changes anything shows `X-CSRF-Token`, too",
)


async def services(request: Request) -> Services:
    """Raises `UnavailableError` (`not_ready`) while models are still being loaded.

    A coroutine, as every dependency: FastAPI runs plain functions in a thread, which costs each request more than they do."""
    found: Services | None = getattr(request.app.state, "services", None)
    if found is None:
        raise UnavailableError("the service is still starting; try again in a few seconds", code="not_ready")
    return found


ServicesDep = Annotated[Services, Depends(services)]


def own_origin(request: Request, given: Services) -> str:
    """Of this service as browsers see it: of `server.public_url` where that is set, else as the request came."""
    url = URL(given.settings.server.public_url or str(request.base_url))
    return f"{url.scheme}://{url.netloc}"


def sender(request: Request) -> str | None:
    """The origin that a browser names as a request's; programs name none. Raises `ForbiddenError` (`foreign_origin`) where the
    browser says that the page which sent it is of another site."""
    if request.headers.get("sec-fetch-site", "none") == "cross-site":
        raise ForbiddenError("only the widget's own panel may call this", code="foreign_origin")
    return request.headers.get("origin")


def address(request: Request) -> str:
    """The caller's; behind a proxy what uvicorn makes of `X-Forwarded-For`."""
    return request.client.host if request.client else ""


async def _visitor(given: Services, request: Request, credential: str, permission: Permission) -> Principal:
    """Of a widget's session: bound to the panel, and limited."""
    own = own_origin(request, given)
    found = await given.visits.authenticate(credential, own_origin=own, sender=sender(request))
    require(found.principal, permission)
    await given.visits.admit(found, permission, address=address(request))
    return found.principal


StatedCookie = Annotated[str | None, Security(_session)]
"""For the OpenAPI document; which cookie counts, and under which name, `Cookies` knows."""


async def cookies(request: Request, given: ServicesDep, _stated: StatedCookie = None) -> Cookies:
    return Cookies(request, own=own_origin(request, given), secure=given.settings.sessions.secure)


CookiesDep = Annotated[Cookies, Depends(cookies)]


async def _person(given: Services, request: Request, found: Cookies) -> SignedIn:
    """Of a session's cookie. What changes anything must come from a page of ours, and show the session's token."""
    credential = found.get(SESSION)
    if credential is None:
        raise UnauthenticatedError("send a valid API key as 'Authorization: Bearer <key>', or sign in at /sign-in")
    who = await given.people.sessions.authenticate(credential)
    if request.method not in forgery.SAFE:
        forgery.require_own_page(request, own=own_origin(request, given))
        forgery.require_token(request, who.csrf)
    return who


async def signed_in(request: Request, given: ServicesDep, found: CookiesDep) -> SignedIn:
    """Whoever signed in: of a session alone, since a key has none."""
    if "authorization" in request.headers:
        raise UnauthenticatedError("this is for people who signed in at /sign-in; a key has no session")
    return await _person(given, request, found)


SignedInDep = Annotated[SignedIn, Depends(signed_in)]


async def _signed_in(given: Services, request: Request, permission: Permission, channel: str) -> Principal:
    who = await _person(given, request, await cookies(request, given))
    require(who.principal, permission)
    return who.principal if channel == _API else replace(who.principal, channel=channel)


def allowed(permission: Permission, *, channel: str = _API) -> Any:
    """A dependency: the principal, who must hold `permission`. Their questions are metered under `channel`."""

    async def principal(
        request: Request,
        given: ServicesDep,
        credentials: Annotated[HTTPAuthorizationCredentials | None, Security(_bearer)],
        _stated: StatedCookie = None,
    ) -> Principal:
        if credentials is None:
            return await _signed_in(given, request, permission, channel)
        if channel == _API and credentials.credentials.startswith(VISITOR):
            return await _visitor(given, request, credentials.credentials, permission)
        found = await given.keys.authenticate(credentials.credentials, channel=channel)
        require(found, permission)
        return found

    check: Callable[..., Awaitable[Principal]] = principal
    return Depends(check)
