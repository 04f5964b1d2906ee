"""`policy`, `prompt` and `document authority` on the command line."""

from __future__ import annotations

from pathlib import Path

import pytest
from cli_runs import Home, serving

pytestmark = pytest.mark.slow


def test_policy_and_prompt_are_shown_set_listed_and_set_back(tmp_path: Path) -> None:
    home = Home(tmp_path / "home")
    home.run("tenant", "create", "acme").done()
    own = tmp_path / "own.yaml"
    with serving(home):
        shown = home.run("policy", "show", "--tenant", "acme").done().out
        own.write_text(shown + "- name: roadmap\n  cues: [when next release]\n", "utf-8")
        assert "version 1" in home.run("policy", "set", str(own), "--tenant", "acme", "--note", "x").done().out
        assert "version 2" in home.run("policy", "rollback", "0", "--tenant", "acme").done().out
        assert "roadmap" in home.run("policy", "show", "--tenant", "acme", "--version", "1").done().out
        listed = home.run("policy", "versions", "--tenant", "acme").done().out.splitlines()
        assert [line.split("\t")[0] for line in listed] == ["2", "1"] and "again version 0" in listed[0]
        own.write_text("- price", "utf-8")
        home.run("policy", "set", str(own), "--tenant", "acme").failed("invalid_policy")
        own.write_text("Say NO_ANSWER, or answer briefly.", "utf-8")
        assert "version 1" in home.run("prompt", "set", str(own), "--tenant", "acme").done().out
        assert "briefly" in home.run("prompt", "show", "--tenant", "acme").done().out
        home.run("document", "authority", "0" * 32, "--yes", "--tenant", "acme").failed("not_found")
