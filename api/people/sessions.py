"""Sessions: a browser in which somebody is signed in.

The credential reads `ps.<id>.<secret>` and lives in a cookie that no script reads; only a keyed hash of the secret is stored. Each
request looks it up, with the account: who is disabled is out from the next request on, in every process.
"""

from __future__ import annotations

import hmac
import re
import secrets
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from sqlalchemy import delete, or_, select, update

from api.people.accounts import Account, Accounts
from core.audit import record
from core.auth import PERMISSIONS
from core.crossings import Crossing
from core.database import Database, WriteSession
from core.domain import Permission, Principal
from core.errors import ForbiddenError, NotFoundError, UnauthenticatedError
from core.keyring import Keyring
from core.models import User, UserSession, new_id, now
from core.settings import SessionSettings
from core.tenancy import TenantInfo

PREFIX = "ps."
CHANNEL = "console"

_CREDENTIAL = re.compile(r"ps\.([0-9a-f]{32})\.([A-Za-z0-9_-]{43})")
_NO_SECRET = hmac.new(b"", b"", "sha256").hexdigest()
_SEEN = timedelta(minutes=1)
"""How exactly idleness is measured, at most: not every request is worth a write."""


class Method(StrEnum):
    PASSWORD = "password"  # noqa: S105 - a way to sign in
    OIDC = "oidc"


@dataclass(frozen=True, slots=True)
class SignedIn:
    """Whoever holds a session's credential. `csrf` is what their own pages show with each act."""

    principal: Principal
    account: Account
    session_id: str
    csrf: str
    ends_at: datetime


@dataclass(frozen=True, slots=True)
class Session:
    """As its owner sees it in a list."""

    id: str
    method: Method
    browser: str
    created_at: datetime
    seen_at: datetime
    current: bool


class Sessions:
    """Opens, recognises and ends sessions."""

    def __init__(
        self,
        database: Database,
        keyring: Keyring,
        accounts: Accounts,
        settings: SessionSettings,
        *,
        clock: Callable[[], datetime] = now,
    ) -> None:
        self._database = database
        self._keyring = keyring
        self._accounts = accounts
        self._most = settings.max_per_person
        self._idle = timedelta(minutes=settings.idle_minutes)
        self._absolute = timedelta(hours=settings.absolute_hours)
        self._clock = clock

    async def open(self, account: Account, *, method: Method, browser: str = "", replaces: str | None = None) -> str:
        """The credential of a new session; the one that the browser had, `replaces`, ends. What it was before is worth nothing
        to whoever planted or saw it."""
        if replaces is not None:
            await self.close(replaces, audited=False)
        secret, at = secrets.token_urlsafe(32), self._clock()
        row = UserSession(id=new_id(), tenant_id=account.tenant_id, user_id=account.id, method=method)
        row.browser, row.created_at, row.seen_at = browser[:120], at, at
        row.secret_hash = self._hash(secret)
        async with self._database.write(account.tenant_id) as session:
            await self._make_room(session, account.id, at)
            session.add(row)
            _record(session, account, "session.open", row.id, method=method)
        return f"{PREFIX}{row.id}.{secret}"

    async def authenticate(self, credential: str) -> SignedIn:
        """Raises `UnauthenticatedError`, which never says why."""
        found = await self._found(credential)
        if found is None:
            raise UnauthenticatedError("your session has ended; sign in again")
        row, user = found
        await self._touch(row)
        account = self._accounts.shown(user)
        held = PERMISSIONS[account.role]
        tenant_id = row.acting_id if row.acting_id and Permission.TENANTS_ENTER in held else row.tenant_id
        principal = Principal(tenant_id, user.id, account.audience, held, CHANNEL)
        return SignedIn(principal, account, row.id, self.csrf(credential), self._ends_at(row))

    async def close(self, credential: str, *, audited: bool = True) -> None:
        """Nothing where it has ended already."""
        found = await self._found(credential)
        if found is None:
            return
        row, user = found
        async with self._database.write(row.tenant_id) as session:
            await session.execute(delete(UserSession).where(UserSession.id == row.id))
            if audited:
                _record(session, self._accounts.shown(user), "session.close", row.id)

    async def of(self, who: SignedIn) -> Sequence[Session]:
        """Their own that live, the newest first."""
        query = select(UserSession).where(UserSession.user_id == who.account.id).order_by(UserSession.created_at.desc())
        async with self._database.read(who.account.tenant_id) as session:
            rows = [row for row in await session.scalars(query) if self._alive(row)]
        return [
            Session(row.id, Method(row.method), row.browser, row.created_at, row.seen_at, row.id == who.session_id)
            for row in rows
        ]

    async def end(self, who: SignedIn, session_id: str) -> None:
        """One of their own. Raises `NotFoundError` for another person's as for an unknown one."""
        mine = (UserSession.id == session_id, UserSession.user_id == who.account.id)
        async with self._database.write(who.account.tenant_id) as session:
            ended = await session.execute(delete(UserSession).where(*mine).returning(UserSession.id))
            if ended.first() is None:
                raise NotFoundError("no such session")
            _record(session, who.account, "session.end", session_id)

    async def enter(self, who: SignedIn, tenant: TenantInfo) -> None:
        """From the next request on they work in that tenant, whose audit tells of it. Raises `ForbiddenError`."""
        self.require_may_enter(who)
        async with self._database.write(tenant.id) as session:
            details = {"home": who.account.tenant_id}
            record(session, tenant.id, actor=who.account.id, action="session.enter", target=who.session_id, **details)
        async with self._database.write(who.account.tenant_id) as session:
            acting = None if tenant.id == who.account.tenant_id else tenant.id
            await session.execute(update(UserSession).where(UserSession.id == who.session_id).values(acting_id=acting))

    def require_may_enter(self, who: SignedIn) -> None:
        """Asked before the tenant is looked for: who may not enter learns nothing of which there are."""
        if Permission.TENANTS_ENTER not in who.principal.permissions:
            raise ForbiddenError("this account belongs to one tenant; platform admins alone enter others")

    def csrf(self, credential: str) -> str:
        """What only a page of our own origin can have read: bound to the session, and gone with it."""
        return self._keyring.digest("user-sessions/csrf", credential)

    async def _found(self, credential: str) -> tuple[UserSession, User] | None:
        match = _CREDENTIAL.fullmatch(credential)
        session_id, secret = match.groups() if match else ("", "")
        query = select(UserSession, User).join(User, User.id == UserSession.user_id).where(UserSession.id == session_id)
        async with self._database.read(Crossing.CREDENTIALS) as session:
            found = (await session.execute(query)).first()
        matches = hmac.compare_digest(found[0].secret_hash if found else _NO_SECRET, self._hash(secret))
        if found is None or not matches or not self._alive(found[0]) or found[1].disabled_at is not None:
            return None
        return found[0], found[1]

    async def _touch(self, row: UserSession) -> None:
        at = self._clock()
        if at - row.seen_at < min(_SEEN, self._idle / 10):
            return
        async with self._database.write(row.tenant_id) as session:
            await session.execute(update(UserSession).where(UserSession.id == row.id).values(seen_at=at))

    async def _make_room(self, session: WriteSession, user_id: str, at: datetime) -> None:
        over = or_(UserSession.seen_at <= at - self._idle, UserSession.created_at <= at - self._absolute)
        await session.execute(delete(UserSession).where(UserSession.user_id == user_id, over))
        newest = select(UserSession.id).where(UserSession.user_id == user_id).order_by(UserSession.created_at.desc())
        surplus = list(await session.scalars(newest.offset(self._most - 1)))
        await session.execute(delete(UserSession).where(UserSession.id.in_(surplus)))

    def _alive(self, row: UserSession) -> bool:
        return self._clock() < self._ends_at(row)

    def _ends_at(self, row: UserSession) -> datetime:
        return min(row.seen_at + self._idle, row.created_at + self._absolute)

    def _hash(self, secret: str) -> str:
        return self._keyring.digest("user-sessions", secret)


def _record(session: WriteSession, account: Account, action: str, session_id: str, **details: object) -> None:
    record(session, account.tenant_id, actor=account.id, action=action, target=session_id, **details)
