"""Waiting for a port of the loopback."""

from __future__ import annotations

import socket
import time
from collections.abc import Callable


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def wait_for(ready: Callable[[], bool], *, seconds: float, what: str) -> None:
    """Raises `TimeoutError` where `ready` stays false."""
    until = time.monotonic() + seconds
    while not ready():
        if time.monotonic() > until:
            raise TimeoutError(f"{what} did not happen within {seconds:g} s")
        time.sleep(0.02)
