"""What survives: kill -9 in the middle of an answer, rate limits, two workers; how quickly Slack is acknowledged."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import sys
import time
from pathlib import Path

import pytest
from slack_world import SlowAnswerer, World, answer, post, thread_of, until

from answers.events import Done, Sentence, Started
from bots.slack.jobs import MAX_ATTEMPTS

PROCESS = Path(__file__).with_name("slack_process.py")
ACK_S = 1.0
"""Slack delivers again after three."""
CROWDED_S = 15.0
"""Where other tests run beside: less than it takes when answers are worked out before they are acknowledged, one after another."""


async def killed_in_the_middle(world: World, folder: Path, body: dict[str, object]) -> None:
    """Another process receives the event, begins to stream, and dies of SIGKILL."""
    before = len(world.slack.calls)
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        PROCESS,
        str(folder),
        world.slack.url,
        json.dumps(body),
        stdout=asyncio.subprocess.PIPE,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(map(str, (PROCESS.parents[2], PROCESS.parent)))},
    )
    assert process.stdout is not None
    try:
        if before == 0:
            assert (await asyncio.wait_for(process.stdout.readline(), 60)).strip() == b"200"
        await until(lambda: len(world.slack.calls) > before, seconds=60)
        await asyncio.sleep(0.2)
    finally:
        process.send_signal(signal.SIGKILL)
        await process.wait()


@pytest.mark.slow
async def test_answer_of_a_process_that_was_killed_is_finished_in_its_place(world: World, tmp_path: Path) -> None:
    body = world.mention()
    await killed_in_the_middle(world, tmp_path, body)
    [begun] = world.slack.messages.values()
    assert begun.live, "the dead process left a stream open"
    await world.bot()
    await until(lambda: world.slack.of("chat.update"))
    [shown] = world.slack.thread(*thread_of(body))
    assert "Restart the till service." in shown
    assert "Half of the" not in shown


@pytest.mark.slow
async def test_event_that_kills_its_process_again_and_again_ends_with_an_apology(world: World, tmp_path: Path) -> None:
    body = world.mention()
    for _ in range(MAX_ATTEMPTS):
        await killed_in_the_middle(world, tmp_path, body)
    await world.bot()
    await until(lambda: world.slack.of("chat.update"))
    [shown] = world.slack.thread(*thread_of(body))
    assert "(code: gave_up)" in shown
    assert world.answerer.asked == []


async def test_retry_after_is_waited_for_before_a_reply_is_sent_again(world: World) -> None:
    world.slack.retry_after = "1"
    world.slack.limited = {"chat.update": 1}
    bot, body = await world.bot(), world.mention()
    began = time.monotonic()
    await post(bot, body)
    await until(lambda: world.slack.of("chat.update") and not bot.worker.busy)
    assert time.monotonic() - began > 1.0
    [shown] = world.slack.thread(*thread_of(body))
    assert "Restart the till service." in shown


async def test_rate_limited_stream_is_not_waited_for(world: World) -> None:
    """Slack lets few streams begin in a minute (tier 2): an answer in one piece now is better than a stream later."""
    world.slack.retry_after = "30"
    world.slack.limited = {"chat.startStream": 1}
    bot, body = await world.bot(), world.mention()
    async with asyncio.timeout(25):
        await post(bot, body)
        await until(lambda: world.slack.of("chat.update"))
    assert "Restart the till service." in world.slack.thread(*thread_of(body))[0]


async def test_sentences_that_come_together_are_sent_together(world: World) -> None:
    sentences = [Sentence(n, f"Sentence {n}.", "sentence") for n in range(30)]
    slow = SlowAnswerer(Started("a" * 32, "c1", "m", 1), *sentences, Done(answer()))
    bot, body = await world.bot(answerer=slow), world.mention()
    await post(bot, body)
    for _ in range(31):
        slow.steps.release()
    await until(lambda: "Sentence 29." in "".join(call.shown for call in world.slack.of("chat.appendStream")))
    assert len(world.slack.of("chat.appendStream")) <= 3


async def test_bots_that_answer_each_other_stop_at_once(world: World) -> None:
    bot = await world.bot()
    for event in ({"bot_id": "B0"}, {"bot_profile": {"id": "B0"}}, {"subtype": "bot_message"}, {"user": "U0BOT"}):
        await post(bot, world.mention(**event))
        await post(bot, world.direct("hello", **event))
        await post(bot, world.said("how?", **event))
    await until(lambda: not bot.worker.busy)
    assert (world.answerer.asked, world.slack.calls) == ([], [])


@pytest.mark.parametrize(
    "limit_s",
    [
        pytest.param(CROWDED_S, marks=pytest.mark.slow),
        pytest.param(ACK_S, marks=[pytest.mark.proof, pytest.mark.timed]),
    ],
)
async def test_fifty_events_at_once_are_acknowledged_in_time(world: World, limit_s: float) -> None:
    bot, times = await world.bot(), []

    async def deliver() -> None:
        body = world.mention()
        began = time.perf_counter()
        assert (await post(bot, body)).status_code == 200
        times.append(time.perf_counter() - began)

    await asyncio.gather(*(deliver() for _ in range(50)))
    slowest = sorted(times)
    print(f"ack of 50 events at once: p50 {slowest[25]:.3f} s, p99 {slowest[49]:.3f} s")
    assert slowest[49] < limit_s
    await until(lambda: len(world.slack.of("chat.update")) == 50, seconds=60)
    assert len(world.answerer.asked) == 50
