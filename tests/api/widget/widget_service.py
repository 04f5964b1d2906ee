"""The real widget routes over a database, with scripted answers: a server that starts in a second, since no model is loaded."""

from __future__ import annotations

import asyncio
import shutil
import threading
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
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

from answers.events import AnswerEvent, Cited, Done, Replaced, Sentence, Started, StatusChanged
from answers.feedback import Feedback
from answers.handoff import OFFER, Case
from answers.types import Answer, Citation, Question
from api import errors
from api.middleware import Envelope
from api.routes import ask, chat, widget, widgets
from api.widget.identity import Identities
from api.widget.registry import Widgets
from api.widget.visits import Visits
from core.auth import Keys
from core.database import Database
from core.domain import Audience, Outcome, Principal, Role
from core.keyring import Keyring
from core.migrate import migrate
from core.settings import Settings
from core.tenancy import Tenants

Json = dict[str, Any]
ISSUER = "portal.example.com"

SOURCE = Citation(
    1,
    "doc_1",
    "runbooks/pos-sync-conflict.md",
    "POS sync conflict",
    "https://docs.example/runbooks/pos-sync",
    ("POS sync conflict", "Clearing the queue"),
    None,
    "Stop the sync agent before you clear the queue, or half-written tickets are sent twice.",
    "runbook",
    "7.4",
    date(2026, 3, 1),
    0.83,
)
SENTENCES = (
    "A till shows **SYNC-409** when two stores changed the same ticket while one was offline [1].",
    "Stop the sync agent before you clear the queue [1].",
)


class FakePipeline:
    """Answers as the question's first word asks; keeps what was asked, and by whom."""

    def __init__(self) -> None:
        self.asked: list[Question] = []
        self.pause = 0.0

    async def ask(self, question: Question) -> AsyncIterator[AnswerEvent]:
        self.asked.append(question)
        conversation = question.conversation_id or uuid4().hex
        yield Started("ans_1", conversation, "extractive", 3)
        yield StatusChanged("searching")
        await asyncio.sleep(self.pause)
        if question.text.lower().startswith("unknown"):
            text = "I could not find this in the published documents."
            yield Replaced(text, Outcome.ABSTAINED)
            yield Done(_answer(conversation, text, outcome=Outcome.ABSTAINED))
            return
        yield Sentence(0, SENTENCES[0], "sentence")
        yield Cited(SOURCE)
        await asyncio.sleep(self.pause)
        yield Sentence(1, SENTENCES[1], "sentence")
        yield Done(_answer(conversation, " ".join(SENTENCES)))


def _answer(conversation: str, text: str, *, outcome: Outcome = Outcome.ANSWERED) -> Answer:
    known = outcome is Outcome.ANSWERED
    sources, offer = ((SOURCE,), None) if known else ((), OFFER)
    return Answer(
        "ans_1", conversation, outcome, text, sources, 0.8, False, 3, {}, "extractive", {}, offer, {"total": 5.0}
    )


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
        database = Database(f"sqlite+aiosqlite:///{file}")
        await migrate(database)
        await database.aclose()

    asyncio.run(work())


async def _services(service: WidgetService, settings: Settings) -> SimpleNamespace:
    database, keyring = Database(f"sqlite+aiosqlite:///{service.database}"), Keyring(bytes(range(32)))
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
        pipeline=service.pipeline,
        feedback=service.feedback,
        handoffs=service.handoffs,
    )


def _app(services: SimpleNamespace) -> FastAPI:
    app = FastAPI()
    app.state.services = services
    errors.install(app)
    for routes in (ask, chat, widgets, widget):
        app.include_router(routes.router)
    app.mount("/chat", GZipMiddleware(StaticFiles(directory=chat.FOLDER)))
    app.mount("/widget/v1/static", GZipMiddleware(StaticFiles(directory=widget.FOLDER)))
    app.add_middleware(Envelope, max_body_bytes=1_000_000)
    return app


HOST = """<!doctype html><html lang="{lang}"><head><meta charset="utf-8"><title>Partner portal</title>
<link rel="stylesheet" href="/host.css"><script src="/host.js"></script>
<script async src="{own}/widget/v1/loader.js" data-widget="{widget}"></script></head>
<body><header>Stitchwell partner portal</header><main><h1>Orders</h1>
<p>Twelve open orders, three returns, one price list to confirm.</p><button id="host">Confirm</button></main></body></html>
"""
HOST_JS = """
window.Copilot = window.Copilot || function () { (Copilot.q = Copilot.q || []).push(arguments); };
window.seen = [];
for (const name of ["ready", "open", "close", "question", "answer", "shutdown"])
  Copilot("on", name, (detail) => seen.push([name, detail]));
if (location.search.includes("identify"))
  Copilot("identify", { getToken: async () => (await fetch("/token")).text() });
"""
HOST_CSS = """body { margin: 0; font: 1rem/1.6 sans-serif; color: #222; background: #fbfbfd; } main { padding: 2rem; }
header { padding: 1rem 2rem; background: #23314d; color: #fff; font-weight: 600; }"""


def _host_app(service: WidgetService) -> Starlette:
    """A partner's portal under a strict policy of its own, and the same pages for a thief: the origin alone differs."""

    def page(request: Request) -> Response:
        lang = request.query_params.get("lang", "en")
        widget_id = request.query_params.get("widget", service.widget)
        policy = (
            f"default-src 'none'; script-src 'self' {service.own}; frame-src {service.own}; "
            "style-src 'self'; connect-src 'self'"
        )
        html = HOST.format(own=service.own, widget=widget_id, lang=lang)
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
        services = await _services(service, settings or Settings())
        apps = (_app(services), _host_app(service), _host_app(service))
        stop.extend(uvicorn.Server(uvicorn.Config(app, port=0, log_level="critical")) for app in apps)
        running = [asyncio.create_task(server.serve()) for server in stop]
        while not all(server.started for server in stop):
            await asyncio.sleep(0.01)
        ports = [server.servers[0].sockets[0].getsockname()[1] for server in stop]
        service.own = f"http://127.0.0.1:{ports[0]}"
        service.host, service.thief = (f"http://localhost:{port}" for port in ports[1:])
        ready.set()
        await asyncio.gather(*running)
        await services.database.aclose()

    thread = threading.Thread(target=lambda: asyncio.run(serve()))
    thread.start()
    try:
        assert ready.wait(60), "the service did not start"
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
