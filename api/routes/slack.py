"""Slack's events and buttons: signed requests, handed to the bot as they are."""

from __future__ import annotations

from fastapi import APIRouter, Request
from fastapi.responses import Response

from bots.slack.app import SlackBot
from core.errors import NotFoundError

router = APIRouter(prefix="/slack", tags=["Slack"])


@router.post("/events", include_in_schema=False)
async def events(request: Request) -> Response:
    """404 where Slack is not configured."""
    bot: SlackBot | None = getattr(request.app.state, "slack", None)
    if bot is None:
        raise NotFoundError("Slack is not configured; set COPILOT_SLACK__SIGNING_SECRET")
    return await bot.handle(request)
