"""The Slack threads that cases came from: where the copilot is silent while a person has the case."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import select

from answers.case_views import CaseStatus, number_of
from bots.slack.jobs import SlackJob
from core.database import Database
from core.models import Handoff, SlackCase


@dataclass(frozen=True, slots=True)
class Place:
    """A thread of Slack's."""

    team_id: str
    enterprise_id: str | None
    channel: str
    thread_ts: str


@dataclass(frozen=True, slots=True)
class Taken:
    """A case that a person has claimed; `owner` is a principal's id."""

    case_id: str
    owner: str


class SlackCases:
    def __init__(self, database: Database) -> None:
        self._database = database

    async def remember(self, tenant_id: str, case_id: str, job: SlackJob) -> None:
        """From now on whoever claims the case silences the copilot in the job's thread."""
        query = select(Handoff.id).where(Handoff.tenant_id == tenant_id, Handoff.number == number_of(case_id))
        async with self._database.write(tenant_id) as session:
            found = await session.scalar(query)
            if found is not None and await session.get(SlackCase, found) is None:
                session.add(
                    SlackCase(
                        case_id=found,
                        tenant_id=tenant_id,
                        team_id=job.team_id,
                        enterprise_id=job.enterprise_id,
                        channel=job.channel,
                        thread_ts=job.thread_ts,
                    )
                )

    async def place(self, tenant_id: str, case_row: str) -> Place | None:
        """Where the case of this row was asked, if that was in Slack."""
        async with self._database.read(tenant_id) as session:
            row = await session.get(SlackCase, case_row)
        return Place(row.team_id, row.enterprise_id, row.channel, row.thread_ts) if row else None

    async def taken(self, tenant_id: str, job: SlackJob) -> Taken | None:
        """The claimed case of the job's thread; None where the copilot may speak."""
        query = (
            select(Handoff)
            .join(SlackCase, SlackCase.case_id == Handoff.id)
            .where(SlackCase.tenant_id == tenant_id, SlackCase.team_id == job.team_id)
            .where(SlackCase.channel == job.channel, SlackCase.thread_ts == job.thread_ts)
            .where(Handoff.status == CaseStatus.CLAIMED)
            .limit(1)
        )
        async with self._database.read(tenant_id) as session:
            row = await session.scalar(query)
        return Taken(f"C-{row.number}", row.owner or "") if row else None
