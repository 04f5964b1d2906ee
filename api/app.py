"""The ASGI application: routes over the services, which are opened in the background so that health answers at once."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager

import structlog
from fastapi import FastAPI
from fastapi.staticfiles import StaticFiles
from starlette.formparsers import MultiPartParser
from starlette.middleware.gzip import GZipMiddleware
from starlette.routing import Route

from api import errors
from api.bootstrap import Services, open_services
from api.mcp import MCPEndpoint
from api.middleware import Envelope
from api.routes import (
    ask,
    audit,
    cases,
    chat,
    confidence,
    curation,
    documents,
    failures,
    gaps,
    golden,
    grants,
    health,
    jobs,
    openai,
    policies,
    releases,
    retention,
    review,
    session,
    sign_in,
    slack,
    sources,
    subjects,
    tasks,
    usage,
    users,
    vault,
    widget,
    widgets,
)
from api.slack import slack_bot
from api.version import VERSION
from core.settings import Settings

log = structlog.get_logger()

DESCRIPTION = """
Support answers with cited sources from a vendor's and its partners' own documents. Send an API key as
`Authorization: Bearer <key>`; the key decides tenant and audience. People sign in at `/sign-in`. Errors are
`application/problem+json` with a stable `code`.
"""


OnFailure = Callable[[Exception], Awaitable[None]]


Prepare = Callable[[Services], Awaitable[None]]


def create_app(settings: Settings, *, on_failure: OnFailure, prepare: Prepare | None = None) -> FastAPI:
    """An application that opens its own services; `app.state.services` is set once they are warm and `prepare` is done.
    `on_failure` is told where that cannot be: a server that can never become ready must end."""

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        async with app.state.mcp.running(), AsyncExitStack() as stack:
            opening = asyncio.create_task(_open(app, stack, settings, on_failure, prepare))
            try:
                yield
            finally:
                app.state.draining = True
                opening.cancel()
                await asyncio.gather(opening, return_exceptions=True)

    return _assemble(settings, lifespan)


def app_over(services: Services) -> FastAPI:
    """An application over services that somebody else opened."""

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        app.state.services = services
        async with app.state.mcp.running():
            yield

    return _assemble(services.settings, lifespan)


ROUTES = (
    ask,
    cases,
    tasks,
    openai,
    documents,
    curation,
    grants,
    policies,
    sources,
    failures,
    gaps,
    jobs,
    releases,
    golden,
    confidence,
    audit,
    usage,
    vault,
    retention,
    subjects,
    health,
    chat,
    slack,
    review,
    session,
    sign_in,
    users,
    widgets,
    widget,
)


def _assemble(settings: Settings, lifespan: object) -> FastAPI:
    app = FastAPI(
        title="Partner Copilot",
        version=VERSION,
        description=DESCRIPTION,
        lifespan=lifespan,  # type: ignore[arg-type]
        docs_url=None,
        redoc_url=None,
    )
    errors.install(app)
    # An upload stays in memory, where it is read anyway: larger ones would pass through a temporary file, in the clear.
    MultiPartParser.spool_max_size = settings.server.max_body_bytes
    for routes in ROUTES:
        app.include_router(routes.router)
    app.state.mcp = MCPEndpoint(settings)
    app.router.routes.append(Route("/mcp", endpoint=app.state.mcp, include_in_schema=False))
    app.mount("/chat", GZipMiddleware(StaticFiles(directory=chat.FOLDER)), name="chat")
    app.mount("/widget/v1/static", GZipMiddleware(StaticFiles(directory=widget.FOLDER)), name="widget")
    app.mount("/review", StaticFiles(directory=review.FOLDER, html=True), name="review")
    app.mount("/sign-in", StaticFiles(directory=sign_in.FOLDER), name="sign-in")
    server = settings.server
    app.add_middleware(Envelope, max_body_bytes=server.max_body_bytes, body_s=server.body_s)
    return app


async def _open(
    app: FastAPI, stack: AsyncExitStack, settings: Settings, on_failure: OnFailure, prepare: Prepare | None
) -> None:
    try:
        services = await stack.enter_async_context(open_services(settings))
        if prepare is not None:
            await prepare(services)
        services.jobs.start()
        services.messengers.start()
        await stack.enter_async_context(services.schedule.running())
        await stack.enter_async_context(services.rights.schedule.running())
        await stack.enter_async_context(services.anchors.running())
        app.state.slack = await stack.enter_async_context(slack_bot(services))
    except Exception as error:
        await on_failure(error)
        return
    app.state.services = services
    log.info("ready")
