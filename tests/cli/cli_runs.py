"""The command as a user starts it: a child process with a data folder of its own."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx

from tests.servers.ports import wait_for

ROOT = Path(__file__).parents[2]
COMMAND = [sys.executable, "-c", "import cli; cli.main()"]
LIMIT_S = 240.0
Json = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Done:
    """How a command ended."""

    status: int
    out: str
    err: str

    def json_lines(self) -> list[Json]:
        """Standard output, which holds JSON and nothing else."""
        return [json.loads(line) for line in self.out.splitlines()]

    def failed(self, code: str, *, status: int = 1) -> str:
        """The one line that tells the fault; nothing is on standard output."""
        assert self.status == status, self
        assert self.out == ""
        [line] = [line for line in self.err.splitlines() if line.startswith("error: ")]
        assert line.endswith(f"[{code}]"), line
        assert "Traceback" not in self.err
        return line

    def done(self) -> Done:
        assert self.status == 0, self
        assert "Traceback" not in self.err
        return self


@dataclass(frozen=True, slots=True)
class Home:
    """A data folder, and the settings that commands on it run under."""

    folder: Path
    settings: dict[str, str] = field(default_factory=dict)

    def run(self, *words: str, stdin: str | bytes = b"", **settings: str) -> Done:
        given = stdin.encode() if isinstance(stdin, str) else stdin
        found = subprocess.run(
            [*COMMAND, *words],
            input=given,
            capture_output=True,
            cwd=ROOT,
            env=self.environment(settings),
            timeout=LIMIT_S,
            check=False,
        )
        return Done(found.returncode, found.stdout.decode(), found.stderr.decode())

    def start(self, *words: str, **settings: str) -> subprocess.Popen[str]:
        return subprocess.Popen(
            [*COMMAND, *words],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            cwd=ROOT,
            env=self.environment(settings),
        )

    def environment(self, settings: dict[str, str]) -> dict[str, str]:
        kept = {name: value for name, value in os.environ.items() if not name.startswith("COPILOT_")}
        # Wide, so that no help text is broken where a test looks for a sentence.
        return {
            **kept,
            "COPILOT_HOME": str(self.folder),
            "HF_HUB_OFFLINE": "1",
            "COLUMNS": "200",
            **self.settings,
            **settings,
        }


@dataclass(frozen=True, slots=True)
class Served:
    """A running `serve` on `home`."""

    home: Home
    url: str
    process: subprocess.Popen[str]


@contextmanager
def serving(home: Home) -> Iterator[Served]:
    process = home.start("serve", "--port", "0")
    try:
        wait_for(lambda: _ready(process, home), seconds=LIMIT_S, what="the server's start")
        yield Served(home, _url(home), process)
    finally:
        said = stopped(process)
        print(said)
    assert "Traceback" not in said


def stopped(process: subprocess.Popen[str], by: signal.Signals = signal.SIGTERM) -> str:
    """Everything that the process said, once it has ended."""
    if process.poll() is None:
        process.send_signal(by)
    try:
        return process.communicate(timeout=60)[0]
    except subprocess.TimeoutExpired:
        process.kill()
        raise


def _url(home: Home) -> str:
    return str(json.loads((home.folder / "server.json").read_text("utf-8"))["url"])


def _ready(process: subprocess.Popen[str], home: Home) -> bool:
    assert process.poll() is None, "the server ended at its start"
    try:
        return httpx.get(f"{_url(home)}/readyz", timeout=5.0, trust_env=False).status_code == 200
    except (FileNotFoundError, httpx.TransportError):
        return False
