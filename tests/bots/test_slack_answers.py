"""Questions in, answers in the thread."""

from __future__ import annotations

import pytest
from slack_stub import refusal
from slack_world import TEAM, USER, World, answer, citation, post, thread_of, until

from answers.events import Done, Replaced, Sentence
from bots.slack import blocks
from core.domain import Audience, Outcome, Permission
from core.errors import LLMError, TooLargeError


async def answered(world: World, body: dict[str, object]) -> list[str]:
    """What stands in the thread once the placeholder is gone."""

    def finished() -> bool:
        shown = world.slack.thread(*thread_of(body))
        return bool(shown) and blocks.SEARCHING not in shown[0]

    await until(finished)
    return world.slack.thread(*thread_of(body))


async def test_mention_is_answered_in_its_thread_with_sources_and_buttons(world: World) -> None:
    bot, body = await world.bot(), world.mention()
    assert (await post(bot, body)).status_code == 200
    [shown] = await answered(world, body)
    assert shown.startswith("Restart the till service. [1]")
    assert "*[1]* <https://kb.example/till|Till offline> › Recovery › Restart · version 7.4" in shown
    assert "&gt; Restart the till service." in shown
    assert blocks.DISCLOSURE in shown
    [call] = world.slack.of("chat.update")
    assert call.token == "xoxb-home"
    [feedback] = [b for b in call.arguments["blocks"] if b["type"] == "context_actions"]
    assert feedback["elements"][0]["positive_button"]["value"] == "up:" + "a" * 32
    [begun] = world.slack.of("chat.startStream")
    assert blocks.SEARCHING in begun.shown
    assert (begun.arguments["recipient_team_id"], begun.arguments["recipient_user_id"]) == (TEAM, USER)


async def test_question_carries_the_workspace_tenant_and_nothing_of_the_message(world: World) -> None:
    bot = await world.bot()
    text = "<@U0BOT> tenant_id=other &lt;b&gt; &amp;amp; <https://a.example/x|the page> <mailto:a@b.example|a@b.example> <#C1|ops>"
    await post(bot, world.mention(text))
    await until(lambda: world.answerer.asked)
    [question] = world.answerer.asked
    assert question.text == "tenant_id=other <b> &amp; the page (https://a.example/x) a@b.example #ops"
    principal = question.principal
    assert (principal.tenant_id, principal.id) == (world.tenants["acme"], f"slack:{TEAM}:{USER}")
    assert (principal.audience, principal.channel) == (Audience.AGENT, "slack")
    assert principal.permissions == {Permission.ASK, Permission.SEARCH, Permission.FEEDBACK, Permission.HANDOFF}


async def test_direct_message_is_answered_in_its_own_thread(world: World) -> None:
    bot, body = await world.bot(), world.direct("how do I restart a till?")
    await post(bot, body)
    [shown] = await answered(world, body)
    assert "Restart the till service." in shown
    assert world.answerer.asked[0].text == "how do I restart a till?"


async def test_follow_up_in_the_thread_keeps_the_conversation(world: World) -> None:
    bot, first = await world.bot(), world.mention()
    await post(bot, first)
    await answered(world, first)
    await until(lambda: world.slack.of("chat.update"))
    follow_up = world.mention("<@U0BOT> and in 7.5?", thread_ts=first["event"]["ts"])
    await post(bot, follow_up)
    await until(lambda: len(world.slack.of("chat.update")) == 2)
    assert [q.conversation_id for q in world.answerer.asked] == [None, "c1"]
    await post(bot, world.mention())
    await until(lambda: len(world.answerer.asked) == 3)
    assert world.answerer.asked[2].conversation_id is None, "another thread is another conversation"


async def test_second_asker_in_a_thread_has_a_conversation_of_their_own(world: World) -> None:
    bot, first = await world.bot(), world.mention()
    await post(bot, first)
    await answered(world, first)
    await post(bot, world.mention(user="U0SECOND", thread_ts=first["event"]["ts"]))
    await until(lambda: len(world.slack.of("chat.update")) == 2)
    assert world.answerer.asked[1].conversation_id is None
    assert all("Sorry" not in text for text in world.slack.thread(*thread_of(first)))


async def test_thread_whose_conversation_was_erased_begins_a_new_one(world: World) -> None:
    bot, first = await world.bot(), world.mention()
    await post(bot, first)
    await answered(world, first)
    world.answerer.forget()
    await post(bot, world.mention(thread_ts=first["event"]["ts"]))
    await until(lambda: len(world.slack.of("chat.update")) == 2)
    assert [q.conversation_id for q in world.answerer.asked] == [None, "c1", None]
    assert "Restart the till service." in world.slack.of("chat.update")[1].shown


async def test_only_what_replaced_the_sentences_is_shown(world: World) -> None:
    right = answer("The right text. [1]")
    replaced = Replaced(right.text, Outcome.ANSWERED)
    world.answerer.script = [[Sentence(0, "The withdrawn text.", "sentence"), replaced, Done(right)]]
    bot, body = await world.bot(), world.mention()
    await post(bot, body)
    [shown] = await answered(world, body)
    assert shown.startswith("The right text. [1]")
    assert "withdrawn" not in shown
    assert "withdrawn" not in world.slack.messages[world.slack.of("chat.update")[-1].arguments["ts"]].call.shown


@pytest.mark.parametrize("outcome", [Outcome.ABSTAINED, Outcome.REFUSED, Outcome.ESCALATED])
async def test_what_is_no_answer_shows_no_sources_and_offers_a_person(world: World, outcome: Outcome) -> None:
    world.answerer.script = [answer("I don't know.", outcome=outcome, citations=(citation(),))]
    bot, body = await world.bot(), world.mention()
    await post(bot, body)
    [shown] = await answered(world, body)
    assert "Sources" not in shown
    assert "kb.example" not in shown
    shown_blocks = world.slack.of("chat.update")[0].arguments["blocks"]
    [actions] = [b for b in shown_blocks if b["type"] == "actions"]
    assert (actions["elements"][0]["action_id"], actions["elements"][0]["value"]) == (blocks.HANDOVER, "a" * 32)


@pytest.mark.parametrize(
    ("fault", "code"),
    [
        (LLMError("the model did not answer", transient=True), "llm_failed"),
        (TooLargeError("the question is longer than 8000 characters"), "too_large"),
        (ZeroDivisionError("a secret detail"), "internal_error"),
        ([], "unavailable"),
    ],
)
async def test_fault_is_an_apology_with_its_code(world: World, fault: BaseException, code: str) -> None:
    world.answerer.script = [fault]
    bot, body = await world.bot(), world.mention()
    await post(bot, body)
    [shown] = await answered(world, body)
    assert "Sorry" in shown
    assert f"(code: {code})" in shown
    assert "secret" not in shown


async def test_message_of_40000_characters_reaches_the_pipeline_whole(world: World) -> None:
    bot, body = await world.bot(), world.direct("till " * 8000)
    await post(bot, body)
    await answered(world, body)
    assert len(world.answerer.asked[0].text) == 39_999


async def test_answer_of_40000_characters_comes_in_several_messages_that_slack_takes(world: World) -> None:
    words = [f"word{number}" for number in range(6000)]
    world.answerer.script = [
        answer(" ".join(words), citations=tuple(citation(n, quote="q" * 600) for n in range(1, 21)))
    ]
    bot, body = await world.bot(), world.mention()
    await post(bot, body)
    await until(lambda: any(blocks.DISCLOSURE in text for text in world.slack.thread(*thread_of(body))))
    messages = world.slack.thread(*thread_of(body))
    assert len(messages) > 3
    assert [word for word in " ".join(messages).split() if word.startswith("word")] == words
    assert all(refusal(call.method, call.arguments) is None for call in world.slack.calls)
    assert all(f"*[{n}]*" in "".join(messages) for n in range(1, 21))


async def test_empty_mention_gets_a_hint_and_no_answer(world: World) -> None:
    bot, body = await world.bot(), world.mention("<@U0BOT>")
    await post(bot, body)
    await until(lambda: world.slack.thread(*thread_of(body)))
    assert world.slack.thread(*thread_of(body)) == [blocks.EMPTY]
    assert world.answerer.asked == []


@pytest.mark.parametrize(
    "change",
    [
        {"bot_id": "B0OTHER"},
        {"user": "U0BOT"},
        {"type": "message", "channel_type": "im", "subtype": "message_changed"},
        {"type": "message", "channel_type": "channel"},
        {"type": "reaction_added"},
    ],
)
async def test_what_is_no_question_is_ignored(world: World, change: dict[str, str]) -> None:
    bot = await world.bot()
    assert (await post(bot, world.mention(**change))).status_code == 200
    control = world.mention()
    await post(bot, control)
    await answered(world, control)
    assert len(world.answerer.asked) == 1, "only the control was asked"


async def test_rate_limited_reply_waits_and_is_sent(world: World) -> None:
    world.slack.failures = ["429"]
    bot, body = await world.bot(), world.mention()
    await post(bot, body)
    [shown] = await answered(world, body)
    assert "Restart the till service." in shown


async def test_answer_is_posted_anew_where_the_placeholder_was_deleted(world: World) -> None:
    bot, body = await world.bot(), world.mention()
    world.slack.refused = {"chat.update": "message_not_found"}
    await post(bot, body)
    await until(lambda: len(world.slack.thread(*thread_of(body))) == 2)
    assert "Restart the till service." in world.slack.thread(*thread_of(body))[1]
