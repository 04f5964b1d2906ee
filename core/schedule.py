"""When work is done again: after a passing fault, and at the turn of a period. Both are spread, so that nothing comes in waves."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from hashlib import sha256

from core.errors import CopilotError, LLMError, RateLimitedError, UnavailableError


def is_passing(fault: CopilotError) -> bool:
    """The same work may succeed later, with nothing changed by anybody."""
    if isinstance(fault, LLMError):
        return fault.transient
    return isinstance(fault, (UnavailableError, RateLimitedError))


def pause_s(attempt: int, *, base_s: float, most_s: float, draw: Callable[[], float]) -> float:
    """Before the try that follows the `attempt`-th failure (from 1): anything up to ``base · 2^(attempt-1)``, at most `most_s`.

    "Full jitter" of Brooker, "Exponential Backoff and Jitter" (AWS Architecture Blog, 2015); `draw` gives 0…1.
    """
    # A float has no exponent beyond 1023, and no pause needs one beyond 62.
    return draw() * min(most_s, base_s * 2.0 ** min(attempt - 1, 62))


def next_turn(name: str, last: datetime, *, every_s: float, jitter: float) -> datetime:
    """When `name`, done at `last`, is due again: after `every_s`, moved by up to ± half of `jitter`'s share of it.

    Drawn from name and time, so that every process comes to the same moment, and the moment is another one each time.
    """
    digest = sha256(f"{name}/{last.isoformat()}".encode()).digest()
    share = int.from_bytes(digest[:8], "big") / 2**64 - 0.5
    return last + timedelta(seconds=every_s * (1 + jitter * share))
