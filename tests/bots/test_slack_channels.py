"""Settings of a channel: who may change them, what each of them does."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest
from slack_world import CHANNEL, TEAM, USER, World, answer, citation, post, thread_of, until
from sqlalchemy import select

from bots.slack import blocks, interactions, modals
from bots.slack.channels import DEFAULT, Channels, ChannelSettings, Mode
from bots.slack.people import People
from bots.slack.words import GERMAN
from core.auth import PERMISSIONS
from core.crossings import Crossing
from core.domain import Audience, Outcome, Principal, Role
from core.errors import ForbiddenError, InvalidRequestError
from core.models import AuditRow, SlackEvent

ADMIN = "U0ADMIN"


def admin(world: World, tenant: str = "acme") -> Principal:
    return Principal(world.tenants[tenant], "admin", Audience.AGENT, PERMISSIONS[Role.KNOWLEDGE_ADMIN])


async def given(world: World, **changes: Any) -> ChannelSettings:
    settings = replace(DEFAULT, **changes)
    await Channels(world.database).change(admin(world), TEAM, CHANNEL, settings)
    return settings


def as_admin(body: dict[str, Any]) -> dict[str, Any]:
    return body | {"user_id": ADMIN}


FIELDS: dict[str, Any] = {
    "mode": {"selected_option": {"value": "auto"}},
    "flags": {"selected_options": [{"value": "questions_only"}, {"value": "ephemeral"}]},
    "min_confidence": "0,7",
    "audience": {"selected_option": {"value": "public"}},
    "corpora": "runbooks\n faq \n\n",
    "quiet_from": "18:00",
    "quiet_to": "08:00",
    "timezone": "Europe/Berlin",
    "askers": {"selected_users": [USER]},
    "language": {"selected_option": {"value": "de"}},
}


async def test_knowledge_admin_sets_a_channel_by_command_and_modal(world: World) -> None:
    await People(world.database).give(world.tenants["acme"], TEAM, ADMIN, Role.KNOWLEDGE_ADMIN)
    bot = await world.bot()
    await post(bot, as_admin(world.command("settings")))
    await until(lambda: world.slack.of("views.open"))
    view = world.slack.of("views.open")[0].arguments["view"]
    saved = await post(bot, world.submit(view, FIELDS, user=ADMIN))
    assert saved.text == ""
    await until(lambda: world.slack.of("chat.postEphemeral"))
    assert interactions.SAVED in world.slack.of("chat.postEphemeral")[0].shown
    found = await Channels(world.database).of(world.tenants["acme"], TEAM, CHANNEL)
    assert found == ChannelSettings(
        mode=Mode.AUTO,
        questions_only=True,
        min_confidence=0.7,
        cite_or_silent=False,
        corpora=("runbooks", "faq"),
        audience=Audience.PUBLIC,
        ephemeral=True,
        quiet_from="18:00",
        quiet_to="08:00",
        timezone="Europe/Berlin",
        askers=(USER,),
        language="de",
    )
    async with world.database.read(Crossing.UPKEEP) as session:
        [act] = list(await session.scalars(select(AuditRow).where(AuditRow.action == "slack.channel")))
    assert (act.actor, act.target) == (f"slack:{TEAM}:{ADMIN}", f"{TEAM}/{CHANNEL}")
    await post(bot, as_admin(world.command("settings")))
    await until(lambda: len(world.slack.of("views.open")) == 2)
    again = {
        block["block_id"]: block["element"] for block in world.slack.of("views.open")[1].arguments["view"]["blocks"]
    }
    assert again["corpora"]["initial_value"] == "runbooks\nfaq"
    assert again["askers"]["initial_users"] == [USER]


async def test_whoever_is_no_knowledge_admin_is_shown_no_settings(world: World) -> None:
    bot = await world.bot()
    await post(bot, world.command("settings"))
    await until(lambda: world.slack.of("chat.postEphemeral"))
    assert interactions.NOT_ADMIN[:40] in world.slack.of("chat.postEphemeral")[0].shown
    assert world.slack.of("views.open") == []


async def test_settings_are_authorised_again_when_they_are_saved(world: World) -> None:
    people, tenant = People(world.database), world.tenants["acme"]
    await people.give(tenant, TEAM, ADMIN, Role.KNOWLEDGE_ADMIN)
    bot = await world.bot()
    view = modals.settings(CHANNEL, DEFAULT)
    await people.take(tenant, TEAM, ADMIN)
    refused = (await post(bot, world.submit(view, FIELDS, user=ADMIN))).json()
    assert refused["response_action"] == "errors"
    assert await Channels(world.database).of(tenant, TEAM, CHANNEL) == DEFAULT


async def test_role_given_by_another_tenant_counts_for_nothing(world: World) -> None:
    await People(world.database).give(world.tenants["other"], TEAM, ADMIN, Role.KNOWLEDGE_ADMIN)
    bot = await world.bot()
    refused = (await post(bot, world.submit(modals.settings(CHANNEL, DEFAULT), FIELDS, user=ADMIN))).json()
    assert refused["response_action"] == "errors"


@pytest.mark.parametrize(
    "field",
    [
        {"min_confidence": "much"},
        {"min_confidence": "1.5"},
        {"min_confidence": "nan"},
        {"quiet_from": "25:00"},
        {"quiet_to": ""},
        {"timezone": "Mars/Olympus"},
        {"mode": {"selected_option": {"value": "always"}}},
        {"language": {"selected_option": {"value": "xx"}}},
        {"askers": {"selected_users": ["<!channel>"]}},
        {"askers": {"selected_users": [f"U{n}AA" for n in range(101)]}},
        {"corpora": "\n".join("c" * 3 for _ in range(51))},
    ],
)
async def test_setting_that_means_nothing_is_refused_beside_its_field(world: World, field: dict[str, Any]) -> None:
    await People(world.database).give(world.tenants["acme"], TEAM, ADMIN, Role.KNOWLEDGE_ADMIN)
    bot = await world.bot()
    sent = world.submit(modals.settings(CHANNEL, DEFAULT), FIELDS | field, user=ADMIN)
    refused = (await post(bot, sent)).json()
    assert refused["response_action"] == "errors"
    assert refused["errors"]["mode"]


async def test_settings_are_changed_by_none_without_the_permission(world: World) -> None:
    asker = replace(admin(world), permissions=PERMISSIONS[Role.SUPPORT_AGENT])
    with pytest.raises(ForbiddenError):
        await Channels(world.database).change(asker, TEAM, CHANNEL, DEFAULT)
    with pytest.raises(InvalidRequestError):
        await Channels(world.database).change(admin(world), TEAM, CHANNEL, replace(DEFAULT, min_confidence=2.0))


async def test_channel_of_a_remapped_workspace_begins_with_the_defaults(world: World) -> None:
    await given(world, mode=Mode.AUTO)
    assert await Channels(world.database).of(world.tenants["other"], TEAM, CHANNEL) == DEFAULT


async def test_message_in_a_channel_is_passed_over_unless_it_answers_by_itself(world: World) -> None:
    bot, said = await world.bot(), world.said("how do I restart a till?")
    await post(bot, said)
    await until(lambda: not bot.worker.busy)
    assert (world.answerer.asked, world.slack.calls) == ([], [])
    async with world.database.read(Crossing.UPKEEP) as session:
        assert await session.get(SlackEvent, said["event_id"]) is None, "nothing of it is kept"


async def test_channel_that_answers_by_itself_answers_questions(world: World) -> None:
    await given(world, mode=Mode.AUTO)
    bot = await world.bot()
    await post(bot, world.said("good morning everybody"))
    body = world.said("how do I restart a till?")
    await post(bot, body)
    await until(lambda: world.slack.thread(*thread_of(body)))
    [shown] = world.slack.thread(*thread_of(body))
    assert "Restart the till service." in shown
    assert len(world.answerer.asked) == 1
    assert blocks.SEARCHING not in str(world.slack.calls)


@pytest.mark.parametrize(
    "unsure",
    [
        answer("I don't know.", outcome=Outcome.ABSTAINED),
        answer(confidence=0.49),
        answer("Hello!", citations=()),
        ZeroDivisionError(),
    ],
)
async def test_answer_that_nobody_asked_for_is_cited_and_sure_or_not_shown(world: World, unsure: Any) -> None:
    await given(world, mode=Mode.AUTO, min_confidence=0.5)
    world.answerer.script = [unsure]
    bot = await world.bot()
    await post(bot, world.said("how do I restart a till?"))
    await until(lambda: world.answerer.asked and not bot.worker.busy)
    assert world.slack.calls == []


async def test_quiet_hours_silence_only_what_nobody_asked_for(world: World) -> None:
    minute = datetime.now(UTC)
    await given(world, mode=Mode.AUTO, quiet_from="00:00", quiet_to="23:59")
    if (minute.hour, minute.minute) == (23, 59):
        pytest.skip("the one minute of the day that is not quiet")
    bot, body = await world.bot(), world.mention()
    await post(bot, world.said("how do I restart a till?"))
    await post(bot, body)
    await until(lambda: world.slack.of("chat.update"))
    assert len(world.answerer.asked) == 1


@pytest.mark.parametrize(
    ("at", "zone", "quiet"),
    [
        ("2026-11-20T17:59", "UTC", False),
        ("2026-11-20T18:00", "UTC", True),
        ("2026-11-20T03:00", "UTC", True),
        ("2026-11-20T08:00", "UTC", False),
        ("2026-11-20T17:30", "Europe/Berlin", True),
        ("2026-07-20T15:59", "Europe/Berlin", False),
        ("2026-07-20T16:00", "Europe/Berlin", True),
    ],
)
def test_quiet_hours_go_over_midnight_in_their_own_time_zone(at: str, zone: str, *, quiet: bool) -> None:
    settings = replace(DEFAULT, quiet_from="18:00", quiet_to="08:00", timezone=zone)
    assert settings.is_quiet(datetime.fromisoformat(at).replace(tzinfo=UTC)) is quiet


def test_question_filter_knows_questions_without_a_question_mark() -> None:
    settings, noon = replace(DEFAULT, mode=Mode.AUTO), datetime(2026, 11, 20, 12, tzinfo=UTC)
    for text in ("how do I reset it", "Wie geht das", "the till is red?", "  where is it"):
        assert settings.hears(text, noon), text
    for text in ("good morning", "I know how", "done.", ""):
        assert not settings.hears(text, noon), text
    assert replace(settings, questions_only=False).hears("good morning", noon)


async def test_only_those_named_may_ask_and_others_are_told_so_alone(world: World) -> None:
    await given(world, askers=("U0OTHER",))
    bot = await world.bot()
    await post(bot, world.mention())
    await post(bot, world.command("how?"))
    await until(lambda: len(world.slack.of("chat.postEphemeral")) == 2)
    assert all(blocks.NOT_ASKED in call.shown for call in world.slack.of("chat.postEphemeral"))
    assert world.answerer.asked == []
    await post(bot, world.mention(user="U0OTHER"))
    await until(lambda: world.slack.of("chat.update"))


async def test_audience_and_corpora_of_a_channel_narrow_what_its_askers_see(world: World) -> None:
    await given(world, audience=Audience.PUBLIC, corpora=("faq",))
    bot = await world.bot()
    await post(bot, world.mention())
    await until(lambda: world.slack.of("chat.postEphemeral"))
    [question] = world.answerer.asked
    assert (question.principal.audience, question.filters.corpora) == (Audience.PUBLIC, ("faq",))
    assert "Ask in private" in world.slack.of("chat.postEphemeral")[0].shown


async def test_audience_of_a_channel_never_widens(world: World) -> None:
    await world.workspaces.map(TEAM, tenant_id=world.tenants["acme"], audience=Audience.PUBLIC, bot_token="xoxb-home")
    await given(world, audience=Audience.PARTNER)
    bot = await world.bot()
    await post(bot, world.mention())
    await until(lambda: world.answerer.asked)
    assert world.answerer.asked[0].principal.audience is Audience.PUBLIC


async def test_rest_is_offered_and_given_in_private(world: World) -> None:
    await given(world, audience=Audience.PUBLIC)
    bot = await world.bot()
    body = world.mention()
    await post(bot, body)
    await until(lambda: world.slack.of("chat.postEphemeral"))
    world.answerer.script = [answer("Restart it with the agents' key. [1]", answer_id="b" * 32)]
    for _ in range(2):
        await post(bot, world.click(blocks.PRIVATE, "a" * 32))
    await until(lambda: any(m.channel == USER for m in world.slack.messages.values()) and not bot.worker.busy)
    [direct] = [m for m in world.slack.messages.values() if m.channel == USER]
    assert "agents' key" in direct.call.shown
    assert world.answerer.asked[1].principal.audience is Audience.AGENT
    assert world.answerer.asked[1].conversation_id is None
    assert all("agents' key" not in text for text in world.slack.thread(*thread_of(body)))


async def test_answer_is_shown_to_its_asker_first_where_the_channel_wants_that(world: World) -> None:
    await given(world, ephemeral=True, language="de")
    bot, body = await world.bot(), world.mention()
    await post(bot, body)
    await until(lambda: world.slack.of("chat.postEphemeral"))
    [whispered] = world.slack.of("chat.postEphemeral")
    assert GERMAN.disclosure in whispered.shown
    assert world.slack.messages == {}
    await post(bot, world.click(blocks.SHARE, "a" * 32, message={"ts": "1.9", "thread_ts": thread_of(body)[1]}))
    await until(lambda: world.slack.thread(*thread_of(body)))
    assert GERMAN.share not in world.slack.thread(*thread_of(body))[0]


async def test_language_of_a_channel_is_that_of_the_words_around_an_answer(world: World) -> None:
    await given(world, language="de")
    world.answerer.script = [answer(degraded=True, citations=(citation(),))]
    bot, body = await world.bot(), world.mention()
    await post(bot, body)
    await until(lambda: world.slack.of("chat.update"))
    [shown] = world.slack.thread(*thread_of(body))
    for said in (GERMAN.disclosure, GERMAN.degraded, f"*{GERMAN.sources}*"):
        assert said in shown
