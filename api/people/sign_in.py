"""Signing in with a password, and changing it. Unknown, disabled, passwordless and wrong get one answer, after the same work."""

from __future__ import annotations

from dataclasses import dataclass

import structlog

from api.people.accounts import Accounts, normal_email
from api.people.passwords import Passwords
from api.people.sessions import Method, Sessions, SignedIn
from api.people.throttle import Throttle
from core.errors import ConflictError, ForbiddenError, InvalidRequestError, UnauthenticatedError
from core.models import User

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Visitor:
    """From where somebody signs in. `replaces` is the session's credential that the browser sent along."""

    address: str
    browser: str = ""
    replaces: str | None = None


class SignInDesk:
    """The door for local accounts."""

    def __init__(
        self, accounts: Accounts, passwords: Passwords, sessions: Sessions, throttle: Throttle, *, enabled: bool
    ) -> None:
        self._accounts = accounts
        self._passwords = passwords
        self._sessions = sessions
        self._throttle = throttle
        self.enabled = enabled

    async def sign_in(self, email: str, password: str, visitor: Visitor) -> str:
        """A new session's credential. Raises `UnauthenticatedError` (`wrong_credentials`), which never says what was wrong,
        `RateLimitedError` (`sign_in_wait`), and `ForbiddenError` (`passwords_off`)."""
        if not self.enabled:
            raise ForbiddenError("this service signs people in by its identity provider alone", code="passwords_off")
        key = self._key(email)
        await self._throttle.admit(account=key, address=visitor.address)
        row = await self._accounts.row(User.email_hash == key)
        stored = None if row is None or row.disabled_at is not None else row.password_hash
        if not await self._passwords.matches(stored, password) or row is None:
            log.warning("sign_in_refused", account=key[:12])
            raise UnauthenticatedError("the e-mail address or the password is wrong", code="wrong_credentials")
        await self._throttle.forgive(account=key, address=visitor.address)
        if stored and self._passwords.outdated(stored):
            await self._renew(row, password)
        account = self._accounts.shown(row)
        return await self._sessions.open(
            account, method=Method.PASSWORD, browser=visitor.browser, replaces=visitor.replaces
        )

    async def change_password(self, who: SignedIn, *, current: str, new: str, address: str) -> None:
        """Their other sessions end. Raises `UnauthenticatedError` (`wrong_credentials`), `InvalidRequestError`
        (`weak_password`), `RateLimitedError` (`sign_in_wait`), and `ConflictError` (`no_password`)."""
        key = self._key(who.account.email)
        row = await self._accounts.row(User.id == who.account.id)
        if row is None or row.password_hash is None:
            raise ConflictError(
                "this account has no password; it signs in by the identity provider", code="no_password"
            )
        await self._throttle.admit(account=key, address=address)
        if not await self._passwords.matches(row.password_hash, current):
            raise UnauthenticatedError("the current password is wrong", code="wrong_credentials")
        await self._throttle.forgive(account=key, address=address)
        mine = who.account
        await self._accounts.set_password(mine.tenant_id, mine.id, new, actor=mine.id, keep=who.session_id)

    def _key(self, email: str) -> str:
        """Of what is no address, too: it is counted and looked for like any other."""
        try:
            return self._accounts.hash_of(normal_email(email))
        except InvalidRequestError:
            return self._accounts.hash_of(email)

    async def _renew(self, row: User, password: str) -> None:
        try:
            renewed = await self._passwords.hash(password, email=self._accounts.shown(row).email)
        except InvalidRequestError:
            return  # good enough once; today's rules are for the next one
        await self._accounts.rehash(row.tenant_id, row.id, renewed)
