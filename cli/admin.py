"""Commands for tenants and their keys."""

from __future__ import annotations

from datetime import timedelta
from typing import Annotated

import typer
from rich.markup import escape

from cli.common import AsJson, AudienceOption, Tenant, out, print_json, run, settings
from core.domain import Audience, Permission, Role
from core.errors import ConfigurationError

tenants = typer.Typer(no_args_is_help=True, help="Create and list tenants.")
keys = typer.Typer(no_args_is_help=True, help="Create, list, rotate and revoke API keys.")


@tenants.command("create")
def tenant_create(
    slug: Annotated[str, typer.Argument(help="Lower-case letters, digits and hyphens.")],
    name: Annotated[str | None, typer.Option(help="The name that people see.")] = None,
) -> None:
    """Create a tenant."""
    from api.store import open_store

    async def work() -> None:
        async with open_store(settings()) as store:
            info = await store.tenants.create(slug, name=name)
            out.print(
                f"created tenant '{info.slug}'. Next: partner-copilot ingest FOLDER --tenant {info.slug} --corpus NAME --publish"
            )

    run(work())


@tenants.command("list")
def tenant_list() -> None:
    """List tenants with their live releases."""
    from api.store import open_store

    async def work() -> None:
        async with open_store(settings()) as store:
            found = await store.tenants.all()
            for info in found:
                typer.echo(f"{info.slug}\trelease {info.live_release or 'none'}\t{info.name}")
            if not found:
                out.print(
                    "no tenants yet; 'partner-copilot demo' makes three, 'partner-copilot tenant create NAME' one"
                )

    run(work())


@tenants.command("allow")
def tenant_allow(
    slug: Annotated[str, typer.Argument(help="The tenant.")],
    name: Annotated[list[str], typer.Option(help="A product, customer or company name that is no person's.")] = [],  # noqa: B006
    domain: Annotated[list[str], typer.Option(help="A domain whose addresses stay.")] = [],  # noqa: B006
    hotline: Annotated[list[str], typer.Option(help="A telephone number that stays.")] = [],  # noqa: B006
) -> None:
    """Say what redaction leaves alone; documents that are ingested from now on follow. Without options, show the lists."""
    from api.store import open_store

    async def work() -> None:
        async with open_store(settings()) as store:
            tenant = await store.tenants.by_slug(slug)
            kept = await store.tenants.keep_clear(tenant.id, allow=name, domains=domain, hotlines=hotline)
            for kind, values in kept.items():
                out.print(f"{kind}: {escape(', '.join(values)) or 'none'}")

    run(work())


@keys.command("create")
def key_create(
    tenant: Tenant,
    audience: AudienceOption = Audience.PARTNER,
    role: Annotated[
        Role, typer.Option(help="What the key may do; a portal's backend needs no more than partner_user.")
    ] = Role.KNOWLEDGE_ADMIN,
    name: Annotated[str, typer.Option(help="Where it will be used.")] = "",
    days: Annotated[int | None, typer.Option(min=1, help="Days until it expires.")] = None,
    scope: Annotated[list[Permission] | None, typer.Option(help="Limit it to this permission of its role.")] = None,
    as_json: AsJson = False,
) -> None:
    """Create an API key. It is shown once: only a keyed hash of it is stored."""
    from api.store import open_store

    if role in (Role.OPERATOR, Role.PLATFORM_ADMIN):
        raise ConfigurationError(f"no key has the role {role}; choose another", code="invalid_role")

    async def work() -> None:
        async with open_store(settings()) as store:
            info = await store.tenants.by_slug(tenant)
            lifetime = timedelta(days=days) if days else None
            key = await store.keys.create(
                info.id, role=role, audience=audience, name=name, lifetime=lifetime, scopes=scope or None
            )
            print_json({"id": key.id, "key": key.token}) if as_json else out.print(key.token)

    run(work())


@keys.command("rotate")
def key_rotate(
    key_id: str,
    tenant: Tenant,
    hours: Annotated[
        float | None, typer.Option(min=0, help="How long the old one lives on; COPILOT_KEYS__ROTATION_HOURS if absent.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Create a key's successor: both are accepted until the old one ends. It is shown once."""
    from api.store import open_store

    async def work() -> None:
        async with open_store(settings()) as store:
            overlap = timedelta(hours=store.settings.keys.rotation_hours if hours is None else hours)
            key = await store.keys.rotate((await store.tenants.by_slug(tenant)).id, key_id, overlap=overlap)
            print_json({"id": key.id, "key": key.token}) if as_json else out.print(key.token)

    run(work())


@keys.command("list")
def key_list(tenant: Tenant) -> None:
    """List a tenant's keys, never their secrets."""
    from api.store import open_store
    from core.models import now

    async def work() -> None:
        async with open_store(settings()) as store:
            for key in await store.keys.of((await store.tenants.by_slug(tenant)).id):
                ended = key.expires_at is not None and key.expires_at <= now()
                state = "revoked" if key.revoked_at else "expired" if ended else "live"
                typer.echo(f"{key.id}\t{state}\t{key.role}\t{key.audience}\t{key.name}")

    run(work())


@keys.command("revoke")
def key_revoke(key_id: str, tenant: Tenant) -> None:
    """Revoke a key: dead from the next request on."""
    from api.store import open_store

    async def work() -> None:
        async with open_store(settings()) as store:
            await store.keys.revoke((await store.tenants.by_slug(tenant)).id, key_id)
            out.print("revoked")

    run(work())
