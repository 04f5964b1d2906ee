"""The conversation that a person's questions in one Slack thread belong to."""

from __future__ import annotations

from sqlalchemy import ColumnElement, select

from bots.slack.jobs import SlackJob
from core.database import Database
from core.models import SlackThread


class Threads:
    """A conversation has one owner, so each asker of a shared thread has an own conversation in it."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def conversation(self, tenant_id: str, job: SlackJob) -> str | None:
        query = select(SlackThread.conversation_id).where(SlackThread.tenant_id == tenant_id, *_place(job))
        async with self._database.read(tenant_id) as session:
            found: str | None = await session.scalar(query)
        return found

    async def knows(self, tenant_id: str, job: SlackJob) -> bool:
        """Whether the author has asked in this thread before: what they write next there is meant for the copilot."""
        query = select(SlackThread.conversation_id).where(SlackThread.tenant_id == tenant_id, *_place(job))
        async with self._database.read(tenant_id) as session:
            return await session.scalar(query) is not None

    async def remember(self, tenant_id: str, job: SlackJob, conversation_id: str) -> None:
        async with self._database.write(tenant_id) as session:
            row = await session.get(SlackThread, (job.team_id, job.channel, job.thread_ts, job.user))
            if row is None:
                row = SlackThread(team_id=job.team_id, channel=job.channel, thread_ts=job.thread_ts, user=job.user)
                session.add(row)
            row.tenant_id, row.conversation_id = tenant_id, conversation_id


def _place(job: SlackJob) -> tuple[ColumnElement[bool], ...]:
    return (
        SlackThread.team_id == job.team_id,
        SlackThread.channel == job.channel,
        SlackThread.thread_ts == job.thread_ts,
        SlackThread.user == job.user,
    )
