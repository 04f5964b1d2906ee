"""Another try for what may pass by itself: a server that is busy, an index that is away for a moment."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import TypeVar

from core.errors import CopilotError
from core.schedule import is_passing, pause_s

T = TypeVar("T")

_TRANSIENT_STATUS = frozenset({408, 425, 429, 502, 503, 504})


def is_transient(fault: CopilotError) -> bool:
    """The same work may succeed with nothing changed by anybody.

    Adapters say so by the error's type, its status or its own word; a worker's `timeout` says nothing of the kind, for the same
    file takes as long again.
    """
    return is_passing(fault) or fault.status in _TRANSIENT_STATUS or getattr(fault, "transient", False) is True


@dataclass(frozen=True, slots=True)
class Retries:
    """`attempts` tries in all. Between two, a random pause of up to `wait_s`, doubled each time, at most `longest_s`."""

    attempts: int = 3
    wait_s: float = 0.5
    longest_s: float = 10.0

    async def run(self, work: Callable[[], Awaitable[T]]) -> T:
        """Raises the last try's fault, and any that is not transient at once."""
        for tried in range(1, self.attempts):
            try:
                return await work()
            except CopilotError as fault:
                if not is_transient(fault):
                    raise
            await asyncio.sleep(pause_s(tried, base_s=self.wait_s, most_s=self.longest_s, draw=random.random))
        return await work()
