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
    own.write_text("topics:\n- name: roadmap\n  cues: [when next release]\n", "utf-8")
    with serving(home):
        shown = home.run("policy", "show", "--tenant", "acme").done().out
        assert "security incidents" in shown
        assert "no versions" in home.run("policy", "versions", "--tenant", "acme").done().out
        assert "version 1" in home.run("policy", "set", str(own), "--tenant", "acme", "--note", "x").done().out
        assert "roadmap" in home.run("policy", "show", "--tenant", "acme").done().out
        (tmp_path / "shipped.yaml").write_text(shown, "utf-8")
        assert "version 2" in home.run("policy", "set", str(tmp_path / "shipped.yaml"), "--tenant", "acme").done().out
        assert home.run("policy", "show", "--tenant", "acme").done().out == shown
        assert "version 3" in home.run("policy", "rollback", "1", "--tenant", "acme").done().out
        listed = home.run("policy", "versions", "--tenant", "acme").done().out.splitlines()
        assert [line.split("\t")[0] for line in listed] == ["3", "2", "1"] and "again version 1" in listed[0]
        home.run("policy", "rollback", "9", "--tenant", "acme").failed("unknown_version")
        own.write_text("- price", "utf-8")
        home.run("policy", "set", str(own), "--tenant", "acme").failed("invalid_policy")
        home.run("policy", "set", str(tmp_path / "none"), "--tenant", "acme").failed("unreadable_file")

        prompt = tmp_path / "prompt.md"
        prompt.write_text(home.run("prompt", "show", "--tenant", "acme").done().out + "Be brief.\n", "utf-8")
        assert "version 1" in home.run("prompt", "set", str(prompt), "--tenant", "acme").done().out
        assert "Be brief." in home.run("prompt", "show", "--tenant", "acme").done().out
        assert "Be brief." not in home.run("prompt", "show", "--tenant", "acme", "--version", "0").done().out
        assert "version 2" in home.run("prompt", "rollback", "0", "--tenant", "acme").done().out
        assert len(home.run("prompt", "versions", "--tenant", "acme").done().out.splitlines()) == 2
        home.run("document", "authority", "0" * 32, "--yes", "--tenant", "acme").failed("not_found")
