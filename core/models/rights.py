"""Requests of the people whose data is here."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import LargeBinary, String
from sqlalchemy.orm import Mapped, mapped_column

from core.models.base import Base, Json, id_column, now, tenant_column


class SubjectRequest(Base):
    """One person's data to be exported or erased. Who it is stands sealed in `subject` (context tenant/subject_requests/id) until
    it is done; afterwards `digest`, keyed, tells the same person again and nobody's name. `result` is a sealed export until it
    expires."""

    __tablename__ = "subject_requests"

    id: Mapped[str] = id_column()
    tenant_id: Mapped[str] = tenant_column()
    kind: Mapped[str] = mapped_column(String(16))
    digest: Mapped[str] = mapped_column(String(64))
    subject: Mapped[bytes | None] = mapped_column(LargeBinary)
    actor: Mapped[str] = mapped_column(String(64))
    job_id: Mapped[str | None] = mapped_column(String(32))
    report: Mapped[Json] = mapped_column(default=dict)
    """What was found and done, counted by store; ids of documents, nobody's words."""
    result: Mapped[bytes | None] = mapped_column(LargeBinary)
    created_at: Mapped[datetime] = mapped_column(default=now)
    finished_at: Mapped[datetime | None]
    expires_at: Mapped[datetime | None]
