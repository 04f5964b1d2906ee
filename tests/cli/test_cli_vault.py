"""`vault rotate` and `vault sweep` on an installation of its own."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parents[2]


def run(home: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith("COPILOT_")}
    command = [sys.executable, "-c", "import cli; cli.main()", *arguments]
    environment = {**kept, "COPILOT_HOME": str(home)}
    return subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=120, check=False)


def test_a_rotated_installation_goes_on_as_it_was(tmp_path: Path) -> None:
    assert run(tmp_path, "tenant", "create", "acme").returncode == 0
    before = (tmp_path / "master.key").read_text()
    done = run(tmp_path, "vault", "rotate", "--json")
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["rewrapped"] == 1
    assert (tmp_path / "master.key").read_text() != before
    assert not (tmp_path / "master.key.previous").exists()
    assert run(tmp_path, "audit", "verify").returncode == 0
    assert "deleted 0 values" in run(tmp_path, "vault", "sweep", "--tenant", "acme").stdout


def test_restore_asks_for_one_thing(tmp_path: Path) -> None:
    failed = run(tmp_path, "restore", "--tenant", "acme")
    assert failed.returncode == 1
    assert "nothing_named" in failed.stderr
