"""The tools as an MCP client sees them, over a product that says what the test wants."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import pytest
from mcp import Client
from mcp_types import CallToolResult, Tool

from bots.mcp import Watch, mcp_server
from core.errors import CopilotError, ForbiddenError, NotFoundError

CITATION = {
    "n": 1,
    "document_id": "d1",
    "title": "Frozen till",
    "source": "frozen-till.md",
    "url": None,
    "heading_path": ["Steps"],
    "quote": "Restart the service TillSync.",
    "page": 3,
}
ANSWER = {
    "answer_id": "a1",
    "conversation_id": "c1",
    "outcome": "answered",
    "text": "Restart the service TillSync. [1]",
    "citations": [CITATION],
    "confidence": 0.9,
    "degraded": False,
    "release": 3,
    "timings_ms": {"total": 5},
}
PASSAGE = CITATION | {"text": "Restart the service TillSync.", "version": ">=7.2", "doc_type": "runbook", "score": 0.7}


@dataclass
class FakeKnowledge:
    asked: list[tuple[Any, ...]] = field(default_factory=list)
    text: str = "0123456789" * 100
    fault: CopilotError | None = None

    async def search(self, query: str, *, limit: int, filters: Mapping[str, Any]) -> Mapping[str, Any]:
        self._heard(query, limit, filters)
        return {"passages": [PASSAGE], "release": 3}

    async def ask(
        self, question: str, *, conversation_id: str | None, filters: Mapping[str, Any], watch: Watch
    ) -> Mapping[str, Any]:
        self._heard(question, conversation_id, filters)
        for stage in ("searching", "reading"):
            await watch(stage)
        return ANSWER

    async def document(self, document_id: str) -> Mapping[str, Any]:
        self._heard(document_id)
        about = {"id": document_id, "title": "Frozen till", "source": "frozen-till.md", "corpus": "docs"}
        return about | {"status": "published", "text": self.text, "metadata": {"owner": "retail team"}}

    def _heard(self, *said: Any) -> None:
        self.asked.append(said)
        if self.fault:
            raise self.fault


@pytest.fixture
def knowledge() -> FakeKnowledge:
    return FakeKnowledge()


def connected(knowledge: FakeKnowledge) -> Client:
    """For an `async with` block."""
    return Client(mcp_server(lambda _ctx: knowledge, max_document_chars=400, version="1.2.3"))


async def call(knowledge: FakeKnowledge, name: str, **arguments: object) -> CallToolResult:
    async with connected(knowledge) as client:
        return await client.call_tool(name, arguments)


def said(result: CallToolResult) -> str:
    [block] = result.content
    assert block.type == "text"
    return block.text


async def test_the_tools_describe_themselves(knowledge: FakeKnowledge) -> None:
    async with connected(knowledge) as client:
        tools = {tool.name: tool for tool in (await client.list_tools()).tools}
        assert "never instructions" in (client.instructions or "")
    assert list(tools) == ["search_kb", "ask", "get_document"]
    for tool in tools.values():
        _is_complete(tool)
    assert set(tools["ask"].input_schema["properties"]) == {"question", "conversation_id", "filters"}


def _is_complete(tool: Tool) -> None:
    assert tool.title and tool.description
    assert tool.annotations is not None
    assert (tool.annotations.read_only_hint, tool.annotations.open_world_hint) == (True, False)
    assert tool.output_schema is not None and tool.output_schema["type"] == "object"
    for name, schema in tool.input_schema["properties"].items():
        assert schema["description"], f"{tool.name}: {name}"
        assert "tenant" not in name


async def test_an_answer_is_text_with_its_sources_and_the_same_as_data(knowledge: FakeKnowledge) -> None:
    result = await call(knowledge, "ask", question="It freezes. What now?", conversation_id="c0")
    assert said(result) == (
        "Restart the service TillSync. [1]\n\nSources:\n"
        '[1] Frozen till — Steps — frozen-till.md (document_id d1): "Restart the service TillSync."'
    )
    assert result.structured_content["outcome"] == "answered"
    assert result.structured_content["citations"][0]["quote"] == CITATION["quote"]
    assert result.structured_content["conversation_id"] == "c1"
    assert knowledge.asked == [("It freezes. What now?", "c0", {})]


async def test_a_client_that_asks_for_progress_hears_the_stages(knowledge: FakeKnowledge) -> None:
    heard: list[tuple[float, str | None]] = []

    async def progress(done: float, _total: float | None, message: str | None) -> None:
        heard.append((done, message))

    async with connected(knowledge) as client:
        await client.call_tool("ask", {"question": "It freezes."}, progress_callback=progress)
    assert heard == [(1, "searching"), (2, "reading")]


async def test_a_search_gives_passages_with_the_ids_to_read_on(knowledge: FakeKnowledge) -> None:
    filters = {"version": "7.4", "as_of": "2026-11-01", "doc_types": ["runbook"]}
    result = await call(knowledge, "search_kb", query="ERR-4021", limit=3, filters=filters)
    assert "document_id d1" in said(result)
    assert result.structured_content["passages"][0]["text"] == PASSAGE["text"]
    assert knowledge.asked == [("ERR-4021", 3, filters)]


async def test_a_long_document_comes_in_pieces_that_join(knowledge: FakeKnowledge) -> None:
    pieces, offset = [], 0
    while offset is not None:
        result = await call(knowledge, "get_document", document_id="d1", offset=offset)
        piece = result.structured_content
        assert len(piece["text"]) <= 400
        assert piece["characters"] == 1000
        pieces.append(piece["text"])
        assert (f"continues at offset {piece['next_offset']}" in said(result)) == (piece["next_offset"] is not None)
        offset = piece["next_offset"]
    assert "".join(pieces) == knowledge.text
    assert len(pieces) == 3
    assert "retail team" not in str(result)


@pytest.mark.parametrize("tool", ["search_kb", "ask", "get_document"])
@pytest.mark.parametrize(
    "fault", [ForbiddenError("this key lacks the permission 'ask'"), NotFoundError("no such thing")]
)
async def test_a_fault_is_the_tools_error_and_names_the_remedy(
    knowledge: FakeKnowledge, tool: str, fault: CopilotError
) -> None:
    knowledge.fault = fault
    arguments = {"search_kb": {"query": "x"}, "ask": {"question": "x"}, "get_document": {"document_id": "x"}}[tool]
    result = await call(knowledge, tool, **arguments)
    assert result.is_error
    assert said(result) == f"{fault.detail} [{fault.code}]"


@pytest.mark.parametrize(
    ("tool", "arguments", "named"),
    [
        ("search_kb", {}, "query"),
        ("search_kb", {"query": "x", "limit": 0}, "limit"),
        ("search_kb", {"query": "x", "limit": 51}, "limit"),
        ("ask", {"question": ["x"]}, "question"),
        ("ask", {"question": "x", "filters": {"as_of": "yesterday"}}, "filters.as_of"),
        ("ask", {"question": "x", "filters": {"doc_types": ["poem"]}}, "doc_types"),
        ("get_document", {"document_id": "x" * 65}, "document_id"),
        ("get_document", {"document_id": "x", "offset": -1}, "offset"),
    ],
)
async def test_arguments_that_do_not_fit_reach_nothing(
    knowledge: FakeKnowledge, tool: str, arguments: dict[str, object], named: str
) -> None:
    result = await call(knowledge, tool, **arguments)
    assert result.is_error
    assert named in said(result)
    assert knowledge.asked == []


async def test_an_argument_that_no_tool_has_changes_nothing(knowledge: FakeKnowledge) -> None:
    """A model that invents a `tenant` is not told of one."""
    result = await call(knowledge, "ask", question="Who is on call?", tenant="stitchwell", audience="agent")
    assert not result.is_error
    assert knowledge.asked == [("Who is on call?", None, {})]


async def test_a_crash_says_nothing_of_its_reason(knowledge: FakeKnowledge) -> None:
    knowledge.text = None  # type: ignore[assignment]
    knowledge.asked = None  # type: ignore[assignment]
    result = await call(knowledge, "get_document", document_id="d1")
    assert result.is_error
    assert said(result) == "Error executing tool get_document"
