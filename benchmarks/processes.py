"""Child processes that are measured from outside: their output, their memory, a server that is up."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import psutil

ROOT = Path(__file__).parents[1]
SAMPLE_S = 0.5


@dataclass(slots=True)
class Memory:
    """Over a process and its descendants: `peak`, the largest sum of resident bytes, a page that n processes share counted as an
    n-th in each (PSS); `largest`, the most that a single one of them had resident (RSS)."""

    peak: int = 0
    largest: int = 0

    @contextmanager
    def watch(self, pid: int) -> Iterator[None]:
        done = threading.Event()
        watcher = threading.Thread(target=self._sample, args=(psutil.Process(pid), done))
        watcher.start()
        try:
            yield
        finally:
            done.set()
            watcher.join()

    def _sample(self, root: psutil.Process, done: threading.Event) -> None:
        while not done.wait(SAMPLE_S):
            tree = [_resident(process) for process in _tree(root)]
            self.peak = max(self.peak, sum(shared for shared, _ in tree))
            self.largest = max(self.largest, *(whole for _, whole in tree))


def _tree(root: psutil.Process) -> list[psutil.Process]:
    try:
        return [root, *root.children(recursive=True)]
    except psutil.NoSuchProcess:
        return []


def _resident(process: psutil.Process) -> tuple[int, int]:
    """PSS and RSS."""
    try:
        found = process.memory_full_info()
        return int(found.pss), int(found.rss)
    except (psutil.NoSuchProcess, psutil.AccessDenied):
        return 0, 0


def environment(home: Path) -> dict[str, str]:
    """Models are local, and no quota stands between the clients and the measurement."""
    return os.environ | {
        "COPILOT_HOME": str(home),
        "COPILOT_QUOTA__QUESTIONS_PER_MINUTE": "1000000",
        "COPILOT_LOG__LEVEL": "WARNING",
        "HF_HUB_OFFLINE": "1",
        "TOKENIZERS_PARALLELISM": "false",
        "TQDM_DISABLE": "1",
    }


def call(module: str, arguments: Sequence[object], *, home: Path, memory: Memory | None = None) -> dict[str, Any]:
    """Run a module that prints one JSON object as its last line. Ends the process where it fails."""
    child = subprocess.Popen(
        [sys.executable, "-m", module, *map(str, arguments)],
        cwd=ROOT,
        env=environment(home),
        stdout=subprocess.PIPE,
        text=True,
    )
    with (memory or Memory()).watch(child.pid):
        output, _ = child.communicate()
    if child.returncode:
        sys.exit(f"{module} failed with status {child.returncode}")
    printed: dict[str, Any] = json.loads(output.strip().splitlines()[-1])
    return printed


@contextmanager
def answering(module: str, arguments: Sequence[object], *, home: Path) -> Iterator[Callable[[str], str]]:
    """A module that answers each line of its input with one line, ended with the block."""
    with subprocess.Popen(
        [sys.executable, "-m", module, *map(str, arguments)],
        cwd=ROOT,
        env=environment(home),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as child:
        assert child.stdin
        assert child.stdout
        sent, received = child.stdin, child.stdout

        def say(line: str) -> str:
            sent.write(" ".join(line.split()) + "\n")
            sent.flush()
            return received.readline()

        try:
            yield say
        finally:
            sent.close()
            child.wait(30)


@dataclass(frozen=True, slots=True)
class Server:
    """`ready_s`: from the start of the process until /readyz said yes."""

    url: str
    pid: int
    ready_s: float


@contextmanager
def serving(home: Path, *, limit_s: float = 180) -> Iterator[Server]:
    """A server of our own on a free loopback port, ended with the block."""
    began = time.perf_counter()
    log = home.parent / "server.log"
    with log.open("w") as output:
        child = subprocess.Popen(
            [sys.executable, "-c", "import cli; cli.main()", "serve", "--host", "127.0.0.1", "--port", "0"],
            cwd=ROOT,
            env=environment(home),
            stdout=output,
            stderr=output,
        )
        try:
            url = _ready(child, home, log, began + limit_s)
            yield Server(url, child.pid, time.perf_counter() - began)
        finally:
            child.terminate()
            try:
                child.wait(30)
            except subprocess.TimeoutExpired:
                child.kill()
                child.wait()


def _ready(child: subprocess.Popen[bytes], home: Path, log: Path, until: float) -> str:
    while time.perf_counter() < until and child.poll() is None:
        url = _announced(home, child.pid)
        if url and _says_yes(url):
            return url
        time.sleep(0.02)
    sys.exit(f"the server did not get ready:\n{log.read_text()[-2000:]}")


def _announced(home: Path, pid: int) -> str | None:
    try:
        found = json.loads((home / "server.json").read_text("utf-8"))
    except (OSError, ValueError):
        return None
    return str(found["url"]) if found["pid"] == pid else None


def _says_yes(url: str) -> bool:
    try:
        return httpx.get(f"{url}/readyz", timeout=5).status_code == 200
    except httpx.TransportError:
        return False
