"""Accounts: who may sign in, to which tenant, in which role.

An address is one account in the whole installation. It is kept encrypted and found by a keyed hash.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, delete, select
from sqlalchemy.exc import IntegrityError

from api.people.passwords import Passwords
from core.audit import OPERATOR, record
from core.crossings import Crossing
from core.database import Database, WriteSession
from core.domain import Audience, Role
from core.errors import ConflictError, ForbiddenError, InvalidRequestError, NotFoundError
from core.keyring import Keyring
from core.models import User, UserSession, new_id, now

_ADDRESS = re.compile(r"[^@\s\x00-\x1f\x7f]{1,64}@[^@\s\x00-\x1f\x7f]{1,189}")
_LONGEST_NAME = 200  # as in the table

PROVIDER = "oidc"
"""The actor of what the identity provider's groups bring about."""


@dataclass(frozen=True, slots=True)
class Account:
    id: str
    tenant_id: str
    email: str
    name: str
    role: Role
    audience: Audience
    has_password: bool
    managed: bool
    disabled: bool
    created_at: datetime


@dataclass(frozen=True, slots=True)
class NewAccount:
    """`password` None: an invitation, for the identity provider to vouch for. `audience` None: as the role asks."""

    email: str
    role: Role
    audience: Audience | None = None
    name: str = ""
    password: str | None = None
    managed: bool = False


class Accounts:
    """Makes, finds and changes accounts; each change is audited in the account's tenant."""

    def __init__(self, database: Database, keyring: Keyring, passwords: Passwords) -> None:
        self._database = database
        self._keyring = keyring
        self._passwords = passwords

    async def add(self, tenant_id: str, new: NewAccount, *, actor: str = OPERATOR) -> Account:
        """Raises `InvalidRequestError` (`invalid_email`, `invalid_name`, `invalid_role`, `weak_password`), `ConflictError`
        (`user_exists`), and `ForbiddenError` (`operator_only`) for a platform admin whom the operator did not name."""
        email = normal_email(new.email)
        _require_role(new.role, actor)
        if len(new.name) > _LONGEST_NAME:
            raise InvalidRequestError(f"a name has at most {_LONGEST_NAME} characters", code="invalid_name")
        hashed = None if new.password is None else await self._passwords.hash(new.password, email=email)
        row = User(id=new_id(), tenant_id=tenant_id, name=new.name, role=new.role, managed=new.managed)
        row.audience = new.audience or _audience_of(new.role)
        row.email_hash, row.email = self.hash_of(email), self._keyring.encrypt(email.encode(), context=_context(row))
        row.password_hash, row.created_at = hashed, now()
        try:
            async with self._database.write(tenant_id) as session:
                session.add(row)
                await session.flush()
                record(session, tenant_id, actor=actor, action="user.add", target=row.id, role=new.role)
        except IntegrityError:
            raise ConflictError("there is an account with this address already", code="user_exists") from None
        return self.shown(row)

    async def of(self, tenant_id: str) -> list[Account]:
        async with self._database.read(tenant_id) as session:
            rows = await session.scalars(select(User).where(User.tenant_id == tenant_id).order_by(User.created_at))
            return [self.shown(row) for row in rows]

    async def named(self, email: str) -> Account:
        """In whichever tenant: for the command line. Raises `NotFoundError` (`unknown_user`)."""
        row = await self.row(User.email_hash == self.hash_of(normal_email(email)))
        if row is None:
            raise _unknown()
        return self.shown(row)

    async def row(self, which: ColumnElement[bool]) -> User | None:
        """Whose it is nobody knows before it is looked up."""
        async with self._database.read(Crossing.CREDENTIALS) as session:
            found: User | None = await session.scalar(select(User).where(which))
        return found

    async def change(
        self,
        tenant_id: str,
        user_id: str,
        *,
        actor: str = OPERATOR,
        role: Role | None = None,
        audience: Audience | None = None,
        disabled: bool | None = None,
    ) -> Account:
        """What is None stays; a changed role brings its own audience unless one is named. Whoever is disabled is signed out
        in the same transaction. Raises `NotFoundError` (`unknown_user`) for another tenant's account as for none,
        `ConflictError` (`own_account`), and `ForbiddenError` (`operator_only`) about platform admins."""
        if user_id == actor:
            raise ConflictError("nobody changes their own role, or shuts themselves out", code="own_account")
        async with self._database.write(tenant_id) as session:
            row = await _held(session, tenant_id, user_id)
            _require_role(Role(row.role), actor)
            if role is not None:
                _require_role(role, actor)
                row.role, row.audience = role, audience or _audience_of(role)
            row.audience = audience or row.audience
            if disabled is not None:
                row.disabled_at = (row.disabled_at or now()) if disabled else None
            if disabled:
                await _sign_out(session, user_id)
            states = {"role": row.role, "audience": row.audience, "disabled": row.disabled_at is not None}
            record(session, tenant_id, actor=actor, action="user.change", target=user_id, **states)
        return self.shown(row)

    async def set_password(
        self, tenant_id: str, user_id: str, password: str, *, actor: str = OPERATOR, keep: str | None = None
    ) -> None:
        """Ends the account's sessions but `keep`, an id, in the same transaction."""
        async with self._database.read(tenant_id) as session:
            found = await session.get(User, user_id)
        if found is None or found.tenant_id != tenant_id:
            raise _unknown()
        hashed = await self._passwords.hash(password, email=self.shown(found).email)
        async with self._database.write(tenant_id) as writing:
            row = await _held(writing, tenant_id, user_id)
            row.password_hash = hashed
            await _sign_out(writing, user_id, keep=keep)
            record(writing, tenant_id, actor=actor, action="user.password", target=user_id)

    async def link(self, tenant_id: str, user_id: str, subject_hash: str) -> None:
        """From here on the account is the provider's subject, whatever addresses it has."""
        async with self._database.write(tenant_id) as session:
            row = await _held(session, tenant_id, user_id)
            row.subject_hash = subject_hash
            record(session, tenant_id, actor=PROVIDER, action="user.link", target=user_id)

    async def rehash(self, tenant_id: str, user_id: str, password_hash: str) -> None:
        """The same password, at today's cost: no act of anybody's."""
        async with self._database.write(tenant_id) as session:
            (await _held(session, tenant_id, user_id)).password_hash = password_hash

    async def sign_out(self, account: Account) -> None:
        """Everywhere, at once."""
        async with self._database.write(account.tenant_id) as session:
            await _sign_out(session, account.id)

    def hash_of(self, email: str) -> str:
        return self._keyring.digest("users/email", email)

    def shown(self, row: User) -> Account:
        email = self._keyring.decrypt(row.email, context=_context(row)).decode()
        role, audience = Role(row.role), Audience(row.audience)
        has_password, disabled = row.password_hash is not None, row.disabled_at is not None
        return Account(
            row.id, row.tenant_id, email, row.name, role, audience, has_password, row.managed, disabled, row.created_at
        )


def normal_email(given: str) -> str:
    """One spelling of an address. Raises `InvalidRequestError` (`invalid_email`)."""
    email = unicodedata.normalize("NFKC", given).strip().casefold()
    if not _ADDRESS.fullmatch(email):
        raise InvalidRequestError("that is no e-mail address such as ada@example.com", code="invalid_email")
    return email


async def _held(session: WriteSession, tenant_id: str, user_id: str) -> User:
    row = await session.get(User, user_id, with_for_update=True)
    if row is None or row.tenant_id != tenant_id:
        raise _unknown()
    return row


async def _sign_out(session: WriteSession, user_id: str, *, keep: str | None = None) -> None:
    await session.execute(delete(UserSession).where(UserSession.user_id == user_id, UserSession.id != (keep or "")))


def _require_role(role: Role, actor: str) -> None:
    if role is Role.OPERATOR:
        raise InvalidRequestError("the operator role is the command line's own; choose another", code="invalid_role")
    if role is Role.PLATFORM_ADMIN and actor not in (OPERATOR, PROVIDER):
        raise ForbiddenError(
            "platform admins are made and changed on the server's own command line: 'partner-copilot user'",
            code="operator_only",
        )


def _audience_of(role: Role) -> Audience:
    return Audience.PARTNER if role is Role.PARTNER_USER else Audience.AGENT


def _context(row: User) -> str:
    return f"{row.tenant_id}/users/{row.id}"


def _unknown() -> NotFoundError:
    return NotFoundError("no such account", code="unknown_user")
