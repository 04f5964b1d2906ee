"""A search without an answer, as every surface makes it: the query is screened and redacted first."""

from __future__ import annotations

from typing import Any

from api.bootstrap import Services
from api.schemas import passage_json
from core.clock import today
from core.domain import Filters, Principal, Scope


async def search(
    services: Services, principal: Principal, query: str, *, limit: int, filters: Filters
) -> dict[str, Any]:
    """The contract's `{passages, release}`."""
    profile = await services.tenants.profile(principal.tenant_id)
    screened = await services.guards.screen_input(query, profile)
    found = await services.searcher.search(Scope.of(principal, filters), screened.text, limit=limit, today=today())
    return {"passages": [passage_json(passage) for passage in found.passages], "release": found.release}
