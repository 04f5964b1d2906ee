"""What a question costs: reserved before a model is called, settled when the provider has told the price.

Each call of a model is a row before it begins. When it ends, its tokens and the end of the row are one transaction, so that a crash
loses no call and counts none twice: whatever row is left belongs to a call of which nobody told the price. It stays until an
operator confirms it from the provider's own log, in which the call has our id (``X-Client-Request-Id``).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum
from typing import Any

from sqlalchemy import delete, func, select, update

from core.budgets import Budget, BudgetError, Budgets
from core.crossings import Crossing
from core.database import Database, ReadSession, WriteSession, insert_into, wait_turn
from core.domain import Principal
from core.llm import Completion
from core.models import KeyUsage, ModelCall, Usage, new_id, now


class CallState(StrEnum):
    OPEN = "open"
    ESTIMATED = "estimated"
    """Ended without the provider's word on its price; what we estimated is counted."""
    LOST = "lost"
    """Ended with its process, or was left before the provider answered; nothing is counted, the reservation stands."""


@dataclass(frozen=True, slots=True)
class Cost:
    """Tokens, of the prompt and of the answer."""

    prompt: int = 0
    completion: int = 0

    @property
    def tokens(self) -> int:
        return self.prompt + self.completion


@dataclass(frozen=True, slots=True)
class Reservation:
    """A call that is under way."""

    id: str
    principal: Principal
    day: date
    model: str


@dataclass(frozen=True, slots=True)
class Used:
    """Of a day so far; tokens with what is reserved for calls whose price nobody told yet."""

    questions: int
    tokens: int


class Meter:
    """Counts, and refuses what is beyond a budget. Days are UTC's."""

    def __init__(self, database: Database, budgets: Budgets, *, clock: Callable[[], datetime] = now) -> None:
        self._database = database
        self._budgets = budgets
        self._clock = clock
        self._asker: ContextVar[Principal | None] = ContextVar("asker", default=None)
        self._asking: Counter[tuple[str, str]] = Counter()
        """Questions under way in this process, by tenant and principal; a tenant's together under an empty name."""

    @asynccontextmanager
    async def turn(self, principal: Principal) -> AsyncIterator[None]:
        """One question: what models are called in it is on the principal's account. Raises `BudgetError`."""
        places = (principal.tenant_id, ""), (principal.tenant_id, principal.id)
        before = [self._asking[place] for place in places]
        self._asking.update(places)
        token = self._asker.set(principal)
        try:
            await self._admit(principal, *before)
            yield
        finally:
            self._asker.reset(token)
            for place in places:
                self._asking[place] -= 1
                if not self._asking[place]:
                    del self._asking[place]

    async def reserve(self, model: str, reserved: Cost) -> Reservation:
        """Before a model is called. Raises `BudgetError` where the call could cost more than is left."""
        principal = self._asker.get()
        if principal is None:
            raise RuntimeError("a model was called on nobody's account")
        budget = await self._budgets.of(principal.tenant_id)
        call = Reservation(new_id(), principal, self._clock().date(), model)
        async with self._database.write(principal.tenant_id) as session:
            if budget.tokens is not None or budget.key_tokens is not None:
                await wait_turn(session, f"usage/{principal.tenant_id}")
                tenant, key = await _used(session, principal, call.day)
                self._require(budget.tokens, tenant.tokens + reserved.tokens, "tokens", "this tenant")
                self._require(budget.key_tokens, key.tokens + reserved.tokens, "tokens", "this key")
            session.add(_row(call, reserved, self._clock()))
        return call

    async def settle(self, call: Reservation, usage: Completion | None, *, unknown: bool = False) -> None:
        """After a call, however it ended. `usage` is None where no server took it, or, with `unknown`, where nobody knows."""
        mine = ModelCall.id == call.id
        cost = Cost(usage.prompt_tokens, usage.completion_tokens) if usage else Cost()
        ended: Any = delete(ModelCall).where(mine)
        if usage is None and unknown:
            ended = update(ModelCall).where(mine).values(state=CallState.LOST)
        elif usage is not None and usage.estimated:
            told = {"prompt_tokens": cost.prompt, "completion_tokens": cost.completion}
            ended = update(ModelCall).where(mine).values(state=CallState.ESTIMATED, **told)
        async with self._database.write(call.principal.tenant_id) as session:
            known = await session.scalar(ended.returning(ModelCall.id))
            if known is not None and cost.tokens:  # else the operator was quicker
                await add(session, call.principal, call.day, call.model, cost)

    async def recover(self, *, older_s: float = 0.0) -> int:
        """Calls whose process died under them are lost; how many. `older_s`: only those that no living process can still have."""
        before = self._clock() - timedelta(seconds=older_s)
        lost = update(ModelCall).where(ModelCall.state == CallState.OPEN, ModelCall.created_at <= before)
        async with self._database.write(Crossing.METERING) as session:
            found = await session.scalars(lost.values(state=CallState.LOST).returning(ModelCall.id))
            return len(found.all())

    async def _admit(self, principal: Principal, tenant_asking: int, key_asking: int) -> None:
        budget: Budget = await self._budgets.of(principal.tenant_id)
        if not budget.limited:
            return
        async with self._database.read(principal.tenant_id) as session:
            tenant, key = await _used(session, principal, self._clock().date())
        self._require(budget.questions, tenant.questions + tenant_asking + 1, "questions", "this tenant")
        self._require(budget.key_questions, key.questions + key_asking + 1, "questions", "this key")
        self._require(budget.tokens, tenant.tokens + 1, "tokens", "this tenant")
        self._require(budget.key_tokens, key.tokens + 1, "tokens", "this key")

    def _require(self, most: int | None, wanted: int, what: str, whose: str) -> None:
        if most is None or wanted <= most:
            return
        at = self._clock()
        midnight = datetime(at.year, at.month, at.day, tzinfo=at.tzinfo) + timedelta(days=1)
        raise BudgetError(
            f"the {most:,} {what} that {whose} may use in a day are used up; ask again tomorrow (UTC), or have the operator raise"
            " the budget ('partner-copilot usage budget')",
            members={"resets_at": midnight.isoformat(), "budget": most},
        )


class NullMeter:
    """Counts nothing: questions that nobody asked, such as the publish gate's."""

    @asynccontextmanager
    async def turn(self, principal: Principal) -> AsyncIterator[None]:
        yield


async def add(
    session: WriteSession, principal: Principal, day: date, model: str, cost: Cost, *, questions: int = 0
) -> None:
    """Count in the day's sums of the tenant and of the key; what is taken back is negative."""
    tenant = {"tenant_id": principal.tenant_id, "day": day}
    counted = {"questions": questions, "prompt_tokens": cost.prompt, "completion_tokens": cost.completion}
    await _count(session, Usage, {**tenant, "channel": principal.channel, "model": model}, counted)
    of_key = {"questions": questions, "tokens": cost.tokens}
    await _count(session, KeyUsage, {**tenant, "principal_id": principal.id[:64]}, of_key)


async def _count(
    session: WriteSession, table: type[Usage] | type[KeyUsage], place: dict[str, object], added: dict[str, int]
) -> None:
    sums = {name: getattr(table, name) + value for name, value in added.items()}
    await session.execute(
        insert_into(session, table)
        .values(**place, **added)
        .on_conflict_do_update(index_elements=list(place), set_=sums)
    )


async def _used(session: ReadSession | WriteSession, principal: Principal, day: date) -> tuple[Used, Used]:
    """Of the tenant, and of the key."""
    of_tenant = KeyUsage.tenant_id == principal.tenant_id, KeyUsage.day == day
    counted = select(func.sum(KeyUsage.questions), func.sum(KeyUsage.tokens)).where(*of_tenant)
    held = select(func.sum(ModelCall.reserved_prompt + ModelCall.reserved_completion)).where(
        ModelCall.tenant_id == principal.tenant_id, ModelCall.day == day, ModelCall.state != CallState.ESTIMATED
    )
    found: list[Used] = []
    for sums, reserved in (
        (counted, held),
        (
            counted.where(KeyUsage.principal_id == principal.id[:64]),
            held.where(ModelCall.principal_id == principal.id[:64]),
        ),
    ):
        questions, tokens = (await session.execute(sums)).one()
        found.append(Used(questions or 0, (tokens or 0) + (await session.scalar(reserved) or 0)))
    return found[0], found[1]


def _row(call: Reservation, reserved: Cost, at: datetime) -> ModelCall:
    return ModelCall(
        id=call.id,
        tenant_id=call.principal.tenant_id,
        principal_id=call.principal.id[:64],
        day=call.day,
        channel=call.principal.channel,
        model=call.model,
        state=CallState.OPEN,
        reserved_prompt=reserved.prompt,
        reserved_completion=reserved.completion,
        created_at=at,
    )
