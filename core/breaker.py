"""A circuit breaker: after repeated faults of a part it refuses calls at once, then lets a single probe find out."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from enum import StrEnum


class Circuit(StrEnum):
    CLOSED = "closed"
    OPEN = "open"
    HALF_OPEN = "half_open"


class Permit:
    """Leave to make one call. Settle it exactly once; later words about it are ignored."""

    __slots__ = ("_breaker", "_epoch", "_settled")

    def __init__(self, breaker: Breaker, epoch: int) -> None:
        self._breaker = breaker
        self._epoch = epoch
        self._settled = False

    def succeeded(self) -> None:
        self._settle(True)

    def failed(self) -> None:
        self._settle(False)

    def abandoned(self) -> None:
        """The call says nothing about the part: its caller went away, or asked for something impossible."""
        self._settle(None)

    def _settle(self, healthy: bool | None) -> None:
        if not self._settled:
            self._settled = True
            self._breaker._settle(self._epoch, healthy)


class Breaker:
    """Closed → `failures` faults in a row → open for `cooldown_s` seconds → half open, where exactly one call may pass.
    Safe between threads.

    Of own making: the two async breakers tried let 50 of 50 concurrent calls through while half open.
    """

    def __init__(
        self, *, failures: int = 5, cooldown_s: float = 15.0, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._limit = failures
        self._cooldown_s = cooldown_s
        self._clock = clock
        self._lock = threading.Lock()
        self._faults = 0
        self._opened_at: float | None = None
        self._probing = False
        # Counts the changes of state, so that a call admitted before a change cannot decide about what came after it.
        self._epoch = 0

    @property
    def circuit(self) -> Circuit:
        if self._opened_at is None:
            return Circuit.CLOSED
        cooling = self._clock() - self._opened_at < self._cooldown_s
        return Circuit.OPEN if cooling and not self._probing else Circuit.HALF_OPEN

    def acquire(self) -> Permit | None:
        """Leave to call, or `None` while the circuit is open or its one probe is under way."""
        with self._lock:
            if self._opened_at is None:
                return Permit(self, self._epoch)
            if self._probing or self._clock() - self._opened_at < self._cooldown_s:
                return None
            self._probing = True
            self._epoch += 1
            return Permit(self, self._epoch)

    def _settle(self, epoch: int, healthy: bool | None) -> None:
        with self._lock:
            if epoch != self._epoch:
                return
            if self._probing:
                self._probe_ended(healthy)
            elif healthy is not None:
                self._faults = 0 if healthy else self._faults + 1
                if self._faults >= self._limit:
                    self._change(opened_at=self._clock())

    def _probe_ended(self, healthy: bool | None) -> None:
        self._probing = False
        if healthy is None:
            return  # still half open: the next call is the probe
        self._change(opened_at=None if healthy else self._clock())

    def _change(self, *, opened_at: float | None) -> None:
        self._opened_at = opened_at
        self._faults = 0
        self._epoch += 1
