"""Seeds the demo tenants from `corpora/`, and writes their keys where a newcomer finds them."""

from __future__ import annotations

import json
import os
import secrets
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import yaml

from api.bootstrap import Services
from api.people.accounts import NewAccount
from api.store import Store
from api.widget.registry import WidgetChange
from core.domain import Audience, Permission, Principal, Role
from core.errors import ConfigurationError, ConflictError, NotFoundError, UnauthenticatedError
from core.jobs import Progress
from core.tenancy import TenantInfo

CORPORA = Path(__file__).parent.parent / "corpora"


@dataclass(frozen=True, slots=True)
class DemoTenant:
    slug: str
    name: str
    settings: dict[str, Any]
    corpora: tuple[tuple[str, Path], ...]
    grants: tuple[tuple[str, str], ...]
    """Corpus, and the slug of the tenant that may read it."""
    theme: dict[str, Any] | None
    """Of the widget in the partner's portal; a vendor has none."""


def demo_tenants(folder: Path = CORPORA) -> list[DemoTenant]:
    """What the `corpus.yaml` files say. Raises `ConfigurationError` where there is none."""
    files = sorted(folder.glob("*/corpus.yaml"))
    if not files:
        raise ConfigurationError(f"there are no demo corpora in {folder}; run from a checkout of the project")
    return [_tenant(file) for file in files]


def _tenant(file: Path) -> DemoTenant:
    stated = yaml.safe_load(file.read_text("utf-8"))
    corpora = tuple((corpus["name"], (file.parent / corpus["path"]).resolve()) for corpus in stated["corpora"])
    settings = {key: stated[key] for key in ("hotlines", "domains", "allow") if key in stated}
    grants = tuple((grant["corpus"], slug) for grant in stated.get("grants", ()) for slug in grant["to"])
    look = file.parent / "widget.json"
    theme = json.loads(look.read_text("utf-8")) if look.is_file() else None
    return DemoTenant(stated["tenant"], stated["name"], settings, corpora, grants, theme)


async def seed(services: Services, *, watch: Callable[[str, Progress], None]) -> dict[str, int]:
    """Create the tenants that are missing, sync their corpora, publish what changed, share what is granted. Returns the live
    release by tenant."""
    releases: dict[str, int] = {}
    for demo in demo_tenants():
        tenant = await _ensure(services, demo)
        operator = _operator(tenant)
        for name, folder in demo.corpora:
            source = await services.library.add_folder(operator, corpus=name, path=folder)
            progress = Progress()
            watch(f"{demo.name}: {name}", progress)
            await services.library.sync(tenant.id, source.id, progress)
        published = await services.releases.publish(tenant.id, actor=operator.id, note="demo corpora")
        releases[demo.slug] = published.release
        if demo.theme is not None and not await services.widgets.of(tenant.id):
            await services.widgets.create(operator, WidgetChange("Partner portal", theme=demo.theme))
    for demo in demo_tenants():
        owner = _operator(await services.tenants.by_slug(demo.slug))
        for corpus, grantee in demo.grants:
            await services.grants.grant(owner, corpus=corpus, grantee=grantee)
    return releases


async def previews(services: Services, url: str) -> dict[str, str]:
    """By tenant, where its widget is shown beside its theme."""
    found = {}
    for demo in demo_tenants():
        tenant = await services.tenants.by_slug(demo.slug)
        for widget in (await services.widgets.of(tenant.id))[:1]:
            found[demo.slug] = f"{url}/widget/v1/preview?id={widget.id}"
    return found


def _operator(tenant: TenantInfo) -> Principal:
    return Principal(tenant.id, "demo", Audience.AGENT, frozenset(Permission))


async def _ensure(store: Store, demo: DemoTenant) -> TenantInfo:
    try:
        return await store.tenants.create(demo.slug, name=demo.name, settings=demo.settings)
    except ConflictError:
        return await store.tenants.by_slug(demo.slug)


async def keys(store: Store, file: Path) -> dict[str, str]:
    """The demo tenants' keys: those in `demo.json` that still work, new ones otherwise."""
    kept: dict[str, str] = _stored(file).get("keys", {})
    found: dict[str, str] = {}
    for demo in demo_tenants():
        tenant = await store.tenants.by_slug(demo.slug)
        token = kept.get(demo.slug, "")
        if not await _works(store, token, tenant):
            new = await store.keys.create(tenant.id, role=Role.KNOWLEDGE_ADMIN, audience=Audience.AGENT, name="demo")
            token = new.token
        found[demo.slug] = token
    return found


@dataclass(frozen=True, slots=True)
class DemoAdmin:
    email: str
    password: str


ADMIN = "admin@demo.example"


async def admin(store: Store, file: Path) -> DemoAdmin:
    """A platform admin of the first demo tenant: with the password in `demo.json`, or a new one where that is gone."""
    kept = _stored(file).get("admin", {}).get("password")
    found = DemoAdmin(ADMIN, kept or secrets.token_urlsafe(15))
    accounts = store.people.accounts
    try:
        account = await accounts.named(ADMIN)
    except NotFoundError:
        tenant = await store.tenants.by_slug(demo_tenants()[0].slug)
        new = NewAccount(ADMIN, Role.PLATFORM_ADMIN, name="Demo admin", password=found.password)
        await accounts.add(tenant.id, new)
        return found
    if kept is None:
        await accounts.set_password(account.tenant_id, account.id, found.password)
    return found


def write(file: Path, *, url: str, tokens: dict[str, str], admin: DemoAdmin) -> None:
    """Keys are secrets: nobody else on the machine may read the file, at no moment."""
    draft = file.with_suffix(".new")
    draft.unlink(missing_ok=True)
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as out:
        json.dump({"url": url, "keys": tokens, "admin": asdict(admin)}, out, indent=2)
    draft.replace(file)


def _stored(file: Path) -> dict[str, Any]:
    try:
        stored = json.loads(file.read_text("utf-8"))
    except (OSError, ValueError):
        return {}
    return stored if isinstance(stored, dict) else {}


async def _works(store: Store, token: str, tenant: TenantInfo) -> bool:
    try:
        return (await store.keys.authenticate(token)).tenant_id == tenant.id
    except UnauthenticatedError:
        return False
