"""API keys and what each role may do.

A key reads `pc.<id>.<secret>`. Only a keyed hash of the secret is stored; every request looks the key up, so that a revoked one is
dead at once. Unknown, revoked, expired and malformed keys get one and the same answer, after the same work.
"""

from __future__ import annotations

import hmac
import re
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import select, update

from core.audit import OPERATOR, record
from core.database import Database
from core.domain import Audience, Permission, Principal, Role
from core.errors import ForbiddenError, NotFoundError, UnauthenticatedError
from core.keyring import Keyring
from core.models import APIKey, new_id, now

_ASKING = frozenset({Permission.ASK, Permission.SEARCH, Permission.FEEDBACK, Permission.HANDOFF})

PERMISSIONS: dict[Role, frozenset[Permission]] = {
    Role.PARTNER_USER: _ASKING,
    Role.SUPPORT_AGENT: _ASKING | {Permission.DOCUMENTS_READ, Permission.CASES_READ, Permission.CASES_WORK},
    Role.EDITOR: _ASKING | {Permission.DOCUMENTS_READ, Permission.DOCUMENTS_WRITE, Permission.JOBS_READ},
    Role.AUDITOR: frozenset(
        {Permission.DOCUMENTS_READ, Permission.JOBS_READ, Permission.AUDIT_READ, Permission.USAGE_READ}
    ),
    Role.KNOWLEDGE_ADMIN: frozenset(Permission) - {Permission.SOURCES_LOCAL, Permission.GOVERN},
    Role.OPERATOR: frozenset(Permission),
}

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
        self, tenant_id: str, *, role: Role, audience: Audience, name: str = "", lifetime: timedelta | None = None
    ) -> NewKey:
        """Audited as the operator's act: keys are made on the command line alone."""
        key_id, secret = new_id(), secrets.token_urlsafe(32)
        async with self._database.write() as session:
            session.add(
                APIKey(
                    id=key_id,
                    tenant_id=tenant_id,
                    name=name,
                    role=role,
                    audience=audience,
                    secret_hash=self._hash(secret),
                    expires_at=None if lifetime is None else now() + lifetime,
                )
            )
            record(session, tenant_id, actor=OPERATOR, action="key.create", target=key_id, role=role, audience=audience)
        return NewKey(key_id, f"pc.{key_id}.{secret}")

    async def authenticate(self, token: str, *, channel: str = "api") -> Principal:
        """The principal behind a token. Raises `UnauthenticatedError`, which never says why."""
        match = _KEY.fullmatch(token)
        key_id, secret = match.groups() if match else ("", "")
        async with self._database.read() as session:
            row = await session.get(APIKey, key_id)
        matches = hmac.compare_digest(row.secret_hash if row else _NO_KEY, self._hash(secret))
        if row is None or not matches or not _alive(row, now()):
            raise UnauthenticatedError("send a valid API key as 'Authorization: Bearer <key>'")
        return Principal(row.tenant_id, row.id, Audience(row.audience), PERMISSIONS[Role(row.role)], channel)

    async def revoke(self, tenant_id: str, key_id: str) -> None:
        """Dead from the next request on. Raises `NotFoundError` for another tenant's key as for an unknown one."""
        async with self._database.write() as session:
            revoked = await session.execute(
                update(APIKey)
                .where(APIKey.id == key_id, APIKey.tenant_id == tenant_id, APIKey.revoked_at.is_(None))
                .values(revoked_at=now())
                .returning(APIKey.id)
            )
            if revoked.first() is None:
                raise NotFoundError("no such key")
            record(session, tenant_id, actor=OPERATOR, action="key.revoke", target=key_id)

    async def of(self, tenant_id: str) -> list[APIKey]:
        async with self._database.read() as session:
            found = await session.scalars(
                select(APIKey).where(APIKey.tenant_id == tenant_id).order_by(APIKey.created_at)
            )
            return list(found)

    def _hash(self, secret: str) -> str:
        return self._keyring.digest("api-keys", secret)


def _alive(row: APIKey, at: datetime) -> bool:
    return row.revoked_at is None and (row.expires_at is None or at < row.expires_at)


def require(principal: Principal, permission: Permission) -> None:
    """Raises `ForbiddenError` naming the permission that the principal lacks."""
    if permission not in principal.permissions:
        raise ForbiddenError(f"this key lacks the permission '{permission}'; ask whoever issued it for a wider role")
