"""Handled once: redeliveries, crashes, restarts, several processes."""

from __future__ import annotations

import asyncio
import contextlib

import pytest
from slack_world import World, post, thread_of, until
from sqlalchemy import select, update

from bots.slack import blocks
from bots.slack.events import Events, EventStatus
from bots.slack.jobs import JobKind, SlackJob
from bots.slack.web import Web
from core.crossings import Crossing
from core.errors import UnavailableError
from core.models import SlackEvent

JOB = SlackJob(JobKind.QUESTION, "T0HOME", None, "C0SUPPORT", "1.1", "U0ASKER", "the words of a question")


class FailingEvents(Events):
    """A database that is away for the first delivery."""

    failures = 1

    async def store(self, event_id: str, tenant_id: str, job: SlackJob) -> bool:
        if self.failures:
            self.failures -= 1
            raise UnavailableError("the database did not answer")
        return await super().store(event_id, tenant_id, job)


async def row(world: World, event_id: str) -> SlackEvent:
    async with world.database.read(Crossing.UPKEEP) as session:
        found = await session.scalar(select(SlackEvent).where(SlackEvent.event_id == event_id))
    assert found is not None
    return found


async def status(world: World, event_id: str, wanted: EventStatus) -> SlackEvent:
    async with asyncio.timeout(60):
        while (found := await row(world, event_id)).status != wanted:
            await asyncio.sleep(0.01)
    return found


async def test_four_deliveries_of_which_the_first_crashes_give_one_answer(world: World) -> None:
    bot = await world.bot(events=FailingEvents(world.database, world.keyring))
    body = world.mention()
    codes = [(await post(bot, body, retry=number)).status_code for number in range(4)]
    assert codes == [500, 200, 200, 200]
    await status(world, body["event_id"], EventStatus.DONE)
    assert len(world.answerer.asked) == 1
    assert len(world.slack.thread(*thread_of(body))) == 1


async def test_event_is_stored_encrypted_before_it_is_acknowledged_and_dropped_after(world: World) -> None:
    world.answerer.gate = asyncio.Event()
    bot, body = await world.bot(), world.mention("<@U0BOT> about Mrs Miller's till")
    await post(bot, body)
    stored = await row(world, body["event_id"])
    assert stored.payload
    assert b"Miller" not in stored.payload
    world.answerer.gate.set()
    assert (await status(world, body["event_id"], EventStatus.DONE)).payload == b""


async def test_work_begins_after_the_acknowledgement(world: World) -> None:
    world.answerer.gate = asyncio.Event()
    bot, body = await world.bot(), world.mention()
    async with asyncio.timeout(60):
        assert (await post(bot, body)).status_code == 200
    await until(lambda: world.answerer.asked)
    world.answerer.gate.set()
    await status(world, body["event_id"], EventStatus.DONE)


async def test_answers_give_way_to_deliveries_that_wait_for_their_acknowledgement(world: World) -> None:
    bot, body = await world.bot(), world.mention()
    with bot.worker.arriving():
        await post(bot, body)
        await asyncio.sleep(0.1)
        assert world.answerer.asked == []
    await status(world, body["event_id"], EventStatus.DONE)


async def test_a_flood_of_deliveries_starves_no_answer(world: World) -> None:
    bot, body = await world.bot(), world.mention()
    with bot.worker.arriving():
        await post(bot, body)
        await status(world, body["event_id"], EventStatus.DONE)


async def test_restart_takes_up_an_answer_that_a_stop_interrupted(world: World) -> None:
    world.answerer.gate = asyncio.Event()
    first, body = await world.bot(), world.mention()
    await post(first, body)
    await until(lambda: world.answerer.asked)
    await first.aclose()
    world.answerer.gate.set()
    await world.bot()
    await status(world, body["event_id"], EventStatus.DONE)
    [shown] = world.slack.thread(*thread_of(body))
    assert "Restart the till service." in shown


async def test_restart_after_a_crash_goes_on_in_the_same_message(world: World) -> None:
    """The crash left the event claimed and a placeholder in the thread."""
    await world.events.store("Ev1", world.tenants["acme"], JOB)
    claim = await world.events.claim("Ev1")
    assert claim is not None
    ts = await Web(world.slack.url).post("xoxb-home", JOB.channel, JOB.thread_ts, blocks.notice(blocks.SEARCHING))
    await world.events.began_reply(claim, ts)
    await world.bot()
    assert (await status(world, "Ev1", EventStatus.DONE)).attempts == 2
    [shown] = world.slack.thread(JOB.channel, JOB.thread_ts)
    assert "Restart the till service." in shown


async def test_job_that_took_the_process_down_three_times_is_given_up_with_an_apology(world: World) -> None:
    await world.events.store("Ev1", world.tenants["acme"], JOB)
    async with world.database.write(Crossing.UPKEEP) as session:
        await session.execute(update(SlackEvent).values(attempts=3, status=EventStatus.WORKING))
    await world.bot()
    await status(world, "Ev1", EventStatus.FAILED)
    [shown] = world.slack.thread("C0SUPPORT", "1.1")
    assert "(code: gave_up)" in shown
    assert world.answerer.asked == []


async def test_two_processes_that_both_receive_an_event_answer_once(world: World) -> None:
    one, two = await world.bot(), await world.bot()
    body = world.mention()
    await asyncio.gather(post(one, body), post(two, body))
    await status(world, body["event_id"], EventStatus.DONE)
    assert len(world.answerer.asked) == 1
    assert len(world.slack.thread(*thread_of(body))) == 1


async def test_worker_whose_event_was_taken_over_does_not_reply(world: World) -> None:
    world.answerer.gate = asyncio.Event()
    slow, body = await world.bot(), world.mention()
    await post(slow, body)
    await until(lambda: world.answerer.asked)
    await world.bot()
    await until(lambda: len(world.answerer.asked) == 2)
    world.answerer.gate.set()
    await status(world, body["event_id"], EventStatus.DONE)
    assert len(world.slack.of("chat.update")) == 1
    assert len(world.slack.thread(*thread_of(body))) == 1


async def test_reply_that_slack_could_not_take_is_tried_again(world: World) -> None:
    world.slack.failures = ["internal_error"]
    bot, body = await world.bot(sweep_s=0.05), world.mention()
    await post(bot, body)
    await status(world, body["event_id"], EventStatus.DONE)
    [shown] = world.slack.thread(*thread_of(body))
    assert "Restart the till service." in shown


@pytest.mark.parametrize("error", ["channel_not_found", "token_revoked", "is_archived"])
async def test_reply_that_slack_never_takes_is_given_up(world: World, error: str) -> None:
    world.slack.failures = [error]
    bot, body = await world.bot(sweep_s=0.05), world.mention()
    await post(bot, body)
    assert (await status(world, body["event_id"], EventStatus.FAILED)).payload == b""
    assert world.answerer.asked == []


async def test_remapped_workspace_gets_nothing_that_was_asked_before(world: World) -> None:
    await world.events.store("Ev1", world.tenants["acme"], JOB)
    await world.workspaces.unmap("T0HOME")
    await world.workspaces.map("T0HOME", tenant_id=world.tenants["other"], bot_token="xoxb-other")
    await world.bot()
    await status(world, "Ev1", EventStatus.FAILED)
    assert world.slack.calls == []


async def test_socket_mode_answers_and_acknowledges(world: World) -> None:
    bot, body = await world.bot(), world.mention()
    envelope = world.slack.deliver(body)
    running = asyncio.create_task(bot.run_socket_mode())
    await until(lambda: envelope in world.slack.acknowledged)
    await status(world, body["event_id"], EventStatus.DONE)
    running.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await running
    [shown] = world.slack.thread(*thread_of(body))
    assert "Restart the till service." in shown
    assert blocks.SEARCHING not in shown
