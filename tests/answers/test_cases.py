"""Hand-overs as stored cases: numbered, seen by whom they concern, claimed by one, told until acknowledged."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta

import pytest
from sqlalchemy import select, update

from answers.case_notices import RouteKind
from answers.case_views import CaseStatus, Severity
from core.crossings import Crossing
from core.database import Database
from core.domain import Outcome, Role
from core.errors import ConflictError, ForbiddenError, InvalidRequestError, NotFoundError, TooLargeError
from core.jobs import Jobs, Progress
from core.models import AuditRow, CaseNotice, Handoff, Job, Json, now
from core.settings import CaseSettings, JobSettings
from tests.case_world import NAME, CaseWorld, FakeCourier, citation, until

ADMIN = Role.KNOWLEDGE_ADMIN
AGENT = Role.SUPPORT_AGENT
DESK = "https://desk.example/cases"


@pytest.fixture
async def world(database: Database) -> AsyncIterator[CaseWorld]:
    world = await CaseWorld(database).begin()
    yield world
    await world.close()


async def test_case_holds_what_whoever_takes_it_must_know(world: CaseWorld) -> None:
    asker = world.principal()
    given = await world.asked(asker, "which till?", outcome=Outcome.ANSWERED, citations=(citation(),))
    last = await world.asked(asker, "and the scanner?", conversation_id=given.conversation_id)
    opened = await world.handoffs.open(
        asker, answer_id=last.answer_id, note=f"{NAME} waits", contact="+1 555 0199", severity=Severity.HIGH
    )
    case = await world.desk.show(world.principal(role=AGENT, name="ada"), opened.case_id)
    packet = case.packet
    assert (case.case_id, case.status, case.severity, case.owner) == ("C-1", CaseStatus.OPEN, Severity.HIGH, None)
    assert (case.question, case.note, case.contact) == ("and the scanner?", "<PERSON_a> waits", "+1 555 0199")
    assert [tried["outcome"] for tried in packet["tried"]] == ["answered", "abstained"]
    assert [cited["title"] for cited in packet["cited"]] == ["Till offline"]
    assert [missing["question"] for missing in packet["missing"]] == ["and the scanner?"]
    assert (packet["environment"]["release"], packet["environment"]["model"]) == (3, "extractive")
    assert case.due_at is not None
    assert case.due_at - case.opened_at == pytest.approx(timedelta(hours=2), abs=timedelta(seconds=5))


async def test_numbers_are_each_tenants_own_however_many_are_opened_at_once(world: CaseWorld) -> None:
    askers = [world.principal("acme"), world.principal("other")]
    answers = [(asker, await world.asked(asker)) for asker in askers * 4]
    cases = await asyncio.gather(*(world.handoffs.open(a, answer_id=given.answer_id) for a, given in answers))
    for asker in askers:
        own = [case.case_id for case, (who, _) in zip(cases, answers, strict=True) if who is asker]
        assert sorted(own) == ["C-1", "C-2", "C-3", "C-4"]


async def test_asker_sees_their_own_cases_and_workers_all_of_the_tenant(world: CaseWorld) -> None:
    mine, theirs = world.principal(name="me"), world.principal(name="them")
    for asker in (mine, theirs):
        await world.handoffs.open(asker, answer_id=(await world.asked(asker)).answer_id, contact="me@example.com")
    own = await world.desk.page(mine, limit=10)
    assert ([case.asked_by for case in own.cases], own.total) == (["me"], 1)
    shown = await world.desk.show(mine, "C-1")
    assert (shown.question, shown.contact) == ("how do I reset a till?", None)
    with pytest.raises(NotFoundError):
        await world.desk.show(mine, "C-2")
    agent = world.principal(role=AGENT)
    assert [case.case_id for case in (await world.desk.page(agent, limit=10)).cases] == ["C-2", "C-1"]
    assert (await world.desk.page(agent, limit=1, offset=1)).cases[0].case_id == "C-1"
    stranger = world.principal("other", role=AGENT)
    assert (await world.desk.page(stranger, limit=10)).total == 0
    for case_id in ("C-1", "1", "C-99", "C-0", "nonsense"):
        with pytest.raises(NotFoundError):
            await world.desk.show(stranger, case_id)


async def test_case_of_a_colleagues_conversation_shows_its_opener_no_word_of_it(world: CaseWorld) -> None:
    colleague, me = world.principal(name="colleague"), world.principal(name="me")
    given = await world.asked(colleague, "what does customer 4711 pay?")
    await world.handoffs.open(me, answer_id=given.answer_id)
    shown = await world.desk.show(me, "C-1")
    assert (shown.question, shown.packet) == ("", {})


async def test_case_goes_from_hand_to_hand_and_each_step_is_audited(world: CaseWorld) -> None:
    await world.handoffs.open(world.principal(), answer_id=(await world.asked(world.principal())).answer_id)
    ada, bob = (world.principal(role=AGENT, name=name) for name in ("ada", "bob"))
    with pytest.raises(ConflictError):
        await world.desk.hand_back(ada, "C-1")
    assert (await world.desk.claim(ada, "C-1")).owner == "ada"
    assert (await world.desk.claim(ada, "C-1")).owner == "ada", "to claim one's own case again changes nothing"
    for act in (world.desk.claim, world.desk.resolve):
        with pytest.raises(ConflictError) as refused:
            await act(bob, "C-1")
        assert refused.value.code == "case_claimed"
    back = await world.desk.hand_back(bob, "C-1")
    assert (back.status, back.owner, back.claimed_at) == (CaseStatus.OPEN, None, None)
    done = await world.desk.resolve(bob, "C-1", resolution=f"told {NAME} to restart it")
    assert (done.status, done.owner, done.resolution) == (CaseStatus.RESOLVED, "bob", "told <PERSON_a> to restart it")
    with pytest.raises(ConflictError):
        await world.desk.claim(ada, "C-1")
    async with world.database.read(Crossing.UPKEEP) as session:
        acts = [(row.actor, row.action) for row in await session.scalars(select(AuditRow).order_by(AuditRow.number))]
    assert acts == [("ada", "case.claimed"), ("bob", "case.handed_back"), ("bob", "case.resolved")]


async def test_only_one_of_two_who_claim_at_once_has_it(world: CaseWorld) -> None:
    await world.handoffs.open(world.principal(), answer_id=(await world.asked(world.principal())).answer_id)
    claimers = [world.principal(role=AGENT, name=name) for name in ("ada", "bob", "cyd")]
    found = await asyncio.gather(*(world.desk.claim(one, "C-1") for one in claimers), return_exceptions=True)
    assert [type(one) for one in found].count(ConflictError) == 2


@pytest.mark.parametrize("act", ["claim", "resolve", "hand_back"])
async def test_whoever_only_asks_changes_no_case(world: CaseWorld, act: str) -> None:
    asker = world.principal()
    await world.handoffs.open(asker, answer_id=(await world.asked(asker)).answer_id)
    with pytest.raises(ForbiddenError):
        await getattr(world.desk, act)(asker, "C-1")


async def test_notice_is_tried_until_it_is_acknowledged_under_one_id(world: CaseWorld) -> None:
    await world.routes.add(world.principal(role=ADMIN), RouteKind.WEBHOOK, DESK)
    courier = FakeCourier(refusals=4)
    world.run({RouteKind.WEBHOOK: courier})
    await world.handoffs.open(world.principal(), answer_id=(await world.asked(world.principal())).answer_id)
    await until(lambda: courier.letters)
    assert courier.told == ["opened"]
    assert len(courier.tried) == 5
    assert set(courier.tried) == {courier.letters[0].id}


async def test_notice_of_a_process_that_ended_is_delivered_by_the_next(world: CaseWorld) -> None:
    await world.routes.add(world.principal(role=ADMIN), RouteKind.WEBHOOK, DESK)
    closed = FakeCourier(refusals=10**6)
    first = world.run({RouteKind.WEBHOOK: closed})
    await world.handoffs.open(world.principal(), answer_id=(await world.asked(world.principal())).answer_id)
    await until(lambda: len(closed.tried) > 2)
    await first.aclose()
    courier = FakeCourier()
    world.run({RouteKind.WEBHOOK: courier})
    await until(lambda: courier.letters)
    assert courier.letters[0].id == closed.tried[0]


async def test_notice_waits_for_no_other_job_of_its_tenant(world: CaseWorld) -> None:
    """A sync may take hours; who hands over must not wait for it, nor the sync for a desk that is closed."""
    hold, done = asyncio.Event(), asyncio.Event()

    async def sync(_tenant: str, _args: Json, _progress: Progress) -> Json:
        done.set()
        await hold.wait()
        return {}

    syncs = Jobs(world.database, {"sync": sync}, settings=JobSettings(poll_s=0.02), alone=True, kinds=["sync"])
    syncs.start()
    try:
        await syncs.submit(world.tenant_ids["acme"], "sync", {"source_id": "s1"})
        await asyncio.wait_for(done.wait(), 60)
        await world.routes.add(world.principal(role=ADMIN), RouteKind.WEBHOOK, DESK)
        courier = FakeCourier()
        world.run({RouteKind.WEBHOOK: courier})
        await world.handoffs.open(world.principal(), answer_id=(await world.asked(world.principal())).answer_id)
        await until(lambda: courier.told == ["opened"])
        await asyncio.sleep(0.2)
        async with world.database.read(Crossing.UPKEEP) as session:
            [job] = list(await session.scalars(select(Job).where(Job.kind == "sync")))
        assert (job.status, job.crashes) == ("running", 0), "neither takes the other's jobs for dead"
    finally:
        hold.set()
        await syncs.aclose()


async def test_receiver_that_never_answers_is_given_up_after_days(world: CaseWorld) -> None:
    await world.routes.add(world.principal(role=ADMIN), RouteKind.WEBHOOK, DESK)
    await world.handoffs.open(world.principal(), answer_id=(await world.asked(world.principal())).answer_id)
    async with world.database.write(Crossing.UPKEEP) as session:
        await session.execute(update(CaseNotice).values(created_at=now() - timedelta(days=8)))
    courier = FakeCourier(refusals=10**6)
    world.run({RouteKind.WEBHOOK: courier})
    await until(lambda: courier.tried)
    await asyncio.sleep(0.2)
    assert len(courier.tried) == 1
    async with world.database.read(Crossing.UPKEEP) as session:
        errors = list(await session.scalars(select(CaseNotice.error).where(CaseNotice.event == "opened")))
    assert errors == ["desk_closed: the desk is closed"]


async def test_each_step_is_told_with_the_state_of_the_moment(world: CaseWorld) -> None:
    await world.routes.add(world.principal(role=ADMIN), RouteKind.WEBHOOK, DESK)
    asker, courier, home = FakeCourier(), FakeCourier(), world.principal()
    world.run({RouteKind.WEBHOOK: courier, RouteKind.ASKER: asker})
    ada = world.principal(role=AGENT, name="ada")
    await world.handoffs.open(home, answer_id=(await world.asked(home)).answer_id)
    await until(lambda: courier.told == ["opened"])
    await world.desk.claim(ada, "C-1")
    await until(lambda: courier.told == ["opened", "claimed"] and asker.told == ["claimed"])
    await world.desk.resolve(ada, "C-1")
    await until(lambda: courier.told == ["opened", "claimed", "resolved"] and asker.told == ["claimed", "resolved"])
    assert [letter.case.owner for letter in courier.letters] == [None, "ada", "ada"]
    assert [letter.first_receipt for letter in courier.letters] == [None, "receipt-1", "receipt-1"]


@pytest.mark.parametrize("claimed", [True, False])
async def test_reminder_comes_only_of_a_case_that_nobody_took_in_time(world: CaseWorld, *, claimed: bool) -> None:
    world.settings = world.handoffs._settings = CaseSettings(retry_s=0.0, normal_minutes=0.005)
    await world.routes.add(world.principal(role=ADMIN), RouteKind.WEBHOOK, DESK)
    courier = FakeCourier()
    await world.handoffs.open(world.principal(), answer_id=(await world.asked(world.principal())).answer_id)
    if claimed:
        await world.desk.claim(world.principal(role=AGENT), "C-1")
    world.run({RouteKind.WEBHOOK: courier, RouteKind.ASKER: FakeCourier()})
    await until(lambda: len(courier.told) == 2)
    await asyncio.sleep(0.5)
    assert courier.told == (["opened", "claimed"] if claimed else ["opened", "overdue"])


async def test_removed_route_is_told_nothing_more(world: CaseWorld) -> None:
    admin = world.principal(role=ADMIN)
    route = await world.routes.add(admin, RouteKind.WEBHOOK, DESK)
    await world.handoffs.open(world.principal(), answer_id=(await world.asked(world.principal())).answer_id)
    with pytest.raises(NotFoundError):
        await world.routes.remove(world.principal("other", role=ADMIN), route.id)
    await world.routes.remove(admin, route.id)
    courier = FakeCourier()
    world.run({RouteKind.WEBHOOK: courier})
    async with asyncio.timeout(60):
        while await world.undelivered() > 1:  # the reminder's turn has not come
            await asyncio.sleep(0.02)
    assert courier.tried == []


@pytest.mark.parametrize(
    ("kind", "target"),
    [
        (RouteKind.WEBHOOK, "ftp://desk.example/x"),
        (RouteKind.WEBHOOK, "https://user:secret@desk.example/"),
        (RouteKind.WEBHOOK, "https:///nowhere"),
        (RouteKind.SLACK, "C0SUPPORT"),
        (RouteKind.SMTP, "desk@example.com\nBcc: all@example.com"),
        (RouteKind.SMTP, "desk@example.com"),
        (RouteKind.ASKER, "anybody"),
    ],
)
async def test_route_that_leads_nowhere_is_refused(world: CaseWorld, kind: RouteKind, target: str) -> None:
    with pytest.raises(InvalidRequestError) as refused:
        await world.routes.add(world.principal(role=ADMIN), kind, target)
    assert refused.value.code == "invalid_route"


async def test_routes_are_few_and_each_once(world: CaseWorld) -> None:
    admin = world.principal(role=ADMIN)
    made = await world.routes.add(admin, RouteKind.WEBHOOK, DESK)
    assert made.secret
    assert [route.secret for route in await world.routes.of(admin.tenant_id)] == [None], "a secret is shown once"
    with pytest.raises(ConflictError):
        await world.routes.add(admin, RouteKind.WEBHOOK, DESK)
    for number in range(9):
        await world.routes.add(admin, RouteKind.SLACK, f"T0HOME/C0{number}X")
    with pytest.raises(TooLargeError):
        await world.routes.add(admin, RouteKind.SLACK, "T0HOME/C0LAST")


async def test_contact_is_stored_encrypted(world: CaseWorld) -> None:
    asker = world.principal()
    await world.handoffs.open(asker, answer_id=(await world.asked(asker)).answer_id, contact="kim@example.com")
    async with world.database.read(Crossing.UPKEEP) as session:
        [row] = list(await session.scalars(select(Handoff)))
    assert row.contact is not None
    assert b"kim" not in row.contact
