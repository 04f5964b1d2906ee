"""The sign-in page, and the way by the identity provider: what a browser is sent to, never what a program calls."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated
from urllib.parse import quote

from fastapi import APIRouter, Query, Request
from fastapi.responses import FileResponse, RedirectResponse

from api.deps import CookiesDep, ServicesDep, address, own_origin
from api.people.cookies import ATTEMPT, SESSION
from api.people.oidc import Answer
from api.people.sign_in import Visitor
from core.errors import CopilotError

FOLDER = Path(__file__).parent.parent / "people" / "pages"

_PAGE = {
    "Cache-Control": "no-cache",
    "Content-Security-Policy": "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self'; "
    "form-action 'none'; base-uri 'none'; frame-ancestors 'none'",
}
"""Nobody frames what a password is typed into."""

router = APIRouter(include_in_schema=False)

Text = Annotated[str, Query(max_length=2048)]


@router.head("/sign-in")
@router.get("/sign-in")
async def page() -> FileResponse:
    return FileResponse(FOLDER / "index.html", headers=_PAGE)


@router.get("/oidc/start")
async def depart(
    request: Request, services: ServicesDep, cookies: CookiesDep, place: Text = "/review"
) -> RedirectResponse:
    """To the identity provider, with what must come back kept in a cookie: Lax, since another site sends the browser back."""
    desk, own = services.people.oidc, own_origin(request, services)
    try:
        going = await desk.depart(own=own, place=place, address=address(request))
    except CopilotError as error:
        return _refused(error)
    response = _redirect(going.url)
    cookies.put(response, ATTEMPT, going.sealed, same_site="lax", max_age_s=desk.seconds)
    return response


@router.get("/oidc/callback")
async def arrive(
    request: Request,
    services: ServicesDep,
    cookies: CookiesDep,
    state: Text = "",
    code: Text = "",
    iss: Annotated[str | None, Query(max_length=2048)] = None,
) -> RedirectResponse:
    """Back from the identity provider."""
    visitor = Visitor(address(request), request.headers.get("user-agent", ""), cookies.get(SESSION))
    try:
        arrived = await services.people.oidc.arrive(Answer(cookies.get(ATTEMPT) or "", state, code, iss), visitor)
    except CopilotError as error:
        response = _refused(error)
    else:
        response = _redirect(arrived.place)
        cookies.put(response, SESSION, arrived.credential)
    cookies.drop(response, ATTEMPT)
    return response


def _refused(error: CopilotError) -> RedirectResponse:
    """A person looks at it: the page says what became of it."""
    return _redirect(f"/sign-in#error={quote(error.code)}")


def _redirect(to: str) -> RedirectResponse:
    return RedirectResponse(to, 303, headers={"Cache-Control": "no-store"})
