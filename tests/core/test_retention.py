"""What is over goes, in small transactions, audited; what is younger, open or in use stays."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest
from job_world import new_tenant
from sqlalchemy import select, update

from core.audit_prune import prune
from core.crossings import Crossing
from core.database import Database
from core.errors import InvalidRequestError
from core.job_tries import Progress
from core.models import (
    AnswerRow,
    AuditRow,
    CaseNotice,
    Conversation,
    CurationTask,
    FeedbackRow,
    Handoff,
    Job,
    KeyUsage,
    KnowledgeGap,
    SlackCase,
    SlackEvent,
    SlackThread,
    Tenant,
    now,
)
from core.retention import JOB, Retention, Sweep
from core.retention_rows import RULES, Kind
from core.retention_schedule import RetentionSchedule
from core.settings import RetentionSettings
from tests.tenant_rows import fill

SETTINGS = RetentionSettings(batch=2)


@pytest.fixture
async def tenant(database: Database) -> str:
    return await new_tenant(database, "acme")


def retention(database: Database, settings: RetentionSettings = SETTINGS) -> Retention:
    async def none(*_given: object) -> int:
        return 0

    async def pruned(tenant_id: str, before: datetime, actor: str) -> int:
        return await prune(database, tenant_id, before=before, actor=actor)

    return Retention(database, settings, {Kind.AUDIT: Sweep(none, pruned), Kind.RELEASES: Sweep(none, none)})


async def talk(database: Database, tenant: str, name: str, *, days: float, case: bool = False) -> None:
    """A conversation of one turn with its vote, task and thread, so many days old; with `case` one that was handed over and is
    open."""
    at, own = now() - timedelta(days=days), {"tenant_id": tenant}
    async with database.write(Crossing.UPKEEP) as session:
        session.add(Conversation(**own, id=name, principal_id="p", created_at=at))
        await session.flush()
        answer = {**own, "id": f"a-{name}", "conversation_id": name, "principal_id": "p", "channel": "api"}
        session.add(AnswerRow(**answer, question="q", query="q", outcome="answered", answer={}, created_at=at))
        await session.flush()
        session.add(FeedbackRow(**own, answer_id=f"a-{name}", principal_id="p", vote="up", created_at=at))
        session.add(CurationTask(**own, answer_id=f"a-{name}", reason="wrong", question="q", created_at=at))
        place = {"team_id": "T", "channel": "C", "thread_ts": name, "user": "U"}
        session.add(SlackThread(**own, **place, conversation_id=name, created_at=at))
        if case:
            session.add(Handoff(**own, id=f"h-{name}", number=int(days), conversation_id=name, principal_id="p"))


async def ids(database: Database, column: Any) -> set[Any]:
    async with database.read(Crossing.UPKEEP) as session:
        return set(await session.scalars(select(column)))


async def test_old_turns_go_with_all_that_hangs_on_them_and_young_ones_stay(database: Database, tenant: str) -> None:
    for number in range(5):
        await talk(database, tenant, f"old{number}", days=366 + number)
    await talk(database, tenant, "young", days=364)
    found = retention(database)
    due = (await found.due(tenant)).rows
    assert (due[Kind.CONVERSATIONS], due[Kind.FEEDBACK]) == (5, 5), "a dry run counts"
    assert len(await ids(database, AnswerRow.id)) == 6, "and changes nothing"
    gone = await found.run(tenant, Progress(), actor="schedule")
    assert gone[Kind.CONVERSATIONS] == 15, "five turns, conversations and threads"
    for column in (AnswerRow.conversation_id, Conversation.id, SlackThread.thread_ts):
        assert await ids(database, column) == {"young"}
    for column in (FeedbackRow.answer_id, CurationTask.answer_id):
        assert await ids(database, column) == {"a-young"}
    assert not any((await found.due(tenant)).rows.values())


async def test_each_batch_is_a_small_transaction_with_its_row_in_the_audit(database: Database, tenant: str) -> None:
    async with database.write(Crossing.UPKEEP) as session:
        old = now() - timedelta(days=400)
        session.add_all(
            KnowledgeGap(tenant_id=tenant, key=str(n), question="q", query="q", last_at=old) for n in range(5)
        )
    await retention(database).run(tenant, Progress(), actor="schedule")
    async with database.read(Crossing.UPKEEP) as session:
        acts = [row for row in await session.scalars(select(AuditRow)) if row.action == "retention.delete"]
    assert [(act.target, act.details["rows"], act.actor) for act in acts] == [
        ("gaps", n, "schedule") for n in (2, 2, 1)
    ]


async def test_a_run_that_is_cut_short_is_finished_by_the_next(database: Database, tenant: str) -> None:
    for number in range(5):
        await talk(database, tenant, f"old{number}", days=400)
    found = retention(database)

    class _Dying(Progress):
        def __setattr__(self, name: str, value: object) -> None:
            if name == "done" and value:
                raise KeyboardInterrupt
            super().__setattr__(name, value)

    with pytest.raises(KeyboardInterrupt):
        await found.run(tenant, _Dying(), actor="schedule")
    left = (await found.due(tenant)).rows
    assert 0 < sum(left.values()) < 10
    await found.run(tenant, Progress(), actor="schedule")
    assert not any((await found.due(tenant)).rows.values())


async def test_open_cases_keep_their_conversation_and_resolved_ones_go(database: Database, tenant: str) -> None:
    await talk(database, tenant, "open", days=800, case=True)
    await talk(database, tenant, "closed", days=801, case=True)
    async with database.write(Crossing.UPKEEP) as session:
        done = now() - timedelta(days=731)
        await session.execute(update(Handoff).where(Handoff.id == "h-closed").values(resolved_at=done))
        session.add(CaseNotice(tenant_id=tenant, case_id="h-closed", event="opened"))
        place = {"team_id": "T", "channel": "C", "thread_ts": "1"}
        session.add(SlackCase(case_id="h-closed", tenant_id=tenant, **place))
    await retention(database).run(tenant, Progress(), actor="schedule")
    assert await ids(database, Handoff.id) == {"h-open"}
    assert await ids(database, Conversation.id) == {"open"}
    assert await ids(database, CaseNotice.id) == await ids(database, SlackCase.case_id) == set()
    assert await ids(database, AnswerRow.id) == set(), "a case has its own packet; the turn itself goes"


async def test_jobs_and_events_that_are_not_over_stay_however_old(database: Database, tenant: str) -> None:
    old = now() - timedelta(days=60)
    async with database.write(Crossing.UPKEEP) as session:
        for status in ("queued", "running", "done", "failed", "cancelled"):
            session.add(Job(tenant_id=tenant, kind=status, status=status, updated_at=old, not_before=None))
        for status in ("received", "working", "done", "stopped"):
            row = {"tenant_id": tenant, "status": status, "payload": b"", "created_at": old}
            session.add(SlackEvent(event_id=status, **row))
    await retention(database).run(tenant, Progress(), actor="schedule")
    assert await ids(database, Job.kind) == {"queued", "running"}
    assert await ids(database, SlackEvent.event_id) == {"received", "working"}


async def test_a_tenants_own_days_go_before_the_installations(database: Database, tenant: str) -> None:
    other = await new_tenant(database, "other")
    for whose in (tenant, other):
        await talk(database, whose, f"of-{whose}"[:20], days=100)
    found = retention(database)
    days = await found.change(tenant, {"conversations": 90}, actor="op")
    assert days[Kind.CONVERSATIONS] == 90
    for whose in (tenant, other):
        await found.run(whose, Progress(), actor="schedule")
    assert await ids(database, Conversation.tenant_id) == {other}
    assert (await found.change(tenant, {"conversations": 0}, actor="op"))[Kind.CONVERSATIONS] == 365
    async with database.read(Crossing.UPKEEP) as session:
        acts = [row for row in await session.scalars(select(AuditRow)) if row.action == "retention.change"]
    assert [act.details for act in acts] == [{"conversations": 90}, {"conversations": 0}]


async def test_a_kind_without_days_stays(database: Database, tenant: str) -> None:
    await talk(database, tenant, "old", days=5000)
    forever = RetentionSettings(conversations_days=None, feedback_days=None)
    await retention(database, forever).run(tenant, Progress(), actor="schedule")
    assert await ids(database, FeedbackRow.answer_id) == {"a-old"}


@pytest.mark.parametrize("changes", [{"nothing": 5}, {"jobs": 0.5}, {"jobs": 1e9}, {"audit": 7}, {"releases": 5}])
async def test_days_that_make_no_sense_are_refused(database: Database, tenant: str, changes: dict[str, float]) -> None:
    with pytest.raises(InvalidRequestError) as caught:
        await retention(database).change(tenant, changes, actor="op")
    assert caught.value.code == "invalid_retention"


async def test_every_kind_deletes_what_is_old_and_only_the_tenants_own(database: Database) -> None:
    """A row in every table for two tenants, grown old by two thousand days."""
    one, other = [await fill(database, slug) for slug in ("one", "other")]
    await _age(database)
    await retention(database).run(one, Progress(), actor="schedule")
    async with database.read(Crossing.UPKEEP) as session:
        for rules in RULES.values():
            for rule in rules:
                left = set(await session.scalars(select(rule.table.c.tenant_id)))
                assert left == {other}, rule.table.name
    assert await ids(database, KeyUsage.tenant_id) == {other}


async def _age(database: Database) -> None:
    long_ago = now() - timedelta(days=2000)
    async with database.write(Crossing.UPKEEP) as session:
        for rules in RULES.values():
            for table in {rule.table for rule in rules}:
                values: dict[str, Any] = {
                    c.name: long_ago for c in table.columns if c.name.endswith("_at") or c.name == "last_at"
                }
                values |= {"day": long_ago.date()} if "day" in table.columns else {}
                values |= {"status": "done"} if table.name in ("jobs", "slack_events") else {}
                await session.execute(update(table).values(values))


@pytest.fixture
def schedule(database: Database) -> RetentionSchedule:
    return RetentionSchedule(database, RetentionSettings())


async def test_a_tenants_turn_comes_once_a_day_however_many_look(
    database: Database, tenant: str, schedule: RetentionSchedule
) -> None:
    assert await schedule.submit_due() == 0, "a tenant that was made today has nothing that is over"
    async with database.write(Crossing.UPKEEP) as session:
        await session.execute(update(Tenant).values(created_at=now() - timedelta(days=2)))
    assert await schedule.submit_due() == 1
    assert await RetentionSchedule(database, RetentionSettings()).submit_due() == 0, "it waits already"
    async with database.write(Crossing.UPKEEP) as session:
        [job] = await session.scalars(select(Job))
        assert (job.kind, job.tenant_id, job.args) == (JOB, tenant, {"actor": "schedule"})
        job.status, job.updated_at = "done", now() - timedelta(hours=20)
    assert await schedule.submit_due() == 0
    async with database.write(Crossing.UPKEEP) as session:
        await session.execute(update(Job).values(updated_at=now() - timedelta(hours=26)))
    assert await schedule.submit_due() == 1
