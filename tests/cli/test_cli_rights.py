"""Retention from the command line, through a running server."""

from __future__ import annotations

import pytest
from cli_runs import Served

pytestmark = [pytest.mark.slow]


def test_retention_is_set_shown_and_run(served: Served) -> None:
    run = served.home.run
    [said] = run("retention", "set", "--tenant", "acme", "conversations=90", "--json").done().json_lines()
    assert {"kind": "conversations", "days": 90.0, "rows": None} in said["kinds"]
    shown = run("retention", "show", "--tenant", "acme").done().out
    assert "conversations  90 days  0 due" in shown
    assert "nothing was due" in run("retention", "run", "--tenant", "acme").done().out
