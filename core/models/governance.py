"""The audit and what things cost."""

from __future__ import annotations

from datetime import date, datetime

from sqlalchemy import ForeignKey, Index, Integer, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from core.models.base import Base, Json, id_column, now, tenant_column


class AuditRow(Base):
    """One act, chained to the tenant's act before; written by `core.audit` alone, kept from change by triggers."""

    __tablename__ = "audit"
    __table_args__ = (
        Index("ix_audit_chain", "tenant_id", "number", unique=True),
        Index("ix_audit_action", "tenant_id", "action", "id"),
    )

    id: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=True)
    tenant_id: Mapped[str] = tenant_column()
    number: Mapped[int]
    """1, 2, 3 … of the tenant."""
    actor: Mapped[str] = mapped_column(String(64))
    action: Mapped[str] = mapped_column(String(64))
    target: Mapped[str] = mapped_column(String(200), default="")
    details: Mapped[Json] = mapped_column(default=dict)
    at: Mapped[datetime] = mapped_column(default=now)
    previous: Mapped[str] = mapped_column(String(64))
    hash: Mapped[str] = mapped_column(String(64))


class DirectiveRow(Base):
    """One version of a tenant's policy or prompt; the highest number of a kind is in force. Never changed, never deleted."""

    __tablename__ = "directives"
    __table_args__ = (UniqueConstraint("tenant_id", "kind", "version"),)

    id: Mapped[str] = id_column()
    tenant_id: Mapped[str] = tenant_column()
    kind: Mapped[str] = mapped_column(String(16))
    version: Mapped[int]
    """1, 2, 3 … of its kind; 0, which has no row, is what the software brings."""
    body: Mapped[Json] = mapped_column(default=dict)
    """Empty: what the software brings."""
    note: Mapped[str] = mapped_column(String(500), default="")
    author: Mapped[str] = mapped_column(String(64))
    restores: Mapped[int | None]
    """The version that it says again."""
    created_at: Mapped[datetime] = mapped_column(default=now)


class ModelCall(Base):
    """A call of a language model whose cost the provider has not told: under way, cut short, or lost with its process.

    `prompt_tokens` and `completion_tokens` are what stands for it in `usage` already.
    """

    __tablename__ = "model_calls"
    __table_args__ = (Index("ix_model_calls_day", "tenant_id", "day"),)

    id: Mapped[str] = id_column()
    """What the provider was told, as ``X-Client-Request-Id``."""
    tenant_id: Mapped[str] = tenant_column()
    principal_id: Mapped[str] = mapped_column(String(64))
    day: Mapped[date]
    channel: Mapped[str] = mapped_column(String(16))
    model: Mapped[str] = mapped_column(String(100))
    state: Mapped[str] = mapped_column(String(16))
    reserved_prompt: Mapped[int]
    reserved_completion: Mapped[int]
    prompt_tokens: Mapped[int] = mapped_column(default=0)
    completion_tokens: Mapped[int] = mapped_column(default=0)
    created_at: Mapped[datetime] = mapped_column(default=now)


class KeyUsage(Base):
    """What one principal used in a day: the budgets of keys are counted here."""

    __tablename__ = "key_usage"

    tenant_id: Mapped[str] = mapped_column(ForeignKey("tenants.id"), primary_key=True)
    day: Mapped[date] = mapped_column(primary_key=True)
    principal_id: Mapped[str] = mapped_column(String(64), primary_key=True)
    questions: Mapped[int] = mapped_column(default=0)
    tokens: Mapped[int] = mapped_column(default=0)


class Usage(Base):
    """Metered per tenant, day, channel and model."""

    __tablename__ = "usage"

    tenant_id: Mapped[str] = mapped_column(ForeignKey("tenants.id"), primary_key=True)
    day: Mapped[date] = mapped_column(primary_key=True)
    channel: Mapped[str] = mapped_column(String(16), primary_key=True)
    model: Mapped[str] = mapped_column(String(100), primary_key=True)
    questions: Mapped[int] = mapped_column(default=0)
    prompt_tokens: Mapped[int] = mapped_column(default=0)
    completion_tokens: Mapped[int] = mapped_column(default=0)
