"""A hook before strangers: what a panel must bring for a session without a signed identity."""

from __future__ import annotations

import hashlib
from typing import Protocol

from core.settings import WidgetSettings


class Challenge(Protocol):
    """`bits` is what the panel is told: 0 where nothing is asked of it. A captcha of the house's own is another of these."""

    bits: int

    def passed(self, ticket: str, visitor: str, work: str) -> bool: ...


class NullChallenge:
    """Asks nothing."""

    bits = 0

    def passed(self, ticket: str, visitor: str, work: str) -> bool:
        return True


class ProofOfWork:
    """A number whose SHA-256 with the panel's ticket and the browser's name begins with `bits` zero bits (hashcash, Back 2002):
    each further name that a flood of sessions goes by costs 2^bits hashes."""

    def __init__(self, bits: int) -> None:
        self.bits = bits

    def passed(self, ticket: str, visitor: str, work: str) -> bool:
        digest = hashlib.sha256(f"{ticket}.{visitor}.{work}".encode()).digest()
        return int.from_bytes(digest) >> (len(digest) * 8 - self.bits) == 0


def challenge_of(settings: WidgetSettings) -> Challenge:
    return ProofOfWork(settings.challenge_bits) if settings.challenge_bits else NullChallenge()
