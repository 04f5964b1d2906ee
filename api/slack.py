"""The Slack bot over the services, where its settings are given."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from api.bootstrap import Services
from api.store import Store
from bots.slack.app import SlackBot
from bots.slack.events import Events
from bots.slack.installs import Workspaces
from bots.slack.threads import Threads


def workspaces(store: Store) -> Workspaces:
    return Workspaces(store.database, store.keyring, fallback=store.settings.slack.bot_token)


@asynccontextmanager
async def slack_bot(services: Services) -> AsyncIterator[SlackBot | None]:
    """Started, and connected in Socket Mode where an app token is set; None where Slack is not configured."""
    settings = services.settings.slack
    if settings.signing_secret is None and settings.app_token is None:
        yield None
        return
    bot = SlackBot(
        answerer=services.pipeline,
        votes=services.feedback,
        cases=services.handoffs,
        workspaces=workspaces(services),
        events=Events(services.database, services.keyring),
        threads=Threads(services.database),
        settings=settings,
    )
    await bot.start()
    socket = asyncio.create_task(bot.run_socket_mode()) if settings.app_token else None
    try:
        yield bot
    finally:
        if socket is not None:
            socket.cancel()
            await asyncio.gather(socket, return_exceptions=True)
        await bot.aclose()
