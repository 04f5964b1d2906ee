"""MCP over HTTP at `/mcp`: stateless, so that any process may answer any request; with the same keys as the rest of the API."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import AbstractAsyncContextManager
from dataclasses import asdict
from typing import Any
from urllib.parse import urlsplit

from mcp.server.mcpserver import Context
from mcp.server.transport_security import TransportSecuritySettings
from mcp_types import INVALID_REQUEST
from starlette.datastructures import Headers
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.types import Receive, Scope, Send

from answers.conversations import as_json
from answers.events import Done, StatusChanged
from answers.types import Answer, Question
from api.bootstrap import Services
from api.schemas import FiltersIn
from api.searching import search
from api.version import VERSION
from bots.mcp import Knowledge, Watch, mcp_server
from core.auth import require
from core.domain import Filters, Permission, Principal
from core.errors import CopilotError, ForbiddenError, UnauthenticatedError, UnavailableError
from core.settings import Settings

LOCAL = frozenset({"localhost", "127.0.0.1", "::1"})


class ServicesKnowledge:
    """The services of this process, for one principal."""

    def __init__(self, services: Services, principal: Principal) -> None:
        self._services = services
        self._principal = principal

    async def search(self, query: str, *, limit: int, filters: Mapping[str, Any]) -> Mapping[str, Any]:
        require(self._principal, Permission.SEARCH)
        return await search(self._services, self._principal, query, limit=limit, filters=_filters(filters))

    async def ask(
        self, question: str, *, conversation_id: str | None, filters: Mapping[str, Any], watch: Watch
    ) -> Mapping[str, Any]:
        require(self._principal, Permission.ASK)
        asked = Question(question, self._principal, conversation_id, _filters(filters))
        answer: Answer | None = None
        async for event in self._services.pipeline.ask(asked):
            match event:
                case StatusChanged(stage):
                    await watch(stage)
                case Done(done):
                    answer = done
        if answer is None:
            raise UnavailableError("the answer was interrupted; ask again")
        return as_json(answer)

    async def document(self, document_id: str) -> Mapping[str, Any]:
        require(self._principal, Permission.DOCUMENTS_READ)
        return asdict(await self._services.library.get(self._principal, document_id))


class MCPEndpoint:
    """The ASGI application behind `/mcp`. It checks whose request it is, and that no web page made it; then the SDK takes over."""

    def __init__(self, settings: Settings) -> None:
        self._hosts = LOCAL | _host_of(settings.server.public_url) | {host.lower() for host in settings.mcp.allow_hosts}
        server = mcp_server(_knowledge_of, max_document_chars=settings.mcp.max_document_chars, version=VERSION)
        # Streams, not single JSON answers: only so does a client that goes away end the work that it asked for.
        server.streamable_http_app(
            stateless_http=True,
            max_request_body_size=settings.mcp.max_body_bytes,
            transport_security=TransportSecuritySettings(
                enable_dns_rebinding_protection=False
            ),  # ours names the remedy
        )
        self._manager = server.session_manager

    def running(self) -> AbstractAsyncContextManager[None]:
        """Once in a lifetime, around all requests."""
        return self._manager.run()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        request = Request(scope)
        try:
            self._require_trusted(request.headers)
            if request.method != "POST":  # there are no sessions, so nothing to listen to or to end
                raise CopilotError("MCP messages are sent with POST", code="method_not_allowed", status=405)
            scope.setdefault("state", {})["knowledge"] = await _authenticated(request)
        except CopilotError as error:
            await _refusal(error)(scope, receive, send)
            return
        await self._manager.handle_request(scope, receive, send)

    def _require_trusted(self, headers: Headers) -> None:
        """Against DNS rebinding: a page whose name was pointed at this server still sends its own name."""
        named = [f"//{headers.get('host', '')}", *([headers["origin"]] if "origin" in headers else [])]
        if not all(_host_of(name) <= self._hosts and _host_of(name) for name in named):
            raise ForbiddenError(
                "this host or origin may not call; name it in COPILOT_SERVER__PUBLIC_URL or COPILOT_MCP__ALLOW_HOSTS",
                code="host_not_allowed",
            )


def _refusal(error: CopilotError) -> JSONResponse:
    """As a JSON-RPC error without an id (MCP 2025-11-25, "Sending messages"): clients show its message, and of a problem none."""
    headers = {401: {"WWW-Authenticate": "Bearer"}, 405: {"Allow": "POST"}}.get(error.status, {})
    told = {"code": INVALID_REQUEST, "message": f"{error.detail} [{error.code}]", "data": {"code": error.code}}
    return JSONResponse({"jsonrpc": "2.0", "id": None, "error": told}, error.status, headers)


async def _authenticated(request: Request) -> ServicesKnowledge:
    services: Services | None = getattr(request.app.state, "services", None)
    if services is None:
        raise UnavailableError("the service is still starting; try again in a few seconds", code="not_ready")
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() != "bearer":
        raise UnauthenticatedError("send a valid API key as 'Authorization: Bearer <key>'")
    return ServicesKnowledge(services, await services.keys.authenticate(token.strip(), channel="mcp"))


def _knowledge_of(ctx: Context) -> Knowledge:
    request = ctx.request_context.request
    assert isinstance(request, Request)
    knowledge: Knowledge = request.state.knowledge
    return knowledge


def _host_of(url: str | None) -> frozenset[str]:
    """The host's name, or nothing where there is none."""
    try:
        name = urlsplit(url or "").hostname
    except ValueError:
        name = None
    return frozenset({name} if name else ())


def _filters(given: Mapping[str, Any]) -> Filters:
    return FiltersIn.model_validate(given).to_domain()
