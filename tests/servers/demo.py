"""The real `partner-copilot demo` as a child process."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx

from tests.servers.ports import wait_for

ROOT = Path(__file__).parents[2]
START_S = 600.0
STOP_S = 60.0


@dataclass(frozen=True, slots=True)
class Demo:
    """A running demo. `keys` are tokens by tenant's slug."""

    url: str
    keys: dict[str, str]
    home: Path

    def api(self, tenant: str) -> httpx.Client:
        """For a `with` block."""
        return httpx.Client(
            base_url=self.url, headers={"Authorization": f"Bearer {self.keys[tenant]}"}, timeout=60.0, trust_env=False
        )


@contextmanager
def running_demo(home: Path) -> Iterator[Demo]:
    """Seeded and ready. At the end it must leave on SIGTERM, orderly and without an error in its log."""
    log = home.with_suffix(".log")
    with log.open("wb") as out:
        process = subprocess.Popen(
            [sys.executable, "-c", "import cli; cli.main()", "demo", "--port", "0"],
            cwd=ROOT,
            env=_environment(home),
            stdout=out,
            stderr=out,
        )
    try:
        wait_for(lambda: _ready(process, home), seconds=START_S, what="the demo's start")
        stated = json.loads((home / "demo.json").read_text("utf-8"))
        yield Demo(stated["url"], stated["keys"], home)
    except BaseException:
        print(log.read_text("utf-8", errors="replace"))
        raise
    finally:
        code = _stopped(process)
    text = log.read_text("utf-8", errors="replace")
    # A server that was told to stop tidies up first and then dies of the signal, as process managers expect.
    assert code in (0, -signal.SIGTERM), f"the demo ended with status {code}:\n{text}"
    assert "Traceback" not in text, f"the demo's log holds a fault:\n{text}"


def _environment(home: Path) -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith("COPILOT_")}
    return {**kept, "COPILOT_HOME": str(home), "HF_HUB_OFFLINE": "1"}


def _ready(process: subprocess.Popen[bytes], home: Path) -> bool:
    if process.poll() is not None:
        raise RuntimeError(f"the demo ended at its start with status {process.returncode}")
    if not (home / "demo.json").is_file():
        return False
    url = json.loads((home / "demo.json").read_text("utf-8"))["url"]
    try:
        return httpx.get(f"{url}/readyz", timeout=5.0, trust_env=False).status_code == 200
    except httpx.TransportError:
        return False


def _stopped(process: subprocess.Popen[bytes]) -> int:
    process.send_signal(signal.SIGTERM)
    try:
        return process.wait(STOP_S)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
        return -signal.SIGKILL
