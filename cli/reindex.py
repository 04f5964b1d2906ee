"""`partner-copilot reindex`: other vectors, the same answers."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from cli.common import AsJson, err, out, print_json, run, settings
from cli.jobs import follow, require_done
from core.domain import Audience
from core.errors import InvalidRequestError
from core.settings import Settings


def reindex(
    tenant: Annotated[str | None, typer.Option("--tenant", "-t", help="The tenant's name.")] = None,
    every: Annotated[bool, typer.Option("--all", help="All tenants, one after the other.")] = False,
    as_json: AsJson = False,
) -> None:
    """Make a tenant's vectors anew with the configured model, beside the live ones; answers go on meanwhile.

    A tenant that is at this model already gets the vectors that it lacks, after a loss of the index for example.
    """
    if (tenant is None) != every:
        raise InvalidRequestError("name a --tenant, or say --all", code="invalid_tenant")
    run(_reindex(settings(), tenant, as_json=as_json))


async def _reindex(found: Settings, tenant: str | None, *, as_json: bool) -> None:
    for slug in [tenant] if tenant else await _tenants(found):
        if not as_json:
            err.print(slug)
        result = await _one(found, slug, as_json=as_json)
        if not as_json:
            what = "now answers from" if result["switched"] else "is at the configured model already,"
            out.print(f"{slug} {what} {result['generation']}; {result['passages']} passages were written")


async def _tenants(found: Settings) -> list[str]:
    from api.store import open_store

    async with open_store(found) as store:
        return [info.slug for info in await store.tenants.all()]


async def _one(found: Settings, tenant: str, *, as_json: bool) -> dict[str, Any]:
    from api.client import client

    async with client(found, tenant=tenant, audience=Audience.AGENT) as copilot:
        job = await follow(copilot, await copilot.call("POST", "/v1/reindex"), as_json=False)
    require_done(job)
    if as_json:
        print_json({"tenant": tenant, **job["result"]})
    result: dict[str, Any] = job["result"]
    return result
