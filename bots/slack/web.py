"""Slack's Web API, the few calls that we make. Vendor errors become ours here."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import aiohttp
from slack_sdk.errors import SlackApiError, SlackClientError
from slack_sdk.http_retry.async_handler import AsyncRetryHandler
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
_FATAL = {
    "account_inactive",
    "channel_not_found",
    "invalid_auth",
    "is_archived",
    "not_authed",
    "not_in_channel",
    "org_login_required",
    "team_access_not_granted",
    "token_expired",
    "token_revoked",
}
"""The workspace or the channel is closed to us: no other way of posting there would do."""
_QUIET = {"unfurl_links": False, "unfurl_media": False}


class SlackError(CopilotError):
    """Slack took no message. `transient` faults may be retried; `gone`: the message to change is not there any more;
    `fatal`: nothing of ours arrives there."""

    status = 502
    code = "slack_failed"

    def __init__(self, error: str, *, transient: bool, gone: bool = False) -> None:
        super().__init__(f"Slack answered '{error}'")
        self.transient = transient
        self.gone = gone
        self.fatal = error in _FATAL
        self.error = error


def new_client(api_url: str, token: str | None = None, *, patient: bool = True) -> AsyncWebClient:
    """A client that waits as long as Slack says where a call is rate limited, if it is `patient`."""
    retries: list[AsyncRetryHandler] = [AsyncConnectionErrorRetryHandler(max_retry_count=2)]
    if patient:
        retries.append(AsyncRateLimitErrorRetryHandler(max_retry_count=3))
    return AsyncWebClient(token=token, base_url=api_url, timeout=TIMEOUT_S, retry_handlers=retries)


class Web:
    """Writes messages. Raises `SlackError`."""

    def __init__(self, api_url: str) -> None:
        self._api_url = api_url

    async def post(
        self,
        token: str,
        channel: str,
        thread_ts: str | None,
        message: Message,
        *,
        username: str | None = None,
        metadata: Mapping[str, object] | None = None,
    ) -> str:
        """Post in a thread, or for None in the channel; returns the message's `ts`. `username` is shown as the author, `metadata`
        to apps alone (docs.slack.dev/messaging/message-metadata)."""
        arguments: dict[str, object] = {**_content(message), **_QUIET}
        arguments |= {"thread_ts": thread_ts} if thread_ts else {}
        arguments |= {"username": username} if username else {}
        arguments |= {"metadata": metadata} if metadata else {}
        return _ts(await self.call(token, "chat.postMessage", {"channel": channel, **arguments}))

    async def update(self, token: str, channel: str, ts: str, message: Message) -> None:
        """Put another content into a message of ours."""
        await self.call(token, "chat.update", {"channel": channel, "ts": ts, **_content(message)})

    async def whisper(self, token: str, channel: str, thread_ts: str | None, user: str, message: Message) -> None:
        """Say something that only one user sees."""
        arguments: dict[str, object] = {**_content(message), "user": user}
        arguments |= {"thread_ts": thread_ts} if thread_ts else {}
        await self.call(token, "chat.postEphemeral", {"channel": channel, **arguments})

    async def exchange(
        self, *, client_id: str, client_secret: str, code: str, redirect_uri: str
    ) -> Mapping[str, object]:
        """What Slack gives for the code that an installation ends with: team, bot token. Raises `SlackError`."""
        client = new_client(self._api_url)
        given = {"client_id": client_id, "client_secret": client_secret, "code": code, "redirect_uri": redirect_uri}
        try:
            # In the form: the SDK's own method uses an argument of aiohttp's that is to be removed.
            response = await client.api_call("oauth.v2.access", data=given)
        except SlackApiError as error:
            raise SlackError(str(error.response.get("error", "unknown")), transient=False) from None
        except (SlackClientError, aiohttp.ClientError, TimeoutError, OSError) as error:
            raise SlackError(type(error).__name__, transient=True) from error
        return response.data if isinstance(response.data, dict) else {}

    async def is_external(self, token: str, channel: str) -> bool | None:
        """Whether a channel is shared with another organisation (Slack Connect); None where we cannot see the channel."""
        try:
            found = await self.call(token, "conversations.info", {"channel": channel})
        except SlackError as error:
            if error.transient:
                raise
            return None
        told = found.get("channel")
        flags = told if isinstance(told, dict) else {}
        return bool(flags.get("is_ext_shared") or flags.get("is_pending_ext_shared"))

    async def thread(self, token: str, channel: str, thread_ts: str, *, most: int) -> Sequence[Mapping[str, object]]:
        """The first `most` messages of a thread, oldest first."""
        found = await self.call(token, "conversations.replies", {"channel": channel, "ts": thread_ts, "limit": most})
        messages = found.get("messages")
        given: list[object] = messages if isinstance(messages, list) else []
        return [one for one in given if isinstance(one, dict)][:most]

    async def name(self, token: str, user: str) -> str:
        """How a person calls themselves in Slack."""
        found = (await self.call(token, "users.info", {"user": user})).get("user")
        person = found if isinstance(found, dict) else {}
        profile = {**person, **(person.get("profile") or {})}
        names = (profile.get("display_name"), profile.get("real_name"), profile.get("name"))
        return next((name for name in names if isinstance(name, str) and name.strip()), user)[:80]

    async def open_view(self, token: str, trigger_id: str, view: Mapping[str, object]) -> str:
        """Open a modal, at most three seconds after the click; returns the view's id."""
        opened = (await self.call(token, "views.open", {"trigger_id": trigger_id, "view": view})).get("view")
        return str(opened.get("id", "")) if isinstance(opened, dict) else ""

    async def update_view(self, token: str, view_id: str, view: Mapping[str, object]) -> None:
        """Put another content into an open modal. Raises `SlackError` where it was closed meanwhile."""
        await self.call(token, "views.update", {"view_id": view_id, "view": view})

    async def send(
        self,
        token: str,
        channel: str,
        thread_ts: str | None,
        messages: Sequence[Message],
        *,
        instead_of: str | None = None,
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

    async def call(
        self, token: str, method: str, arguments: Mapping[str, object], *, patient: bool = True
    ) -> Mapping[str, object]:
        """Any method, in JSON. `patient`: wait as long as Slack says where it is rate limited, else raise at once."""
        client = new_client(self._api_url, token, patient=patient)
        try:
            response = await client.api_call(method, json=dict(arguments))
        except SlackApiError as error:
            name = str(error.response.get("error", "unknown"))
            transient = name in _TRANSIENT or error.response.status_code >= 500
            raise SlackError(name, transient=transient, gone=name in _GONE) from None
        except (SlackClientError, aiohttp.ClientError, TimeoutError, OSError) as error:
            raise SlackError(type(error).__name__, transient=True) from error
        data: Mapping[str, object] = response.data if isinstance(response.data, dict) else {}
        return data


def _ts(response: Mapping[str, object]) -> str:
    return str(response.get("ts", ""))


def _content(message: Message) -> dict[str, object]:
    """`parse: none`: Slack turns nothing in the text into a link or a mention by itself."""
    return {"text": message.text, "blocks": list(message.blocks), "parse": "none"}
