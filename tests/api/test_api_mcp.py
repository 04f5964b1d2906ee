"""The official MCP client against the running product: both protocol generations, the same tools, one key's view and no more."""

from __future__ import annotations

import sqlite3
import traceback
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, closing

import httpx
import httpx2
import pytest
from api_world import Json, ask, calling, golden, new_key, revoke, search
from mcp import Client
from mcp.client.streamable_http import streamable_http_client
from mcp_types import CallToolResult

from core.domain import Audience, Role
from tests.servers.demo import Demo

pytestmark = pytest.mark.slow

WARRANTY = "How long is the warranty on a receipt printer?"
UNKNOWN = "0" * 32
HEADERS = {"Accept": "application/json, text/event-stream", "MCP-Protocol-Version": "2025-11-25"}
LIST: Json = {"jsonrpc": "2.0", "id": 1, "method": "tools/list", "params": {}}


@asynccontextmanager
async def connected(demo: Demo, token: str, mode: str = "auto") -> AsyncIterator[Client]:
    headers = {"Authorization": f"Bearer {token}"}
    async with (
        httpx2.AsyncClient(headers=headers, timeout=60.0, trust_env=False) as http,
        Client(streamable_http_client(f"{demo.url}/mcp", http_client=http), mode=mode) as client,
    ):
        yield client


def refused(response: httpx.Response, status: int, code: str) -> str:
    """The message of a refusal, in the shape whose message MCP clients show."""
    assert (response.status_code, response.headers["content-type"]) == (status, "application/json"), response.text
    error: Json = response.json()["error"]
    assert error["data"] == {"code": code}
    return str(error["message"])


def text(result: CallToolResult) -> str:
    [block] = result.content
    assert block.type == "text"
    return block.text


async def called(demo: Demo, token: str, tool: str, **arguments: object) -> CallToolResult:
    async with connected(demo, token) as client:
        return await client.call_tool(tool, arguments)


@pytest.mark.parametrize(("mode", "version"), [("auto", "2026-07-28"), ("legacy", "2025-11-25")])
async def test_a_client_of_either_generation_asks_searches_and_reads(demo: Demo, mode: str, version: str) -> None:
    with demo.api("corvane") as api:
        told = ask(api, WARRANTY)
    async with connected(demo, demo.keys["corvane"], mode) as client:
        assert client.protocol_version == version
        assert {tool.name for tool in (await client.list_tools()).tools} == {"search_kb", "ask", "get_document"}
        answer = (await client.call_tool("ask", {"question": WARRANTY})).structured_content
        assert (answer["text"], answer["outcome"]) == (told["text"], "answered")
        found = (await client.call_tool("search_kb", {"query": WARRANTY, "limit": 2})).structured_content
        assert len(found["passages"]) == 2
        for cited in answer["citations"]:
            document = await client.call_tool("get_document", {"document_id": cited["document_id"]})
            assert cited["quote"] in document.structured_content["text"]
            assert document.structured_content["status"] == "published"


async def test_a_follow_up_goes_on_in_another_connection(demo: Demo) -> None:
    """Nothing is kept between two requests, so any process may serve either."""
    key, follow_up = demo.keys["corvane"], "And what are the steps for it?"
    first = (
        await called(demo, key, "ask", question="What does ERR-4107 mean on a payment terminal?")
    ).structured_content
    alone = (await called(demo, key, "ask", question=follow_up)).structured_content
    follow = await called(demo, key, "ask", question=follow_up, conversation_id=first["conversation_id"])
    assert follow.structured_content["confidence"] > alone["confidence"]
    strange = await called(demo, key, "ask", question=follow_up, conversation_id=UNKNOWN)
    assert strange.is_error
    assert "leave conversation_id out" in text(strange)


async def test_filters_narrow_and_faults_name_their_remedy(demo: Demo) -> None:
    key = demo.keys["corvane"]
    nothing = await called(demo, key, "search_kb", query=WARRANTY, filters={"corpora": ["no-such-corpus"]})
    assert nothing.structured_content["passages"] == []
    wrong = await called(demo, key, "ask", question=WARRANTY, filters={"version": "latest"})
    assert wrong.is_error
    assert "write it as 7.4" in text(wrong)
    long = await called(demo, key, "ask", question="x" * 40_001)
    assert long.is_error
    assert "question_too_long" in text(long)


async def test_another_tenants_document_is_an_unknown_one(demo: Demo) -> None:
    with demo.api("stitchwell") as api:
        theirs = search(api, "on-call escalation", limit=1)[0]["document_id"]
    mine = demo.keys["larderworks"]
    found = await called(demo, mine, "get_document", document_id=theirs)
    never = await called(demo, mine, "get_document", document_id=UNKNOWN)
    assert (found.is_error, text(found)) == (True, text(never))
    odd = await called(demo, mine, "get_document", document_id="../../v1/models")
    assert text(odd) == text(never)
    invented = await called(demo, mine, "ask", question="What is LoomBridge?", tenant="stitchwell", filters=None)
    assert "LoomBridge" not in str(invented.structured_content["citations"])


@pytest.fixture
def tokens(demo: Demo) -> dict[Role, str]:
    """Of partners, and of an auditor who may read everything and ask nothing."""
    audiences = {
        Role.SUPPORT_AGENT: Audience.PARTNER,
        Role.PARTNER_USER: Audience.PARTNER,
        Role.AUDITOR: Audience.AGENT,
    }
    return {role: new_key(demo, "corvane", role=role, audience=audience).token for role, audience in audiences.items()}


async def test_the_keys_audience_and_role_hold(demo: Demo, tokens: dict[Role, str]) -> None:
    partner = tokens[Role.SUPPORT_AGENT]
    question = next(q for q in golden("answerable") if q.tenant == "corvane" and q.audience is Audience.AGENT)
    with demo.api("corvane") as api:
        hidden = [p["document_id"] for p in search(api, question.question, limit=10, filters=question.filters)]
        hidden = [d for d in hidden if api.get(f"/v1/documents/{d}").json()["audience"] == "agent"]
    assert hidden
    refused = await called(demo, partner, "get_document", document_id=hidden[0])
    assert (refused.is_error, text(refused)) == (True, "no such document [not_found]")
    found = await called(demo, partner, "search_kb", query=question.question, limit=50)
    assert not set(hidden) & {passage["document_id"] for passage in found.structured_content["passages"]}

    asker, auditor = tokens[Role.PARTNER_USER], tokens[Role.AUDITOR]
    assert "'documents:read'" in text(await called(demo, asker, "get_document", document_id=hidden[0]))
    for tool, arguments in (("ask", {"question": "x"}), ("search_kb", {"query": "x"})):
        result = await called(demo, auditor, tool, **arguments)
        assert result.is_error
        assert "lacks the permission" in text(result)
    assert not (await called(demo, auditor, "get_document", document_id=hidden[0])).is_error


def test_without_a_live_key_nothing_is_told(demo: Demo) -> None:
    dead = new_key(demo, "corvane")
    with calling(demo, dead.token) as api:
        assert api.post("/mcp", json=LIST, headers=HEADERS).status_code == 200
        revoke(demo, "corvane", dead)
        responses = [api.post("/mcp", json=LIST, headers=HEADERS)]
    for authorization in ("", "Bearer", "Bearer pc.x", f"Basic {dead.token}", dead.token):
        with calling(demo, None) as nobody:
            responses.append(nobody.post("/mcp", json=LIST, headers={**HEADERS, "Authorization": authorization}))
    for response in responses:
        refused(response, 401, "unauthenticated")
        assert response.headers["www-authenticate"] == "Bearer"
    assert len({response.content for response in responses}) == 1


async def test_the_client_is_told_that_its_key_is_dead(demo: Demo) -> None:
    with pytest.raises(BaseExceptionGroup) as caught:
        await called(demo, "pc.x", "ask", question=WARRANTY)
    reasons = "".join(traceback.format_exception(caught.value))
    assert "send a valid API key" in reasons
    assert "24 months" not in reasons


@pytest.mark.parametrize(
    ("headers", "allowed"),
    [
        ({"Host": "attacker.example"}, False),
        ({"Host": "attacker.example:8000"}, False),
        ({"Host": "localhost.attacker.example"}, False),
        ({"Host": "[::1"}, False),
        ({"Origin": "https://attacker.example"}, False),
        ({"Origin": "http://localhost.attacker.example"}, False),
        ({"Origin": "null"}, False),
        ({"Origin": ""}, False),
        ({"Host": "localhost:9999"}, True),
        ({"Host": "[::1]:9999"}, True),
        ({"Origin": "http://localhost:6274"}, True),
    ],
)
def test_a_page_of_a_foreign_name_is_refused_even_with_a_key(
    corvane: httpx.Client, headers: dict[str, str], allowed: bool
) -> None:
    response = corvane.post("/mcp", json=LIST, headers={**HEADERS, **headers})
    if allowed:
        assert response.status_code == 200
    else:
        assert "COPILOT_MCP__ALLOW_HOSTS" in refused(response, 403, "host_not_allowed")


@pytest.mark.parametrize("method", ["GET", "DELETE", "PUT"])
def test_there_is_no_session_to_listen_to_or_to_end(corvane: httpx.Client, method: str) -> None:
    response = corvane.request(method, "/mcp", headers=HEADERS)
    refused(response, 405, "method_not_allowed")
    assert response.headers["allow"] == "POST"


@pytest.mark.parametrize(
    ("content", "status"),
    [(b"{", 400), (b"[]", 400), (b'"x"', 400), (b"{}", 400), (b" " * 1_000_001, 413)],
    ids=["torn", "batch", "text", "empty", "too-large"],
)
def test_what_is_no_message_is_refused(corvane: httpx.Client, content: bytes, status: int) -> None:
    headers = {**HEADERS, "Content-Type": "application/json"}
    assert corvane.post("/mcp", content=content, headers=headers).status_code == status
    assert corvane.post("/mcp", json=LIST, headers=HEADERS).status_code == 200


async def test_questions_are_metered_as_this_surfaces(demo: Demo) -> None:
    def counted() -> int:
        with closing(sqlite3.connect(demo.home / "copilot.db")) as database:
            query = "SELECT coalesce(sum(questions), 0) FROM usage WHERE channel = 'mcp'"
            return int(database.execute(query).fetchone()[0])

    before = counted()
    await called(demo, demo.keys["corvane"], "ask", question=WARRANTY)
    assert counted() == before + 1
