"""What a tenant, and each of its keys, may use in a day: the installation's setting, or the tenant's own."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields, replace

from core.audit import OPERATOR, record
from core.database import Database
from core.errors import InvalidRequestError, NotFoundError, RateLimitedError
from core.models import Json, Tenant

KEY = "budget"
MOST = 2**53
"""Whole numbers beyond it are not the same in every JSON reader."""


class BudgetError(RateLimitedError):
    """A day's budget is used up. Asking again helps after midnight UTC, and no sooner."""

    code = "budget_used_up"


@dataclass(frozen=True, slots=True)
class Budget:
    """The most of a day (UTC): questions, and tokens of the language model, prompt and answer together. None: no limit."""

    questions: int | None = None
    tokens: int | None = None
    key_questions: int | None = None
    """Of one key, or of one person in Slack."""
    key_tokens: int | None = None

    @property
    def limited(self) -> bool:
        return self != Budget()


class Budgets:
    def __init__(self, database: Database, default: Budget) -> None:
        self._database = database
        self._default = default

    async def of(self, tenant_id: str) -> Budget:
        async with self._database.read(tenant_id) as session:
            row = await session.get(Tenant, tenant_id)
        return self._merged(row.settings.get(KEY, {}) if row else {})

    async def change(self, tenant_id: str, changes: Mapping[str, int], *, actor: str = OPERATOR) -> Budget:
        """Set the tenant's own limits; 0 takes one back, so that the installation's holds. Raises `InvalidRequestError`
        (`invalid_budget`)."""
        if any(name not in _NAMES or not 0 <= value <= MOST for name, value in changes.items()):
            raise InvalidRequestError(f"a budget states {', '.join(_NAMES)} as whole numbers", code="invalid_budget")
        async with self._database.write(tenant_id) as session:
            row = await session.get(Tenant, tenant_id, with_for_update=True, populate_existing=True)
            if row is None:
                raise NotFoundError("no such tenant", code="unknown_tenant")
            stated = {name: value for name, value in {**row.settings.get(KEY, {}), **changes}.items() if value}
            row.settings = {**row.settings, KEY: stated}
            record(session, tenant_id, actor=actor, action="budget.change", target=row.slug, **changes)
        return self._merged(stated)

    def _merged(self, stated: Json) -> Budget:
        return replace(self._default, **stated)


_NAMES = tuple(field.name for field in fields(Budget))
