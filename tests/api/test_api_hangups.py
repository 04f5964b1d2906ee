"""A client that goes away in the middle of a stream ends the work that it asked for: the model's connection is closed, too."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest
from api_world import upload

from tests.servers.llm_stub import Exchange, StubLLM, stub_llm
from tests.servers.serving import Server, running_server

pytestmark = pytest.mark.slow

QUESTION = "What should I restart when a till freezes after the nightly sync?"
TEXT = "# Frozen till\n\nA till that freezes after the nightly sync: restart the service TillSync on the till.\n"
MESSAGES = [{"role": "user", "content": QUESTION}]
CALL = {"name": "ask", "arguments": {"question": QUESTION}, "_meta": {"progressToken": 1}}
MODERN = {"io.modelcontextprotocol/protocolVersion": "2026-07-28", "io.modelcontextprotocol/clientCapabilities": {}}
Json = dict[str, Any]

ASKED: dict[str, tuple[str, Json, Json]] = {
    "contract": ("/v1/ask", {"question": QUESTION}, {"Accept": "text/event-stream"}),
    "openai": ("/v1/chat/completions", {"model": "partner-copilot", "messages": MESSAGES, "stream": True}, {}),
    "mcp": (
        "/mcp",
        {"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": CALL | {"_meta": {"progressToken": 1, **MODERN}}},
        {"MCP-Protocol-Version": "2026-07-28", "Mcp-Method": "tools/call", "Mcp-Name": "ask"},
    ),
    "mcp-2025": (
        "/mcp",
        {"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": CALL},
        {"MCP-Protocol-Version": "2025-11-25"},
    ),
}
"""Path, body and headers of the same question in each dialect."""


async def never_ends(exchange: Exchange) -> None:
    await exchange.begin()
    while True:
        await exchange.piece("Restart the service TillSync on the till [1]. ")
        await asyncio.sleep(0.1)


@asynccontextmanager
async def asking(tmp_path: Path) -> AsyncIterator[tuple[Server, StubLLM, str]]:
    """A server over a model that talks until nobody listens, and a key."""
    async with stub_llm(never_ends) as stub:
        settings = {"COPILOT_LLM__BASE_URL": stub.base_url, "COPILOT_LLM__MODEL": "stub", "COPILOT_LLM__IDLE_S": "5"}
        running = running_server(tmp_path / "home", settings)
        server = await asyncio.to_thread(running.__enter__)
        try:
            yield server, stub, await asyncio.to_thread(_published, server)
        finally:
            await asyncio.to_thread(running.__exit__, None, None, None)


def _published(server: Server) -> str:
    with server.tenant("acme") as api:
        assert upload(api, "frozen.md", TEXT).status_code == 201
        assert api.post("/v1/releases", json={}).status_code in (200, 201)
        return str(api.headers["authorization"])


async def test_a_client_that_goes_away_ends_the_work(tmp_path: Path) -> None:
    async with asking(tmp_path) as (server, stub, authorization):
        for dialect, (path, body, headers) in ASKED.items():
            stub.hung_up.clear()
            before = len(stub.requests)
            accept = {"Accept": "application/json, text/event-stream", "Authorization": authorization}
            async with (
                httpx.AsyncClient(base_url=server.url, timeout=60, trust_env=False) as api,
                api.stream("POST", path, json=body, headers={**accept, **headers}) as response,
            ):
                assert response.status_code == 200, (dialect, await response.aread())
                async with asyncio.timeout(60):
                    while len(stub.requests) == before:
                        await asyncio.sleep(0.02)
                await asyncio.sleep(0.3)
                assert not stub.hung_up.is_set()
            left = time.monotonic()
            await asyncio.wait_for(stub.hung_up.wait(), 60)
            took = time.monotonic() - left
            print(json.dumps({"dialect": dialect, "seconds_until_the_model_was_let_go": round(took, 2)}))
            assert took < 30  # it talks for as long as somebody listens
