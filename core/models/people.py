"""People who sign in, their sessions, and what guards the door."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import ForeignKey, LargeBinary, String
from sqlalchemy.orm import Mapped, mapped_column

from core.models.base import Base, id_column, now, tenant_column


class User(Base):
    """One account. The address is encrypted; its keyed hash finds it, and is taken once in all tenants."""

    __tablename__ = "users"

    id: Mapped[str] = id_column()
    tenant_id: Mapped[str] = tenant_column()
    email_hash: Mapped[str] = mapped_column(String(64), unique=True)
    email: Mapped[bytes] = mapped_column(LargeBinary)
    name: Mapped[str] = mapped_column(String(200), default="")
    role: Mapped[str] = mapped_column(String(32))
    audience: Mapped[str] = mapped_column(String(16))
    password_hash: Mapped[str | None] = mapped_column(String(200))
    """Argon2id, as its PHC string; None: the identity provider alone."""
    subject_hash: Mapped[str | None] = mapped_column(String(64), unique=True)
    """Of the identity provider's issuer and subject, from the first sign-in by it on: an address may change hands."""
    managed: Mapped[bool] = mapped_column(default=False)
    """Made by a group of the identity provider, and followed by it at each sign-in."""
    created_at: Mapped[datetime] = mapped_column(default=now)
    disabled_at: Mapped[datetime | None]


class UserSession(Base):
    """One browser in which somebody is signed in; only a keyed hash of its secret is stored."""

    __tablename__ = "user_sessions"

    id: Mapped[str] = id_column()
    tenant_id: Mapped[str] = tenant_column()
    user_id: Mapped[str] = mapped_column(ForeignKey("users.id"), index=True)
    acting_id: Mapped[str | None] = mapped_column(ForeignKey("tenants.id"))
    """The tenant that a platform admin works in, where it is not their own."""
    secret_hash: Mapped[str] = mapped_column(String(64))
    method: Mapped[str] = mapped_column(String(16))
    browser: Mapped[str] = mapped_column(String(120), default="")
    created_at: Mapped[datetime] = mapped_column(default=now)
    seen_at: Mapped[datetime] = mapped_column(default=now)


class SignInFailure(Base):
    """Wrong passwords of one account or from one address, whether it exists or not: a keyed hash, and no tenant's."""

    __tablename__ = "sign_in_failures"

    key_hash: Mapped[str] = mapped_column(String(64), primary_key=True)
    failures: Mapped[int] = mapped_column(default=0)
    last_at: Mapped[datetime] = mapped_column(index=True)
    wait_until: Mapped[datetime | None]


class UsedSignIn(Base):
    """A sign-in by the identity provider that was answered once: its state opens nothing again."""

    __tablename__ = "used_sign_ins"

    state_hash: Mapped[str] = mapped_column(String(64), primary_key=True)
    expires_at: Mapped[datetime] = mapped_column(index=True)
