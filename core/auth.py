"""API keys, and what each role may do: of keys and of people who signed in alike.

A key reads `pc.<id>.<secret>`. Only a keyed hash of the secret is stored; every request looks the key up, so that a revoked one is
dead at once, in every process. A key is replaced without a gap: its successor stands for the same principal, and both live until
the old one ends. Unknown, revoked, expired and malformed keys get one and the same answer, after the same work.
"""

from __future__ import annotations

import hmac
import re
import secrets
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import or_, select, update

from core.audit import OPERATOR, record
from core.crossings import Crossing
from core.database import Database, WriteSession
from core.domain import Audience, Permission, Principal, Role
from core.errors import ConflictError, ForbiddenError, InvalidRequestError, NotFoundError, UnauthenticatedError
from core.keyring import Keyring
from core.models import APIKey, new_id, now

_ASKING = frozenset({Permission.ASK, Permission.SEARCH, Permission.FEEDBACK, Permission.HANDOFF})

PERMISSIONS: dict[Role, frozenset[Permission]] = {
    Role.PARTNER_USER: _ASKING,
    Role.SUPPORT_AGENT: _ASKING
    | {Permission.DOCUMENTS_READ, Permission.CASES_READ, Permission.CASES_WORK, Permission.VAULT_RESTORE},
    Role.EDITOR: _ASKING | {Permission.DOCUMENTS_READ, Permission.DOCUMENTS_WRITE, Permission.JOBS_READ},
    Role.AUDITOR: frozenset(
        {
            Permission.DOCUMENTS_READ,
            Permission.JOBS_READ,
            Permission.AUDIT_READ,
            Permission.USAGE_READ,
            Permission.POLICY_READ,
        }
    ),
    Role.KNOWLEDGE_ADMIN: frozenset(Permission)
    - {Permission.SOURCES_LOCAL, Permission.GOVERN, Permission.PEOPLE_WRITE, Permission.TENANTS_ENTER},
    Role.PLATFORM_ADMIN: frozenset(Permission) - {Permission.SOURCES_LOCAL},
    Role.OPERATOR: frozenset(Permission),
}

VISITOR = frozenset({Permission.ASK, Permission.FEEDBACK, Permission.HANDOFF})
"""Of whoever asks in a widget, identified or not."""

LIVE_AT_ONCE = 2
"""Keys that stand for one principal: the one in use and its successor."""

_KEY = re.compile(r"pc\.([0-9a-f]{32})\.([A-Za-z0-9_-]{43})")
_NO_KEY = hmac.new(b"", b"", "sha256").hexdigest()


@dataclass(frozen=True, slots=True)
class NewKey:
    """The only moment at which the whole key exists in our hands: show it once."""

    id: str
    token: str


class Keys:
    """Creates, checks and revokes API keys."""

    def __init__(self, database: Database, keyring: Keyring) -> None:
        self._database = database
        self._keyring = keyring

    async def create(
        self,
        tenant_id: str,
        *,
        role: Role,
        audience: Audience,
        name: str = "",
        lifetime: timedelta | None = None,
        scopes: Collection[Permission] | None = None,
    ) -> NewKey:
        """Audited as the operator's act: keys are made on the command line alone. `scopes` narrow what the role may do.

        Raises `InvalidRequestError` (`invalid_scope`) for a scope that the role lacks.
        """
        limited = None if scopes is None else _within(role, scopes)
        row, secret = _row(tenant_id, role, audience, name, scopes=limited)
        row.expires_at = None if lifetime is None else now() + lifetime
        async with self._database.write(tenant_id) as session:
            self._add(session, row, secret)
            told: dict[str, object] = {"scopes": limited} if limited is not None else {}
            _record(session, tenant_id, "key.create", row.id, role=role, audience=audience, **told)
        return NewKey(row.id, f"pc.{row.id}.{secret}")

    async def rotate(self, tenant_id: str, key_id: str, *, overlap: timedelta) -> NewKey:
        """A successor for the same principal, as long-lived as the key; the key itself ends after `overlap`, if not before.

        Raises `NotFoundError` for a dead key and another tenant's, `ConflictError` (`key_rotating`) while two are live.
        """
        at = now()
        async with self._database.write(tenant_id) as session:
            old = await session.get(APIKey, key_id, with_for_update=True)
            if old is None or old.tenant_id != tenant_id or not _alive(old, at):
                raise NotFoundError("no such key")
            principal_id = old.principal_id or old.id
            await _require_room(session, tenant_id, principal_id, at)
            role, audience = Role(old.role), Audience(old.audience)
            row, secret = _row(tenant_id, role, audience, old.name, scopes=old.scopes)
            row.principal_id = principal_id
            row.expires_at = None if old.expires_at is None else at + (old.expires_at - old.created_at)
            old.expires_at = min(at + overlap, old.expires_at or at + overlap)
            self._add(session, row, secret)
            _record(session, tenant_id, "key.rotate", key_id, successor=row.id, ends=old.expires_at.isoformat())
        return NewKey(row.id, f"pc.{row.id}.{secret}")

    async def authenticate(self, token: str, *, channel: str = "api") -> Principal:
        """The principal behind a token. Raises `UnauthenticatedError`, which never says why."""
        match = _KEY.fullmatch(token)
        key_id, secret = match.groups() if match else ("", "")
        async with self._database.read(Crossing.CREDENTIALS) as session:
            row = await session.get(APIKey, key_id)
        matches = hmac.compare_digest(row.secret_hash if row else _NO_KEY, self._hash(secret))
        if row is None or not matches or not _alive(row, now()):
            raise UnauthenticatedError("send a valid API key as 'Authorization: Bearer <key>'")
        return Principal(row.tenant_id, row.principal_id or row.id, Audience(row.audience), _held(row), channel)

    async def revoke(self, tenant_id: str, key_id: str) -> None:
        """Dead from the next request on. Raises `NotFoundError` for another tenant's key as for an unknown one."""
        async with self._database.write(tenant_id) as session:
            revoked = await session.execute(
                update(APIKey)
                .where(APIKey.id == key_id, APIKey.tenant_id == tenant_id, APIKey.revoked_at.is_(None))
                .values(revoked_at=now())
                .returning(APIKey.id)
            )
            if revoked.first() is None:
                raise NotFoundError("no such key")
            _record(session, tenant_id, "key.revoke", key_id)

    async def of(self, tenant_id: str) -> list[APIKey]:
        async with self._database.read(tenant_id) as session:
            found = await session.scalars(
                select(APIKey).where(APIKey.tenant_id == tenant_id).order_by(APIKey.created_at)
            )
            return list(found)

    def _add(self, session: WriteSession, row: APIKey, secret: str) -> None:
        row.secret_hash = self._hash(secret)
        session.add(row)

    def _hash(self, secret: str) -> str:
        return self._keyring.digest("api-keys", secret)


def _row(
    tenant_id: str, role: Role, audience: Audience, name: str, *, scopes: Sequence[str] | None
) -> tuple[APIKey, str]:
    """And its secret."""
    kept = None if scopes is None else list(scopes)
    row = APIKey(id=new_id(), tenant_id=tenant_id, name=name, role=role, audience=audience, scopes=kept)
    row.created_at = now()
    return row, secrets.token_urlsafe(32)


def _record(session: WriteSession, tenant_id: str, action: str, key_id: str, **details: object) -> None:
    record(session, tenant_id, actor=OPERATOR, action=action, target=key_id, **details)


def _within(role: Role, scopes: Collection[Permission]) -> list[str]:
    if lacking := sorted(set(scopes) - PERMISSIONS[role]):
        raise InvalidRequestError(
            f"the role {role} does not hold {', '.join(lacking)}; it holds {', '.join(sorted(PERMISSIONS[role]))}",
            code="invalid_scope",
        )
    return sorted(scopes)


def _held(row: APIKey) -> frozenset[Permission]:
    """Of the role as it is now: what it lost, a key's scopes do not keep."""
    held = PERMISSIONS[Role(row.role)]
    return held if row.scopes is None else frozenset(each for each in held if each in row.scopes)


async def _require_room(session: WriteSession, tenant_id: str, principal_id: str, at: datetime) -> None:
    same = or_(APIKey.id == principal_id, APIKey.principal_id == principal_id)
    rows = await session.scalars(select(APIKey).where(APIKey.tenant_id == tenant_id, same))
    if sum(_alive(row, at) for row in rows) >= LIVE_AT_ONCE:
        raise ConflictError(
            "this key and another one live for the same principal; revoke the one that is no longer used first",
            code="key_rotating",
        )


def _alive(row: APIKey, at: datetime) -> bool:
    return row.revoked_at is None and (row.expires_at is None or at < row.expires_at)


def require(principal: Principal, permission: Permission) -> None:
    """Raises `ForbiddenError` naming the permission that the principal lacks."""
    if permission not in principal.permissions:
        raise ForbiddenError(
            f"this key or account lacks the permission '{permission}'; ask whoever issued it for a wider role"
        )
