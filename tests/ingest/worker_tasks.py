"""What the worker tests let a child do: module-level functions, because children find them by name."""

from __future__ import annotations

import os
import signal
import time
from pathlib import Path

from core.errors import DocumentError

STATE = {"loaded": False, "furnished": False}


def load() -> None:
    print("a library that prints")
    STATE["loaded"] = True


def fail_to_load() -> None:
    raise SystemExit(3)


def furnish(task: tuple[str, object]) -> None:
    """As long as the task says; one that says no number fails."""
    if task[0] == "furnished":
        time.sleep(float(str(task[1])))
        STATE["furnished"] = True


def act(task: tuple[str, object]) -> object:
    """Do what the task says, and return something to tell it by."""
    name, argument = task
    return _ACTS[name](argument)


def _sleep(seconds: object) -> object:
    time.sleep(float(str(seconds)))
    return "slept"


def _spin(_: object) -> object:
    while True:
        pass


def _hoard(mebibytes: object) -> object:
    return len(bytes(int(str(mebibytes)) << 20))


def _document_error(code: object) -> object:
    raise DocumentError("named remedy", code=str(code))


def _bug(text: object) -> object:
    raise KeyError(text)


def _die(number: object) -> object:
    os.kill(os.getpid(), int(str(number)))
    return None


def _interrupt(_: object) -> object:
    os.kill(os.getpid(), signal.SIGINT)
    return "alive"


_ACTS = {
    "echo": lambda argument: argument,
    "pid": lambda _: os.getpid(),
    "loaded": lambda _: STATE["loaded"],
    "furnished": lambda _: STATE["furnished"],
    "stdout": lambda _: Path("/proc/self/fd/1").readlink() == Path("/proc/self/fd/2").readlink(),
    "sleep": _sleep,
    "spin": _spin,
    "hoard": _hoard,
    "document_error": _document_error,
    "bug": _bug,
    "die": _die,
    "interrupt": _interrupt,
}
