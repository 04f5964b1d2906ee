"""Hand-overs in Slack: the escalation channel, who may act there, and the copilot's silence meanwhile. Real desks and jobs."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest
from slack_escalating import AGENT, DESK, Escalating
from slack_world import CHANNEL, TEAM, USER, World, answer, citation, post, thread_of, until
from sqlalchemy import select

from answers.case_notices import RouteKind
from answers.case_views import CaseStatus, Severity
from bots.slack import blocks, case_blocks, interactions
from bots.slack.people import People
from core.crossings import Crossing
from core.domain import Outcome, Role
from core.models import AuditRow


@pytest.fixture
async def escalating(world: World) -> AsyncIterator[Escalating]:
    found = Escalating(world)
    yield found
    await found.jobs.aclose()


async def test_case_stands_in_the_escalation_channel_with_evidence_clock_and_buttons(escalating: Escalating) -> None:
    await escalating.handed_over(await escalating.begin())
    [shown] = escalating.desk
    for said in ("*C-1*", "how do I reset a till?", f"<@{USER}>", "*Tried*", "*Cited*", "Till offline", "*Missing*"):
        assert said in shown
    assert "<!date^" in shown
    assert f"channel={CHANNEL}&amp;message_ts=1700000000.000001" in shown
    [posted] = [c for c in escalating.world.slack.of("chat.postMessage") if c.arguments["channel"] == DESK]
    [actions] = [b for b in posted.arguments["blocks"] if b["type"] == "actions"]
    assert [b["action_id"] for b in actions["elements"]] == [case_blocks.CLAIM, case_blocks.RESOLVE]
    assert "C-1" in escalating.thread[0]


async def test_copilot_is_silent_in_a_taken_thread_until_it_is_handed_back(escalating: Escalating) -> None:
    world, bot = escalating.world, await escalating.begin()
    await escalating.handed_over(bot)
    await post(bot, escalating.press(case_blocks.CLAIM))
    await until(lambda: any("has taken this" in said for said in escalating.thread))
    assert f"<@{AGENT}>" in escalating.thread[-1]
    await until(lambda: f"claimed* · <@{AGENT}>" in escalating.desk[0])
    asked = world.mention(thread_ts="1700000000.000001")
    await post(bot, asked)
    await until(lambda: world.slack.of("chat.postEphemeral"))
    assert "I am silent here" in world.slack.of("chat.postEphemeral")[0].shown
    assert world.answerer.asked == []
    await post(bot, escalating.press(case_blocks.HAND_BACK))
    await until(lambda: any("is open again" in said for said in escalating.thread))
    await post(bot, world.mention(thread_ts="1700000000.000001"))
    await until(lambda: any("Restart the till service." in said for said in escalating.thread))
    assert await escalating.status() == (CaseStatus.OPEN, None)


async def test_follow_up_in_a_taken_thread_gets_no_word(escalating: Escalating) -> None:
    world, bot = escalating.world, await escalating.begin()
    await post(bot, world.mention(ts="1700000000.000001"))
    await until(lambda: any("Restart" in said for said in escalating.thread))
    await escalating.handed_over(bot)
    await post(bot, escalating.press(case_blocks.CLAIM))
    await until(lambda: any("has taken this" in said for said in escalating.thread))
    calls = len(world.slack.calls)
    await post(bot, world.said("thank you, what about this?", thread_ts="1700000000.000001"))
    await until(lambda: not bot.worker.busy)
    assert (len(world.answerer.asked), len(world.slack.calls)) == (1, calls)
    other = world.mention()
    await post(bot, other)
    await until(lambda: world.slack.thread(*thread_of(other)))


async def test_resolved_case_tells_whoever_asked_and_the_copilot_answers_again(escalating: Escalating) -> None:
    world, bot = escalating.world, await escalating.begin()
    await escalating.handed_over(bot)
    await post(bot, escalating.press(case_blocks.CLAIM))
    await until(lambda: any("has taken this" in said for said in escalating.thread))
    await post(bot, escalating.press(case_blocks.RESOLVE))
    await until(lambda: any("is resolved by" in said for said in escalating.thread))
    await until(lambda: "*resolved*" in escalating.desk[0])
    [update] = [c for c in world.slack.of("chat.update") if "*resolved*" in c.shown]
    assert not [b for b in update.arguments["blocks"] if b["type"] == "actions"]
    await post(bot, world.mention(thread_ts="1700000000.000001"))
    await until(lambda: world.answerer.asked)


async def test_case_claimed_through_the_api_silences_the_thread_too(escalating: Escalating) -> None:
    world, bot = escalating.world, await escalating.begin()
    await escalating.handed_over(bot)
    await escalating.cases.desk.claim(escalating.cases.principal(role=Role.SUPPORT_AGENT, name="k" * 32), "C-1")
    await until(lambda: any("a colleague has taken this" in said for said in escalating.thread))
    await post(bot, world.mention(thread_ts="1700000000.000001"))
    await until(lambda: world.slack.of("chat.postEphemeral"))
    assert world.answerer.asked == []


@pytest.mark.parametrize(
    ("channel", "user"),
    [(CHANNEL, {"id": AGENT, "team_id": TEAM}), (DESK, {"id": AGENT, "team_id": "T0ELSE"})],
)
async def test_click_from_elsewhere_or_by_an_outsider_changes_no_case(
    escalating: Escalating, channel: str, user: dict[str, str]
) -> None:
    bot = await escalating.begin()
    await escalating.handed_over(bot)
    await post(bot, escalating.press(case_blocks.CLAIM, channel=channel) | {"user": user})
    await until(lambda: not bot.worker.busy)
    assert await escalating.status() == (CaseStatus.OPEN, None)


async def test_support_agent_may_claim_wherever_the_button_is(escalating: Escalating) -> None:
    bot = await escalating.begin()
    await escalating.handed_over(bot)
    people = People(escalating.world.database)
    await people.give(escalating.world.tenants["acme"], TEAM, AGENT, Role.SUPPORT_AGENT)
    await post(bot, escalating.press(case_blocks.CLAIM, channel=CHANNEL))
    await until(lambda: not bot.worker.busy)
    assert await escalating.status() == (CaseStatus.CLAIMED, f"slack:{TEAM}:{AGENT}")


async def test_second_claim_is_told_that_somebody_else_has_it(escalating: Escalating) -> None:
    bot = await escalating.begin()
    await escalating.handed_over(bot)
    await post(bot, escalating.press(case_blocks.CLAIM))
    await until(lambda: any("has taken this" in said for said in escalating.thread))
    await post(bot, escalating.press(case_blocks.CLAIM, user="U0SECOND"))
    await until(lambda: escalating.world.slack.of("chat.postEphemeral"))
    [told] = escalating.world.slack.of("chat.postEphemeral")
    assert "Somebody else has this case" in told.shown
    assert told.arguments["user"] == "U0SECOND"


async def test_acts_in_slack_are_audited_under_the_person(escalating: Escalating) -> None:
    bot = await escalating.begin()
    await escalating.handed_over(bot)
    await post(bot, escalating.press(case_blocks.CLAIM))
    await until(lambda: any("has taken this" in said for said in escalating.thread))
    async with escalating.world.database.read(Crossing.UPKEEP) as session:
        rows = await session.scalars(select(AuditRow).where(AuditRow.action == "case.claimed"))
        assert [(row.actor, row.target) for row in rows] == [(f"slack:{TEAM}:{AGENT}", "C-1")]


async def test_escalation_channel_that_was_away_gets_the_case_later(escalating: Escalating) -> None:
    world, bot = escalating.world, await escalating.begin()
    asker = escalating.cases.principal(name=f"slack:{TEAM}:{USER}")
    given = await escalating.cases.asked(asker)
    world.slack.refused = {"chat.postMessage": "channel_not_found"}
    await post(bot, world.click(blocks.HANDOVER, given.answer_id))
    await until(lambda: len(world.slack.of("chat.postMessage")) > 3)
    world.slack.refused = {}
    await until(lambda: escalating.desk)
    assert len(escalating.desk) == 1


async def test_case_that_is_told_twice_is_known_by_its_notice(escalating: Escalating) -> None:
    """Slack took the first message, and nobody heard it say so: as when a process dies at that moment."""
    world, bot = escalating.world, await escalating.begin()
    given = await escalating.cases.asked(escalating.cases.principal(name=f"slack:{TEAM}:{USER}"))
    world.slack.unheard = [DESK]
    await post(bot, world.click(blocks.HANDOVER, given.answer_id))
    await until(lambda: len(escalating.desk) == 2)
    told = [call.arguments for call in world.slack.of("chat.postMessage") if call.arguments["channel"] == DESK]
    first, second = (one["metadata"]["event_payload"] for one in told)
    assert first == second
    assert (first["case"], first["event"], len(first["id"])) == ("C-1", "opened", 32)


async def test_route_into_another_tenants_workspace_is_never_written_to(escalating: Escalating) -> None:
    world, bot = escalating.world, await escalating.begin()
    await world.workspaces.map("T0OTHER", tenant_id=world.tenants["other"], bot_token="xoxb-other")
    admin = escalating.cases.principal(role=Role.KNOWLEDGE_ADMIN, name="admin")
    await escalating.cases.routes.add(admin, RouteKind.SLACK, "T0OTHER/C0THEIRS")
    await escalating.handed_over(bot)
    await asyncio.sleep(0.2)
    assert [call for call in world.slack.calls if call.token == "xoxb-other"] == []


async def test_hostile_evidence_notifies_nobody_in_the_escalation_channel(escalating: Escalating) -> None:
    world, bot = escalating.world, await escalating.begin()
    asker = escalating.cases.principal(name=f"slack:{TEAM}:{USER}")
    hostile = "<!channel> <@U0VICTIM> <https://evil.example|click> " + "x" * 20_000
    given = await escalating.cases.asked(
        asker, hostile, text=hostile, citations=(citation(title=hostile, quote=hostile),)
    )
    await post(bot, world.click(blocks.HANDOVER, given.answer_id))
    await until(lambda: escalating.desk)
    [shown] = escalating.desk
    for act in ("<!channel>", "<@U0VICTIM>", "<https://evil.example"):
        assert act not in shown


async def test_thread_is_summarised_redacted_and_handed_over_with_severity(escalating: Escalating) -> None:
    world, bot = escalating.world, await escalating.begin()
    asker = escalating.cases.principal(name=f"slack:{TEAM}:{USER}")
    given = await escalating.cases.asked(asker)
    world.answerer.script = [answer("I don't know.", outcome=Outcome.ABSTAINED, answer_id=given.answer_id)]
    world.slack.answers["conversations.replies"] = {
        "messages": [
            {"user": "U0CUSTOMER", "ts": "1.1", "text": "Mrs Miller's till is offline &amp; red"},
            {"bot_id": "B0", "ts": "1.2", "text": "Restart it"},
            {"user": USER, "ts": "1.3", "text": "did not help"},
        ]
    }
    await post(bot, world.shortcut(interactions.SUMMARISE))
    await until(lambda: world.slack.of("views.update"))
    [opened], [filled] = world.slack.of("views.open"), world.slack.of("views.update")
    assert blocks.SEARCHING in opened.shown
    digest = filled.arguments["view"]["blocks"][1]["element"]["initial_value"]
    assert digest.splitlines()[:3] == [
        "Person 1: <PERSON>'s till is offline & red",
        "Copilot: Restart it",
        "Person 2: did not help",
    ]
    assert world.answerer.asked[0].text == "Mrs Miller's till is offline & red"
    chosen = {"severity": {"selected_option": {"value": "urgent"}}}
    sent = world.submit(filled.arguments["view"], {"note": digest + "\nPlease call.", **chosen})
    await post(bot, sent)
    await post(bot, sent)
    await until(lambda: escalating.desk)
    case = await escalating.cases.desk.show(escalating.cases.principal(role=Role.SUPPORT_AGENT), "C-1")
    assert (case.severity, case.note) == (Severity.URGENT, digest + "\nPlease call.")
    assert "Please call." in escalating.desk[0]
    await until(lambda: not bot.worker.busy)
    assert len(escalating.desk) == 1
