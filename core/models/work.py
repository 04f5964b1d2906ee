"""What is being done, and what was measured."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import Index, String
from sqlalchemy.orm import Mapped, mapped_column

from core.models.base import Base, Json, id_column, now, tenant_column


class Job(Base):
    __tablename__ = "jobs"
    __table_args__ = (
        Index("ix_jobs_turn", "tenant_id", "status", "not_before"),
        Index("ix_jobs_digest", "tenant_id", "digest"),
        Index("ix_jobs_newest", "tenant_id", "created_at", "id"),
    )

    id: Mapped[str] = id_column()
    tenant_id: Mapped[str] = tenant_column()
    kind: Mapped[str] = mapped_column(String(32))
    args: Mapped[Json] = mapped_column(default=dict)
    status: Mapped[str] = mapped_column(String(16), index=True)
    progress: Mapped[Json] = mapped_column(default=dict)
    result: Mapped[Json] = mapped_column(default=dict)
    error: Mapped[Json | None]
    attempts: Mapped[int] = mapped_column(default=0)
    """Tries that ended with a passing fault."""
    crashes: Mapped[int] = mapped_column(default=0)
    """Tries that ended with the death of their process."""
    digest: Mapped[str] = mapped_column(String(64), default="")
    """Of kind and arguments: the same work has the same."""
    owner: Mapped[str | None] = mapped_column(String(32))
    """The try that runs it, a fresh id each; whoever has lost it can write nothing more."""
    not_before: Mapped[datetime | None] = mapped_column(default=now)
    """When its turn comes at the earliest: at once, or after the pause that follows a passing fault."""
    created_at: Mapped[datetime] = mapped_column(default=now)
    updated_at: Mapped[datetime] = mapped_column(default=now)


class EvalRun(Base):
    __tablename__ = "eval_runs"

    id: Mapped[str] = id_column()
    dataset: Mapped[str] = mapped_column(String(100))
    metrics: Mapped[Json]
    context: Mapped[Json]
    rows: Mapped[list[Any]] = mapped_column(default=list)
    created_at: Mapped[datetime] = mapped_column(default=now)
