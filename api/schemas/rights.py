"""Bodies of the routes about retention and people's rights."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated

from pydantic import BaseModel, Field

from api.rights.requests import RequestView
from api.schemas.base import Body
from core.retention import MOST_DAYS, Days
from core.retention_rows import Kind

_Number = Annotated[float, Field(ge=0, le=MOST_DAYS, allow_inf_nan=False)]
_Spelling = Annotated[str, Field(max_length=200)]
_Spellings = Annotated[list[_Spelling], Field(max_length=50)]


class RetentionPatch(Body):
    days: dict[str, _Number] = Field(
        max_length=len(Kind), description="by kind; 0 takes the tenant's own back", examples=[{"conversations": 90}]
    )


class KindOut(BaseModel):
    kind: Kind
    days: float | None
    rows: int | None = Field(None, description="how many would go now; null where it was not counted")


class RetentionOut(BaseModel):
    kinds: list[KindOut]

    @classmethod
    def of(cls, days: Days, rows: Mapping[Kind, int] | None = None) -> RetentionOut:
        counted = rows or {}
        return cls(kinds=[KindOut(kind=kind, days=days[kind], rows=counted.get(kind)) for kind in Kind])


class SubjectIn(Body):
    """One person, in as many spellings as are known."""

    emails: _Spellings = Field([], examples=[["jo@example.com"]])
    phones: _Spellings = Field([], examples=[["+49 30 901820"]])
    names: _Spellings = Field([], examples=[["Jo Example"]])
    external_ids: _Spellings = Field([], description="what a portal signs as `sub`")
    slack_users: _Spellings = Field([], description="Slack's user ids")
    principals: _Spellings = Field([], description="as the audit and the usage show them")


class SubjectRequestsOut(BaseModel):
    requests: list[RequestView]


class TenantEraseIn(Body):
    confirm: str = Field(max_length=64, description="the tenant's name")
