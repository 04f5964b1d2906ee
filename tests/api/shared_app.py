"""The application over a test's own services, whose routes are worked out once a process: FastAPI does it at an application's first
request, and takes as long as twenty requests."""

from __future__ import annotations

from functools import cache
from types import SimpleNamespace
from typing import Any, cast

from fastapi import FastAPI
from starlette.types import Receive, Scope, Send

from api.app import app_over
from core.settings import Settings


class SharedApp:
    """Over `services`, of which one set is asked at a time."""

    def __init__(self, services: Any) -> None:
        self._services = services
        self._app = _assembled(services.settings.server.model_dump_json(), services.settings.mcp.model_dump_json())

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        self._app.state.services = self._services
        await self._app(scope, receive, send)


@cache
def _assembled(server: str, mcp: str) -> FastAPI:
    stated = Settings.model_validate_json(f'{{"server": {server}, "mcp": {mcp}}}')
    return app_over(cast(Any, SimpleNamespace(settings=stated)))
