"""Drafts: made by the copilot, edited and sent by a person, recorded with their difference."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from slack_world import CHANNEL, TEAM, USER, World, answer, citation, post, until
from sqlalchemy import select

from bots.slack import blocks, interactions
from bots.slack.channels import DEFAULT, Channels
from core.auth import PERMISSIONS
from core.crossings import Crossing
from core.domain import Audience, Outcome, Principal, Role
from core.errors import LLMError
from core.models import AuditRow, SlackDraft

THREAD = (CHANNEL, "1700000000.000001")
Json = dict[str, Any]


async def drafted(world: World, bot: Any) -> Json:
    """The modal, with the draft in it."""
    await post(bot, world.shortcut(interactions.DRAFT))
    await until(lambda: world.slack.of("views.update"))
    view: Json = world.slack.of("views.update")[-1].arguments["view"]
    return view


async def record(world: World) -> SlackDraft:
    async with world.database.read(Crossing.UPKEEP) as session:
        [row] = list(await session.scalars(select(SlackDraft)))
    return row


async def test_modal_opens_at_once_and_then_holds_the_cited_draft(world: World) -> None:
    bot = await world.bot()
    view = await drafted(world, bot)
    assert blocks.SEARCHING in world.slack.of("views.open")[0].shown
    text = view["blocks"][1]["element"]["initial_value"]
    assert text == "Restart the till service.\n\nhttps://kb.example/till"
    assert (view["submit"]["text"], world.slack.messages) == ("Send", {}), "nothing is posted before Send"
    assert world.answerer.asked[0].text == "my till is offline"
    assert set(view["private_metadata"]) <= set('{}":, abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.')


async def test_edited_draft_is_posted_under_the_persons_name_and_recorded(world: World) -> None:
    bot = await world.bot()
    view = await drafted(world, bot)
    edited = "Hello Mrs Miller,\nRestart the till service.\n\nhttps://kb.example/till <!channel> <@U0VICTIM>"
    for _ in range(2):
        await post(bot, world.submit(view, {"text": edited}))
    await until(lambda: world.slack.thread(*THREAD) and not bot.worker.busy)
    [posted] = world.slack.of("chat.postMessage")
    assert posted.arguments["username"] == "Kim Berg"
    assert "<https://kb.example/till|https://kb.example/till>" in posted.shown
    assert "Hello Mrs Miller," in posted.shown, "what is sent is what the person wrote"
    for act in ("<!channel>", "<@U0VICTIM>"):
        assert act not in posted.shown
    row = await record(world)
    assert row.sent is not None
    assert row.sent.startswith("Hello <PERSON>,")
    assert row.difference is not None
    assert "+Hello <PERSON>," in row.difference
    assert " Restart the till service." in row.difference
    async with world.database.read(Crossing.UPKEEP) as session:
        [act] = list(await session.scalars(select(AuditRow).where(AuditRow.action == "slack.draft.send")))
    assert (act.actor, act.target) == (f"slack:{TEAM}:{USER}", row.id)
    assert "Miller" not in str(act.details)


async def test_unchanged_draft_has_no_difference(world: World) -> None:
    bot = await world.bot()
    view = await drafted(world, bot)
    await post(bot, world.submit(view, {"text": view["blocks"][1]["element"]["initial_value"]}))
    await until(lambda: world.slack.thread(*THREAD))
    assert (await record(world)).difference == ""


async def test_nobody_sends_somebody_elses_draft(world: World) -> None:
    bot = await world.bot()
    view = await drafted(world, bot)
    await post(bot, world.submit(view, {"text": "Send me money"}, user="U0SECOND"))
    await until(lambda: world.slack.of("chat.postEphemeral") and not bot.worker.busy)
    assert world.slack.messages == {}
    assert (await record(world)).sent is None


async def test_draft_is_authorised_again_when_it_is_sent(world: World) -> None:
    bot = await world.bot()
    view = await drafted(world, bot)
    admin = Principal(world.tenants["acme"], "admin", Audience.AGENT, PERMISSIONS[Role.KNOWLEDGE_ADMIN])
    await Channels(world.database).change(admin, TEAM, CHANNEL, replace(DEFAULT, askers=("U0OTHER",)))
    await post(bot, world.submit(view, {"text": "Restart it."}))
    await until(lambda: world.slack.of("chat.postEphemeral") and not bot.worker.busy)
    assert "(code: draft_refused)" in world.slack.of("chat.postEphemeral")[0].shown
    assert (world.slack.messages, (await record(world)).sent) == ({}, None)


async def test_draft_of_a_workspace_that_was_remapped_is_not_sent(world: World) -> None:
    bot = await world.bot()
    view = await drafted(world, bot)
    await world.workspaces.unmap(TEAM)
    await world.workspaces.map(TEAM, tenant_id=world.tenants["other"], bot_token="xoxb-other")
    await post(bot, world.submit(view, {"text": "Restart it."}))
    await until(lambda: not bot.worker.busy)
    assert world.slack.messages == {}


@pytest.mark.parametrize(
    ("step", "said"),
    [
        (answer("I don't know.", outcome=Outcome.ABSTAINED, citations=()), "I don't know."),
        (LLMError("the model did not answer", transient=True), "(code: llm_failed)"),
    ],
)
async def test_there_is_nothing_to_send_where_the_copilot_knows_nothing(world: World, step: Any, said: str) -> None:
    world.answerer.script = [step]
    bot = await world.bot()
    view = await drafted(world, bot)
    assert said in world.slack.of("views.update")[0].shown
    assert "submit" not in view


async def test_draft_longer_than_a_text_field_is_cut_before_its_sources(world: World) -> None:
    world.answerer.script = [answer("word " * 2000, citations=tuple(citation(n) for n in range(1, 9)))]
    bot = await world.bot()
    view = await drafted(world, bot)
    text = view["blocks"][1]["element"]["initial_value"]
    assert len(text) <= 3000
    assert text.endswith("https://kb.example/till")


async def test_long_reply_is_posted_in_parts_that_slack_takes(world: World) -> None:
    bot = await world.bot()
    view = await drafted(world, bot)
    await post(bot, world.submit(view, {"text": "<" * 2900}))
    await until(lambda: len(world.slack.thread(*THREAD)) > 1 and not bot.worker.busy)
    assert "".join(world.slack.thread(*THREAD)).count("&lt;") == 2900


@pytest.mark.parametrize(
    ("answers", "refused", "said"),
    [
        ({"conversations.info": {"channel": {"is_ext_shared": True}}}, {}, "Slack Connect"),
        ({"conversations.info": {"channel": {"is_pending_ext_shared": True}}}, {}, "Slack Connect"),
        ({}, {"conversations.info": "channel_not_found"}, "(code: channel_unseen)"),
    ],
)
async def test_no_draft_where_outsiders_read_along_or_the_channel_cannot_be_seen(
    world: World, answers: Json, refused: dict[str, str], said: str
) -> None:
    world.slack.answers.update(answers)
    world.slack.refused = refused
    bot = await world.bot()
    await drafted(world, bot)
    assert said in world.slack.of("views.update")[0].shown
    assert world.answerer.asked == []


async def test_modal_says_so_where_slack_lets_a_thread_not_be_read(world: World) -> None:
    world.slack.refused = {"conversations.replies": "not_in_channel"}
    bot = await world.bot()
    await post(bot, world.shortcut(interactions.SUMMARISE))
    await until(lambda: world.slack.of("views.update"))
    assert "(code: slack_failed)" in world.slack.of("views.update")[0].shown
