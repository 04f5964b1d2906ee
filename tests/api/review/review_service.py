"""The real curation routes and page over an ingest world: a server that starts in a second, since no model is loaded."""

from __future__ import annotations

import asyncio
import shutil
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import httpx
import uvicorn
from fastapi import FastAPI
from fastapi.staticfiles import StaticFiles

from api import errors
from api.middleware import Envelope
from api.people.accounts import NewAccount
from api.routes import chat, curation, documents, failures, releases, review, session, sign_in
from api.wiring.people import make_people
from core.auth import Keys
from core.database import Database
from core.domain import Audience, Role
from core.keyring import Keyring
from core.migrate import migrate
from core.settings import Settings
from guardrails.vault import Vault
from ingest.catalogue import Catalogue
from ingest.curation import Curation, CurationLimits, Redacts
from ingest.failures import Failures
from ingest.release_views import ReleaseCatalogue
from ingest.revisions import Revisions
from ingest.staging import Staging
from retrieval.edge import EdgeIndex
from retrieval.index import VectorIndex
from tests.fakes import FakeEmbedder, trail
from tests.ingest.ingest_world import BUDGET, FakeRedactor, FaultyIndex, World

Json = dict[str, Any]
PEOPLE = {"ada": Role.EDITOR, "bob": Role.KNOWLEDGE_ADMIN, "carl": Role.AUDITOR}
PASSWORD = "correct horse battery"
"""Of each of them, at ada@acme.example and so on."""


class _Redactor:
    async def redact_many(self, texts: Any, profile: Any) -> Any:
        return FakeRedactor().redact_batch(texts, profile)


@dataclass
class ReviewService:
    """A running service: `keys` of Ada who writes, Bob who decides, Carl who looks."""

    base_url: str = ""
    keys: dict[str, str] = field(default_factory=dict)

    def as_(self, person: str) -> httpx.Client:
        headers = {"Authorization": f"Bearer {self.keys[person]}"}
        return httpx.Client(base_url=self.base_url, headers=headers, timeout=30, trust_env=False)

    def call(self, person: str, method: str, path: str, body: Json | None = None) -> Json:
        with self.as_(person) as api:
            response = api.request(method, path, json=body)
        assert response.is_success, response.text
        found: Json = response.json() if response.content else {}
        return found

    def upload(self, name: str, text: str, *, person: str = "ada", **form: str) -> Json:
        """The document's row."""
        with self.as_(person) as api:
            sent = {"corpus": "manuals", **form}
            response = api.post("/v1/documents", data=sent, files={"file": (name, text.encode())})
        assert response.is_success, response.text
        return self.row(response.json()["id"])

    def row(self, document_id: str) -> Json:
        found: Json = self.call("bob", "GET", f"/v1/documents/{document_id}/revisions")["document"]
        return found

    def publish(self) -> int:
        return int(self.call("bob", "POST", "/v1/releases", {})["release"])


def migrated(file: Path) -> None:
    async def work() -> None:
        database = Database(f"sqlite+aiosqlite:///{file}")
        await migrate(database)
        await database.aclose()

    asyncio.run(work())


async def _open(folder: Path, template: Path) -> tuple[SimpleNamespace, Mapping[str, str]]:
    shutil.copyfile(template, folder / "copilot.db")
    database = Database(f"sqlite+aiosqlite:///{folder / 'copilot.db'}", trail=trail())
    index = FaultyIndex(EdgeIndex(folder / "index", min_free_bytes=0))
    world = await World(database, folder / "files", index).begin()
    staging = Staging(
        database=database,
        index=cast(VectorIndex, index),
        embedder=FakeEmbedder(),
        tenants=world.tenants,
        budget=BUDGET,
    )
    keys = Keys(database, Keyring(bytes(range(32))))
    tokens = {
        name: (await keys.create(world.tenant.id, role=role, audience=Audience.AGENT, name=name)).token
        for name, role in PEOPLE.items()
    }
    settings = Settings.model_validate({"sign_in": {"argon2_memory_kib": 1024, "product_name": "Acme Answers"}})
    people = make_people(settings, database, Keyring(bytes(range(32))), world.tenants)
    for name, role in PEOPLE.items():
        new = NewAccount(f"{name}@acme.example", role, name=name.title(), password=PASSWORD)
        await people.accounts.add(world.tenant.id, new)
    services = SimpleNamespace(
        settings=settings,
        tenants=world.tenants,
        people=people,
        keys=keys,
        library=world.library,
        catalogue=Catalogue(database, page_size=200),
        curation=Curation(
            database=database,
            vault=Vault(Keyring(bytes(range(32)))),
            tenants=world.tenants,
            redactor=cast(Redacts, _Redactor()),
            limits=CurationLimits(),
        ),
        revisions=Revisions(database=database, staging=staging, page_size=200, max_diff_lines=5000),
        releases=world.releases,
        release_catalogue=ReleaseCatalogue(database),
        failures=Failures(database),
        database=database,
        index=index,
    )
    return services, tokens


def _app(services: SimpleNamespace) -> FastAPI:
    app = FastAPI()
    app.state.services = services
    errors.install(app)
    for routes in (curation, documents, failures, releases, review, session, sign_in):
        app.include_router(routes.router)
    app.mount("/chat", StaticFiles(directory=chat.FOLDER))
    app.mount("/sign-in", StaticFiles(directory=sign_in.FOLDER))
    app.mount("/review", StaticFiles(directory=review.FOLDER, html=True))
    app.add_middleware(Envelope, max_body_bytes=10_000_000)
    return app


@contextmanager
def serving(folder: Path, template: Path) -> Iterator[ReviewService]:
    service = ReviewService()
    stop: list[uvicorn.Server] = []

    async def serve() -> None:
        services, tokens = await _open(folder, template)
        server = uvicorn.Server(uvicorn.Config(_app(services), port=0, log_level="critical"))
        stop.append(server)
        serving = asyncio.create_task(server.serve())
        while not server.started:
            await asyncio.sleep(0.01)
        service.base_url = f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}"
        service.keys = dict(tokens)
        await serving
        await services.index.close()
        await services.database.aclose()

    thread = threading.Thread(target=lambda: asyncio.run(serve()))
    thread.start()
    try:
        deadline = time.monotonic() + 60
        while not service.keys:
            assert thread.is_alive() and time.monotonic() < deadline, "the service did not start"
            time.sleep(0.01)
        yield service
    finally:
        for server in stop:
            server.should_exit = True
        thread.join(timeout=30)
