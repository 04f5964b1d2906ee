"""What was used, and what may be used in a day."""

from __future__ import annotations

from datetime import date
from typing import Annotated

from fastapi import APIRouter, Query

from api.deps import ServicesDep, allowed
from api.examples import PROBLEMS
from api.schemas import BudgetPatch, PricesIn
from core.budgets import Budget
from core.clock import today
from core.domain import Permission, Principal
from core.usage import Confirmed, UsageReport

router = APIRouter(prefix="/v1/usage", responses=PROBLEMS, tags=["Usage"])

Reader = Annotated[Principal, allowed(Permission.USAGE_READ)]
Operator = Annotated[Principal, allowed(Permission.GOVERN)]
Day = Annotated[date | None, Query(description="of UTC, included; today if absent")]


@router.get("", response_model=UsageReport)
async def usage(services: ServicesDep, principal: Reader, since: Day = None, until: Day = None) -> UsageReport:
    """Questions and tokens by day, channel and model, by key, and the calls whose price nobody told yet."""
    first, last = since or until or today(), until or today()
    return await services.usage.report(principal.tenant_id, since=first, until=last)


@router.patch("/budget", response_model=Budget)
async def change_budget(body: BudgetPatch, services: ServicesDep, principal: Operator) -> Budget:
    """Say what the tenant and each of its keys may use in a day. Only the fields that are sent change; 0 takes one back."""
    return await services.budgets.change(principal.tenant_id, body.model_dump(exclude_none=True), actor=principal.id)


@router.post("/confirm", response_model=Confirmed)
async def confirm(body: PricesIn, services: ServicesDep, principal: Operator) -> Confirmed:
    """Count what the provider's log says that unconfirmed calls cost, in place of what was counted for them."""
    return await services.usage.confirm(principal.tenant_id, body.to_domain(), actor=principal.id)
