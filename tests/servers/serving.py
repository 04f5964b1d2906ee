"""The real `partner-copilot serve` as a child process, with tenants of the tests' own."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx

from api.store import open_store
from core.domain import Audience, Role
from core.settings import Settings
from tests.servers.ports import wait_for
from tests.servers.product import Product

START_S = 180.0
STOP_S = 60.0


@dataclass(frozen=True, slots=True)
class Server:
    url: str
    home: Path
    log: Path
    pid: int

    def tenant(self, slug: str) -> httpx.Client:
        """A new tenant's operator; for a `with` block."""
        headers = {"Authorization": f"Bearer {asyncio.run(self._key(slug))}"}
        return httpx.Client(base_url=self.url, headers=headers, timeout=120.0, trust_env=False)

    async def _key(self, slug: str) -> str:
        async with open_store(Settings(home=self.home)) as store:
            tenant = await store.tenants.create(slug)
            return (await store.keys.create(tenant.id, role=Role.OPERATOR, audience=Audience.AGENT)).token


@contextmanager
def running_server(home: Path, settings: Mapping[str, str]) -> Iterator[Server]:
    """Ready to answer. At the end it must leave in order, without an unexpected fault in its log."""
    log = home.with_suffix(".log")
    kept = {name: value for name, value in os.environ.items() if not name.startswith("COPILOT_")}
    environment = {**kept, "COPILOT_HOME": str(home), "HF_HUB_OFFLINE": "1", **settings}
    process = Product("serve", "--port", "0", environment=environment, log=log)
    try:
        wait_for(lambda: _ready(process, home), seconds=START_S, what="the server's start")
        yield Server(_url(home), home, log, process.pid)
    except BaseException:
        print(log.read_text("utf-8", errors="replace"))
        raise
    finally:
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(STOP_S)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
            raise
    assert "Traceback" not in log.read_text("utf-8", errors="replace")


def _url(home: Path) -> str:
    return str(json.loads((home / "server.json").read_text("utf-8"))["url"])


def _ready(process: Product, home: Path) -> bool:
    if process.poll() is not None:
        raise RuntimeError(f"the server ended at its start with status {process.returncode}")
    try:
        return httpx.get(f"{_url(home)}/readyz", timeout=5.0, trust_env=False).status_code == 200
    except (FileNotFoundError, httpx.TransportError):
        return False
