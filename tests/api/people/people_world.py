"""The real routes for people over a real database, without any model; and browsers that call them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import httpx
from sqlalchemy import select

from api.people.accounts import Account, Accounts, NewAccount
from api.people.oidc import OIDCDesk
from api.people.passwords import Passwords
from api.people.sessions import Sessions
from api.people.sign_in import SignInDesk
from api.people.throttle import Throttle
from api.wiring.people import People
from core.audit_anchors import Anchors
from core.audit_book import AuditBook
from core.auth import Keys
from core.budgets import Budget, Budgets
from core.crossings import Crossing
from core.database import Database
from core.domain import Audience, Role
from core.keyring import Keyring
from core.models import AuditRow, now
from core.settings import Settings
from core.tenancy import Tenants
from core.usage import UsageBook
from tests.api.shared_app import SharedApp
from tests.fakes import trail

KEYRING = Keyring(bytes(range(32)))
ORIGIN = "https://copilot.example"
PASSWORD = "correct horse battery"
CHEAP = {"argon2_memory_kib": 1024, "argon2_passes": 1, "argon2_lanes": 1}
"""As quick as argon2 goes: what is tested is what is done with it."""

Json = dict[str, Any]


@dataclass
class Clock:
    """Stands still until it is moved."""

    at: datetime = field(default_factory=now)

    def __call__(self) -> datetime:
        return self.at

    def advance(self, **span: float) -> None:
        self.at += timedelta(**span)


class PeopleWorld:
    """Two tenants, `acme` and `umbra`."""

    def __init__(self, database: Database, folder: Path, **settings: Json) -> None:
        self.database = database
        self.clock = Clock()
        stated = {"home": folder, **settings, "sign_in": {**CHEAP, **settings.get("sign_in", {})}}
        self.settings = Settings.model_validate(stated)
        self.tenants = Tenants(database, KEYRING, generation="test-c1")
        self.keys = Keys(database, KEYRING)
        self.people = people(self.settings, database, self.tenants, self.clock)
        self.app = self._app(folder)
        self.ids: dict[str, str] = {}

    async def begin(self) -> PeopleWorld:
        for slug in ("acme", "umbra"):
            self.ids[slug] = (await self.tenants.create(slug)).id
        return self

    async def account(
        self, email: str = "ada@acme.example", role: Role = Role.KNOWLEDGE_ADMIN, *, tenant: str = "acme", **more: Any
    ) -> Account:
        new = NewAccount(email, role, **{"password": PASSWORD, **more})
        return await self.people.accounts.add(self.ids[tenant], new)

    async def key(self, role: Role, *, tenant: str = "acme") -> dict[str, str]:
        """As a header."""
        made = await self.keys.create(self.ids[tenant], role=role, audience=Audience.AGENT)
        return {"Authorization": f"Bearer {made.token}"}

    async def acts(self, tenant: str = "acme") -> list[AuditRow]:
        query = select(AuditRow).where(AuditRow.tenant_id == self.ids[tenant]).order_by(AuditRow.number)
        async with self.database.read(Crossing.UPKEEP) as session:
            return list(await session.scalars(query))

    def browser(self, *, address: str = "203.0.113.7", origin: str = ORIGIN) -> BrowserClient:
        transport = httpx.ASGITransport(app=self.app, client=(address, 40000))
        return BrowserClient(httpx.AsyncClient(transport=transport, base_url=origin))

    async def signed_in(self, email: str = "ada@acme.example", password: str = PASSWORD) -> BrowserClient:
        browser = self.browser()
        (await browser.sign_in(email, password)).raise_for_status()
        return browser

    def _app(self, folder: Path) -> SharedApp:
        database, budgets = self.database, Budgets(self.database, Budget())
        services = SimpleNamespace(
            settings=self.settings,
            database=database,
            tenants=self.tenants,
            keys=self.keys,
            people=self.people,
            budgets=budgets,
            usage=UsageBook(database, budgets),
            audit=AuditBook(database, trail(), Anchors(database, KEYRING, file=folder / "anchors")),
        )
        return SharedApp(services)


def people(settings: Settings, database: Database, tenants: Tenants, clock: Callable[[], datetime]) -> People:
    """As `make_people`, by another clock."""
    passwords = Passwords(settings.sign_in)
    accounts = Accounts(database, KEYRING, passwords)
    sessions = Sessions(database, KEYRING, accounts, settings.sessions, clock=clock)
    throttle = Throttle(database, KEYRING, settings.sign_in, clock=clock)
    desk = SignInDesk(accounts, passwords, sessions, throttle, enabled=settings.sign_in.passwords)
    oidc = OIDCDesk.over(database, KEYRING, settings.oidc, accounts=accounts, sessions=sessions, tenants=tenants)
    return People(accounts, sessions, desk, oidc)


class BrowserClient:
    """Keeps cookies, and says where a request comes from, as a page of the service does."""

    def __init__(self, http: httpx.AsyncClient) -> None:
        self.http = http
        self.csrf = ""

    async def sign_in(self, email: str, password: str) -> httpx.Response:
        response = await self.act("POST", "/v1/session", {"email": email, "password": password})
        if response.is_success:
            self.csrf = (await self.door())["person"]["csrf"]
        return response

    async def door(self) -> Json:
        return dict((await self.http.get("/v1/session")).raise_for_status().json())

    async def person(self) -> Json | None:
        found: Json | None = (await self.door())["person"]
        return found

    async def act(self, method: str, path: str, body: Json | None = None, **headers: str | None) -> httpx.Response:
        """`headers` replace what the page would send; None leaves one out."""
        usual = {
            "origin": str(self.http.base_url).rstrip("/"),
            "sec-fetch-site": "same-origin",
            "x-csrf-token": self.csrf,
        }
        stated = {**usual, **{name.replace("_", "-"): value for name, value in headers.items()}}
        sent = {name: value for name, value in stated.items() if value is not None}
        return await self.http.request(method, path, json=body, headers=sent)

    @property
    def credential(self) -> str:
        return next(cookie.value or "" for cookie in self.http.cookies.jar if cookie.name.endswith("copilot-session"))
