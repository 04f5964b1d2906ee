"""Slack's Web API and Socket Mode on loopback: records every call, and refuses what Slack would refuse."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from aiohttp import WSMsgType, web

BLOCK_LIMIT = 50
MESSAGE_CHARS = 13_200


@dataclass(frozen=True, slots=True)
class Call:
    method: str
    token: str
    arguments: Mapping[str, Any]

    @property
    def shown(self) -> str:
        """All that the message's blocks show, as mrkdwn."""
        return "\n".join(_texts(self.arguments.get("blocks", [])))


@dataclass(slots=True)
class Sent:
    """A message as it stands in Slack now."""

    channel: str
    ts: str
    thread_ts: str | None
    call: Call


@dataclass(slots=True)
class SlackStub:
    calls: list[Call] = field(default_factory=list)
    messages: dict[str, Sent] = field(default_factory=dict)
    failures: list[str | None] = field(default_factory=list)
    """Errors of the next calls, in order; None lets one succeed, "429" answers with that status."""
    acknowledged: list[str] = field(default_factory=list)
    url: str = ""
    _envelopes: asyncio.Queue[dict[str, Any]] = field(default_factory=asyncio.Queue)
    _runner: web.AppRunner | None = None
    _port: int = 0

    async def start(self) -> None:
        app = web.Application()
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

    def thread(self, channel: str, thread_ts: str) -> list[str]:
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
        error = self.failures.pop(0) if self.failures else refusal(arguments)
        if error == "429":
            return web.json_response({"ok": False, "error": "ratelimited"}, status=429, headers={"Retry-After": "0"})
        if error is None and call.method == "chat.update" and arguments["ts"] not in self.messages:
            error = "message_not_found"
        return web.json_response({"ok": False, "error": error} if error else {"ok": True, "ts": self._keep(call)})

    def _keep(self, call: Call) -> str:
        if call.method == "chat.postMessage":
            ts = f"1700000000.{len(self.calls):06d}"
            self.messages[ts] = Sent(call.arguments["channel"], ts, call.arguments.get("thread_ts"), call)
            return ts
        ts = str(call.arguments.get("ts", ""))
        if call.method == "chat.update":
            self.messages[ts].call = call
        return ts

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


def refusal(arguments: Mapping[str, Any]) -> str | None:
    """Slack's error for blocks over its limits (docs.slack.dev/reference/block-kit/blocks)."""
    blocks = arguments.get("blocks", [])
    if len(blocks) > BLOCK_LIMIT or not arguments.get("text") or any(not _fits(block) for block in blocks):
        return "invalid_blocks"
    return "msg_blocks_too_long" if len(json.dumps(blocks, ensure_ascii=False)) > MESSAGE_CHARS else None


def _fits(block: Mapping[str, Any]) -> bool:
    match block["type"]:
        case "section":
            return 1 <= len(block["text"]["text"]) <= 3000
        case "markdown":
            return 1 <= len(block["text"]) <= 12_000
        case "context":
            return 1 <= len(block["elements"]) <= 10
        case "actions" | "context_actions":
            return len(block["elements"]) <= 25 and all(len(value) <= 2000 for value in _values(block))
    return False


def _values(block: Mapping[str, Any]) -> list[str]:
    buttons = [b for e in block["elements"] for b in (e, e.get("positive_button", {}), e.get("negative_button", {}))]
    return [button["value"] for button in buttons if "value" in button]


def _texts(value: object) -> list[str]:
    if isinstance(value, list):
        return [text for part in value for text in _texts(part)]
    if not isinstance(value, dict):
        return []
    text = value.get("text")
    return [text] if isinstance(text, str) else [found for part in value.values() for found in _texts(part)]
