"""Commands that share corpora between tenants, and say what a tenant runs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from datetime import UTC, date, datetime, time, timedelta
from typing import TYPE_CHECKING, Annotated

import typer
from rich.markup import escape

from cli.common import AsJson, Tenant, out, print_json, run, settings
from core.domain import Audience, Permission, Principal
from core.errors import InvalidRequestError

if TYPE_CHECKING:
    from api.store import Store
    from core.grants import Grant

grants = typer.Typer(no_args_is_help=True, help="Let other tenants read a tenant's corpora.")

ACTOR = "command line"


@grants.command("create")
def grant_create(
    corpus: Annotated[str, typer.Argument(help="The corpus to share.")],
    tenant: Tenant,
    to: Annotated[str, typer.Option("--to", help="The tenant that may read it.")],
    until: Annotated[
        str | None, typer.Option(help="The last day on which it may (YYYY-MM-DD, UTC); no end if absent.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Let another tenant read what a corpus has for partners. For a corpus that it reads already: changes when that ends."""
    from api.store import open_store
    from core.grants import Grants

    ends = _end_of(until)

    async def work() -> None:
        async with open_store(settings()) as store:
            owner = await _operator(store, tenant)
            made = await Grants(store.database).grant(owner, corpus=corpus, grantee=to, expires_at=ends)
            print_json(asdict(made)) if as_json else typer.echo(_line(made))

    run(work())


@grants.command("list")
def grant_list(tenant: Tenant, as_json: AsJson = False) -> None:
    """List the grants that a tenant gave and received."""
    from api.store import open_store
    from core.grants import Grants

    async def work() -> None:
        async with open_store(settings()) as store:
            found, info = Grants(store.database), await store.tenants.by_slug(tenant)
            rows = [("given", one) for one in await found.given(info.id)]
            rows += [("received", one) for one in await found.received(info.id)]
            for direction, one in rows:
                print_json({"direction": direction, **asdict(one)}) if as_json else typer.echo(_line(one, direction))
            if not rows and not as_json:
                out.print("this tenant shares nothing, and nobody shares with it; 'partner-copilot grant create' does")

    run(work())


@grants.command("revoke")
def grant_revoke(
    grant_id: Annotated[str, typer.Argument(help="The grant's id, as 'grant list' shows it.")], tenant: Tenant
) -> None:
    """Take a grant back: dead from the next question on."""
    from api.store import open_store
    from core.grants import Grants

    async def work() -> None:
        async with open_store(settings()) as store:
            await Grants(store.database).revoke(await _operator(store, tenant), grant_id)
            out.print("revoked")

    run(work())


def tenant_profile(
    slug: Annotated[str, typer.Argument(help="The tenant.")],
    product: Annotated[str | None, typer.Option(help="The product that it runs.")] = None,
    version: Annotated[str | None, typer.Option(help="Its version, such as 7.2.")] = None,
    module: Annotated[str | None, typer.Option(help="The one module that it runs.")] = None,
    region: Annotated[str | None, typer.Option(help="The region that it works in, as documents state theirs.")] = None,
    as_json: AsJson = False,
) -> None:
    """Say what a tenant runs, for questions that do not say it themselves; '' takes a field back. Without options, show it."""
    from api.store import open_store
    from core.profiles import Profiles

    given = {"product": product, "version": version, "module": module, "region": region}
    stated = {name: value for name, value in given.items() if value is not None}

    async def work() -> None:
        async with open_store(settings()) as store:
            found = asdict(await Profiles(store.database).change(await _operator(store, slug), stated))
            print_json(found) if as_json else _show(found)

    run(work())


async def _operator(store: Store, slug: str) -> Principal:
    """Whoever has this machine's shell acts for any tenant; the audit says so."""
    return Principal((await store.tenants.by_slug(slug)).id, ACTOR, Audience.AGENT, frozenset(Permission))


def _end_of(day: str | None) -> datetime | None:
    """The moment after the day. Raises `InvalidRequestError` (`invalid_date`)."""
    if day is None:
        return None
    try:
        return datetime.combine(date.fromisoformat(day) + timedelta(days=1), time(), UTC)
    except (ValueError, OverflowError):
        raise InvalidRequestError(f"'{day[:40]}' is no day; write it as 2027-01-31", code="invalid_date") from None


def _line(grant: Grant, direction: str = "given") -> str:
    ends = f"until {grant.expires_at:%Y-%m-%d %H:%M} UTC" if grant.expires_at else "without an end"
    state = "expired" if grant.expired else ends
    return f"{grant.id}\t{direction}\t{grant.owner}/{grant.corpus} → {grant.grantee}\t{state}"


def _show(profile: Mapping[str, str | None]) -> None:
    for name, value in profile.items():
        out.print(f"{name}: {escape(value) if value else 'not stated'}")
