"""Slack's events and buttons: signed requests, handed to the bot as they are. Installation into a workspace."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Cookie, Query, Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response

from api.deps import ServicesDep, own_origin
from api.wiring.slack import installer
from bots.slack.app import SlackBot
from bots.slack.oauth import STATE_S
from core.errors import NotFoundError

router = APIRouter(prefix="/slack", tags=["Slack"])

COOKIE = "copilot_slack_install"
_PAGE = """<!doctype html><html lang="en"><meta charset="utf-8"><title>Partner Copilot in Slack</title>
<body style="font: 1rem/1.5 system-ui; margin: 4rem auto; max-width: 32rem; padding: 0 1rem"><h1>{title}</h1><p>{said}</p>"""
_CONNECTED = _PAGE.format(
    title="Connected", said="The workspace is connected. Mention the copilot in a channel, or write to it directly."
)
_CANCELLED = _PAGE.format(title="Not installed", said="Nothing was changed. Open the installation link to try again.")

Words = Annotated[str, Query(max_length=2000)]


@router.post("/events", include_in_schema=False)
async def events(request: Request) -> Response:
    """404 where Slack is not configured."""
    bot: SlackBot | None = getattr(request.app.state, "slack", None)
    if bot is None:
        raise NotFoundError("Slack is not configured; set COPILOT_SLACK__SIGNING_SECRET")
    return await bot.handle(request)


@router.get("/install", include_in_schema=False)
async def install(request: Request, services: ServicesDep, code: Words) -> Response:
    """The link that 'partner-copilot slack code' prints: on to Slack's consent page."""
    own = own_origin(request, services)
    begun = await installer(services).begin(code, redirect_uri=f"{own}/slack/oauth")
    response = RedirectResponse(begun.url, status_code=302, headers={"cache-control": "no-store"})
    secure = own.startswith("https:")
    response.set_cookie(
        COOKIE, begun.nonce, max_age=STATE_S, path="/slack", secure=secure, httponly=True, samesite="lax"
    )
    return response


@router.get("/oauth", include_in_schema=False)
async def oauth(
    request: Request,
    services: ServicesDep,
    state: Words = "",
    code: Words = "",
    nonce: Annotated[str, Cookie(alias=COOKIE, max_length=200)] = "",
) -> Response:
    """Where Slack sends the browser back to."""
    if not code:
        return HTMLResponse(_CANCELLED)
    redirect_uri = f"{own_origin(request, services)}/slack/oauth"
    await installer(services).finish(state=state, nonce=nonce, given=code, redirect_uri=redirect_uri)
    response = HTMLResponse(_CONNECTED, headers={"cache-control": "no-store"})
    response.delete_cookie(COOKIE, path="/slack")
    return response
