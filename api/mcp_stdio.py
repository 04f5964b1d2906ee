"""MCP over standard input and output, for clients that start their servers themselves: the same tools over the HTTP contract."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import quote

from api.client import Client, client_with
from api.version import VERSION
from bots.mcp import Watch, mcp_server
from core.errors import CopilotError, UnauthenticatedError
from core.settings import Settings


class ClientKnowledge:
    """A server that is reached over HTTP, with one key."""

    def __init__(self, client: Client) -> None:
        self._client = client

    async def search(self, query: str, *, limit: int, filters: Mapping[str, Any]) -> Mapping[str, Any]:
        return await self._call("POST", "/v1/search", {"query": query, "limit": limit, "filters": dict(filters)})

    async def ask(
        self, question: str, *, conversation_id: str | None, filters: Mapping[str, Any], watch: Watch
    ) -> Mapping[str, Any]:
        await watch("searching")
        body = {"question": question, "conversation_id": conversation_id, "filters": dict(filters)}
        return await self._call("POST", "/v1/ask", body)

    async def document(self, document_id: str) -> Mapping[str, Any]:
        return await self._call("GET", f"/v1/documents/{quote(document_id, safe='')}")

    async def _call(self, method: str, path: str, body: dict[str, Any] | None = None) -> Mapping[str, Any]:
        try:
            return await self._client.call(method, path, body)
        except CopilotError as error:
            if error.status != UnauthenticatedError.status:
                raise
            detail = "the key in COPILOT_API_KEY is not valid, or not any more; ask for a new one"
            raise UnauthenticatedError(detail) from None


async def serve_stdio(settings: Settings, *, key: str, url: str | None) -> None:
    """Until standard input ends. Standard output belongs to the protocol; logs go to standard error."""
    async with client_with(settings, token=key, url=url) as client:
        knowledge = ClientKnowledge(client)
        server = mcp_server(lambda _ctx: knowledge, max_document_chars=settings.mcp.max_document_chars, version=VERSION)
        await server.run_stdio_async()
