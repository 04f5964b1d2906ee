"""Lists and runs the benchmarks: `python -m benchmarks [--list] [NAME [OPTIONS]]`; without a name, all of them."""

from __future__ import annotations

import importlib
import sys
from types import ModuleType

from benchmarks.pages import DATA

NAMES = (
    "startup", "ask", "grounding", "ids", "ingest", "injection", "pdf", "precision", "redaction", "releases", "resync", "retrieval",
)  # fmt: skip


def main(arguments: list[str]) -> int:
    match arguments:
        case ["--list" | "--help" | "-h", *_]:
            for name in NAMES:
                print(f"{name:10} {(_module(name).__doc__ or '').splitlines()[0]}")
            return 0
        case [name, *rest] if name in NAMES:
            return _run(name, rest)
        case [name, *_] if not name.startswith("-"):
            print(f"there is no benchmark '{name}'; there are {', '.join(NAMES)}", file=sys.stderr)
            return 2
        case [] | ["--data", _]:
            return max([_run(name, arguments or ["--data", str(DATA)]) for name in NAMES])
        case _:
            print("without a benchmark's name, --data is the only option", file=sys.stderr)
            return 2


def _run(name: str, arguments: list[str]) -> int:
    print(f"== {name}", flush=True)
    sys.argv = [f"benchmarks.{name}", *arguments]
    return int(_module(name).main() or 0)


def _module(name: str) -> ModuleType:
    return importlib.import_module(f"benchmarks.{name}")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
