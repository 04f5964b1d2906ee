"""What was asked and answered."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, Index, LargeBinary, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from core.models.base import Base, Json, id_column, now, tenant_column


class Conversation(Base):
    __tablename__ = "conversations"

    id: Mapped[str] = id_column()
    tenant_id: Mapped[str] = tenant_column()
    principal_id: Mapped[str] = mapped_column(String(64))
    created_at: Mapped[datetime] = mapped_column(default=now)


class AnswerRow(Base):
    """One turn: the redacted question and the whole answer with its evidence, as it was given."""

    __tablename__ = "answers"

    id: Mapped[str] = id_column()
    tenant_id: Mapped[str] = tenant_column()
    conversation_id: Mapped[str] = mapped_column(ForeignKey("conversations.id"), index=True)
    principal_id: Mapped[str] = mapped_column(String(64))
    channel: Mapped[str] = mapped_column(String(16))
    question: Mapped[str] = mapped_column(Text)
    query: Mapped[str] = mapped_column(Text)
    outcome: Mapped[str] = mapped_column(String(16))
    answer: Mapped[Json]
    evidence: Mapped[Json] = mapped_column(default=dict)
    created_at: Mapped[datetime] = mapped_column(default=now)


class KnowledgeGap(Base):
    """A question that no published document answered, redacted, and how often it was asked; nearly the same ones share a row.
    Nobody's name or key is in it."""

    __tablename__ = "knowledge_gaps"
    __table_args__ = (UniqueConstraint("tenant_id", "key"), Index("ix_knowledge_gaps_last", "tenant_id", "last_at"))

    id: Mapped[str] = id_column()
    tenant_id: Mapped[str] = tenant_column()
    key: Mapped[str] = mapped_column(String(64))
    """Of the question's terms, in whatever order."""
    question: Mapped[str] = mapped_column(Text)
    query: Mapped[str] = mapped_column(Text)
    terms: Mapped[list[str]] = mapped_column(default=list)
    closest: Mapped[list[Any]] = mapped_column(default=list)
    count: Mapped[int] = mapped_column(default=1)
    first_at: Mapped[datetime] = mapped_column(default=now)
    last_at: Mapped[datetime] = mapped_column(default=now)


class FeedbackRow(Base):
    __tablename__ = "feedback"
    __table_args__ = (UniqueConstraint("answer_id", "principal_id"),)

    id: Mapped[str] = id_column()
    tenant_id: Mapped[str] = tenant_column()
    answer_id: Mapped[str] = mapped_column(ForeignKey("answers.id"))
    principal_id: Mapped[str] = mapped_column(String(64))
    vote: Mapped[str] = mapped_column(String(8))
    reason: Mapped[str | None] = mapped_column(String(32))
    comment: Mapped[str | None] = mapped_column(Text)
    correction: Mapped[str | None] = mapped_column(Text)
    created_at: Mapped[datetime] = mapped_column(default=now)


class Handoff(Base):
    """A case for a person. The contact is personal data, so it is encrypted (context tenant/handoffs/id)."""

    __tablename__ = "handoffs"
    __table_args__ = (UniqueConstraint("tenant_id", "number"),)

    id: Mapped[str] = id_column()
    tenant_id: Mapped[str] = tenant_column()
    number: Mapped[int]
    conversation_id: Mapped[str] = mapped_column(ForeignKey("conversations.id"))
    answer_id: Mapped[str | None] = mapped_column(String(32))
    principal_id: Mapped[str] = mapped_column(String(64))
    contact: Mapped[bytes | None] = mapped_column(LargeBinary)
    note: Mapped[str | None] = mapped_column(Text)
    status: Mapped[str] = mapped_column(String(16), default="open")
    severity: Mapped[str] = mapped_column(String(16), default="normal")
    owner: Mapped[str | None] = mapped_column(String(64))
    """The principal that has taken it."""
    packet: Mapped[Json] = mapped_column(default=dict)
    """What whoever takes it over must know, redacted: see `answers.packets`."""
    resolution: Mapped[str | None] = mapped_column(Text)
    due_at: Mapped[datetime | None]
    """When somebody should have taken it."""
    claimed_at: Mapped[datetime | None]
    resolved_at: Mapped[datetime | None]
    created_at: Mapped[datetime] = mapped_column(default=now)


class CaseRoute(Base):
    """Where a tenant's cases are told of: a Slack channel, an e-mail address or a web address. A webhook's secret is encrypted
    (context tenant/case_routes/id)."""

    __tablename__ = "case_routes"
    __table_args__ = (UniqueConstraint("tenant_id", "kind", "target"),)

    id: Mapped[str] = id_column()
    tenant_id: Mapped[str] = tenant_column()
    kind: Mapped[str] = mapped_column(String(16))
    target: Mapped[str] = mapped_column(String(500))
    secret: Mapped[bytes | None] = mapped_column(LargeBinary)
    created_at: Mapped[datetime] = mapped_column(default=now)


class CaseNotice(Base):
    """One thing that one receiver is told of a case, until it is acknowledged. `receipt` is what the receiver knows it by."""

    __tablename__ = "case_notices"
    __table_args__ = (Index("ix_case_notices_case", "case_id", "created_at"),)

    id: Mapped[str] = id_column()
    tenant_id: Mapped[str] = tenant_column()
    case_id: Mapped[str] = mapped_column(ForeignKey("handoffs.id"))
    route_id: Mapped[str | None] = mapped_column(String(32))
    """None: whoever asked, where they asked."""
    event: Mapped[str] = mapped_column(String(16))
    attempts: Mapped[int] = mapped_column(default=0)
    error: Mapped[str | None] = mapped_column(Text)
    receipt: Mapped[str | None] = mapped_column(String(200))
    acknowledged_at: Mapped[datetime | None]
    created_at: Mapped[datetime] = mapped_column(default=now)


class CurationTask(Base):
    """Work for a knowledge admin that an answer which did not help has left: one a rejected answer."""

    __tablename__ = "curation_tasks"
    __table_args__ = (UniqueConstraint("tenant_id", "answer_id"),)

    id: Mapped[str] = id_column()
    tenant_id: Mapped[str] = tenant_column()
    answer_id: Mapped[str] = mapped_column(ForeignKey("answers.id"))
    reason: Mapped[str] = mapped_column(String(32))
    question: Mapped[str] = mapped_column(Text)
    correction: Mapped[str | None] = mapped_column(Text)
    documents: Mapped[list[Any]] = mapped_column(default=list)
    """The documents that the answer cited: id and title."""
    status: Mapped[str] = mapped_column(String(16), default="open")
    closed_by: Mapped[str | None] = mapped_column(String(64))
    closed_at: Mapped[datetime | None]
    created_at: Mapped[datetime] = mapped_column(default=now)
