"""Ways of asking: follow-ups, slash command, shortcuts, the agent view; answers that are streamed, stopped, shared."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from slack_world import CHANNEL, TEAM, USER, SlowAnswerer, World, answer, citation, post, thread_of, until

from answers.events import Cited, Done, Sentence, Started, StatusChanged
from answers.popular import Popular
from bots.slack import blocks, interactions
from bots.slack.events import EventStatus
from bots.slack.words import ENGLISH
from core.crossings import Crossing
from core.database import Database
from core.domain import Outcome
from core.models import AnswerRow, Conversation, SlackEvent, Tenant, new_id

THREAD = "1700000000.000001"


def chunks(world: World) -> list[dict[str, Any]]:
    calls = [*world.slack.of("chat.startStream"), *world.slack.of("chat.appendStream")]
    return [chunk for call in calls for chunk in call.arguments["chunks"]]


async def test_sentences_are_shown_as_they_are_checked_with_what_is_done_meanwhile(world: World) -> None:
    slow = SlowAnswerer(
        Started("a" * 32, "c1", "m", 1),
        StatusChanged("reading"),
        StatusChanged("checking"),
        Cited(citation()),
        Sentence(0, "Restart the [till](https://kb.example/till). [1]", "sentence"),
        Sentence(1, "See https://evil.example <!channel>.", "sentence"),
        Done(answer("Restart the till. [1]")),
    )
    bot, body = await world.bot(answerer=slow), world.mention()
    await post(bot, body)
    for _ in range(5):
        slow.steps.release()
    await until(lambda: any("Restart the" in call.shown for call in world.slack.of("chat.appendStream")))
    tasks = [(c["id"], c["status"]) for c in chunks(world) if c["type"] == "task_update"]
    assert tasks == [
        ("searching", "in_progress"),
        ("searching", "complete"),
        ("reading", "in_progress"),
        ("reading", "complete"),
        ("checking", "in_progress"),
    ]
    assert world.slack.of("chat.update") == [], "the sentence stands there before the answer is finished"
    for _ in range(2):
        slow.steps.release()
    await until(lambda: world.slack.of("chat.update"))
    shown = "\n".join(call.shown for call in world.slack.of("chat.appendStream"))
    assert "<https://kb.example/till|till>" in shown
    for act in ("<!channel>", "<https://evil.example"):
        assert act not in shown
    [final] = world.slack.thread(*thread_of(body))
    assert final.startswith("Restart the till. [1]")
    assert len(world.slack.of("chat.stopStream")) == 1


async def test_session_shows_a_stop_button_while_an_answer_is_looked_for(world: World) -> None:
    bot, body = await world.bot(), world.direct("how do I restart a till?")
    await post(bot, body)
    await until(lambda: len(world.slack.of("agents.sessions.setStatus")) == 2)
    told = [call.arguments["status"] for call in world.slack.of("agents.sessions.setStatus")]
    assert told == ["processing", "active"]


@pytest.mark.parametrize("error", ["unknown_method", "method_not_supported_for_channel_type", "ratelimited"])
async def test_answer_comes_without_a_stream_where_none_can_be_begun(world: World, error: str) -> None:
    world.slack.refused = {"chat.startStream": error}
    bot, body = await world.bot(), world.mention()
    await post(bot, body)
    await until(lambda: world.slack.of("chat.update"))
    [shown] = world.slack.thread(*thread_of(body))
    assert "Restart the till service." in shown
    assert blocks.SEARCHING in world.slack.of("chat.postMessage")[0].shown
    assert world.slack.of("chat.stopStream") == []


async def test_expired_stream_is_replaced_by_the_finished_answer(world: World) -> None:
    slow = SlowAnswerer(
        Started("a" * 32, "c1", "m", 1),
        Sentence(0, "First.", "sentence"),
        Sentence(1, "Second.", "sentence"),
        Done(answer("First. Second. [1]")),
    )
    bot, body = await world.bot(answerer=slow), world.mention()
    await post(bot, body)
    await until(lambda: world.slack.messages)
    next(iter(world.slack.messages.values())).live = False
    for _ in range(4):
        slow.steps.release()
    await until(lambda: world.slack.of("chat.update"))
    [shown] = world.slack.thread(*thread_of(body))
    assert "First. Second. [1]" in shown


async def test_answer_of_more_sections_than_a_stream_takes_is_whole_in_the_end(world: World) -> None:
    sentences = [Sentence(n, f"Sentence number {n}.", "sentence") for n in range(120)]
    text = " ".join(one.text for one in sentences)
    world.answerer.script = [[*sentences, Done(answer(text))]]
    bot, body = await world.bot(), world.mention()
    await post(bot, body)
    await until(lambda: world.slack.of("chat.update"))
    [shown] = world.slack.thread(*thread_of(body))
    assert "Sentence number 119." in shown
    assert not [c for c in world.slack.calls if c.method == "chat.appendStream" and not c.arguments["chunks"]]


async def test_stop_button_ends_the_answer_and_says_so(world: World) -> None:
    slow = SlowAnswerer(Started("a" * 32, "c1", "m", 1), Sentence(0, "First.", "sentence"))
    bot, body = await world.bot(answerer=slow), world.direct("how do I restart a till?")
    await post(bot, body)
    slow.steps.release()
    await until(lambda: slow.asked and world.slack.messages)
    channel, ts = thread_of(body)
    stopped = world.mention(type="agent_session_stopped", channel=channel, thread_ts=ts, streaming_message_ts=[])
    await post(bot, stopped)
    await until(lambda: world.slack.of("chat.update"))
    await until(lambda: not bot.worker.busy)
    assert slow.cancelled
    assert world.slack.thread(channel, ts) == [ENGLISH.stopped]
    async with world.database.read(Crossing.UPKEEP) as session:
        row = await session.get(SlackEvent, body["event_id"])
    assert row is not None
    assert (row.status, row.payload) == (EventStatus.STOPPED, b"")


async def test_stop_in_another_process_keeps_the_answer_back(world: World) -> None:
    world.answerer.gate = asyncio.Event()
    working, other, body = await world.bot(), await world.bot(), world.direct("how do I restart a till?")
    await post(working, body)
    await until(lambda: world.answerer.asked)
    channel, ts = thread_of(body)
    await post(other, world.mention(type="agent_session_stopped", channel=channel, thread_ts=ts))
    await until(lambda: world.slack.thread(channel, ts) == [ENGLISH.stopped])
    world.answerer.gate.set()
    await until(lambda: not working.worker.busy)
    assert world.slack.thread(channel, ts) == [ENGLISH.stopped]


async def test_follow_up_without_a_mention_is_answered_in_its_conversation(world: World) -> None:
    bot, first = await world.bot(), world.mention()
    await post(bot, first)
    await until(lambda: world.slack.of("chat.update"))
    await post(bot, world.said("and in 7.5?", thread_ts=first["event"]["ts"]))
    await until(lambda: len(world.slack.of("chat.update")) == 2)
    assert [(q.text, q.conversation_id) for q in world.answerer.asked] == [
        ("how do I restart a till?", None),
        ("and in 7.5?", "c1"),
    ]


@pytest.mark.parametrize(
    "event",
    [
        {"user": "U0SECOND"},
        {"text": "<@U0COLLEAGUE> can you look?"},
        {"text": "<@U0BOT> and in 7.5?"},
        {"bot_id": "B0OTHER"},
        {"user": "U0BOT"},
        {"subtype": "message_changed"},
        {"thread_ts": "1699999999.000001"},
    ],
)
async def test_what_was_not_meant_for_the_copilot_is_neither_answered_nor_stored(
    world: World, event: dict[str, str]
) -> None:
    """A colleague's remark, words to somebody else, another thread; a mention comes as an event of its own."""
    bot, first = await world.bot(), world.mention()
    await post(bot, first)
    await until(lambda: world.slack.of("chat.update"))
    said = world.said(**{"text": "and in 7.5?", "thread_ts": first["event"]["ts"], **event})
    assert (await post(bot, said)).status_code == 200
    await until(lambda: not bot.worker.busy)
    assert len(world.answerer.asked) == 1
    async with world.database.read(Crossing.UPKEEP) as session:
        assert await session.get(SlackEvent, said["event_id"]) is None


async def test_slash_command_answers_its_user_alone_who_can_share_it_once(world: World) -> None:
    bot = await world.bot()
    acknowledged = await post(bot, world.command("how do I restart a till?"))
    assert blocks.SEARCHING in acknowledged.text
    await until(lambda: world.slack.of("chat.postEphemeral"))
    [whispered] = world.slack.of("chat.postEphemeral")
    assert (whispered.arguments["user"], whispered.arguments["channel"]) == (USER, CHANNEL)
    assert "Restart the till service." in whispered.shown
    assert world.slack.messages == {}
    share = [e for b in whispered.arguments["blocks"] if b["type"] == "actions" for e in b["elements"]]
    assert [e["action_id"] for e in share] == [blocks.SHARE]
    for _ in range(3):
        await post(bot, world.click(blocks.SHARE, share[0]["value"], message={}))
    await until(lambda: world.slack.messages and not bot.worker.busy)
    [shared] = world.slack.messages.values()
    assert f"Asked by <@{USER}>: how do I restart a till?" in shared.call.shown
    assert "Restart the till service." in shared.call.shown


async def test_nobody_shares_what_somebody_else_asked(world: World) -> None:
    bot = await world.bot()
    await post(bot, world.command("how do I restart a till?"))
    await until(lambda: world.slack.of("chat.postEphemeral"))
    await post(bot, world.click(blocks.SHARE, "a" * 32, user={"id": "U0SECOND", "team_id": TEAM}, message={}))
    await until(lambda: len(world.slack.of("chat.postEphemeral")) == 2)
    assert world.slack.messages == {}
    assert "not yours" in world.slack.of("chat.postEphemeral")[1].shown


@pytest.mark.parametrize("text", ["", "help", "  "])
async def test_slash_command_without_a_question_explains_itself(world: World, text: str) -> None:
    bot = await world.bot()
    assert "settings" in (await post(bot, world.command(text))).text
    assert world.answerer.asked == []


async def test_slash_command_where_the_copilot_is_not_in_the_channel_answers_directly(world: World) -> None:
    world.slack.refused = {"conversations.info": "channel_not_found", "chat.postEphemeral": "channel_not_found"}
    bot = await world.bot()
    await post(bot, world.command("how do I restart a till?"))
    await until(lambda: world.slack.messages)
    [sent] = world.slack.messages.values()
    assert sent.channel == USER


async def test_command_from_an_unmapped_workspace_is_turned_away(world: World) -> None:
    await world.workspaces.unmap(TEAM)
    bot = await world.bot(token="xoxb-any")
    assert blocks.UNMAPPED[:30] in (await post(bot, world.command("anything"))).text
    assert world.answerer.asked == []


async def test_shortcut_asks_about_a_message_for_its_user_alone(world: World) -> None:
    bot, body = await world.bot(), world.shortcut(interactions.ASK, "my till is offline &amp; red")
    for retry in range(2):
        await post(bot, body, retry=retry)
    await until(lambda: world.slack.of("chat.postEphemeral") and not bot.worker.busy)
    [whispered] = world.slack.of("chat.postEphemeral")
    assert whispered.arguments["thread_ts"] == THREAD
    assert [q.text for q in world.answerer.asked] == ["my till is offline & red"]


async def test_agent_view_suggests_the_tenants_top_questions(world: World) -> None:
    world.popular.questions = ["How do I reset the " + "very " * 40 + "long thing?", "b?", "c?", "d?", "e?"]
    bot = await world.bot()
    await post(bot, world.mention(type="app_home_opened", tab="messages", channel="D0ASKER"))
    await until(lambda: world.slack.of("assistant.threads.setSuggestedPrompts"))
    [call] = world.slack.of("assistant.threads.setSuggestedPrompts")
    assert [p["message"] for p in call.arguments["prompts"]][1:] == ["b?", "c?", "d?"]
    assert call.arguments["channel_id"] == "D0ASKER"
    started = {"channel_id": "D0ASKER", "thread_ts": THREAD, "user_id": USER, "context": {}}
    await post(bot, world.mention(type="assistant_thread_started", assistant_thread=started))
    await until(lambda: len(world.slack.of("assistant.threads.setSuggestedPrompts")) == 2)
    assert world.slack.of("assistant.threads.setSuggestedPrompts")[1].arguments["thread_ts"] == THREAD


async def test_home_tab_and_a_tenant_without_questions(world: World) -> None:
    bot = await world.bot()
    await post(bot, world.mention(type="app_home_opened", tab="home", channel="D0ASKER"))
    await post(bot, world.mention(type="app_home_opened", tab="messages", channel="D0OTHER"))
    await until(lambda: world.slack.of("assistant.threads.setSuggestedPrompts") and not bot.worker.busy)
    [call] = world.slack.of("assistant.threads.setSuggestedPrompts")
    assert call.arguments["channel_id"] == "D0OTHER"
    assert call.arguments["prompts"][0]["title"] == "What changed in the latest release?"


async def test_top_questions_are_answered_ones_of_several_people_of_the_same_workspace(database: Database) -> None:
    async with database.write(Crossing.UPKEEP) as session:
        tenant, other = Tenant(slug="acme", name="Acme"), Tenant(slug="other", name="Other")
        session.add_all([tenant, other])
    asked = [
        (tenant, "T0HOME", "U1", "Reset a till?", Outcome.ANSWERED),
        (tenant, "T0HOME", "U2", "reset a till?", Outcome.ANSWERED),
        (tenant, "T0HOME", "U3", "Reset a till?", Outcome.ANSWERED),
        (tenant, "T0HOME", "U1", "Print a label?", Outcome.ANSWERED),
        (tenant, "T0HOME", "U2", "Print a label?", Outcome.ANSWERED),
        (tenant, "T0HOME", "U1", "My own secret?", Outcome.ANSWERED),
        (tenant, "T0HOME", "U1", "My own secret?", Outcome.ANSWERED),
        (tenant, "T0HOME", "U1", "Unknown?", Outcome.ABSTAINED),
        (tenant, "T0HOME", "U2", "Unknown?", Outcome.ABSTAINED),
        (tenant, "T0ELSE", "U1", "Of another workspace?", Outcome.ANSWERED),
        (tenant, "T0ELSE", "U2", "Of another workspace?", Outcome.ANSWERED),
        (other, "T0HOME", "U1", "Of another tenant?", Outcome.ANSWERED),
        (other, "T0HOME", "U2", "Of another tenant?", Outcome.ANSWERED),
    ]
    async with database.write(Crossing.UPKEEP) as session:
        for whose, team, user, text, outcome in asked:
            conversation = Conversation(id=new_id(), tenant_id=whose.id, principal_id=f"slack:{team}:{user}")
            session.add(conversation)
            await session.flush()
            session.add(
                AnswerRow(
                    tenant_id=whose.id,
                    conversation_id=conversation.id,
                    principal_id=conversation.principal_id,
                    channel="slack",
                    question=text,
                    query=text,
                    outcome=outcome,
                    answer={},
                )
            )
    found = await Popular(database).top(tenant.id, askers="slack:T0HOME:", days=30, limit=4)
    assert [text.lower() for text in found] == ["reset a till?", "print a label?"]
