"""What a tenant runs: the product, version, module and region that its questions are about unless they say otherwise."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields, replace
from typing import Any

from core.audit import record
from core.database import Database
from core.domain import Principal
from core.errors import InvalidRequestError, NotFoundError
from core.models import Tenant
from core.tenancy import TenantInfo
from core.versions import version_key

KEY = "profile"
"""Where the tenant's settings hold it."""

LONGEST = 200


@dataclass(frozen=True, slots=True)
class Profile:
    """`None` where the tenant states nothing; `version` is one version such as ``7.2``."""

    product: str | None = None
    version: str | None = None
    module: str | None = None
    region: str | None = None


FIELDS = tuple(field.name for field in fields(Profile))


class Profiles:
    """Reads and changes what tenants run."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def get(self, tenant_id: str) -> Profile:
        async with self._database.read(tenant_id) as session:
            row = await session.get(Tenant, tenant_id)
        if row is None:
            raise NotFoundError("no such tenant", code="unknown_tenant")
        return _stated(row.settings)

    def of(self, tenant: TenantInfo) -> Profile:
        """As `get`, of a tenant that was read already."""
        return _stated(tenant.settings)

    async def change(self, principal: Principal, stated: Mapping[str, str | None]) -> Profile:
        """Set the fields of `Profile` that are stated; an empty value takes one back. Raises `InvalidRequestError`
        (`invalid_version`, `invalid_profile`)."""
        changes = {name: _checked(name, value) for name, value in stated.items()}
        async with self._database.write(principal.tenant_id) as session:
            row = await session.get(Tenant, principal.tenant_id, with_for_update=True)
            if row is None:
                raise NotFoundError("no such tenant", code="unknown_tenant")
            before = _stated(row.settings)
            after = replace(before, **changes)
            if after != before:
                kept = {name: value for name, value in asdict(after).items() if value}
                row.settings = {**row.settings, KEY: kept}
                record(session, row.id, actor=principal.id, action="tenant.profile", target=row.slug, **kept)
        return after


def _stated(settings: Mapping[str, Any]) -> Profile:
    stated = settings.get(KEY, {})
    return Profile(**{name: stated.get(name) for name in FIELDS})


def _checked(name: str, value: str | None) -> str | None:
    cleaned = " ".join((value or "").split())
    if name not in FIELDS or len(cleaned) > LONGEST:
        raise InvalidRequestError(
            f"a profile states {', '.join(FIELDS)}, each in at most {LONGEST} characters", code="invalid_profile"
        )
    if name == "version" and cleaned:
        version_key(cleaned)
    return cleaned or None
