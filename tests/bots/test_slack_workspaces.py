"""Who may ask: signatures, workspaces, Slack Connect; and the buttons."""

from __future__ import annotations

import time

import pytest
from slack_world import SECRET, TEAM, USER, World, post, sign, thread_of, until
from sqlalchemy import func, select

from bots.slack import blocks
from core.crossings import Crossing
from core.domain import Audience, Vote
from core.errors import ConflictError, NotFoundError, UnavailableError
from core.models import SlackEvent, SlackWorkspace

ANSWER = "a" * 32


async def stored(world: World) -> int:
    async with world.database.read(Crossing.UPKEEP) as session:
        return await session.scalar(select(func.count()).select_from(SlackEvent)) or 0


@pytest.mark.parametrize(
    "headers",
    [
        {"x_slack_signature": "v0=" + "0" * 64},
        {"x_slack_signature": "junk"},
        {"x_slack_signature": "v0=é"},
        {"x_slack_signature": None},
        {"x_slack_request_timestamp": None},
        {"x_slack_request_timestamp": "abc"},
        {"x_slack_request_timestamp": ""},
        {"x_slack_request_timestamp": "²"},
        {"x_slack_request_timestamp": "9" * 5000},
        {"x_slack_request_timestamp": "-1"},
    ],
)
async def test_request_that_is_not_slacks_is_refused(world: World, headers: dict[str, str | None]) -> None:
    bot = await world.bot()
    assert (await post(bot, world.mention(), **headers)).status_code == 401
    assert await stored(world) == 0


@pytest.mark.parametrize("late_s", [-301, 301])
async def test_request_of_another_time_is_refused(world: World, late_s: int) -> None:
    bot = await world.bot()
    told = str(int(time.time()) + late_s)
    assert (await post(bot, world.mention(), x_slack_request_timestamp=told)).status_code == 401
    assert await stored(world) == 0


@pytest.mark.parametrize("raw", [b"\xff\xfe", b"{not json"])
async def test_unsigned_junk_is_refused_before_it_is_parsed(world: World, raw: bytes) -> None:
    bot = await world.bot()
    assert (await post(bot, raw, x_slack_signature="v0=" + "0" * 64)).status_code == 401


async def test_altered_body_is_refused(world: World) -> None:
    bot = await world.bot()
    now = str(int(time.time()))
    signature = sign(b'{"type": "event_callback"}', now)
    refused = await post(bot, world.mention(), x_slack_request_timestamp=now, x_slack_signature=signature)
    assert refused.status_code == 401


async def test_url_verification_is_answered(world: World) -> None:
    bot = await world.bot()
    response = await post(bot, {"type": "url_verification", "challenge": "3eZbrw1a", "token": "legacy"})
    assert (response.status_code, response.json()["challenge"]) == (200, "3eZbrw1a")


async def test_unmapped_workspace_is_turned_away_without_an_answer(world: World) -> None:
    await world.workspaces.unmap(TEAM)
    bot, body = await world.bot(token=SECRET), world.mention()
    assert (await post(bot, body)).status_code == 200
    await until(lambda: world.slack.thread(*thread_of(body)))
    assert world.slack.thread(*thread_of(body)) == [blocks.UNMAPPED]
    assert world.answerer.asked == []
    assert await stored(world) == 0


async def test_unmapped_workspace_without_a_token_hears_nothing(world: World) -> None:
    await world.workspaces.unmap(TEAM)
    bot = await world.bot()
    assert (await post(bot, world.mention())).status_code == 200
    assert (world.slack.calls, world.answerer.asked, await stored(world)) == ([], [], 0)


@pytest.mark.parametrize("name", ["team_id", "authorizations"])
async def test_tenant_comes_from_the_authorised_workspace(world: World, name: str) -> None:
    """An event that names the mapped team anywhere but where Slack says it was authorised for is not the mapped team's."""
    body = world.mention()
    if name == "authorizations":
        body["authorizations"][0]["team_id"] = "T0STRANGER"
    else:
        body["team_id"] = "T0STRANGER"
    bot = await world.bot()
    await post(bot, body)
    if name == "team_id":
        await until(lambda: world.answerer.asked)
        assert world.answerer.asked[0].principal.tenant_id == world.tenants["acme"]
    else:
        assert (world.slack.calls, world.answerer.asked) == ([], [])


@pytest.mark.parametrize(
    ("top", "event"),
    [
        ({"is_ext_shared_channel": True}, {}),
        ({}, {"user_team": "T0ELSE"}),
        ({}, {"team": "T0ELSE"}),
        ({}, {"source_team": "T0ELSE"}),
    ],
)
async def test_slack_connect_is_refused_with_a_reason(
    world: World, top: dict[str, bool], event: dict[str, str]
) -> None:
    bot, body = await world.bot(), {**world.mention(**event), **top}
    await post(bot, body)
    await until(lambda: world.slack.thread(*thread_of(body)))
    assert world.slack.thread(*thread_of(body)) == [blocks.OUTSIDE]
    assert world.answerer.asked == []


async def test_mapping_keeps_its_token_encrypted_and_its_tenant(world: World) -> None:
    async with world.database.read(Crossing.UPKEEP) as session:
        row = await session.get(SlackWorkspace, TEAM)
    assert row is not None
    assert row.bot_token is not None
    assert b"xoxb" not in row.bot_token
    with pytest.raises(ConflictError):
        await world.workspaces.map(TEAM, tenant_id=world.tenants["other"])
    await world.workspaces.map(TEAM, tenant_id=world.tenants["acme"], audience=Audience.PARTNER, bot_token="xoxb-new")
    found = await world.workspaces.find(TEAM, None)
    assert found is not None
    assert (found.audience, found.bot_token) == (Audience.PARTNER, "xoxb-new")
    assert "xoxb" not in repr(found)
    with pytest.raises(NotFoundError):
        await world.workspaces.unmap("T0STRANGER")


async def test_enterprise_is_found_by_its_own_id_only(world: World) -> None:
    await world.workspaces.map("E0ORG", enterprise_id="E0ORG", tenant_id=world.tenants["acme"])
    await world.workspaces.map("T0PART", enterprise_id="E0ORG", tenant_id=world.tenants["acme"])
    assert await world.workspaces.find(None, "E0ORG") is not None
    assert await world.workspaces.find("T0UNKNOWN", "E0ORG") is None
    assert await world.workspaces.find("T0PART", "E0ELSE") is None
    assert await world.workspaces.find(None, None) is None


async def test_thumb_is_recorded_and_a_second_one_replaces_it(world: World) -> None:
    bot = await world.bot()
    for vote in ("up", "down"):
        assert (await post(bot, world.click(blocks.FEEDBACK, f"{vote}:{ANSWER}"))).status_code == 200
        await until(lambda vote=vote: [f.vote for f in world.votes.given.values()] == [Vote(vote)])
    await until(lambda: world.slack.of("views.open"))
    await until(lambda: len(world.slack.of("chat.postEphemeral")) == 1)
    assert list(world.votes.given) == [(f"slack:{TEAM}:{USER}", ANSWER)]
    assert world.slack.of("chat.postEphemeral")[0].arguments["user"] == USER


@pytest.mark.parametrize("value", ["", "sideways:" + ANSWER, "up:", "up:../../etc"])
async def test_forged_vote_records_nothing(world: World, value: str) -> None:
    bot = await world.bot()
    assert (await post(bot, world.click(blocks.FEEDBACK, value))).status_code == 200
    assert (await post(bot, world.click(blocks.FEEDBACK, f"up:{ANSWER}"))).status_code == 200
    await until(lambda: world.votes.given)
    assert len(world.votes.given) == 1


async def test_hand_over_opens_one_case_for_many_clicks_and_posts_its_number(world: World) -> None:
    bot = await world.bot()
    for user in (USER, USER, "U0SECOND"):
        click = world.click(blocks.HANDOVER, ANSWER, user={"id": user, "team_id": TEAM})
        assert (await post(bot, click)).status_code == 200
    await until(lambda: len(world.slack.calls) == 3)
    assert [answer_id for _, answer_id in world.cases.opened] == [ANSWER]
    [shown] = world.slack.thread("C0SUPPORT", "1700000000.000001")
    assert "C-1" in shown
    assert [blocks.HANDED_OVER in call.shown for call in world.slack.of("chat.postEphemeral")] == [True, True]


async def test_hand_over_that_failed_says_so_and_may_be_tried_again(world: World) -> None:
    bot = await world.bot()
    world.cases.fault = UnavailableError("the database did not answer", code="database_unavailable")
    await post(bot, world.click(blocks.HANDOVER, ANSWER))
    await until(lambda: world.slack.thread("C0SUPPORT", "1700000000.000001"))
    assert "(code: database_unavailable)" in world.slack.thread("C0SUPPORT", "1700000000.000001")[0]
    await until(lambda: not bot.worker.busy)
    world.cases.fault = None
    await post(bot, world.click(blocks.HANDOVER, ANSWER))
    await until(lambda: world.cases.opened)


@pytest.mark.parametrize("action", [blocks.HANDOVER, blocks.FEEDBACK])
async def test_click_from_an_unmapped_workspace_does_nothing(world: World, action: str) -> None:
    bot = await world.bot(token="xoxb-any")
    await post(
        bot, world.click(action, f"up:{ANSWER}" if action == blocks.FEEDBACK else ANSWER, team={"id": "T0STRANGER"})
    )
    await post(bot, world.click(blocks.HANDOVER, "b" * 32))
    await until(lambda: world.cases.opened)
    assert ([a for _, a in world.cases.opened], world.votes.given) == (["b" * 32], {})
