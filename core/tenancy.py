"""Tenants: their names, their redaction rules, and which release their collection shows."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import select
from sqlalchemy.exc import IntegrityError

from core.audit import OPERATOR, record
from core.crossings import Crossing
from core.database import Database
from core.domain import RedactionProfile
from core.errors import ConflictError, InvalidRequestError, NotFoundError, UnavailableError
from core.keyring import Keyring
from core.models import Document, Json, Tenant, new_id

_SLUG = re.compile(r"[a-z0-9][a-z0-9-]{0,62}")
_LONGEST_NAME = 200  # as in the table
ERASED = "erased"
"""In the settings of a tenant of which nothing is left but this and the audit's row that tells of it."""


@dataclass(frozen=True, slots=True)
class TenantInfo:
    """`generation` names what the tenant's vectors were made with, `building` those that a reindex is making; `searchable` says
    whether this process' model can be compared with them, `current` whether it would make the same."""

    id: str
    slug: str
    name: str
    live_release: int
    generation: str
    building: str | None = None
    searchable: bool = True
    current: bool = True
    settings: Mapping[str, Any] = field(default_factory=dict, compare=False, repr=False)
    """As stored: what is read off them needs no read of its own."""

    @property
    def collection(self) -> str:
        """The name of the tenant's vectors: from the server-side id, so that no request can name another's.

        Raises `UnavailableError` (`reindex_needed`) where another model made them: scores against them would mean nothing.
        """
        if not self.searchable:
            raise UnavailableError(
                f"the vectors of tenant '{self.slug}' were made by another model ({self.generation});"
                f" run 'partner-copilot reindex --tenant {self.slug}'",
                code="reindex_needed",
            )
        return self.collection_of(self.generation)

    def collection_of(self, generation: str) -> str:
        return f"t_{self.id}_{generation}"


class Tenants:
    """Reads and creates tenants. `generation` names the embedding model and chunker that new tenants start with;
    `searchable` tells of another generation whether the same model made it."""

    def __init__(
        self,
        database: Database,
        keyring: Keyring,
        *,
        generation: str,
        searchable: Callable[[str], bool] = lambda _generation: False,
    ) -> None:
        self._database = database
        self._keyring = keyring
        self._generation = generation
        self._searchable = searchable

    async def create(self, slug: str, *, name: str | None = None, settings: Json | None = None) -> TenantInfo:
        """Raises `InvalidRequestError` for a bad slug or name, `ConflictError` (`tenant_exists`) for a taken one."""
        if not _SLUG.fullmatch(slug):
            raise InvalidRequestError(
                "a tenant's name is 1-63 lower-case letters, digits and hyphens, such as 'acme-retail'",
                code="invalid_tenant",
            )
        if len(name or slug) > _LONGEST_NAME:
            raise InvalidRequestError(
                f"a tenant's full name has at most {_LONGEST_NAME} characters", code="invalid_tenant"
            )
        row = Tenant(id=new_id(), slug=slug, name=name or slug, settings=settings or {}, generation=self._generation)
        try:
            async with self._database.write(row.id) as session:
                session.add(row)
                await session.flush()
                record(session, row.id, actor=OPERATOR, action="tenant.create", target=slug)
        except IntegrityError:
            raise ConflictError(f"tenant '{slug}' exists already", code="tenant_exists") from None
        return self._info(row)

    async def get(self, tenant_id: str) -> TenantInfo:
        async with self._database.read(tenant_id) as session:
            row = await session.get(Tenant, tenant_id)
        if row is None:
            raise NotFoundError("no such tenant", code="unknown_tenant")
        return self._info(row)

    async def by_slug(self, slug: str) -> TenantInfo:
        async with self._database.read(Crossing.DIRECTORY) as session:
            row = await session.scalar(select(Tenant).where(Tenant.slug == slug))
        if row is None:
            raise NotFoundError(
                f"no tenant '{slug}'; create it with 'partner-copilot tenant create {slug}'", code="unknown_tenant"
            )
        return self._info(row)

    async def all(self) -> list[TenantInfo]:
        async with self._database.read(Crossing.DIRECTORY) as session:
            rows = await session.scalars(select(Tenant).order_by(Tenant.slug))
            return [self._info(row) for row in rows if ERASED not in row.settings]

    async def keep_clear(
        self, tenant_id: str, *, allow: Sequence[str] = (), domains: Sequence[str] = (), hotlines: Sequence[str] = ()
    ) -> dict[str, list[str]]:
        """Add names (`allow`), `domains` and `hotlines` that redaction leaves alone; returns all of them."""
        added = {"allow": allow, "domains": domains, "hotlines": hotlines}
        async with self._database.write(tenant_id) as session:
            row = await session.get(Tenant, tenant_id, with_for_update=True)
            if row is None:
                raise NotFoundError("no such tenant", code="unknown_tenant")
            merged = {key: sorted({*row.settings.get(key, ()), *values}) for key, values in added.items()}
            row.settings = {**row.settings, **merged}
            told = {
                name: len(values) for name, values in added.items()
            }  # not what: a hotline may be somebody's telephone
            record(session, tenant_id, actor=OPERATOR, action="tenant.allow", target=row.slug, **told)
        return merged

    async def profile(self, tenant_id: str) -> RedactionProfile:
        """The tenant's redaction rules."""
        return await self.profile_of(await self.get(tenant_id))

    async def profile_of(self, tenant: TenantInfo) -> RedactionProfile:
        """Names of its customers stay: agents ask by them."""
        async with self._database.read(tenant.id) as session:
            customers = await session.scalars(
                select(Document.customer)
                .where(Document.tenant_id == tenant.id, Document.customer.is_not(None))
                .distinct()
            )
            known = {customer for customer in customers if customer}
        return RedactionProfile(
            key=self._keyring.derive(f"placeholders/{tenant.id}"),
            allow=tuple(sorted({*tenant.settings.get("allow", ()), tenant.name, *known})),
            domains=tuple(tenant.settings.get("domains", ())),
            hotlines=tuple(tenant.settings.get("hotlines", ())),
        )

    def _info(self, row: Tenant) -> TenantInfo:
        current = row.generation == self._generation
        return TenantInfo(
            id=row.id,
            slug=row.slug,
            name=row.name,
            live_release=row.live_release,
            generation=row.generation,
            building=row.building,
            searchable=current or self._searchable(row.generation),
            current=current,
            settings=row.settings,
        )
