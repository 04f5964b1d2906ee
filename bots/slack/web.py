"""Slack's Web API, the few calls that we make. Vendor errors become ours here."""

from __future__ import annotations

from collections.abc import Sequence

import aiohttp
from slack_sdk.errors import SlackApiError, SlackClientError
from slack_sdk.http_retry.builtin_async_handlers import (
    AsyncConnectionErrorRetryHandler,
    AsyncRateLimitErrorRetryHandler,
)
from slack_sdk.web.async_client import AsyncWebClient

from bots.slack.blocks import Message
from core.errors import CopilotError

TIMEOUT_S = 15
"""For one call to Slack; waiting for `Retry-After` comes on top."""
_TRANSIENT = {"ratelimited", "rate_limited", "internal_error", "fatal_error", "service_unavailable", "request_timeout"}
_GONE = {"message_not_found", "cant_update_message", "edit_window_closed"}
_QUIET = {"unfurl_links": False, "unfurl_media": False}


class SlackError(CopilotError):
    """Slack took no message. `transient` faults may be retried; `gone`: the message to change is not there any more."""

    status = 502
    code = "slack_failed"

    def __init__(self, error: str, *, transient: bool, gone: bool = False) -> None:
        super().__init__(f"Slack answered '{error}'")
        self.transient = transient
        self.gone = gone


def new_client(api_url: str, token: str | None = None) -> AsyncWebClient:
    """A client that waits as long as Slack says where a call is rate limited."""
    retries = [AsyncConnectionErrorRetryHandler(max_retry_count=2), AsyncRateLimitErrorRetryHandler(max_retry_count=3)]
    return AsyncWebClient(token=token, base_url=api_url, timeout=TIMEOUT_S, retry_handlers=retries)


class Web:
    """Writes messages. Raises `SlackError`."""

    def __init__(self, api_url: str) -> None:
        self._api_url = api_url

    async def post(self, token: str, channel: str, thread_ts: str, message: Message) -> str:
        """Post in a thread; returns the message's `ts`."""
        arguments = {**_content(message), **_QUIET, "thread_ts": thread_ts}
        return await self._call(token, "chat.postMessage", channel=channel, **arguments)

    async def update(self, token: str, channel: str, ts: str, message: Message) -> None:
        """Put another content into a message of ours."""
        await self._call(token, "chat.update", channel=channel, ts=ts, **_content(message))

    async def whisper(self, token: str, channel: str, thread_ts: str, user: str, message: Message) -> None:
        """Say something that only one user sees."""
        arguments = {**_content(message), "thread_ts": thread_ts, "user": user}
        await self._call(token, "chat.postEphemeral", channel=channel, **arguments)

    async def send(
        self, token: str, channel: str, thread_ts: str, messages: Sequence[Message], *, instead_of: str | None = None
    ) -> None:
        """Post messages in order, the first in the place of one that stands there (unless somebody deleted it)."""
        for number, message in enumerate(messages):
            if number == 0 and instead_of is not None:
                try:
                    await self.update(token, channel, instead_of, message)
                    continue
                except SlackError as error:
                    if not error.gone:
                        raise
            await self.post(token, channel, thread_ts, message)

    async def _call(self, token: str, method: str, **arguments: object) -> str:
        client = new_client(self._api_url, token)
        try:
            response = await client.api_call(method, json=arguments)
        except SlackApiError as error:
            name = str(error.response.get("error", "unknown"))
            transient = name in _TRANSIENT or error.response.status_code >= 500
            raise SlackError(name, transient=transient, gone=name in _GONE) from None
        except (SlackClientError, aiohttp.ClientError, TimeoutError, OSError) as error:
            raise SlackError(type(error).__name__, transient=True) from error
        return str(response.get("ts", ""))


def _content(message: Message) -> dict[str, object]:
    """`parse: none`: Slack turns nothing in the text into a link or a mention by itself."""
    return {"text": message.text, "blocks": list(message.blocks), "parse": "none"}
