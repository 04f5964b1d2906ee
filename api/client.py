"""The command line's way in: the same HTTP contract, to the running server, or to services opened in this process."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx

from api.app import app_over
from api.bootstrap import open_services
from api.serve import running_url
from api.store import open_store
from core.domain import Audience, Role
from core.errors import CopilotError, UnavailableError
from core.settings import Settings

POLL_S = 0.3


@asynccontextmanager
async def client(settings: Settings, *, tenant: str, audience: Audience) -> AsyncIterator[Client]:
    """A client with a key of its own, which is revoked at the end. Raises `NotFoundError` for an unknown tenant."""
    async with AsyncExitStack() as stack:
        store = await stack.enter_async_context(open_store(settings))
        info = await store.tenants.by_slug(tenant)
        key = await store.keys.create(
            info.id, role=Role.OPERATOR, audience=audience, name="command line", lifetime=timedelta(hours=12)
        )
        stack.push_async_callback(store.keys.revoke, info.id, key.id)
        yield await stack.enter_async_context(client_with(settings, token=key.token))


@asynccontextmanager
async def client_with(settings: Settings, *, token: str, url: str | None = None) -> AsyncIterator[Client]:
    """A client with a key that is there already, of the server at `url`, else of the one that runs on this data folder, else of
    services opened here."""
    async with calls(settings, url=url) as http:
        http.headers["Authorization"] = f"Bearer {token}"
        yield Client(http)


@asynccontextmanager
async def calls(settings: Settings, *, url: str | None = None) -> AsyncIterator[httpx.AsyncClient]:
    """As `client_with`, of nobody yet."""
    async with AsyncExitStack() as stack:
        url = url or running_url(settings.home)
        transport: httpx.AsyncBaseTransport | None = None
        if url is None:
            app = app_over(await stack.enter_async_context(open_services(settings)))
            await stack.enter_async_context(app.router.lifespan_context(app))
            transport = httpx.ASGITransport(app=app)
        http = httpx.AsyncClient(
            base_url=url or "http://localhost", transport=transport, timeout=httpx.Timeout(120.0), trust_env=False
        )
        yield await stack.enter_async_context(http)


class Client:
    """Calls the API; its problems become `CopilotError` again."""

    def __init__(self, http: httpx.AsyncClient) -> None:
        self._http = http

    async def ask(self, question: str, *, filters: dict[str, Any]) -> dict[str, Any]:
        return await self._post("/v1/ask", {"question": question, "filters": filters})

    async def search(self, query: str, *, limit: int, filters: dict[str, Any]) -> dict[str, Any]:
        return await self._post("/v1/search", {"query": query, "limit": limit, "filters": filters})

    async def publish(self, note: str) -> dict[str, Any]:
        return await self._call("POST", "/v1/releases", {"note": note}, patient=True)

    async def ingest(self, path: Path, *, corpus: str, watch: Callable[[dict[str, Any]], None]) -> dict[str, Any]:
        """Sync a folder or file as a source; `watch` is shown the job's progress. Returns the finished job."""
        source = await self._post("/v1/sources", {"corpus": corpus, "uri": str(path.resolve())})
        return await self.sync(source["id"], watch=watch)

    async def sync(
        self, source_id: str, *, watch: Callable[[dict[str, Any]], None], confirm_retire: bool = False
    ) -> dict[str, Any]:
        """Sync a source; `watch` is shown the job's progress. Returns the finished job, raises what it failed with."""
        confirmed = "?confirm_retire=true" if confirm_retire else ""
        job = await self._post(f"/v1/sources/{source_id}/sync{confirmed}", None)
        return await self.finished(job, watch=watch)

    async def finished(
        self, job: dict[str, Any], *, watch: Callable[[dict[str, Any]], None] = lambda _progress: None
    ) -> dict[str, Any]:
        """The job at its end; `watch` is shown its progress. Raises what it failed with."""
        while job["status"] in ("queued", "running"):
            await asyncio.sleep(POLL_S)
            job = await self._call("GET", f"/v1/jobs/{job['id']}")
            watch(job["progress"])
            if job["error"] and job["error"]["code"] == "storage_full":
                break  # it waits for a person, who is told at once
        if job["error"]:
            raise CopilotError(job["error"]["detail"], code=job["error"]["code"])
        return job

    async def call(
        self, method: str, path: str, body: dict[str, Any] | None = None, *, patient: bool = False
    ) -> dict[str, Any]:
        """The answer of any route of the contract that speaks JSON. Raises `CopilotError` with the problem's code and members.
        `patient`: the server bounds the time, as it does a publish gate's."""
        return await self._call(method, path, body, patient=patient)

    async def fetch(self, path: str) -> bytes:
        """The bytes of a route that speaks no JSON. Raises as `call`."""
        try:
            response = await self._http.get(path)
        except httpx.TransportError as error:
            raise _unreachable(self._http, error) from None
        if response.is_error:
            found = response.json()
            raise CopilotError(found["detail"], code=found["code"], status=response.status_code, members=found)
        return response.content

    async def _post(self, path: str, body: dict[str, Any] | None) -> dict[str, Any]:
        return await self._call("POST", path, body)

    async def _call(
        self, method: str, path: str, body: dict[str, Any] | None = None, *, patient: bool = False
    ) -> dict[str, Any]:
        try:
            timeout = None if patient else httpx.USE_CLIENT_DEFAULT
            response = await self._http.request(method, path, json=body, timeout=timeout)
            found: dict[str, Any] = response.json() if response.content else {}
        except (httpx.TransportError, ValueError) as error:
            raise _unreachable(self._http, error) from None
        if response.is_error:
            raise CopilotError(found["detail"], code=found["code"], status=response.status_code, members=found)
        return found


def _unreachable(http: httpx.AsyncClient, error: Exception) -> UnavailableError:
    detail = f"the server at {http.base_url} gave no answer ({type(error).__name__}); see its log"
    return UnavailableError(detail, code="server_unreachable")
