"""What redaction took out, encrypted, and the keys that it is encrypted with, themselves encrypted."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, LargeBinary, String
from sqlalchemy.orm import Mapped, mapped_column

from core.models.base import Base, now


class RootKey(Base):
    """What the installation's keyed hashes are derived from, wrapped by the master key that `key_id` names. One row."""

    __tablename__ = "root_keys"

    id: Mapped[str] = mapped_column(String(16), primary_key=True)
    key_id: Mapped[str] = mapped_column(String(16))
    wrapped: Mapped[bytes] = mapped_column(LargeBinary)
    created_at: Mapped[datetime] = mapped_column(default=now)


class DataKeyRow(Base):
    """A tenant's own key, wrapped by the master key that `key_id` names. Without it nothing in the tenant's vault opens."""

    __tablename__ = "data_keys"

    tenant_id: Mapped[str] = mapped_column(String(32), ForeignKey("tenants.id"), primary_key=True)
    key_id: Mapped[str] = mapped_column(String(16))
    wrapped: Mapped[bytes] = mapped_column(LargeBinary)
    created_at: Mapped[datetime] = mapped_column(default=now)


class VaultValue(Base):
    """One spelling of a value that a placeholder stands for, encrypted (context tenant/vault_values/placeholder/spelling)."""

    __tablename__ = "vault_values"

    tenant_id: Mapped[str] = mapped_column(String(32), ForeignKey("tenants.id"), primary_key=True)
    placeholder: Mapped[str] = mapped_column(String(40), primary_key=True)
    spelling: Mapped[str] = mapped_column(String(32), primary_key=True)
    """Keyed hash of the very characters."""
    identity: Mapped[str] = mapped_column(String(32))
    """Keyed hash of what all spellings of the value have in common: two under one placeholder are two people."""
    sealed: Mapped[bytes] = mapped_column(LargeBinary)
    created_at: Mapped[datetime] = mapped_column(default=now)


class VaultUse(Base):
    """Which spellings the placeholders of one stored text stand for: `[placeholder, [spelling, …]]`, one spelling where all
    occurrences have the same, else one for each in order; "" where the text itself said what looks like a placeholder."""

    __tablename__ = "vault_uses"

    tenant_id: Mapped[str] = mapped_column(String(32), ForeignKey("tenants.id"), primary_key=True)
    kind: Mapped[str] = mapped_column(String(32), primary_key=True)
    """The table that holds the text."""
    row_id: Mapped[str] = mapped_column(String(64), primary_key=True)
    field: Mapped[str] = mapped_column(String(32), primary_key=True)
    spellings: Mapped[list[Any]] = mapped_column(default=list)
