"""Waits that grow with each wrong password: of one account from anywhere, and from one address for any account.

They are counted before the password is looked at, in the database: so many tries at once are no more tries, and neither are many
processes. Whether an account exists changes nothing.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta

from sqlalchemy import delete, update

from core.crossings import NO_TENANT
from core.database import Database, WriteSession, wait_turn
from core.errors import RateLimitedError
from core.keyring import Keyring
from core.models import SignInFailure, now
from core.settings import SignInSettings


class Throttle:
    """Counts tries, and takes back those that were right."""

    def __init__(
        self, database: Database, keyring: Keyring, settings: SignInSettings, *, clock: Callable[[], datetime] = now
    ) -> None:
        self._database = database
        self._keyring = keyring
        self._settings = settings
        self._clock = clock

    async def admit(self, *, account: str, address: str) -> None:
        """Count a try. Raises `RateLimitedError` (`sign_in_wait`) with the seconds to wait, and then counts nothing."""
        at = self._clock()
        most = self._limits(account, address)
        async with self._database.write(NO_TENANT) as session:
            await session.execute(delete(SignInFailure).where(SignInFailure.last_at < self._forgotten(at)))
            rows = {key: await _locked(session, key) for key in sorted(most)}
            waits = [row.wait_until for row in rows.values() if row is not None and row.wait_until is not None]
            if (until := max(waits, default=at)) > at:
                raise _must_wait(until - at)
            for key, row in rows.items():
                self._count(session, key, row, most[key], at)

    async def forgive(self, *, account: str, address: str) -> None:
        """The password was right: the account starts anew, and the address made one wrong try less."""
        mine, theirs = self._key("account", account), self._key("address", address)
        async with self._database.write(NO_TENANT) as session:
            await session.execute(delete(SignInFailure).where(SignInFailure.key_hash == mine))
            fewer = update(SignInFailure).where(SignInFailure.key_hash == theirs, SignInFailure.failures > 0)
            await session.execute(fewer.values(failures=SignInFailure.failures - 1, wait_until=None))

    def _count(self, session: WriteSession, key: str, row: SignInFailure | None, most: int, at: datetime) -> None:
        if row is None:
            row = SignInFailure(key_hash=key, failures=0)
            session.add(row)
        row.failures += 1
        row.last_at = at
        row.wait_until = at + self._wait(row.failures - most) if row.failures >= most else None

    def _wait(self, beyond: int) -> timedelta:
        doubled = self._settings.wait_s * 2.0 ** min(beyond, 60)
        return timedelta(seconds=min(doubled, self._settings.longest_wait_s))

    def _forgotten(self, at: datetime) -> datetime:
        return at - timedelta(hours=self._settings.forget_hours)

    def _limits(self, account: str, address: str) -> Mapping[str, int]:
        return {
            self._key("account", account): self._settings.tries_per_account,
            self._key("address", address): self._settings.tries_per_address,
        }

    def _key(self, kind: str, value: str) -> str:
        return self._keyring.digest(f"sign-in/{kind}", value)


async def _locked(session: WriteSession, key: str) -> SignInFailure | None:
    """Nobody else counts this one meanwhile, though it may not be there yet."""
    await wait_turn(session, f"sign-in/{key}")
    return await session.get(SignInFailure, key, with_for_update=True)


def _must_wait(left: timedelta) -> RateLimitedError:
    seconds = math.ceil(left.total_seconds())
    return RateLimitedError(
        f"too many wrong sign-ins; try again in {seconds} seconds",
        code="sign_in_wait",
        members={"retry_after_s": seconds},
    )
