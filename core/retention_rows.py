"""SQL of retention: which rows are over, kind by kind, and what goes with them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import ColumnElement, Table, and_, delete, exists, func, select, tuple_
from sqlalchemy.orm import DeclarativeBase, InstrumentedAttribute

from core.database import ReadSession, WriteSession
from core.job_rows import FINISHED
from core.models import (
    AnswerRow,
    CaseNotice,
    Conversation,
    CurationTask,
    FeedbackRow,
    Handoff,
    Job,
    KeyUsage,
    KnowledgeGap,
    ModelCall,
    SlackCase,
    SlackCode,
    SlackDraft,
    SlackEvent,
    SlackThread,
    SubjectRequest,
    WidgetCount,
    WidgetSession,
    WidgetStream,
    WidgetToken,
)


class Kind(StrEnum):
    """What has days of its own, in the order in which a run goes through them: cases hold on to their conversations, releases
    to the answers that name them."""

    FEEDBACK = "feedback"
    CASES = "cases"
    CONVERSATIONS = "conversations"
    SLACK = "slack"
    JOBS = "jobs"
    GAPS = "gaps"
    USAGE = "usage"
    VISITS = "visits"
    REQUESTS = "requests"
    RELEASES = "releases"
    """Has no days: a release goes when it is not among the newest and no kept answer names it (`ingest.garbage`)."""
    AUDIT = "audit"


Over = Callable[[datetime], ColumnElement[bool]]


@dataclass(frozen=True, slots=True)
class Rule:
    """Rows of one table that are over; `with_` are columns of other tables that name them by their id, and go first."""

    model: type[DeclarativeBase]
    over: Over
    with_: tuple[InstrumentedAttribute[Any], ...] = ()

    @property
    def table(self) -> Table:
        table = self.model.__table__
        assert isinstance(table, Table)
        return table


_SETTLED = ("done", "failed", "stopped")
"""States of Slack events that nobody works on any more."""


def _empty(before: datetime) -> ColumnElement[bool]:
    """Conversations without a turn or a case."""
    asked = exists().where(AnswerRow.conversation_id == Conversation.id)
    handed = exists().where(Handoff.conversation_id == Conversation.id)
    return and_(Conversation.created_at < before, ~asked, ~handed)


def _unthreaded(before: datetime) -> ColumnElement[bool]:
    known = exists().where(Conversation.id == SlackThread.conversation_id)
    return and_(SlackThread.created_at < before, ~known)


RULES: Mapping[Kind, Sequence[Rule]] = {
    Kind.FEEDBACK: (Rule(FeedbackRow, lambda before: FeedbackRow.created_at < before),),
    Kind.CASES: (Rule(Handoff, lambda before: Handoff.resolved_at < before, (CaseNotice.case_id, SlackCase.case_id)),),
    Kind.CONVERSATIONS: (
        Rule(AnswerRow, lambda before: AnswerRow.created_at < before, (FeedbackRow.answer_id, CurationTask.answer_id)),
        Rule(Conversation, _empty),
        Rule(SlackThread, _unthreaded),
    ),
    Kind.SLACK: (
        Rule(SlackEvent, lambda before: and_(SlackEvent.created_at < before, SlackEvent.status.in_(_SETTLED))),
        Rule(SlackDraft, lambda before: SlackDraft.created_at < before),
        Rule(SlackCode, lambda before: SlackCode.expires_at < before),
    ),
    Kind.JOBS: (Rule(Job, lambda before: and_(Job.updated_at < before, Job.status.in_(FINISHED))),),
    Kind.GAPS: (Rule(KnowledgeGap, lambda before: KnowledgeGap.last_at < before),),
    Kind.USAGE: (
        Rule(KeyUsage, lambda before: KeyUsage.day < before.date()),
        Rule(ModelCall, lambda before: ModelCall.created_at < before),
    ),
    Kind.VISITS: (
        Rule(WidgetSession, lambda before: WidgetSession.expires_at < before),
        Rule(WidgetToken, lambda before: WidgetToken.expires_at < before),
        Rule(WidgetCount, lambda before: WidgetCount.expires_at < before),
        Rule(WidgetStream, lambda before: WidgetStream.expires_at < before),
    ),
    Kind.REQUESTS: (Rule(SubjectRequest, lambda before: SubjectRequest.created_at < before),),
}


async def count(session: ReadSession, kind: Kind, tenant_id: str, before: datetime) -> int:
    """Rows that are over now. Conversations that only become empty by the deletion are not among them."""
    counts = [
        await session.scalar(select(func.count()).select_from(rule.table).where(*_over(rule, tenant_id, before)))
        for rule in RULES[kind]
    ]
    return sum(each or 0 for each in counts)


async def delete_some(session: WriteSession, kind: Kind, tenant_id: str, before: datetime, most: int) -> int:
    """Delete at most so many rows, and what goes with them; how many. 0 where none is left."""
    for rule in RULES[kind]:
        key = list(rule.table.primary_key)
        rows = (await session.execute(select(*key).where(*_over(rule, tenant_id, before)).limit(most))).all()
        if not rows:
            continue
        for column in rule.with_:
            owner = column.class_.__table__
            await session.execute(delete(owner).where(column.in_([row[0] for row in rows])))
        await session.execute(delete(rule.table).where(tuple_(*key).in_([tuple(row) for row in rows])))
        return len(rows)
    return 0


def _over(rule: Rule, tenant_id: str, before: datetime) -> tuple[ColumnElement[bool], ColumnElement[bool]]:
    return rule.table.c.tenant_id == tenant_id, rule.over(before)
