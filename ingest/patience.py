"""How much a sync puts up with: a source that fails again and again, or keeps it waiting for hours, is given up until the next."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager

from core.errors import CopilotError
from ingest.retries import is_transient
from ingest.sources.base import SourceUnreachableError

_RECOVERY = 0.25
"""Of a fault, made good by one answer: a source of which every fifth answer is missing is still read, slowly, to its end."""


class Patience:
    """Of one sync with its source: `faults` that may pass and `wait_s` seconds in all. `spent` tells why it is over."""

    def __init__(self, *, faults: int, wait_s: float) -> None:
        self._faults = faults
        self._wait_s = wait_s
        self._weight = 0.0
        self._waited_s = 0.0
        self._last: CopilotError | None = None

    @contextmanager
    def waiting(self) -> Iterator[None]:
        """Around what the source is asked for."""
        began = time.monotonic()
        try:
            yield
        finally:
            self._waited_s += time.monotonic() - began

    def answered(self) -> None:
        self._weight = max(0.0, self._weight - _RECOVERY)

    def failed(self, fault: CopilotError) -> None:
        """A fault that will not pass is the item's, and says nothing of its source."""
        if is_transient(fault):
            self._weight, self._last = self._weight + 1, fault

    @property
    def spent(self) -> SourceUnreachableError | None:
        if self._last is not None and self._weight >= self._faults:
            return SourceUnreachableError(
                f"the source failed too often (COPILOT_INGEST__SOURCE_FAULTS={self._faults}), lastly: {self._last.detail}; "
                "what was taken in stays, and the next sync goes on from there",
                code="source_failing",
            )
        if self._waited_s >= self._wait_s:
            return SourceUnreachableError(
                f"the source kept this sync waiting for {self._wait_s:g} s (COPILOT_INGEST__SOURCE_WAIT_S); what was taken in "
                "stays, and the next sync goes on from there",
                code="source_slow",
            )
        return None
