"""Passwords: what is taken for one, and argon2id (RFC 9106) over it, off the loop and few at a time."""

from __future__ import annotations

import asyncio
import unicodedata

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from core.errors import InvalidRequestError
from core.settings import SignInSettings

LONGEST = 256
"""Characters; more is no password, and work for nothing."""
_FEWEST_DIFFERENT = 5


class Passwords:
    """Hashes and compares. A hash costs `argon2_memory_kib` of memory while it is made, so few are made at a time."""

    def __init__(self, settings: SignInSettings) -> None:
        self._fewest = settings.min_password_chars
        self._hasher = PasswordHasher(settings.argon2_passes, settings.argon2_memory_kib, settings.argon2_lanes)
        self._turns = asyncio.Semaphore(settings.hashes_at_once)
        self._nobodys: str | None = None

    async def hash(self, password: str, *, email: str) -> str:
        """As a PHC string. Raises `InvalidRequestError` (`weak_password`) saying what is asked for."""
        self._require_strong(password, email)
        async with self._turns:
            return await asyncio.to_thread(self._hasher.hash, _normal(password))

    async def matches(self, stored: str | None, password: str) -> bool:
        """Whether it is the one. Where none is stored a made-up one is compared: the answer takes as long, and is no."""
        if stored is None and self._nobodys is None:
            async with self._turns:
                self._nobodys = await asyncio.to_thread(self._hasher.hash, "nobody's")
        async with self._turns:
            same = await asyncio.to_thread(self._same, stored or str(self._nobodys), password)
        return same and stored is not None

    def outdated(self, stored: str) -> bool:
        """Whether it was made with other costs than today's."""
        return self._hasher.check_needs_rehash(stored)

    def _same(self, stored: str, password: str) -> bool:
        try:
            return len(password) <= LONGEST and self._hasher.verify(stored, _normal(password))
        except (VerificationError, InvalidHashError):
            return False

    def _require_strong(self, password: str, email: str) -> None:
        normal = _normal(password)
        if not self._fewest <= len(normal) <= LONGEST:
            raise _weak(f"a password has {self._fewest} to {LONGEST} characters")
        if len(set(normal)) < _FEWEST_DIFFERENT:
            raise _weak(f"a password has at least {_FEWEST_DIFFERENT} different characters")
        if email.partition("@")[0] in normal.casefold():
            raise _weak("a password does not hold the account's own name")


def _normal(password: str) -> str:
    """One spelling however it was typed (NIST SP 800-63B, 3.1.1.2)."""
    return unicodedata.normalize("NFKC", password)


def _weak(detail: str) -> InvalidRequestError:
    return InvalidRequestError(detail, code="weak_password")
