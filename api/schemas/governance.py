"""Jobs, budgets, prices and the audit on the wire."""

from __future__ import annotations

from typing import Annotated

from pydantic import BaseModel, Field

from api.schemas.base import Body
from core.audit_book import Act
from core.budgets import MOST as BUDGET_MOST
from core.jobs import JobLine
from core.usage import Price


class JobsOut(BaseModel):
    jobs: list[JobLine]
    next: str | None = Field(description="`after` of the next page; null on the last")


Limit = Annotated[int | None, Field(ge=0, le=BUDGET_MOST)]


class BudgetPatch(Body):
    """Fields that are absent stay; 0 takes the tenant's own limit back, so that the installation's holds."""

    questions: Limit = Field(None, description="a day", examples=[5000])
    tokens: Limit = Field(None, description="of the language model, a day")
    key_questions: Limit = Field(None, description="a day and key")
    key_tokens: Limit = Field(None, description="a day and key")


class PriceIn(Body):
    id: str = Field(max_length=64, description="the call's X-Client-Request-Id")
    prompt_tokens: int = Field(ge=0, le=2**31 - 1)
    completion_tokens: int = Field(ge=0, le=2**31 - 1)


class PricesIn(Body):
    calls: list[PriceIn] = Field(min_length=1, max_length=1000)

    def to_domain(self) -> list[Price]:
        return [Price(call.id, call.prompt_tokens, call.completion_tokens) for call in self.calls]


class AuditOut(BaseModel):
    acts: list[Act]
    next: int | None = Field(description="`before` of the next page; null on the last")

    @classmethod
    def of(cls, acts: list[Act]) -> AuditOut:
        more = bool(acts) and acts[-1].number > 1
        return cls(acts=acts, next=acts[-1].number if more else None)
