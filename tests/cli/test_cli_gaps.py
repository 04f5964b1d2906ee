"""`gaps` on the command line."""

from __future__ import annotations

from pathlib import Path

import pytest
from cli_runs import Home

pytestmark = pytest.mark.slow


def test_what_was_not_answered_is_listed(tmp_path: Path) -> None:
    home = Home(tmp_path / "home")
    home.run("tenant", "create", "acme").done()
    assert "no gaps" in home.run("gaps", "--tenant", "acme").done().out
    home.run("ask", "Where is the loyalty log?", "--tenant", "acme", "--json").done()
    [gap] = home.run("gaps", "--tenant", "acme", "--json").done().json_lines()
    assert (gap["question"], gap["count"], gap["closest"]) == ("Where is the loyalty log?", 1, [])
    assert "1x\t" in home.run("gaps", "--tenant", "acme").done().out
