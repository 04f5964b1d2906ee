"""The event store on each database that the product runs on, shared by processes."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta

import pytest

from bots.slack.events import Events, EventStatus
from bots.slack.jobs import JobKind, SlackJob
from bots.slack.threads import Threads
from core.crossings import Crossing
from core.database import Database
from core.keyring import Keyring
from core.models import Tenant
from tests.fakes import trail

JOB = SlackJob(JobKind.QUESTION, "T0HOME", None, "C0SUPPORT", "1.1", "U0ASKER", "the words of a question")
AT_ONCE, LATER = timedelta(0), timedelta(minutes=5)


@pytest.fixture
async def tenant(database: Database) -> str:
    async with database.write(Crossing.UPKEEP) as session:
        row = Tenant(slug="acme", name="Acme")
        session.add(row)
    return row.id


@pytest.fixture
async def processes(database: Database, database_url: str) -> AsyncIterator[list[Events]]:
    """Two processes' stores, each with connections of its own."""
    keyring, second = Keyring(b"k" * 32), Database(database_url, trail=trail())
    yield [Events(database, keyring), Events(second, keyring)]
    await second.aclose()


async def test_event_is_stored_and_claimed_once(processes: list[Events], tenant: str) -> None:
    stored = await asyncio.gather(*(events.store("Ev1", tenant, JOB) for events in processes * 5))
    assert sorted(stored) == [False] * 9 + [True]
    claims = await asyncio.gather(*(events.claim("Ev1") for events in processes * 5))
    [claim] = [claim for claim in claims if claim is not None]
    assert (claim.attempt, claim.job, claim.tenant_id) == (1, JOB, tenant)
    assert await processes[1].claim("Ev1") is None


async def test_event_in_work_is_left_alone_until_its_lease_ends(processes: list[Events], tenant: str) -> None:
    mine, other = processes
    await mine.store("Ev1", tenant, JOB)
    claim = await mine.claim("Ev1")
    assert claim is not None
    assert await other.due(running=(), lease=LATER) == []
    assert await mine.due(running={"Ev1"}, lease=AT_ONCE) == []
    assert await other.due(running=(), lease=AT_ONCE) == ["Ev1"]
    assert not await mine.holds(claim)
    again = await other.claim("Ev1")
    assert again is not None
    assert (again.attempt, await other.holds(again), await mine.holds(claim)) == (2, True, False)


async def test_dead_worker_can_change_nothing_any_more(processes: list[Events], tenant: str) -> None:
    mine, other = processes
    await mine.store("Ev1", tenant, JOB)
    dead = await mine.claim("Ev1")
    await other.due(running=(), lease=AT_ONCE)
    alive = await other.claim("Ev1")
    assert dead is not None
    assert alive is not None
    await mine.finish(dead)
    await mine.release(dead)
    await mine.forget(dead)
    assert await other.holds(alive)


async def test_released_event_goes_on_in_its_reply_and_a_finished_one_is_gone(
    processes: list[Events], tenant: str
) -> None:
    mine, other = processes
    await mine.store("Ev1", tenant, JOB)
    first = await mine.claim("Ev1")
    assert first is not None
    await mine.began_reply(first, "2.2")
    await mine.release(first)
    assert await other.due(running=(), lease=LATER) == ["Ev1"]
    second = await other.claim("Ev1")
    assert second is not None
    assert (second.attempt, second.reply_ts) == (2, "2.2")
    await other.finish(second, EventStatus.FAILED)
    assert await other.due(running=(), lease=AT_ONCE) == []
    assert await other.store("Ev1", tenant, JOB) is False, "a redelivery is known after the end"


async def test_only_what_ended_long_ago_is_purged(processes: list[Events], tenant: str) -> None:
    mine, _ = processes
    for event_id in ("Ev1", "Ev2"):
        await mine.store(event_id, tenant, JOB)
    claim = await mine.claim("Ev1")
    assert claim is not None
    await mine.finish(claim)
    await mine.purge(keep=timedelta(minutes=1))
    assert await mine.store("Ev1", tenant, JOB) is False
    await mine.purge(keep=timedelta(0))
    assert await mine.store("Ev1", tenant, JOB) is True
    assert await mine.store("Ev2", tenant, JOB) is False, "what waits is never purged"


async def test_forgotten_event_may_come_again(processes: list[Events], tenant: str) -> None:
    mine, _ = processes
    await mine.store("Ev1", tenant, JOB)
    claim = await mine.claim("Ev1")
    assert claim is not None
    await mine.forget(claim)
    assert await mine.store("Ev1", tenant, JOB) is True


async def test_thread_of_another_tenant_has_no_conversation(database: Database, tenant: str) -> None:
    threads = Threads(database)
    await threads.remember(tenant, JOB, "c1")
    await threads.remember(tenant, JOB, "c2")
    assert await threads.conversation(tenant, JOB) == "c2"
    assert await threads.conversation("0" * 32, JOB) is None
