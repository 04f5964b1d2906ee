"""The Slack bot over the services, where its settings are given."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from answers.popular import Popular
from api.bootstrap import Services
from bots.slack.app import SlackBot
from bots.slack.parts import Ports, Stores
from core.domain import RedactedText


@asynccontextmanager
async def slack_bot(services: Services) -> AsyncIterator[SlackBot | None]:
    """Started, and connected in Socket Mode where an app token is set; None where Slack is not configured."""
    settings = services.settings.slack
    if settings.signing_secret is None and settings.app_token is None:
        yield None
        return
    bot = make_bot(services)
    await bot.start()
    socket = asyncio.create_task(bot.run_socket_mode()) if settings.app_token else None
    try:
        yield bot
    finally:
        if socket is not None:
            socket.cancel()
            await asyncio.gather(socket, return_exceptions=True)
        await bot.aclose()


def make_bot(services: Services) -> SlackBot:
    async def redact(tenant_id: str, text: str) -> RedactedText:
        [clean] = await services.guards.redact_many([text], await services.tenants.profile(tenant_id))
        return clean

    ports = Ports(
        answerer=services.pipeline,
        votes=services.feedback,
        cases=services.handoffs,
        case_work=services.cases,
        given=services.conversations,
        popular=Popular(services.database),
        redact=redact,
    )
    settings = services.settings.slack
    stores = Stores.over(services.database, services.keyring, redact=redact, fallback=settings.bot_token)
    return SlackBot(ports, stores, settings)
