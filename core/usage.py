"""What was used, as operators read it; and prices that the provider told afterwards."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import delete, select

from core.audit import OPERATOR, record
from core.budgets import Budget, Budgets
from core.database import Database
from core.domain import Audience, Principal
from core.metering import CallState, Cost, add
from core.models import KeyUsage, ModelCall, Usage

MOST_CALLS = 1000


@dataclass(frozen=True, slots=True)
class UsageLine:
    """Of one day (UTC), channel and model. A question stands with what answered it; tokens with the model that was called."""

    day: date
    channel: str
    model: str
    questions: int
    prompt_tokens: int
    completion_tokens: int


@dataclass(frozen=True, slots=True)
class KeyLine:
    day: date
    key: str
    questions: int
    tokens: int


@dataclass(frozen=True, slots=True)
class UnconfirmedCall:
    """A call whose price the provider has not told. `prompt_tokens` and `completion_tokens` are what is counted for it: an estimate
    where it was cut short, nothing where it was lost; it cost at most what was reserved, by our estimate of its prompt."""

    id: str
    at: datetime
    channel: str
    model: str
    state: CallState
    prompt_tokens: int
    completion_tokens: int
    reserved_prompt: int
    reserved_completion: int


@dataclass(frozen=True, slots=True)
class UsageReport:
    lines: list[UsageLine]
    keys: list[KeyLine]
    unconfirmed: list[UnconfirmedCall]
    """The oldest 1,000 of them."""
    budget: Budget


@dataclass(frozen=True, slots=True)
class Price:
    """What the provider says that the call `id` cost, in tokens."""

    id: str
    prompt_tokens: int
    completion_tokens: int


@dataclass(frozen=True, slots=True)
class Confirmed:
    """How many calls were confirmed, and the ids that were none of the unconfirmed."""

    confirmed: int
    unknown: list[str]


class UsageBook:
    def __init__(self, database: Database, budgets: Budgets) -> None:
        self._database = database
        self._budgets = budgets

    async def report(self, tenant_id: str, *, since: date, until: date) -> UsageReport:
        """Both days included."""
        usage = select(Usage).where(Usage.tenant_id == tenant_id, Usage.day.between(since, until))
        keys = select(KeyUsage).where(KeyUsage.tenant_id == tenant_id, KeyUsage.day.between(since, until))
        calls = select(ModelCall).where(
            ModelCall.tenant_id == tenant_id, ModelCall.day.between(since, until), ModelCall.state != CallState.OPEN
        )
        async with self._database.read(tenant_id) as session:
            lines = await session.scalars(usage.order_by(Usage.day, Usage.channel, Usage.model))
            of_keys = await session.scalars(keys.order_by(KeyUsage.day, KeyUsage.principal_id))
            unconfirmed = await session.scalars(calls.order_by(ModelCall.created_at, ModelCall.id).limit(MOST_CALLS))
            return UsageReport(
                [_line(row) for row in lines],
                [KeyLine(row.day, row.principal_id, row.questions, row.tokens) for row in of_keys],
                [_call(row) for row in unconfirmed],
                await self._budgets.of(tenant_id),
            )

    async def confirm(self, tenant_id: str, prices: Sequence[Price], *, actor: str = OPERATOR) -> Confirmed:
        """Count what the provider says in place of what was counted. A call that was confirmed once is unknown afterwards."""
        unknown: list[str] = []
        async with self._database.write(tenant_id) as session:
            for price in prices:
                mine = ModelCall.id == price.id, ModelCall.tenant_id == tenant_id, ModelCall.state != CallState.OPEN
                row = await session.scalar(delete(ModelCall).where(*mine).returning(ModelCall))
                if row is None:
                    unknown.append(price.id)
                    continue
                more = Cost(price.prompt_tokens - row.prompt_tokens, price.completion_tokens - row.completion_tokens)
                await add(session, _principal(row), row.day, row.model, more)
            confirmed = len(prices) - len(unknown)
            record(session, tenant_id, actor=actor, action="usage.confirm", confirmed=confirmed, unknown=len(unknown))
        return Confirmed(confirmed, unknown)


def _principal(row: ModelCall) -> Principal:
    """Whose account the call is on."""
    return Principal(row.tenant_id, row.principal_id, Audience.PUBLIC, frozenset(), row.channel)


def _line(row: Usage) -> UsageLine:
    return UsageLine(row.day, row.channel, row.model, row.questions, row.prompt_tokens, row.completion_tokens)


def _call(row: ModelCall) -> UnconfirmedCall:
    return UnconfirmedCall(
        row.id,
        row.created_at,
        row.channel,
        row.model,
        CallState(row.state),
        row.prompt_tokens,
        row.completion_tokens,
        row.reserved_prompt,
        row.reserved_completion,
    )
