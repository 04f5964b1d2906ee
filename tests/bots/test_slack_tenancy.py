"""Whose question it is: installation by one-time code, removal, channels shared with other organisations."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from types import SimpleNamespace
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest
from fastapi import FastAPI
from pydantic import SecretStr
from slack_stub import SlackStub
from slack_world import CHANNEL, TEAM, USER, World, answer, post, thread_of, until
from sqlalchemy import select, update

from api import errors
from api.deps import services
from api.routes import slack
from bots.slack import blocks
from bots.slack.codes import Codes
from bots.slack.scopes import SCOPES
from bots.slack.shares import Shares
from core.crossings import Crossing
from core.domain import Audience
from core.errors import ConflictError, CopilotError, InvalidRequestError, NotFoundError
from core.models import AuditRow, SlackCode, SlackWorkspace, now
from core.settings import ServerSettings, Settings, SlackSettings

PARTNER = "T0PARTNER"


@pytest.fixture
async def browser(world: World) -> AsyncIterator[httpx.AsyncClient]:
    """Of somebody who installs the app."""
    given = SlackSettings(
        client_id="1.2",
        client_secret=SecretStr("client-s3cret"),
        signing_secret=SecretStr("s3cret"),
        api_url=world.slack.url,
    )
    server = ServerSettings(public_url="https://copilot.example.com")
    found = SimpleNamespace(
        settings=Settings(slack=given, server=server), database=world.database, keyring=world.keyring
    )
    app = FastAPI()
    errors.install(app)
    app.include_router(slack.router)
    app.dependency_overrides[services] = lambda: found
    transport = httpx.ASGITransport(app=app)
    async with httpx.AsyncClient(transport=transport, base_url="https://copilot.example.com") as client:
        yield client


def installed(slack_stub: SlackStub, **changes: Any) -> None:
    """What Slack answers to the code's exchange."""
    slack_stub.answers["oauth.v2.access"] = {
        "access_token": "xoxb-new",
        "team": {"id": PARTNER},
        "enterprise": None,
        "is_enterprise_install": False,
        **changes,
    }


async def code(world: World, tenant: str = "other", audience: Audience = Audience.PARTNER) -> str:
    made, _ = await Codes(world.database, world.keyring).create(world.tenants[tenant], audience=audience, hours=1)
    return made


async def begun(browser: httpx.AsyncClient, one_time: str) -> str:
    """The state that Slack sends back."""
    response = await browser.get("/slack/install", params={"code": one_time})
    assert response.status_code == 302
    query = parse_qs(urlsplit(response.headers["location"]).query)
    assert query["redirect_uri"] == ["https://copilot.example.com/slack/oauth"]
    assert set(query["scope"][0].split(",")) == set(SCOPES)
    assert one_time not in response.headers["location"], "Slack does not learn the code"
    cookie = response.headers["set-cookie"]
    assert all(part in cookie for part in ("HttpOnly", "Secure", "SameSite=lax", "Path=/slack"))
    return query["state"][0]


async def test_installation_binds_the_workspace_of_the_code_with_its_own_encrypted_token(
    world: World, browser: httpx.AsyncClient
) -> None:
    installed(world.slack)
    state = await begun(browser, await code(world))
    done = await browser.get("/slack/oauth", params={"state": state, "code": "slack-code"})
    assert (done.status_code, "Connected" in done.text) == (200, True)
    [exchange] = world.slack.of("oauth.v2.access")
    assert exchange.arguments["redirect_uri"] == "https://copilot.example.com/slack/oauth"
    found = await world.workspaces.find(PARTNER, None)
    assert found is not None
    assert (found.tenant_id, found.audience, found.bot_token) == (
        world.tenants["other"],
        Audience.PARTNER,
        "xoxb-new",
    )
    async with world.database.read(Crossing.UPKEEP) as session:
        row = await session.get(SlackWorkspace, PARTNER)
        acts = await session.scalars(select(AuditRow.action).where(AuditRow.tenant_id == world.tenants["other"]))
        assert list(acts) == ["slack.code", "slack.install"]
    assert row is not None
    assert row.bot_token is not None
    assert b"xoxb" not in row.bot_token
    bot = await world.bot()
    body = world.mention(team=PARTNER)
    body["authorizations"][0]["team_id"] = PARTNER
    await post(bot, body)
    await until(lambda: world.slack.of("chat.update"))
    assert world.answerer.asked[0].principal.tenant_id == world.tenants["other"]
    assert world.slack.of("chat.update")[0].token == "xoxb-new"


async def test_code_binds_one_workspace_once(world: World, browser: httpx.AsyncClient) -> None:
    installed(world.slack)
    one_time = await code(world)
    first, second = await begun(browser, one_time), await begun(browser, one_time)
    await browser.get("/slack/oauth", params={"state": second, "code": "x"})
    installed(world.slack, team={"id": "T0THIRD"})
    assert (await browser.get("/slack/install", params={"code": one_time})).status_code == 404
    again = await browser.get("/slack/oauth", params={"state": first, "code": "x"})
    assert again.status_code in (403, 404)
    assert await world.workspaces.find("T0THIRD", None) is None


async def test_code_used_by_two_at_once_binds_one(world: World) -> None:
    codes, one_time = Codes(world.database, world.keyring), await code(world)
    found = await asyncio.gather(
        *(codes.bind(one_time, team_id=f"T0{n}XX", enterprise_id=None, bot_token="xoxb-1") for n in range(4)),
        return_exceptions=True,
    )
    assert sum(isinstance(one, str) for one in found) == 1


async def test_workspace_that_two_tenants_take_at_once_is_one_tenants(world: World) -> None:
    codes = Codes(world.database, world.keyring)
    given = {
        slug: (await codes.create(world.tenants[slug], audience=Audience.PARTNER, hours=1))[0]
        for slug in ("acme", "other")
    }
    found = await asyncio.gather(
        *(codes.bind(given[slug], team_id="T0BOTH", enterprise_id=None, bot_token=f"xoxb-{slug}") for slug in given),
        *(world.workspaces.map("T0BOTH", tenant_id=world.tenants[slug], bot_token=f"xoxb-{slug}") for slug in given),
        return_exceptions=True,
    )
    refused = [one for one in found if isinstance(one, BaseException)]
    assert [getattr(one, "code", one) for one in refused] == ["workspace_taken"] * 2
    workspace = await world.workspaces.find("T0BOTH", None)
    assert workspace is not None
    winner = next(slug for slug, tenant_id in world.tenants.items() if tenant_id == workspace.tenant_id)
    assert workspace.bot_token == f"xoxb-{winner}"


async def test_channel_that_two_tenants_take_at_once_is_one_tenants(world: World) -> None:
    shares = Shares(world.database)
    found = await asyncio.gather(
        *(shares.map(TEAM, "C0BOTH", tenant_id=world.tenants[slug]) for slug in ("acme", "other")),
        return_exceptions=True,
    )
    assert [getattr(one, "code", one) for one in found if one is not None] == ["channel_taken"]


@pytest.mark.parametrize("wrong", ["unknown", "used", "expired"])
async def test_code_that_binds_nothing_gets_one_answer(world: World, browser: httpx.AsyncClient, wrong: str) -> None:
    one_time = await code(world)
    async with world.database.write(Crossing.UPKEEP) as session:
        if wrong == "used":
            await session.execute(update(SlackCode).values(used_at=now()))
        if wrong == "expired":
            await session.execute(update(SlackCode).values(expires_at=now()))
    asked = "x" * 32 if wrong == "unknown" else one_time
    refused = await browser.get("/slack/install", params={"code": asked})
    assert (refused.status_code, refused.json()["code"]) == (404, "unknown_code")


@pytest.mark.parametrize("forged", ["no cookie", "another cookie", "no state", "junk", "cut"])
async def test_installation_that_another_browser_began_is_refused(
    world: World, browser: httpx.AsyncClient, forged: str
) -> None:
    installed(world.slack)
    state = await begun(browser, await code(world))
    if forged in ("no cookie", "another cookie"):
        browser.cookies.clear()
    if forged == "another cookie":
        browser.cookies.set("copilot_slack_install", "guessed", domain="copilot.example.com", path="/slack")
    sent = {"no state": "", "junk": "e30=", "cut": state[:40]}.get(forged, state)
    refused = await browser.get("/slack/oauth", params={"state": sent, "code": "x"})
    assert (refused.status_code, refused.json()["code"]) == (403, "foreign_state")
    assert world.slack.of("oauth.v2.access") == []
    assert await world.workspaces.find(PARTNER, None) is None


async def test_workspace_of_one_tenant_is_not_taken_by_another(world: World, browser: httpx.AsyncClient) -> None:
    installed(world.slack, team={"id": TEAM})
    one_time = await code(world)
    refused = await browser.get("/slack/oauth", params={"state": await begun(browser, one_time), "code": "x"})
    assert (refused.status_code, refused.json()["code"]) == (409, "workspace_taken")
    assert (await browser.get("/slack/install", params={"code": one_time})).status_code == 302, "it is not used up"


async def test_cancelled_or_refused_consent_changes_nothing(world: World, browser: httpx.AsyncClient) -> None:
    state = await begun(browser, await code(world))
    assert "Not installed" in (await browser.get("/slack/oauth", params={"state": state})).text
    world.slack.refused = {"oauth.v2.access": "invalid_code"}
    refused = await browser.get("/slack/oauth", params={"state": state, "code": "x"})
    assert (refused.status_code, refused.json()["code"]) == (502, "slack_failed")


async def test_organisation_wide_installation_is_mapped_under_the_organisation(
    world: World, browser: httpx.AsyncClient
) -> None:
    installed(world.slack, team=None, enterprise={"id": "E0ORG"}, is_enterprise_install=True)
    await browser.get("/slack/oauth", params={"state": await begun(browser, await code(world)), "code": "x"})
    found = await world.workspaces.find(None, "E0ORG")
    assert found is not None
    assert found.tenant_id == world.tenants["other"]


@pytest.mark.parametrize(
    "event",
    [
        {"type": "app_uninstalled"},
        {"type": "tokens_revoked", "tokens": {"bot": ["U0BOT"], "oauth": []}},
    ],
)
async def test_removed_app_leaves_no_token_and_gets_no_answer(world: World, event: dict[str, Any]) -> None:
    bot = await world.bot()
    await post(bot, world.mention(**event))
    async with world.database.read(Crossing.UPKEEP) as session:
        assert await session.get(SlackWorkspace, TEAM) is None
        acts = list(await session.scalars(select(AuditRow.action).where(AuditRow.actor == "slack")))
    assert acts == ["slack.uninstall"]
    await post(bot, world.mention())
    await until(lambda: not bot.worker.busy)
    assert (world.answerer.asked, world.slack.calls) == ([], [])


async def test_revoked_token_of_a_user_changes_nothing(world: World) -> None:
    bot = await world.bot()
    await post(bot, world.mention(type="tokens_revoked", tokens={"oauth": ["U1"], "bot": []}))
    assert await world.workspaces.find(TEAM, None) is not None


def connect(body: dict[str, Any]) -> dict[str, Any]:
    """An event of a channel that is shared with another organisation."""
    return {**body, "is_ext_shared_channel": True}


async def test_external_channel_is_answered_as_the_partners_tenant(world: World) -> None:
    await Shares(world.database).map(TEAM, CHANNEL, tenant_id=world.tenants["other"])
    bot = await world.bot()
    for body in (connect(world.mention(user="U0THEIRS", user_team="T0ELSE")), connect(world.mention())):
        await post(bot, body)
        await until(lambda body=body: world.slack.thread(*thread_of(body)))
    await until(lambda: len(world.answerer.asked) == 2)
    for question in world.answerer.asked:
        assert (question.principal.tenant_id, question.principal.audience) == (
            world.tenants["other"],
            Audience.PARTNER,
        )


async def test_private_remainder_is_offered_to_the_home_side_alone(world: World) -> None:
    await Shares(world.database).map(TEAM, CHANNEL, tenant_id=world.tenants["other"])
    bot = await world.bot()
    theirs, ours = connect(world.mention(user="U0THEIRS", user_team="T0ELSE")), connect(world.mention())
    await post(bot, theirs)
    await until(lambda: len(world.slack.of("chat.update")) == 1 and not bot.worker.busy)
    assert world.slack.of("chat.postEphemeral") == []
    await post(bot, ours)
    await until(lambda: world.slack.of("chat.postEphemeral"))
    [offer] = world.slack.of("chat.postEphemeral")
    assert (offer.arguments["user"], "Ask in private" in offer.shown) == (USER, True)
    world.answerer.script = [answer("The agents' way. [1]", answer_id="b" * 32)]
    await post(bot, world.click(blocks.PRIVATE, "a" * 32))
    await until(lambda: any(m.channel == USER for m in world.slack.messages.values()))
    assert world.answerer.asked[-1].principal.tenant_id == world.tenants["acme"]
    assert world.answerer.asked[-1].principal.audience is Audience.AGENT
    shown = [text for body in (theirs, ours) for text in world.slack.thread(*thread_of(body))]
    assert all("agents' way" not in text for text in shown)


async def test_outsider_who_clicks_ask_in_private_gets_nothing(world: World) -> None:
    await Shares(world.database).map(TEAM, CHANNEL, tenant_id=world.tenants["other"])
    bot = await world.bot()
    await post(bot, connect(world.mention(user="U0THEIRS", user_team="T0ELSE")))
    await until(lambda: world.slack.of("chat.update") and not bot.worker.busy)
    await post(bot, world.click(blocks.PRIVATE, "a" * 32, user={"id": "U0THEIRS", "team_id": "T0ELSE"}))
    await until(lambda: world.slack.of("chat.postEphemeral") and not bot.worker.busy)
    assert len(world.answerer.asked) == 1


async def test_buttons_in_an_external_channel_concern_the_partners_tenant(world: World) -> None:
    await Shares(world.database).map(TEAM, CHANNEL, tenant_id=world.tenants["other"])
    bot = await world.bot()
    await post(bot, world.click(blocks.HANDOVER, "a" * 32))
    await post(bot, world.click(blocks.FEEDBACK, "up:" + "a" * 32))
    await until(lambda: world.cases.opened and world.votes.given)
    assert world.cases.opened[0][0].tenant_id == world.tenants["other"]


async def test_external_channel_is_refused_again_once_it_is_unshared(world: World) -> None:
    shares = Shares(world.database)
    await shares.map(TEAM, CHANNEL, tenant_id=world.tenants["other"])
    await shares.unmap(TEAM, CHANNEL)
    bot, body = await world.bot(), connect(world.mention())
    await post(bot, body)
    await until(lambda: world.slack.thread(*thread_of(body)))
    assert world.slack.thread(*thread_of(body)) == [blocks.OUTSIDE]
    with pytest.raises(NotFoundError):
        await shares.unmap(TEAM, CHANNEL)


async def test_outsiders_see_no_agents_documents_and_channels_change_no_hands(world: World) -> None:
    shares = Shares(world.database)
    with pytest.raises(InvalidRequestError) as refused:
        await shares.map(TEAM, CHANNEL, tenant_id=world.tenants["other"], audience=Audience.AGENT)
    assert refused.value.code == "shared_audience"
    await shares.map(TEAM, CHANNEL, tenant_id=world.tenants["other"])
    with pytest.raises(ConflictError):
        await shares.map(TEAM, CHANNEL, tenant_id=world.tenants["acme"])
    with pytest.raises(CopilotError):
        await shares.map("T0NOBODY", CHANNEL, tenant_id=world.tenants["other"])
    async with world.database.read(Crossing.UPKEEP) as session:
        told = await session.scalars(select(AuditRow.tenant_id).where(AuditRow.action == "slack.share"))
        assert set(told) == {world.tenants["acme"], world.tenants["other"]}


async def test_slash_command_in_an_external_channel_that_is_nobodys_is_refused(world: World) -> None:
    world.slack.answers["conversations.info"] = {"channel": {"is_ext_shared": True}}
    bot = await world.bot()
    await post(bot, world.command("how do I restart a till?"))
    await until(lambda: world.slack.of("chat.postEphemeral"))
    assert blocks.OUTSIDE in world.slack.of("chat.postEphemeral")[0].shown
    assert world.answerer.asked == []


async def test_what_was_asked_before_a_channel_was_shared_is_not_shown_in_it(world: World) -> None:
    bot = await world.bot()
    await post(bot, world.command("how do I restart a till?"))
    await until(lambda: world.slack.of("chat.postEphemeral"))
    world.slack.answers["conversations.info"] = {"channel": {"is_ext_shared": True}}
    await post(bot, world.click(blocks.SHARE, "a" * 32))
    await until(lambda: len(world.slack.of("chat.postEphemeral")) == 2)
    assert world.slack.messages == {}
