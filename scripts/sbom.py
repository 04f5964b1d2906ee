"""Writes the bill of materials, CycloneDX 1.6 in JSON, of what the product runs on: from the lock files and what is installed.

    .venv/bin/python scripts/sbom.py build/sbom.cdx.json

Names, versions and sums are those of the lock files; licences are what the installed packages state. Needs no network.
"""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, metadata
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
LOCKS = ("requirements.lock", "requirements-torch.txt")
_PIN = re.compile(r"^(?P<name>[A-Za-z0-9][\w.-]*)(?:\[[^\]]*\])?==(?P<version>[^\s;\\]+)")
_SUM = re.compile(r"--hash=sha256:([0-9a-f]{64})")
_UNSTATED = frozenset({"", "UNKNOWN"})


@dataclass(frozen=True, slots=True)
class Pinned:
    name: str
    version: str
    sums: tuple[str, ...]


def pinned(text: str) -> Iterator[Pinned]:
    """Of a lock file: a pin, and the sums in the lines that continue it."""
    for entry in text.replace("\\\n", " ").splitlines():
        if match := _PIN.match(entry.strip()):
            yield Pinned(_normal(match["name"]), match["version"], tuple(_SUM.findall(entry)))


def bill(packages: list[Pinned], *, version: str) -> dict[str, Any]:
    product = {"type": "application", "bom-ref": "partner-copilot", "name": "partner-copilot", "version": version}
    refs = [_url(package) for package in packages]
    return {
        "$schema": "http://cyclonedx.org/schema/bom-1.6.schema.json",
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "version": 1,
        "metadata": {"component": product},
        "components": [_component(package) for package in packages],
        "dependencies": [{"ref": "partner-copilot", "dependsOn": refs}],
    }


def _component(package: Pinned) -> dict[str, Any]:
    found: dict[str, Any] = {
        "type": "library",
        "bom-ref": _url(package),
        "name": package.name,
        "version": package.version,
        "purl": _url(package),
    }
    if package.sums:  # one for each platform's build, as files of the component
        found["components"] = [
            {"type": "file", "name": f"{package.name}-{place}", "hashes": [{"alg": "SHA-256", "content": content}]}
            for place, content in enumerate(package.sums, 1)
        ]
    if licence := _licence(package.name):
        found["licenses"] = [{"license": {"name": licence}}]
    return found


def _licence(name: str) -> str:
    """As the installed package states it; empty where it is not installed, or states none."""
    try:
        stated = metadata(name)
    except PackageNotFoundError:
        return ""
    given = [stated.get("License-Expression") or "", (stated.get("License") or "").strip().partition("\n")[0]]
    kinds = [
        value.rsplit(" :: ", 1)[-1] for value in stated.get_all("Classifier") or [] if value.startswith("License ::")
    ]
    return next((licence[:200] for licence in [*given, ", ".join(kinds)] if licence not in _UNSTATED), "")


def _url(package: Pinned) -> str:
    return f"pkg:pypi/{package.name}@{package.version}"


def _normal(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def main(target: Path) -> None:
    import tomllib

    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    packages = [package for lock in LOCKS for package in pinned((ROOT / lock).read_text("utf-8"))]
    target.parent.mkdir(parents=True, exist_ok=True)
    made = bill(packages, version=project["version"])
    target.write_text(json.dumps(made, indent=1) + "\n", "utf-8")
    unstated = [component["name"] for component in made["components"] if "licenses" not in component]
    print(f"{target}: {len(packages)} packages; no licence stated: {', '.join(unstated) or 'none'}")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
