"""A walk through Slack, recorded over signed HTTP and rendered from the very blocks that were sent.

With UPDATE_SCREENSHOTS=1 it also writes the pictures of the docs: `docs/images/slack-*.png`.
"""

from __future__ import annotations

import asyncio
import os
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser
from slack_escalating import DESK, Escalating
from slack_pictures import message, modal, page, said, stream
from slack_stub import Call, SlackStub
from slack_world import CHANNEL, TEAM, USER, SlowAnswerer, World, answer, citation, post, thread_of, until

from answers.events import Cited, Done, Sentence, Started, StatusChanged
from bots.slack import blocks, case_blocks, interactions, modals
from bots.slack.channels import DEFAULT
from core.domain import Outcome
from tests.servers.browser import new_page

pytestmark = [pytest.mark.slow, pytest.mark.browser]

IMAGES = Path(__file__).parents[2] / "docs" / "images"
LARGEST = 150_000
QUESTION = "The till shows ERR-4021 after the night sync. What do I do?"
STEPS = "Restart the service TillSync on the till. [1]\n\nThen send one receipt to see that the queue is empty. [2]"
HOSTILE = '<script>alert("x")</script> <!channel> <img src=x onerror=alert(1)> [click](javascript:alert(2))'


def cited() -> tuple[Any, ...]:
    first = citation(quote="Restart the service TillSync on the till.", title="Frozen till")
    second = citation(2, title="Receipt queue", heading_path=("Checks",), url="https://kb.example/queue", version=None)
    return first, second


async def walk(folder: Path) -> dict[str, list[str]]:
    """The pictures, as HTML parts."""
    stub = SlackStub()
    await stub.start()
    world = World(folder, stub)
    await world.prepare()
    try:
        return {
            **await _streamed(world, stub),
            **await _alone(world, stub),
            **await _case(world, stub),
            "slack-settings": [modal(modals.settings(CHANNEL, DEFAULT))],
            "slack-feedback": [modal(modals.feedback("a" * 32, channel=CHANNEL))],
        }
    finally:
        await world.close()
        await stub.stop()


async def _streamed(world: World, stub: SlackStub) -> dict[str, list[str]]:
    final = answer(STEPS, citations=cited())
    sources = [Cited(one) for one in cited()]
    first = Sentence(0, STEPS.split("\n\n", maxsplit=1)[0], "sentence")
    stages = [StatusChanged("reading"), StatusChanged("checking")]
    slow = SlowAnswerer(Started("a" * 32, "c1", "m", 1), *stages, *sources, first, Done(final))
    bot, body = await world.bot(answerer=slow), world.mention(QUESTION)
    await post(bot, body)
    for _ in range(6):
        slow.steps.release()
    await until(lambda: "TillSync" in "".join(call.shown for call in stub.of("chat.appendStream")))
    calls = [*stub.of("chat.startStream"), *stub.of("chat.appendStream")]
    live = stream([chunk for call in calls for chunk in call.arguments["chunks"]])
    slow.steps.release()
    await until(lambda: stub.of("chat.update"))
    asked = said("kim", f"@Partner Copilot {QUESTION}")
    return {"slack-stream": [asked, live], "slack-answer": [asked, _last(stub, *thread_of(body))]}


async def _alone(world: World, stub: SlackStub) -> dict[str, list[str]]:
    world.answerer.script = [answer(STEPS, citations=cited())] * 2
    bot = await world.bot()
    await post(bot, world.command(QUESTION))
    await until(lambda: stub.of("chat.postEphemeral"))
    whispered = stub.of("chat.postEphemeral")[-1].arguments["blocks"]
    await post(bot, world.shortcut(interactions.DRAFT, QUESTION))
    await until(lambda: stub.of("views.update"))
    return {
        "slack-command": [said("kim", f"/copilot {QUESTION}"), message(whispered, only_you=True)],
        "slack-draft": [modal(stub.of("views.update")[-1].arguments["view"])],
    }


async def _case(world: World, stub: SlackStub) -> dict[str, list[str]]:
    escalating = Escalating(world)
    bot = await escalating.begin()
    asker = escalating.cases.principal(name=f"slack:{TEAM}:{USER}")
    given = await escalating.cases.asked(
        asker, HOSTILE + " Which scale fits till 7?", text="I found no document that says so.", citations=cited()
    )
    abstained = answer("I found no document that says so.", outcome=Outcome.ABSTAINED, answer_id=given.answer_id)
    shown = message(blocks.answer_messages(abstained)[0].blocks)
    await post(bot, world.click(blocks.HANDOVER, given.answer_id))
    await until(lambda: escalating.desk)
    opened = _last(stub, DESK, None)
    await post(bot, escalating.press(case_blocks.CLAIM))
    await until(lambda: any("has taken this" in text for text in escalating.thread))
    thread = [_last(stub, CHANNEL, "1700000000.000001", number) for number in (-2, -1)]
    await escalating.jobs.aclose()
    return {"slack-case": [opened], "slack-taken": [said("kim", "Which scale fits till 7?"), shown, *thread]}


def _last(stub: SlackStub, channel: str, thread_ts: str | None, number: int = -1) -> str:
    """A message of the thread, as it stands now."""
    calls: list[Call] = [m.call for m in stub.messages.values() if (m.channel, m.thread_ts) == (channel, thread_ts)]
    return message(calls[number].arguments["blocks"])


def test_walk_through_slack_in_pictures(chromium: Browser, tmp_path: Path) -> None:
    with ThreadPoolExecutor(1) as thread:  # the browser's driver keeps an event loop running in this one
        pictures = thread.submit(asyncio.run, walk(tmp_path)).result()
    context = chromium.new_context(viewport={"width": 720, "height": 200}, device_scale_factor=1.5)
    try:
        for name, parts in pictures.items():
            shown = new_page(context)
            alarms: list[str] = []
            shown.on("dialog", lambda dialog, alarms=alarms: (alarms.append(dialog.message), dialog.dismiss()))
            shown.set_content(page(parts))
            assert shown.locator("script, img").count() == 0, name
            assert alarms == []
            hrefs = shown.locator("a").evaluate_all("links => links.map(link => link.href)")
            assert all(href.startswith(("https://kb.example/", "https://slack.com/app_redirect")) for href in hrefs)
            taken = shown.screenshot(full_page=True)
            assert 3_000 < len(taken) < LARGEST, (name, len(taken))
            if os.environ.get("UPDATE_SCREENSHOTS"):
                (IMAGES / f"{name}.png").write_bytes(taken)
            shown.close()
    finally:
        context.close()
    assert {f"{name}.png" for name in pictures} == {file.name for file in IMAGES.glob("slack-*.png")}
