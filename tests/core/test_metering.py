"""What a question costs: reserved, settled, recovered, confirmed, and refused where a budget is used up. On both databases."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing
from dataclasses import dataclass, field
from datetime import UTC, date, datetime

import pytest
from job_world import new_tenant
from sqlalchemy import select

from core.budgets import Budget, BudgetError, Budgets
from core.crossings import Crossing
from core.database import Database
from core.domain import Audience, Principal
from core.errors import InvalidRequestError, LLMError
from core.llm import REQUEST_ID, Completion, Message
from core.metered_llm import MeteredLLM
from core.metering import CallState, Cost, Meter, NullMeter, add
from core.models import AuditRow, KeyUsage, ModelCall, Usage
from core.quota import Quota
from core.usage import Price, UsageBook

NOON = datetime(2026, 11, 5, 12, tzinfo=UTC)
ASKED = [Message("user", "How do I reset the scanner?")]


class Model:
    """Says two pieces, then reports what they cost; or does what it is told to in between."""

    name = "stub"

    def __init__(self, usage: Completion | None = None, fault: Exception | None = None) -> None:
        self.usage: Completion | None = usage
        self.asked: list[str | None] = []
        self.going = asyncio.Event()
        self._fault = fault

    async def stream(
        self, messages: Sequence[Message], *, max_tokens: int, deadline_s: float
    ) -> AsyncGenerator[str, None]:
        self.asked.append(REQUEST_ID.get())
        self.going.set()
        yield "one "
        if self._fault:
            raise self._fault
        yield "two"

    async def complete(self, messages: Sequence[Message], *, max_tokens: int, deadline_s: float) -> str:
        raise NotImplementedError

    async def aclose(self) -> None:
        return None


@dataclass
class World:
    database: Database
    tenant: str
    budget: Budget = field(default_factory=Budget)
    at: datetime = NOON

    def principal(self, key: str = "key-1") -> Principal:
        return Principal(self.tenant, key, Audience.AGENT, frozenset())

    def meter(self) -> Meter:
        return Meter(self.database, Budgets(self.database, self.budget), clock=lambda: self.at)

    def book(self) -> UsageBook:
        return UsageBook(self.database, Budgets(self.database, self.budget))

    async def call(self, model: Model, *, meter: Meter | None = None, key: str = "key-1", max_tokens: int = 50) -> str:
        meter = meter or self.meter()
        async with meter.turn(self.principal(key)):
            return await MeteredLLM(model, meter).complete(ASKED, max_tokens=max_tokens, deadline_s=5)

    async def question(self, *, key: str = "key-1", meter: Meter | None = None) -> None:
        async with (meter or self.meter()).turn(self.principal(key)), self.database.write(Crossing.UPKEEP) as session:
            await add(session, self.principal(key), self.at.date(), "extractive", Cost(), questions=1)

    async def used(self) -> list[tuple[str, int, int, int]]:
        async with self.database.read(Crossing.UPKEEP) as session:
            rows = await session.scalars(select(Usage).order_by(Usage.day, Usage.model))
            return [(row.model, row.questions, row.prompt_tokens, row.completion_tokens) for row in rows]

    async def keys(self) -> dict[str, tuple[int, int]]:
        async with self.database.read(Crossing.UPKEEP) as session:
            return {row.principal_id: (row.questions, row.tokens) for row in await session.scalars(select(KeyUsage))}

    async def left(self) -> list[ModelCall]:
        async with self.database.read(Crossing.UPKEEP) as session:
            return list(await session.scalars(select(ModelCall)))


@pytest.fixture
async def world(database: Database) -> World:
    return World(database, await new_tenant(database, "a"))


async def test_a_call_is_counted_as_the_provider_says_and_leaves_no_row(world: World) -> None:
    assert await world.call(Model(Completion(7, 3))) == "one two"
    assert await world.used() == [("stub", 0, 7, 3)]
    assert await world.keys() == {"key-1": (0, 10)}
    assert await world.left() == []


async def test_the_reservation_is_there_before_the_model_is_called_and_names_the_call(world: World) -> None:
    seen: list[ModelCall] = []

    class Watched(Model):
        async def stream(
            self, messages: Sequence[Message], *, max_tokens: int, deadline_s: float
        ) -> AsyncGenerator[str, None]:
            seen.extend(await world.left())
            async with aclosing(super().stream(messages, max_tokens=max_tokens, deadline_s=deadline_s)) as pieces:
                async for piece in pieces:
                    yield piece

    model = Watched(Completion(7, 3))
    await world.call(model)
    [row] = seen
    assert (row.state, row.model, row.channel, row.principal_id) == (CallState.OPEN, "stub", "api", "key-1")
    assert row.reserved_prompt > 5 and row.reserved_completion == 50
    assert model.asked == [row.id]


async def test_every_call_of_a_question_is_counted(world: World) -> None:
    meter = world.meter()
    async with meter.turn(world.principal()):
        for _ in range(3):
            await MeteredLLM(Model(Completion(7, 3)), meter).complete(ASKED, max_tokens=5, deadline_s=5)
    assert await world.used() == [("stub", 0, 21, 9)]


async def test_a_call_that_no_server_took_costs_nothing(world: World) -> None:
    with pytest.raises(LLMError):
        await world.call(Model(None, LLMError("refused", transient=True)))
    assert (await world.used(), await world.left()) == ([], [])


async def test_what_the_provider_did_not_tell_is_estimated_until_it_does(world: World) -> None:
    with pytest.raises(LLMError):
        await world.call(Model(Completion(8, 2, estimated=True), LLMError("cut", transient=True)))
    assert await world.used() == [("stub", 0, 8, 2)]
    [row] = await world.left()
    assert (row.state, row.prompt_tokens, row.completion_tokens) == (CallState.ESTIMATED, 8, 2)
    told = await world.book().confirm(world.tenant, [Price(row.id, 7, 11)])
    assert (told.confirmed, told.unknown) == (1, [])
    assert await world.used() == [("stub", 0, 7, 11)]
    assert await world.keys() == {"key-1": (0, 18)}
    again = await world.book().confirm(world.tenant, [Price(row.id, 7, 11)])
    assert (again.confirmed, again.unknown) == (0, [row.id])
    assert await world.used() == [("stub", 0, 7, 11)]


async def test_a_reader_that_goes_away_leaves_a_price_to_confirm(world: World) -> None:
    class Silent(Model):
        async def stream(
            self, messages: Sequence[Message], *, max_tokens: int, deadline_s: float
        ) -> AsyncGenerator[str, None]:
            self.going.set()
            await asyncio.sleep(60)
            yield "never"

    model = Silent(None)
    asking = asyncio.create_task(world.call(model))
    await model.going.wait()
    asking.cancel()
    with pytest.raises(asyncio.CancelledError):
        await asking
    [row] = await world.left()
    assert row.state == CallState.LOST
    assert await world.used() == []


async def test_calls_of_a_process_that_died_are_lost_at_the_next_start_and_can_be_confirmed(world: World) -> None:
    meter = world.meter()
    async with meter.turn(world.principal()):
        call = await meter.reserve("stub", Cost(20, 50))  # and here it dies
    assert await world.meter().recover(older_s=60) == 0  # another process may still run it
    assert await world.meter().recover() == 1
    assert await world.meter().recover() == 0
    report = await world.book().report(world.tenant, since=NOON.date(), until=NOON.date())
    assert [(c.id, c.state, c.reserved_prompt, c.reserved_completion) for c in report.unconfirmed] == [
        (call.id, CallState.LOST, 20, 50)
    ]
    await world.book().confirm(world.tenant, [Price(call.id, 19, 4)])
    assert await world.used() == [("stub", 0, 19, 4)]
    await meter.settle(call, Completion(19, 4))  # it lived after all
    assert await world.used() == [("stub", 0, 19, 4)]


async def test_anothers_call_is_unknown_to_confirm(world: World, database: Database) -> None:
    meter = world.meter()
    async with meter.turn(world.principal()):
        call = await meter.reserve("stub", Cost(20, 50))
    await meter.recover()
    other = await new_tenant(database, "b")
    assert (await world.book().confirm(other, [Price(call.id, 1, 1)])).unknown == [call.id]


async def test_a_model_is_never_called_on_nobodys_account(world: World) -> None:
    model = Model(Completion(1, 1))
    with pytest.raises(RuntimeError, match="nobody"):
        await MeteredLLM(model, world.meter()).complete(ASKED, max_tokens=5, deadline_s=5)
    assert model.asked == []


@pytest.mark.parametrize("budget", [Budget(questions=3), Budget(key_questions=3)])
async def test_questions_beyond_the_budget_of_the_day_are_refused(world: World, budget: Budget) -> None:
    world.budget = budget
    for _ in range(3):
        await world.question()
    with pytest.raises(BudgetError) as caught:
        await world.question()
    assert (caught.value.status, caught.value.code) == (429, "budget_used_up")
    assert caught.value.members["resets_at"] == "2026-11-06T00:00:00+00:00"
    world.at = datetime(2026, 11, 6, 0, 0, 1, tzinfo=UTC)
    await world.question()


async def test_a_keys_budget_is_its_own_and_a_tenants_is_shared(world: World, database: Database) -> None:
    world.budget = Budget(questions=3, key_questions=2)
    await world.question(key="one")
    await world.question(key="one")
    with pytest.raises(BudgetError, match="this key"):
        await world.question(key="one")
    await world.question(key="two")
    with pytest.raises(BudgetError, match="this tenant"):
        await world.question(key="two")
    elsewhere = World(database, await new_tenant(database, "b"), world.budget)
    await elsewhere.question(key="one")


async def test_questions_at_the_same_moment_do_not_overrun_the_budget(world: World) -> None:
    world.budget = Budget(questions=4)
    meter = world.meter()
    asked = await asyncio.gather(*(world.question(meter=meter) for _ in range(12)), return_exceptions=True)
    assert sum(done is None for done in asked) <= 4
    assert {type(done) for done in asked if done is not None} == {BudgetError}
    assert (await world.used())[0][1] == sum(done is None for done in asked) > 0


@pytest.mark.parametrize("budget", [Budget(tokens=100), Budget(key_tokens=100)])
async def test_a_call_that_could_cost_more_than_is_left_is_refused_before_the_model(
    world: World, budget: Budget
) -> None:
    world.budget = budget
    await world.call(Model(Completion(30, 20)))
    model = Model(Completion(1, 1))
    with pytest.raises(BudgetError):
        await world.call(model)
    assert model.asked == []
    await world.call(Model(Completion(2, 2)), max_tokens=10)
    assert await world.left() == []


async def test_what_is_reserved_and_what_was_lost_counts_against_the_budget(world: World) -> None:
    world.budget = Budget(tokens=100)
    meter = world.meter()
    async with meter.turn(world.principal()):
        await meter.reserve("stub", Cost(30, 50))
        with pytest.raises(BudgetError):
            await meter.reserve("stub", Cost(11, 10))
        await meter.recover()
        with pytest.raises(BudgetError):
            await meter.reserve("stub", Cost(11, 10))


async def test_calls_at_the_same_moment_never_reserve_more_than_the_budget(
    world: World, database: Database, database_url: str
) -> None:
    world.budget = Budget(tokens=100)
    second = Database(database_url)
    meters = [Meter(on, Budgets(on, world.budget), clock=lambda: NOON) for on in (database, second)]

    async def reserve(meter: Meter) -> None:
        async with meter.turn(world.principal()):
            await meter.reserve("stub", Cost(10, 20))

    done = await asyncio.gather(*(reserve(meters[n % 2]) for n in range(10)), return_exceptions=True)
    assert sum(one is None for one in done) == 3
    assert {type(one) for one in done if one is not None} == {BudgetError}
    await second.aclose()


async def test_a_tenants_own_budget_goes_before_the_installations_and_is_audited(world: World) -> None:
    world.budget = Budget(questions=1, tokens=50)
    budgets = Budgets(world.database, world.budget)
    assert await budgets.change(world.tenant, {"questions": 2}) == Budget(questions=2, tokens=50)
    await world.question()
    await world.question()
    assert await budgets.change(world.tenant, {"questions": 0}) == Budget(questions=1, tokens=50)
    with pytest.raises(BudgetError):
        await world.question()
    async with world.database.read(Crossing.UPKEEP) as session:
        rows = list(await session.scalars(select(AuditRow).where(AuditRow.action == "budget.change")))
    assert [row.details for row in rows] == [{"questions": 2}, {"questions": 0}]


@pytest.mark.parametrize("changes", [{"money": 1}, {"questions": -1}, {"tokens": 2**60}])
async def test_a_budget_that_is_none_is_refused(world: World, changes: dict[str, int]) -> None:
    with pytest.raises(InvalidRequestError) as caught:
        await Budgets(world.database, Budget()).change(world.tenant, changes)
    assert caught.value.code == "invalid_budget"


async def test_the_report_tells_days_channels_models_and_keys(world: World) -> None:
    await world.question()
    await world.call(Model(Completion(7, 3)))
    world.at = datetime(2026, 11, 6, 9, tzinfo=UTC)
    await world.question(key="two")
    first, second = date(2026, 11, 5), date(2026, 11, 6)
    report = await world.book().report(world.tenant, since=first, until=second)
    assert [(line.day, line.model, line.questions, line.prompt_tokens) for line in report.lines] == [
        (first, "extractive", 1, 0),
        (first, "stub", 0, 7),
        (second, "extractive", 1, 0),
    ]
    assert [(line.day, line.key, line.questions, line.tokens) for line in report.keys] == [
        (first, "key-1", 1, 10),
        (second, "two", 1, 0),
    ]
    assert len((await world.book().report(world.tenant, since=second, until=second)).lines) == 1


async def test_a_quota_without_a_meter_counts_no_budget(world: World) -> None:
    for meter in (None, NullMeter()):
        async with Quota(per_minute=1, meter=meter).turn(world.principal()):
            pass
    assert await world.used() == []
