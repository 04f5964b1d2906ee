"""A bot whose cases are real, told in an escalation channel."""

from __future__ import annotations

from typing import Any

from slack_world import CHANNEL, TEAM, USER, World, post, until

from answers.case_notices import JOB, RouteKind
from answers.case_views import CaseStatus
from bots.slack import blocks
from bots.slack.app import SlackBot
from bots.slack.cases import SlackCases
from bots.slack.couriers import AskerCourier, EscalationCourier
from bots.slack.web import Web
from core.domain import Role
from core.jobs import Jobs
from core.settings import JobSettings
from tests.case_world import CaseWorld, citation

DESK = "C0DESK"
AGENT = "U0AGENT"


class Escalating:
    """A bot whose cases are real, told in `DESK`."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.cases = CaseWorld(world.database)
        self.cases.tenant_ids = world.tenants
        web, places = Web(world.slack.url), SlackCases(world.database)
        self.cases.notices.employ(
            {
                RouteKind.SLACK: EscalationCourier(world.workspaces, web, places),
                RouteKind.ASKER: AskerCourier(world.workspaces, web, places),
            }
        )
        settings = JobSettings(poll_s=0.02)
        self.jobs = Jobs(world.database, {JOB: self.cases.notices.run}, settings=settings, alone=True)

    async def begin(self) -> SlackBot:
        admin = self.cases.principal(role=Role.KNOWLEDGE_ADMIN, name="admin")
        await self.cases.routes.add(admin, RouteKind.SLACK, f"{TEAM}/{DESK}")
        self.jobs.start()
        return await self.world.bot(
            cases=self.cases.handoffs, case_work=self.cases.desk, given=self.cases.conversations
        )

    async def handed_over(self, bot: SlackBot) -> str:
        """A case from thread 1700000000.000001 of the support channel; returns the answer's id."""
        asker = self.cases.principal(name=f"slack:{TEAM}:{USER}")
        given = await self.cases.asked(asker, "how do I reset a till?", citations=(citation(),))
        await post(bot, self.world.click(blocks.HANDOVER, given.answer_id))
        await until(lambda: self.desk)
        return given.answer_id

    @property
    def desk(self) -> list[str]:
        """What stands in the escalation channel."""
        return self.world.slack.thread(DESK, None)

    @property
    def thread(self) -> list[str]:
        """What stands in the asker's thread."""
        return self.world.slack.thread(CHANNEL, "1700000000.000001")

    def press(self, action: str, *, user: str = AGENT, channel: str = DESK, **changes: Any) -> dict[str, Any]:
        [message] = [m for m in self.world.slack.messages.values() if m.channel == DESK and m.thread_ts is None]
        return self.world.click(
            action,
            "C-1",
            user={"id": user, "team_id": TEAM, **changes},
            channel={"id": channel},
            message={"ts": message.ts, "type": "message"},
        )

    async def status(self) -> tuple[CaseStatus, str | None]:
        case = await self.cases.desk.show(self.cases.principal(role=Role.SUPPORT_AGENT), "C-1")
        return case.status, case.owner
