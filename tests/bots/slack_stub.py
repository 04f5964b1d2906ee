"""Slack's Web API and Socket Mode on loopback: records every call, and refuses what Slack would refuse."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from aiohttp import WSMsgType, web
from slack_limits import message_refusal, refusal

__all__ = ["Call", "SlackStub", "message_refusal", "refusal"]

STREAM_BLOCKS = 50


@dataclass(frozen=True, slots=True)
class Call:
    method: str
    token: str
    arguments: Mapping[str, Any]

    @property
    def shown(self) -> str:
        """All that the message's blocks, its stream's chunks, or the modal show, as mrkdwn."""
        view = self.arguments.get("view", {})
        return "\n".join(_texts([self.arguments.get(name, []) for name in ("blocks", "chunks")] + [view]))


@dataclass(slots=True)
class Sent:
    """A message as it stands in Slack now. `live`: a stream that was begun and not stopped."""

    channel: str
    ts: str
    thread_ts: str | None
    call: Call
    live: bool = False
    blocks: int = 0


@dataclass(slots=True)
class SlackStub:
    calls: list[Call] = field(default_factory=list)
    messages: dict[str, Sent] = field(default_factory=dict)
    failures: list[str | None] = field(default_factory=list)
    """Errors of the next calls, in order; None lets one succeed, "429" answers with that status."""
    refused: dict[str, str] = field(default_factory=dict)
    """Errors of methods that fail always."""
    answers: dict[str, dict[str, Any]] = field(default_factory=dict)
    """What methods answer beside ok."""
    limited: dict[str, int] = field(default_factory=dict)
    """How many of a method's next calls are rate limited."""
    unheard: list[str] = field(default_factory=list)
    """Channels whose next message is taken, and answered with a fault all the same."""
    retry_after: str = "0"
    acknowledged: list[str] = field(default_factory=list)
    url: str = ""
    _envelopes: asyncio.Queue[dict[str, Any]] = field(default_factory=asyncio.Queue)
    _runner: web.AppRunner | None = None
    _port: int = 0

    async def start(self) -> None:
        app = web.Application(client_max_size=10_000_000)
        app.add_routes([web.post("/api/{method}", self._call), web.get("/socket", self._socket)])
        self._runner = web.AppRunner(app, shutdown_timeout=0.1)
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", 0).start()
        self._port = self._runner.addresses[0][1]
        self.url = f"http://127.0.0.1:{self._port}/api/"

    async def stop(self) -> None:
        assert self._runner is not None
        await self._runner.cleanup()

    def of(self, method: str) -> list[Call]:
        return [call for call in self.calls if call.method == method]

    def thread(self, channel: str, thread_ts: str | None) -> list[str]:
        """What stands in the thread now, in order."""
        return [m.call.shown for m in self.messages.values() if (m.channel, m.thread_ts) == (channel, thread_ts)]

    def deliver(self, payload: dict[str, Any]) -> str:
        """Send an event through the web socket; returns its envelope's id."""
        envelope_id = f"envelope-{len(self.acknowledged)}-{payload['event_id']}"
        self._envelopes.put_nowait({"envelope_id": envelope_id, "type": "events_api", "payload": payload})
        return envelope_id

    async def _call(self, request: web.Request) -> web.Response:
        is_json = request.content_type == "application/json"
        arguments = await request.json() if is_json else dict(await request.post())
        token = request.headers.get("Authorization", "").removeprefix("Bearer ")
        call = Call(request.match_info["method"], token, arguments)
        if call.method == "apps.connections.open":
            return web.json_response({"ok": True, "url": f"ws://127.0.0.1:{self._port}/socket"})
        self.calls.append(call)
        error = self.failures.pop(0) if self.failures else None
        if self.limited.get(call.method, 0) > 0:
            self.limited[call.method] -= 1
            error = "429"
        error = error or self.refused.get(call.method) or refusal(call.method, arguments) or self._state(call)
        if error == "429":
            headers = {"Retry-After": self.retry_after}
            return web.json_response({"ok": False, "error": "ratelimited"}, status=429, headers=headers)
        if error:
            return web.json_response({"ok": False, "error": error})
        done = {"ok": True, "ts": self._keep(call), **self._answer(call)}
        if call.method == "chat.postMessage" and arguments["channel"] in self.unheard:
            self.unheard.remove(arguments["channel"])
            return web.json_response({"ok": False, "error": "internal_error"})
        return web.json_response(done)

    def _state(self, call: Call) -> str | None:
        """What a method refuses for what stands in Slack now."""
        sent = self.messages.get(str(call.arguments.get("ts", "")))
        if call.method in ("chat.appendStream", "chat.stopStream") and (sent is None or not sent.live):
            return "message_not_in_streaming_state"
        if call.method == "chat.update" and sent is None:
            return "message_not_found"
        if call.method == "chat.update" and sent is not None and sent.live:
            return "streaming_state_conflict"
        if call.method == "chat.appendStream" and sent is not None:
            sent.blocks += sum(len(chunk.get("blocks", [])) for chunk in call.arguments["chunks"])
            return "invalid_blocks" if sent.blocks > STREAM_BLOCKS else None
        return None

    def _keep(self, call: Call) -> str:
        if call.method in ("chat.postMessage", "chat.startStream"):
            ts = f"1700000000.{len(self.calls):06d}"
            live = call.method == "chat.startStream"
            self.messages[ts] = Sent(call.arguments["channel"], ts, call.arguments.get("thread_ts"), call, live)
            return ts
        ts = str(call.arguments.get("ts", ""))
        match call.method:
            case "chat.update":
                self.messages[ts].call = call
            case "chat.stopStream":
                self.messages[ts].live = False
        return ts

    def _answer(self, call: Call) -> dict[str, Any]:
        if call.method in self.answers:
            return self.answers[call.method]
        if call.method == "views.open":
            return {"view": {"id": f"V{len(self.calls):05d}"}}
        if call.method == "conversations.info":
            return {"channel": {"id": call.arguments["channel"], "is_ext_shared": False}}
        if call.method == "users.info":
            return {"user": {"name": "kim", "profile": {"display_name": "Kim Berg"}}}
        return {}

    async def _socket(self, request: web.Request) -> web.WebSocketResponse:
        socket = web.WebSocketResponse()
        await socket.prepare(request)
        await socket.send_str(json.dumps({"type": "hello"}))
        sender = asyncio.create_task(self._send(socket))
        async for message in socket:
            if message.type == WSMsgType.TEXT:
                self.acknowledged.append(json.loads(message.data)["envelope_id"])
        sender.cancel()
        return socket

    async def _send(self, socket: web.WebSocketResponse) -> None:
        while True:
            await socket.send_str(json.dumps(await self._envelopes.get()))


def _texts(value: object) -> list[str]:
    if isinstance(value, list):
        return [text for part in value for text in _texts(part)]
    if not isinstance(value, dict):
        return []
    if value.get("type") == "task_update":
        return [value["title"]]
    own = [value[name] for name in ("text", "initial_value") if isinstance(value.get(name), str)]
    return own + [
        found
        for name, part in value.items()
        if name not in ("text", "initial_value") or not own
        for found in _texts(part)
    ]
