"""Runs the server, and tells other processes on the same data folder where it is."""

from __future__ import annotations

import json
import os
import signal
import socket
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import uvicorn
from filelock import FileLock, Timeout

from api.app import create_app
from api.bootstrap import Services
from core.errors import ConflictError
from core.settings import Settings

_FILE, _LOCK = "server.json", "server.lock"
PROBE_S = 1.0
"""Whoever asks whether a server runs holds the lock for a moment; a server that starts then waits for so long."""

Ready = Callable[[Services, str], Awaitable[None]]
"""`(services, url)`, before the server calls itself ready."""


def serve(settings: Settings, *, host: str, port: int, ready: Ready) -> None:
    """Until a signal ends it. Raises what kept the services from opening."""
    failure: list[Exception] = []

    async def failed(error: Exception) -> None:
        failure.append(error)
        server.should_exit = True

    async def prepare(services: Services) -> None:
        await ready(services, url)

    app = create_app(settings, on_failure=failed, prepare=prepare)
    server = uvicorn.Server(
        uvicorn.Config(
            app,
            host=host,
            port=port,
            log_config=None,
            access_log=False,
            timeout_graceful_shutdown=settings.server.drain_s,
            server_header=False,
        )
    )
    listener = _bind(host, port)
    url = f"http://{'localhost' if host in ('0.0.0.0', '::') else host}:{listener.getsockname()[1]}"  # noqa: S104
    for number in (signal.SIGINT, signal.SIGTERM):
        # uvicorn drains, and then raises the signal again: whoever was asked to stop and did has not failed.
        signal.signal(number, lambda *_: None)
    with announced(settings.home, url):
        server.run(sockets=[listener])
    if failure:
        raise failure[0]


def _bind(host: str, port: int) -> socket.socket:
    """Bound by us and not by the server, so that a taken port is our error, and port 0 is known before the first request."""
    try:
        listener = socket.create_server((host, port), family=socket.AF_INET6 if ":" in host else socket.AF_INET)
    except OSError as error:
        raise ConflictError(
            f"cannot listen on port {port} of {host} ({error.strerror}); choose another with --port (make demo: PORT=8001)",
            code="port_taken",
        ) from None
    # asyncio sets this only on sockets that it makes; without it every answer waits 40 ms for an acknowledgement.
    listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return listener


@contextmanager
def announced(home: Path, url: str) -> Iterator[None]:
    """`server.json` in the home folder, for as long as the server runs. A second server on the same folder leaves the first
    one's as it is.

    A lock says that the server lives: a process number would be somebody else's after a crash, in containers at once.
    """
    home.mkdir(parents=True, exist_ok=True, mode=0o700)
    lock = FileLock(home / _LOCK)
    try:
        lock.acquire(timeout=PROBE_S)
    except Timeout:
        yield
        return
    file = home / _FILE
    draft = file.with_suffix(".new")
    draft.write_text(json.dumps({"url": url, "pid": os.getpid()}), "utf-8")
    draft.replace(file)
    try:
        yield
    finally:
        file.unlink(missing_ok=True)
        lock.release()


def running_url(home: Path) -> str | None:
    """Where a server on this data folder listens; None where none runs."""
    try:
        found = json.loads((home / _FILE).read_text("utf-8"))
        with FileLock(home / _LOCK, timeout=0):
            return None
    except Timeout:
        return str(found["url"])
    except (OSError, ValueError):
        return None
