"""Many visitors at once: conversations over the real service, every one of them answered."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.servers.serving import Server, running_server

pytestmark = pytest.mark.slow

HOST = "https://portal.example.com"
LIMITS = ("SESSIONS_PER_IP", "QUESTIONS_PER_IP", "QUESTIONS_PER_WIDGET")
TEXT = """---
title: Frozen till
audience: public
---
# Frozen till

A till that freezes after the nightly sync: restart the service TillSync on the till. Open orders are kept.
"""
QUESTIONS = (
    "What should I restart when a till freezes after the nightly sync?",
    "Are open orders kept when I restart TillSync?",
)


@pytest.fixture(scope="module")
def busy(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Server, str]]:
    """A server with a published document, whose limits leave room, and its widget's id."""
    settings = {f"COPILOT_WIDGET__{name}": "100000" for name in LIMITS}
    settings |= {"COPILOT_QUOTA__QUESTIONS_PER_MINUTE": "100000"}
    with running_server(tmp_path_factory.mktemp("busy") / "home", settings) as server:
        with server.tenant("acme") as api:
            form = {"data": {"corpus": "notes"}, "files": {"file": ("frozen.md", TEXT.encode())}}
            assert api.post("/v1/documents", **form).status_code == 201  # type: ignore[arg-type]
            assert api.post("/v1/releases", json={}).is_success
            widget = api.post("/v1/widgets", json={"name": "Portal", "origins": [HOST]}).json()["id"]
        yield server, widget


async def _converse(api: httpx.AsyncClient, token: str, start: asyncio.Event) -> list[tuple[float, float]]:
    """Asks and follows up: seconds to the first sentence and to the end, of each."""
    await start.wait()
    took, conversation = [], None
    for question in QUESTIONS:
        began, first = time.perf_counter(), 0.0
        body = {"question": question, **({"conversation_id": conversation} if conversation else {})}
        headers = {"Authorization": f"Bearer {token}", "Accept": "text/event-stream"}
        async with api.stream("POST", "/v1/ask", json=body, headers=headers) as response:
            assert response.status_code == 200, await response.aread()
            done: dict[str, Any] = {}
            async for name, data in _events(response):
                assert name != "error", data
                first = first or (time.perf_counter() - began if name == "sentence" else 0.0)
                done = data if name == "done" else done
        assert done["outcome"] == "answered", done
        conversation = done["conversation_id"]
        took.append((first, time.perf_counter() - began))
    return took


async def _events(response: httpx.Response) -> Any:
    name = ""
    async for line in response.aiter_lines():
        if line.startswith("event: "):
            name = line.removeprefix("event: ")
        elif line.startswith("data: "):
            yield name, json.loads(line.removeprefix("data: "))


async def _visit(api: httpx.AsyncClient, widget: str, ticket: str, number: int) -> str:
    knock = {"widget_id": widget, "ticket": ticket, "origin": HOST, "visitor": f"visitor-{number:040d}"}
    response = await api.post("/widget/v1/session", json=knock)
    assert response.status_code == 201, response.text
    return str(response.json()["token"])


async def _all_at_once(server: Server, widget: str, count: int) -> list[tuple[float, float]]:
    limits = httpx.Limits(max_connections=count, max_keepalive_connections=count)
    async with httpx.AsyncClient(base_url=server.url, timeout=300, trust_env=False, limits=limits) as api:
        page = (await api.get("/widget/v1/panel", params={"id": widget})).text
        ticket = page.split('"ticket": "')[1].split('"')[0]
        tokens = [await _visit(api, widget, ticket, number) for number in range(count)]
        start = asyncio.Event()
        async with asyncio.TaskGroup() as group:
            talks = [group.create_task(_converse(api, token, start)) for token in tokens]
            start.set()
        return [turn for talk in talks for turn in talk.result()]


def _resident_mb(server: Server) -> float:
    """Of the server's process, now."""
    text = Path(f"/proc/{server.pid}/status").read_text("utf-8")
    return int(text.split("VmRSS:")[1].split()[0]) / 1024


def _share(turns: list[tuple[float, float]], index: int, share: float) -> float:
    times = sorted(turn[index] for turn in turns)
    return round(times[min(len(times) - 1, int(len(times) * share))], 2)


@pytest.mark.parametrize("count", [8, pytest.param(200, marks=[pytest.mark.proof, pytest.mark.timed])])
def test_conversations_at_once_are_all_answered(busy: tuple[Server, str], count: int) -> None:
    server, widget = busy
    before = _resident_mb(server)
    turns = asyncio.run(_all_at_once(server, widget, count))
    assert len(turns) == count * len(QUESTIONS)
    figures = {
        "conversations": count,
        "answers": len(turns),
        "first_sentence_s_p50": _share(turns, 0, 0.5),
        "first_sentence_s_p95": _share(turns, 0, 0.95),
        "whole_answer_s_p95": _share(turns, 1, 0.95),
        "server_mb_before": round(before),
        "server_mb": round(_resident_mb(server)),
    }
    print(json.dumps(figures))
