"""Who is there: tenants and their keys."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import String
from sqlalchemy.orm import Mapped, mapped_column

from core.models.base import Base, Json, id_column, now, tenant_column


class Tenant(Base):
    __tablename__ = "tenants"

    id: Mapped[str] = id_column()
    slug: Mapped[str] = mapped_column(String(64), unique=True)
    name: Mapped[str] = mapped_column(String(200))
    settings: Mapped[Json] = mapped_column(default=dict)
    generation: Mapped[str] = mapped_column(String(40), default="")
    building: Mapped[str | None] = mapped_column(String(40))
    """The generation that a reindex fills beside the live one."""
    live_release: Mapped[int] = mapped_column(default=0)
    created_at: Mapped[datetime] = mapped_column(default=now)


class APIKey(Base):
    __tablename__ = "api_keys"

    id: Mapped[str] = id_column()
    tenant_id: Mapped[str] = tenant_column()
    name: Mapped[str] = mapped_column(String(200), default="")
    role: Mapped[str] = mapped_column(String(32))
    audience: Mapped[str] = mapped_column(String(16))
    scopes: Mapped[list[str] | None]
    """The permissions of its role that it is limited to; None: all of them."""
    principal_id: Mapped[str | None] = mapped_column(String(32))
    """Whom it stands for where it succeeded another key: the first one's id. Conversations and budgets go on."""
    secret_hash: Mapped[str] = mapped_column(String(64))
    created_at: Mapped[datetime] = mapped_column(default=now)
    expires_at: Mapped[datetime | None]
    revoked_at: Mapped[datetime | None]
