"""The whole check, against the running server or services that are opened for it."""

from __future__ import annotations

from collections.abc import Sequence

import httpx

from api.client import calls
from api.isolation.canaries import Suspect, suspects
from api.isolation.probes import probe
from api.isolation.report import Report
from api.store import Store, open_store
from api.version import VERSION
from core.errors import InvalidRequestError, NotFoundError
from core.models import now
from core.row_security import standing
from core.settings import Settings
from core.tenancy import TenantInfo


async def check(settings: Settings, *, slugs: Sequence[str] = ()) -> tuple[Report, dict[int, str]]:
    """And which number stands for which tenant, for the operator's eyes. Of the named tenants; of all where none is named.

    Raises `InvalidRequestError` (`too_few_tenants`) below two, `NotFoundError` for an unknown one.
    """
    async with open_store(settings) as store:
        _chosen(await store.tenants.all(), slugs)  # before the models are loaded
        async with calls(settings) as http:
            return await examine(store, http, slugs=slugs)


async def examine(store: Store, http: httpx.AsyncClient, *, slugs: Sequence[str]) -> tuple[Report, dict[int, str]]:
    """As `check`, of the service that `http` reaches and whose data `store` administers."""
    tenants = _chosen(await store.tenants.all(), slugs)
    async with suspects(store, tenants, http) as planted:
        return await examined(store, planted), {each.number: each.tenant.slug for each in planted}


async def examined(store: Store, planted: Sequence[Suspect]) -> Report:
    """Probe every channel with what is planted."""
    channels = await probe(planted)
    answerable = [each for each in planted if each.answerable]
    return Report(
        at=now(),
        version=VERSION,
        tenants=len(planted),
        storage=await _storage(store),
        planted=len(answerable),
        seen=sum(each.seen for each in answerable),
        channels=channels,
        notes=_notes(len(planted) - len(answerable)),
    )


def _chosen(tenants: Sequence[TenantInfo], slugs: Sequence[str]) -> list[TenantInfo]:
    if missing := set(slugs) - {tenant.slug for tenant in tenants}:
        raise NotFoundError(f"no tenant '{min(missing)}'", code="unknown_tenant")
    chosen = [tenant for tenant in tenants if not slugs or tenant.slug in slugs]
    if len(chosen) < 2:
        raise InvalidRequestError("it takes two tenants to look from one into another", code="too_few_tenants")
    return chosen


async def _storage(store: Store) -> str:
    found = await standing(store.database)
    if found is None:
        return "SQLite, a vector collection for each tenant"
    state = "incomplete, see 'partner-copilot doctor'" if found.fault else "on every table"
    return f"PostgreSQL, row-level security {state}; a vector collection for each tenant"


def _notes(unpublished: int) -> list[str]:
    if not unpublished:
        return []
    return [
        f"the canaries of {unpublished} tenants were kept as drafts, since a release would have published other changes or was"
        " blocked by the gate; they were looked for all the same"
    ]
