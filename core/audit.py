"""The audit: who did what, one row an act, written in the act's own transaction.

Rows are chained by tenant: each holds the hash of the one before it and its own, an HMAC-SHA256 under a key that the database does
not hold. So whoever can write to the database, but has no master key, cannot alter, remove, insert or move a row unseen; that the
end was cut off is told by the anchors outside the database (`core.audit_anchors`).

An act is told with `record` anywhere in its transaction, and written at the transaction's end: the chain's lock is the last one
that is taken, so that no two acts wait for each other. Rows hold ids, names of things and states: never what somebody said.
"""

from __future__ import annotations

import hmac
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC
from hashlib import sha256
from typing import Any

from sqlalchemy import select

from core.database import WriteSession, wait_turn
from core.errors import ConfigurationError
from core.keyring import Keyring
from core.models import AuditRow, Json, Tenant, now

GENESIS = "0" * 64
"""What the first row of a chain has for the hash before it."""

OPERATOR = "operator"
"""The actor of what is done on the command line of the server itself."""

PRUNE = "audit.prune"
"""The tombstone of rows that a retention job deleted: `details` hold the last one's number (`through`) and `hash`."""

_ENTRIES, _TRAIL = "audit_entries", "audit_trail"


@dataclass(frozen=True, slots=True)
class Entry:
    """One act. `details` are JSON values."""

    tenant_id: str
    actor: str
    action: str
    target: str
    details: Json


def record(session: WriteSession, tenant_id: str, *, actor: str, action: str, target: str = "", **details: Any) -> None:
    """Tell of an act: it is written when the session's transaction is, or not at all.

    Raises `ConfigurationError` (`no_audit`) where the database was opened without a trail: nothing privileged happens unseen.
    """
    if session.info.get(_TRAIL) is None:
        raise ConfigurationError("this database was opened without an audit trail", code="no_audit")
    if session.in_nested_transaction():
        raise RuntimeError("an act is recorded in its transaction, not in a part of it that may be undone alone")
    session.info.setdefault(_ENTRIES, []).append(Entry(tenant_id, actor, action, target, _plain(details)))


class Trail:
    """Chains what was recorded. `scrub` takes personal data and secrets out of texts, should one ever hold some."""

    def __init__(self, keyring: Keyring, *, scrub: Callable[[str], str] = lambda text: text) -> None:
        self._key = keyring.derive("audit/chain")
        self._scrub = scrub

    def attach(self, session: WriteSession) -> None:
        """From here on the session takes records."""
        session.info[_TRAIL] = self

    async def seal(self, session: WriteSession) -> None:
        """Write what was recorded, at the end of each tenant's chain. The last act of a transaction."""
        entries: list[Entry] = session.info.pop(_ENTRIES, [])
        if not entries:
            return
        tenants = sorted({entry.tenant_id for entry in entries})
        # Every other lock of this transaction first, those that the rows' foreign keys take on PostgreSQL included.
        await session.flush()
        rows = select(Tenant.id).where(Tenant.id.in_(tenants)).order_by(Tenant.id)
        await session.execute(rows.with_for_update(read=True, key_share=True))
        for tenant_id in tenants:
            await wait_turn(session, f"audit/{tenant_id}")
            number, previous = await _end(session, tenant_id)
            for entry in (entry for entry in entries if entry.tenant_id == tenant_id):
                number += 1
                row = self._row(entry, number, previous)
                session.add(row)
                previous = row.hash
        await session.flush()

    def digest(self, row: AuditRow) -> str:
        """The hash that the row must have, hex."""
        at = row.at.astimezone(UTC).isoformat(timespec="microseconds")
        said = [row.tenant_id, row.number, row.actor, row.action, row.target, row.details, at, row.previous]
        return hmac.new(self._key, canonical(said), sha256).hexdigest()

    def _row(self, entry: Entry, number: int, previous: str) -> AuditRow:
        row = AuditRow(
            tenant_id=entry.tenant_id,
            number=number,
            actor=entry.actor,
            action=entry.action,
            target=entry.target[:200],
            details=_scrubbed(entry.details, self._scrub),
            at=now(),
            previous=previous,
        )
        row.hash = self.digest(row)
        return row


def canonical(value: object) -> bytes:
    """One text for one JSON value: sorted keys, no spaces, UTF-8."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False).encode()


async def _end(session: WriteSession, tenant_id: str) -> tuple[int, str]:
    """Number and hash of the chain's last row."""
    query = select(AuditRow.number, AuditRow.hash).where(AuditRow.tenant_id == tenant_id)
    last = (await session.execute(query.order_by(AuditRow.number.desc()).limit(1))).first()
    return (last[0], last[1]) if last else (0, GENESIS)


def _plain(details: Mapping[str, object]) -> Json:
    """As any database gives it back: JSON values, whole numbers as integers (JSONB forgets a float's exponent), no NUL."""
    return {key: _plain_value(value) for key, value in json.loads(json.dumps(details, default=str)).items()}


def _plain_value(value: Any) -> Any:
    match value:
        case str():
            return value.replace("\x00", "").encode("utf-8", "replace").decode()
        case float():
            return int(value) if value.is_integer() else value
        case list():
            return [_plain_value(item) for item in value]
        case dict():
            return {_plain_value(key): _plain_value(item) for key, item in value.items()}
        case _:
            return value


def _scrubbed(value: Any, scrub: Callable[[str], str]) -> Any:
    match value:
        case str():
            return scrub(value)
        case list():
            return [_scrubbed(item, scrub) for item in value]
        case dict():
            return {key: _scrubbed(item, scrub) for key, item in value.items()}
        case _:
            return value
