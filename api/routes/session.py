"""Signing in and out; the own sessions and the own password."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Path, Request, Response

from api.deps import CookiesDep, ServicesDep, SignedInDep, address, own_origin
from api.examples import PROBLEMS
from api.people import forgery
from api.people.cookies import SESSION
from api.people.schemas import DoorOut, EnterIn, PasswordIn, PersonOut, SessionOut, SessionsOut, SignInIn
from api.people.sign_in import Visitor
from core.errors import UnauthenticatedError

router = APIRouter(prefix="/v1", responses=PROBLEMS, tags=["Session"])

SessionId = Annotated[str, Path(max_length=64)]


@router.get("/session")
async def door(request: Request, response: Response, services: ServicesDep, cookies: CookiesDep) -> DoorOut:
    """How one signs in here, and who did in this browser, if anybody."""
    person, credential = None, cookies.get(SESSION)
    if credential is not None:
        try:
            who = await services.people.sessions.authenticate(credential)
            person = PersonOut.of(who, await services.tenants.get(who.principal.tenant_id))
        except UnauthenticatedError:
            cookies.drop(response, SESSION)
    response.headers["Cache-Control"] = "no-store"
    given, people = services.settings.sign_in, services.people
    return DoorOut(product=given.product_name, passwords=given.passwords, oidc=people.oidc.label, person=person)


@router.post("/session", status_code=204)
async def sign_in(
    body: SignInIn, request: Request, response: Response, services: ServicesDep, cookies: CookiesDep
) -> None:
    """Sign in to a local account: the session's cookie comes with the answer."""
    forgery.require_own_page(request, own=own_origin(request, services), stated=False)
    visitor = Visitor(address(request), request.headers.get("user-agent", ""), cookies.get(SESSION))
    credential = await services.people.passwords.sign_in(body.email, body.password, visitor)
    cookies.put(response, SESSION, credential)


@router.patch("/session", status_code=204)
async def enter(body: EnterIn, services: ServicesDep, who: SignedInDep) -> None:
    """Work in another tenant from here on: for platform admins."""
    services.people.sessions.require_may_enter(who)
    await services.people.sessions.enter(who, await services.tenants.by_slug(body.tenant))


@router.delete("/session", status_code=204)
async def sign_out(request: Request, response: Response, services: ServicesDep, cookies: CookiesDep) -> None:
    """End this browser's session; nothing where there is none."""
    credential = cookies.get(SESSION)
    if credential is not None:
        forgery.require_own_page(request, own=own_origin(request, services))
        forgery.require_token(request, services.people.sessions.csrf(credential))
        await services.people.sessions.close(credential)
        cookies.drop(response, SESSION)


@router.put("/session/password", status_code=204)
async def change_password(body: PasswordIn, request: Request, services: ServicesDep, who: SignedInDep) -> None:
    """Change the own password; the own other sessions end."""
    given = {"current": body.current, "new": body.new, "address": address(request)}
    await services.people.passwords.change_password(who, **given)


@router.get("/sessions")
async def sessions(services: ServicesDep, who: SignedInDep) -> SessionsOut:
    """The own sessions, the newest first."""
    return SessionsOut(sessions=[SessionOut.model_validate(each) for each in await services.people.sessions.of(who)])


@router.delete("/sessions/{session_id}", status_code=204)
async def end(session_id: SessionId, services: ServicesDep, who: SignedInDep) -> None:
    """End one of the own sessions, at once."""
    await services.people.sessions.end(who, session_id)
