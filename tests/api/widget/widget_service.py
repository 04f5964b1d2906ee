"""The real widget routes over a database, with scripted answers: a server that starts in a second, since no model is loaded."""

from __future__ import annotations

import asyncio
import shutil
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from uuid import uuid4

import httpx
import jwt
import uvicorn
from fastapi import FastAPI
from fastapi.staticfiles import StaticFiles
from starlette.applications import Starlette
from starlette.middleware.gzip import GZipMiddleware
from starlette.requests import Request
from starlette.responses import HTMLResponse, PlainTextResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from widget_answers import FakePipeline

from answers.feedback import Feedback
from answers.handoff import Case
from api import errors
from api.middleware import Envelope
from api.routes import ask, chat, widget, widgets
from api.widget.identity import Identities
from api.widget.kept import KeptAnswers
from api.widget.registry import Widgets
from api.widget.streams import Streams
from api.widget.visits import Visits
from core.auth import Keys
from core.database import Database
from core.domain import Audience, Principal, Role
from core.keyring import Keyring
from core.migrate import migrate
from core.settings import Settings
from core.tenancy import Tenants
from tests.fakes import trail

Json = dict[str, Any]
ISSUER = "portal.example.com"


class FakeFeedback:
    def __init__(self) -> None:
        self.votes: list[tuple[Principal, Feedback]] = []

    async def give(self, principal: Principal, feedback: Feedback) -> None:
        self.votes.append((principal, feedback))


class FakeHandoffs:
    def __init__(self) -> None:
        self.cases: list[tuple[Principal, Json]] = []

    async def open(self, principal: Principal, **details: Any) -> Case:
        self.cases.append((principal, details))
        return Case(str(1041 + len(self.cases)), "open")


class _LostError(ConnectionError):
    """What a cable that is pulled out looks like to the server."""


@dataclass
class Cut:
    """Loses the next `times` streams after `after` events each; with `refuse`, what would go on with them is lost, too."""

    times: int = 0
    after: int = 2
    refuse: bool = False
    resumed: int = 0

    def __call__(self, app: ASGIApp) -> ASGIApp:
        async def cutting(scope: Scope, receive: Receive, send: Send) -> None:
            again = scope["type"] == "http" and "/answers/" in scope["path"] and scope["method"] == "GET"
            if again and self.refuse:
                raise _LostError
            self.resumed += again
            streams = scope["type"] == "http" and (again or scope["path"] == "/v1/ask")
            await app(scope, receive, self._sending(send) if streams and self.times else send)

        return cutting

    def _sending(self, send: Send) -> Send:
        sent = 0

        async def sending(message: Message) -> None:
            nonlocal sent
            sent += message["type"] == "http.response.body"
            if sent > self.after and self.times:
                self.times -= 1
                await asyncio.sleep(0.3)  # a browser forgets what it has not read of a stream that breaks
                raise _LostError
            await send(message)

        return sending


@dataclass
class WidgetService:
    """A running service with one tenant. `admin` and `agent` are keys; `widget` is framed by `host` alone."""

    own: str = ""
    host: str = ""
    thief: str = ""
    admin: str = ""
    agent: str = ""
    foreign: str = ""
    widget: str = ""
    kid: str = ""
    secret: str = ""
    tenant: str = ""
    database: Path = Path()
    pipeline: FakePipeline = field(default_factory=FakePipeline)
    feedback: FakeFeedback = field(default_factory=FakeFeedback)
    handoffs: FakeHandoffs = field(default_factory=FakeHandoffs)
    cut: Cut = field(default_factory=Cut)

    def api(self, token: str | None = None, **headers: str) -> httpx.Client:
        """For a `with` block."""
        sent = headers | ({"Authorization": f"Bearer {token}"} if token else {})
        return httpx.Client(base_url=self.own, headers=sent, timeout=30, trust_env=False)

    def call(self, method: str, path: str, body: Json | None = None) -> Json:
        """As the tenant's admin."""
        with self.api(self.admin) as api:
            response = api.request(method, path, json=body)
        assert response.is_success, response.text
        found: Json = response.json() if response.content else {}
        return found

    def new_widget(self, **more: Any) -> str:
        body = {"name": "Portal", "origins": [self.host], **more}
        return str(self.call("POST", "/v1/widgets", body)["id"])

    def new_key(self, widget_id: str, **more: Any) -> Json:
        return self.call("POST", f"/v1/widgets/{widget_id}/keys", {"issuer": ISSUER, **more})

    def ticket(self, widget_id: str) -> str:
        with self.api() as api:
            page = api.get("/widget/v1/panel", params={"id": widget_id}).text
        return page.split('"ticket": "')[1].split('"')[0]

    def knock(self, widget_id: str | None = None, **more: Any) -> Json:
        """The body of a session's request."""
        widget_id = widget_id or self.widget
        body = {"widget_id": widget_id, "origin": self.host, "visitor": "v" * 40}
        return body | {"ticket": self.ticket(widget_id)} | more

    def visit(self, widget_id: str | None = None, **more: Any) -> Json:
        with self.api() as api:
            response = api.post("/widget/v1/session", json=self.knock(widget_id, **more))
        assert response.status_code == 201, response.text
        found: Json = response.json()
        return found

    def claims(self, **more: Any) -> Json:
        at = int(datetime.now(UTC).timestamp())
        return {
            "iss": ISSUER,
            "aud": self.widget,
            "sub": "agent-17",
            "iat": at,
            "exp": at + 300,
            "jti": uuid4().hex,
            **more,
        }

    def signed(self, **more: Any) -> str:
        """As the partner's backend signs."""
        return jwt.encode(self.claims(**more), self.secret, "HS256", headers={"kid": self.kid})


def migrated(file: Path) -> None:
    async def work() -> None:
        database = Database(f"sqlite+aiosqlite:///{file}", trail=trail())
        await migrate(database)
        await database.aclose()

    asyncio.run(work())


async def _services(service: WidgetService, settings: Settings) -> SimpleNamespace:
    database, keyring = Database(f"sqlite+aiosqlite:///{service.database}", trail=trail()), Keyring(bytes(range(32)))
    tenants, keys = Tenants(database, keyring, generation="unused"), Keys(database, keyring)
    service.tenant = (await tenants.create("acme")).id
    other = (await tenants.create("other")).id
    admin, agent = Role.KNOWLEDGE_ADMIN, Role.SUPPORT_AGENT
    service.admin = (await keys.create(service.tenant, role=admin, audience=Audience.AGENT)).token
    service.agent = (await keys.create(service.tenant, role=agent, audience=Audience.AGENT)).token
    service.foreign = (await keys.create(other, role=admin, audience=Audience.AGENT)).token
    registry = Widgets(database, settings.widget)
    identities = Identities(database, keyring, settings.widget)
    return SimpleNamespace(
        settings=settings,
        database=database,
        keys=keys,
        widgets=registry,
        identities=identities,
        visits=Visits(database, keyring, registry, identities, settings.widget),
        streams=Streams(settings.widget, KeptAnswers(database, keyring, keep_s=settings.widget.resume_s)),
        pipeline=service.pipeline,
        feedback=service.feedback,
        handoffs=service.handoffs,
    )


def _app(services: SimpleNamespace, cut: Cut) -> FastAPI:
    app = FastAPI()
    app.state.services = services
    errors.install(app)
    for routes in (ask, chat, widgets, widget):
        app.include_router(routes.router)
    app.mount("/chat", GZipMiddleware(StaticFiles(directory=chat.FOLDER)))
    app.mount("/widget/v1/static", GZipMiddleware(StaticFiles(directory=widget.FOLDER)))
    app.add_middleware(Envelope, max_body_bytes=services.settings.server.max_body_bytes)
    app.add_middleware(cut)
    return app


HOST = """<!doctype html><html lang="{lang}" dir="{dir}"><head><meta charset="utf-8"><title>Partner portal</title>
<link rel="stylesheet" href="/host.css"><script src="/host.js"></script>
<script async src="{own}/widget/v1/loader.js"{data}></script></head>
<body><header>Stitchwell partner portal</header><main><h1>Orders</h1>
<p>Twelve open orders, three returns, one price list to confirm.</p><button id="host">Confirm</button></main>{place}</body></html>
"""
HOST_JS = """
window.Copilot = window.Copilot || function () { (Copilot.q = Copilot.q || []).push(arguments); };
window.seen = [];
for (const name of ["ready", "open", "close", "question", "answer", "shutdown"])
  Copilot("on", name, (detail) => seen.push([name, detail]));
const asked = new URLSearchParams(location.search);
if (asked.has("inline")) Copilot("init", { widget: asked.get("inline"), container: "#help", locale: "en" });
if (asked.has("identify"))
  Copilot("identify", { getToken: async () => (await fetch("/token")).text() });
"""
HOST_CSS = """body { margin: 0; font: 1rem/1.6 sans-serif; color: #222; background: #fbfbfd; } main { padding: 2rem; }
#help { block-size: 32rem; margin: 2rem; } header { padding: 1rem 2rem; background: #23314d; color: #fff; font-weight: 600; }"""


def _host_app(service: WidgetService) -> Starlette:
    """A partner's portal under a strict policy of its own, and the same pages for a thief: the origin alone differs."""

    def page(request: Request) -> Response:
        lang = request.query_params.get("lang", "en")
        widget_id = request.query_params.get("widget", service.widget)
        policy = (
            f"default-src 'none'; script-src 'self' {service.own}; frame-src {service.own}; "
            "style-src 'self'; connect-src 'self'"
        )
        inline = "inline" in request.query_params
        data = "" if inline else f' data-widget="{widget_id}"'
        place = '<div id="help"></div>' if inline else ""
        html = HOST.format(own=service.own, lang=lang, dir="rtl" if lang == "ar" else "ltr", data=data, place=place)
        return HTMLResponse(html, headers={"Content-Security-Policy": policy})

    def bare(_request: Request) -> Response:
        return HTMLResponse("<!doctype html><title>A page of nobody's</title><body></body>")

    routes = [
        Route("/", page),
        Route("/bare", bare),
        Route("/token", lambda _: PlainTextResponse(service.signed())),
        Route("/host.js", lambda _: PlainTextResponse(HOST_JS, media_type="text/javascript")),
        Route("/host.css", lambda _: PlainTextResponse(HOST_CSS, media_type="text/css")),
    ]
    return Starlette(routes=routes)


@contextmanager
def serving(folder: Path, template: Path, settings: Settings | None = None) -> Iterator[WidgetService]:
    """The service on 127.0.0.1, the portal and the thief on `localhost`: three origins, two sites."""
    service = WidgetService(database=folder / "copilot.db")
    shutil.copyfile(template, service.database)
    stop: list[uvicorn.Server] = []
    ready = threading.Event()

    async def serve() -> None:
        try:
            services = await _services(service, settings or Settings())
        except BaseException:
            ready.set()  # the fault is told at once, not after a minute
            raise
        apps = (_app(services, service.cut), _host_app(service), _host_app(service))
        stop.extend(uvicorn.Server(uvicorn.Config(app, port=0, log_level="critical")) for app in apps)
        running = [asyncio.create_task(server.serve()) for server in stop]
        while not all(server.started for server in stop):
            await asyncio.sleep(0.01)
        ports = [server.servers[0].sockets[0].getsockname()[1] for server in stop]
        service.own = f"http://127.0.0.1:{ports[0]}"
        service.host, service.thief = (f"http://localhost:{port}" for port in ports[1:])
        ready.set()
        await asyncio.gather(*running)
        await services.streams.aclose()
        await services.database.aclose()

    thread = threading.Thread(target=lambda: asyncio.run(serve()))
    thread.start()
    try:
        assert ready.wait(60) and service.own, "the service did not start"
        service.widget = service.new_widget()
        key = service.new_key(service.widget)
        service.kid, service.secret = key["kid"], key["secret"]
        yield service
    finally:
        for server in stop:
            server.should_exit = True
        thread.join(timeout=30)


def limited(**limits: Any) -> Settings:
    settings = Settings()
    return settings.model_copy(update={"widget": settings.widget.model_copy(update=limits)})
