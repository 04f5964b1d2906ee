"""Three tenants of one running product, each with a canary in all that it keeps, and a key of every role."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Iterator, Set
from contextlib import AsyncExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
from fastapi import FastAPI

from api.app import app_over
from api.bootstrap import Services, open_services
from api.people.accounts import Account, NewAccount
from api.people.sessions import Method
from core.domain import Audience, Role
from core.settings import Settings

Json = dict[str, Any]

OWN = "http://localhost"
SLUGS = ("ambertown", "birchfield", "cedarhall")
UNKNOWN = "0" * 32
PRIVATE = "private"
"""What follows a canary in a thing that no grant shares; in a document it is the audience."""
TOPIC = "What is the lantern word of the week?"
"""Every tenant's documents answer it, each with its own canary."""


@dataclass(frozen=True, slots=True)
class Cookie:
    """A person's session, as a page of the service sends it: with `csrf`, unless that is what is left out."""

    credential: str
    csrf: str

    @property
    def headers(self) -> dict[str, str]:
        said = {"Cookie": f"copilot-session={self.credential}", "Sec-Fetch-Site": "same-origin", "Origin": OWN}
        return {**said, "X-CSRF-Token": self.csrf} if self.csrf else said


@dataclass
class House:
    """One tenant. `ids` name one of each of its things, `keys` are tokens by role and by what else one may send, `people` are
    the sessions of one account of each role."""

    slug: str
    id: str
    canary: str
    keys: dict[str, str] = field(default_factory=dict)
    ids: dict[str, str] = field(default_factory=dict)
    people: dict[str, Cookie] = field(default_factory=dict)


def lantern(canary: str, audience: Audience) -> str:
    """A document for that audience."""
    word = f"{canary}{audience}"
    return f"# Lantern\n\nThe lantern word of the week is {word}.\n\n## Steps\n\n1. Say {word}.\n2. Bow.\n"


class Town:
    """Calls run on the runner's loop; between them nothing moves."""

    def __init__(self, runner: asyncio.Runner, services: Services, http: httpx.AsyncClient) -> None:
        self._runner = runner
        self.services = services
        self._http = http
        self.houses: dict[str, House] = {}
        self.outskirts: dict[str, House] = {}

    def call(
        self, token: str | Cookie | None, method: str, path: str, *, accept: str = "application/json", **sent: Any
    ) -> httpx.Response:
        return self.send(token, method, path, headers={"Accept": accept}, **sent)

    def send(
        self, token: str | Cookie | None, method: str, path: str, *, headers: dict[str, str], **sent: Any
    ) -> httpx.Response:
        named = {} if token is None else {"Authorization": f"Bearer {token}"}
        named = token.headers if isinstance(token, Cookie) else named
        return self._runner.run(self._http.request(method, path, headers={**headers, **named}, **sent))

    def examine(self, work: Callable[[httpx.AsyncClient], Any]) -> Any:
        return self._runner.run(work(self._http))

    def run(self, work: Any) -> Any:
        return self._runner.run(work)

    def ok(self, house: House, method: str, path: str, *, key: str = Role.OPERATOR, **sent: Any) -> Json:
        """As the house's operator, unless another of its keys is named."""
        response = self.call(house.keys[key], method, path, **sent)
        assert response.is_success, f"{method} {path}: {response.status_code} {response.text[:300]}"
        return dict(response.json()) if response.content else {}

    def upload(self, house: House, name: str, text: str, **form: str) -> str:
        files = {"file": (name, text.encode())}
        return str(self.ok(house, "POST", "/v1/documents", data={"corpus": "notes", **form}, files=files)["id"])

    def finished(self, house: House, job_id: str) -> Json:
        self.run(self.services.jobs.wait(job_id))
        return self.ok(house, "GET", f"/v1/jobs/{job_id}")


@contextmanager
def built(home: Path, **database: str) -> Iterator[Town]:
    """A town on a database that has the schema, or on SQLite's in the home folder."""
    settings = Settings.model_validate(
        {
            "home": home,
            "database": database,
            "quota": {"questions_per_minute": 1_000_000},
            "sign_in": {"tries_per_account": 1_000_000, "tries_per_address": 1_000_000, "argon2_memory_kib": 1024},
            "ingest": {"roots": [str(home / "files")]},
        }
    )
    with asyncio.Runner() as runner:
        stack = AsyncExitStack()
        try:
            town = runner.run(_opened(stack, runner, settings))
            for slug in SLUGS:
                _settle(town, slug, home)
            yield town
        finally:
            runner.run(stack.aclose())


async def _opened(stack: AsyncExitStack, runner: asyncio.Runner, settings: Settings) -> Town:
    services = await stack.enter_async_context(open_services(settings))
    app = app_over(services)
    stopping, ready = asyncio.Event(), asyncio.Event()
    living = asyncio.create_task(_alive(app, ready, stopping))
    await ready.wait()

    async def end() -> None:
        stopping.set()
        await living

    stack.push_async_callback(end)
    transport = httpx.ASGITransport(app=app, raise_app_exceptions=False)
    http = await stack.enter_async_context(httpx.AsyncClient(transport=transport, base_url=OWN, timeout=120.0))
    return Town(runner, services, http)


async def _alive(app: FastAPI, ready: asyncio.Event, stopping: asyncio.Event) -> None:
    """In a task of its own: what MCP's part opens, the same task must close."""
    async with app.router.lifespan_context(app):
        ready.set()
        await stopping.wait()


def settled(town: Town, slug: str) -> House:
    """One more tenant, empty, that is nobody's neighbour: for what would leave a mark."""
    if slug not in town.outskirts:
        house = House(slug, town.run(town.services.tenants.create(slug)).id, f"zq{slug}{uuid4().hex[:10]}")
        house.keys = town.run(_keys(town.services, house.id))
        house.people = town.run(people(town.services, house))
        town.outskirts[slug] = house
    return town.outskirts[slug]


def _settle(town: Town, slug: str, home: Path) -> None:
    canary = f"zq{slug[:4]}{uuid4().hex[:10]}"
    house = House(slug, town.run(town.services.tenants.create(slug)).id, canary)
    town.houses[slug] = house
    house.keys = town.run(_keys(town.services, house.id))
    house.people = town.run(people(town.services, house))
    for audience in Audience:
        house.ids["document"] = town.upload(house, f"{audience}.md", lantern(canary, audience), audience=audience)
    _keep_things(town, house, home)


async def _keys(services: Services, tenant_id: str) -> dict[str, str]:
    async def key(role: Role, *, days: float = 1, audience: Audience = Audience.AGENT) -> tuple[str, str]:
        made = await services.keys.create(tenant_id, role=role, audience=audience, lifetime=timedelta(days=days))
        return made.id, made.token

    keys = {str(role): (await key(role))[1] for role in Role}
    keys["outside"] = (await key(Role.SUPPORT_AGENT, audience=Audience.PARTNER))[1]
    keys["expired"] = (await key(Role.OPERATOR, days=-1))[1]
    revoked_id, keys["revoked"] = await key(Role.OPERATOR)
    await services.keys.revoke(tenant_id, revoked_id)
    return keys


GIVEN = [role for role in Role if role is not Role.OPERATOR]
"""The roles that people have."""


async def people(services: Services, house: House) -> dict[str, Cookie]:
    """The sessions of an account of each role, and of one that ended."""
    found = {}
    for role in GIVEN:
        new = NewAccount(f"{role}@{house.slug}.example", role, name=house.canary + PRIVATE)
        account = await services.people.accounts.add(house.id, new)
        found[str(role)] = await session_of(services, account)
        house.ids["user"] = account.id
    ended = await session_of(services, account)
    await services.people.sessions.close(ended.credential)
    return {**found, "ended": ended}


async def session_of(services: Services, account: Account) -> Cookie:
    credential = await services.people.sessions.open(account, method=Method.PASSWORD)
    return Cookie(credential, services.people.sessions.csrf(credential))


def _keep_things(town: Town, house: House, home: Path) -> None:
    """One of each thing that has an id, with the canary in it where it holds text."""
    ids, canary = house.ids, house.canary + PRIVATE
    document = f"/v1/documents/{ids['document']}"
    town.ok(house, "POST", "/v1/releases", json={"note": f"of {canary}"})
    ids["revision"] = town.ok(house, "GET", f"{document}/revisions")["revisions"][0]["id"]
    town.ok(house, "POST", f"{document}/comments", json={"text": f"Ask {canary} first."})
    answer = town.ok(house, "POST", "/v1/ask", json={"question": TOPIC})
    assert house.canary in answer["text"], "else nothing below could leak"
    ids["answer"], ids["conversation"] = answer["answer_id"], answer["conversation_id"]
    town.ok(house, "POST", "/v1/feedback", json={"answer_id": ids["answer"], "vote": "down", "comment": canary})
    town.ok(house, "POST", "/v1/handoffs", json={"answer_id": ids["answer"], "note": canary})
    town.ok(house, "POST", "/v1/ask", json={"question": f"How heavy is the {canary} anvil of Mars?"})  # a gap
    widget = {"name": canary, "origins": [f"https://{canary}.example"]}
    ids["widget"] = town.ok(house, "POST", "/v1/widgets", json=widget)["id"]
    ids["kid"] = town.ok(house, "POST", f"/v1/widgets/{ids['widget']}/keys", json={"issuer": canary})["kid"]
    golden = {"id": canary, "question": TOPIC, "kind": "unanswerable", "audience": "agent", "gold": []}
    town.ok(house, "POST", "/v1/golden", json={"questions": [golden]})
    folder = home / "files" / canary
    folder.mkdir(parents=True)
    (folder / "broken.pdf").write_bytes(b"%PDF-1.4 torn")
    ids["source"] = town.ok(house, "POST", "/v1/sources", json={"corpus": f"c-{canary}", "uri": str(folder)})["id"]
    ids["job"] = town.ok(house, "POST", f"/v1/sources/{ids['source']}/sync")["id"]
    town.finished(house, ids["job"])
    ids["failure"] = town.ok(house, "GET", "/v1/failures")["failures"][0]["id"]


def events(response: httpx.Response) -> list[Json]:
    """The data of server-sent events."""
    return [json.loads(line[6:]) for line in response.text.splitlines() if line.startswith("data: ")]


def leaks(town: Town, house: House, response: httpx.Response, *, granted: Set[str] = frozenset()) -> set[str]:
    """The tenants but this one of which an answer says something: in its body or its headers. `granted` are those whose shared
    documents it may read now: what they keep for their agents and for themselves is a leak all the same."""
    said = response.text + repr(response.headers.raw)
    others = [other for other in town.houses.values() if other is not house]
    return {other.slug for other in others if _told(said, other.canary, shared=other.slug in granted)}


def _told(said: str, canary: str, *, shared: bool) -> bool:
    kept = (canary + Audience.AGENT, canary + PRIVATE)
    return any(each in said for each in kept) or (canary in said and not shared)
