"""`user …` on the command line, and the page that its accounts sign in to."""

from __future__ import annotations

from pathlib import Path

import pytest
from cli_runs import Home

pytestmark = pytest.mark.slow

PASSWORD = "correct horse battery"
QUICK = {"COPILOT_SIGN_IN__ARGON2_MEMORY_KIB": "1024", "COPILOT_SIGN_IN__ARGON2_PASSES": "1"}


@pytest.fixture
def home(tmp_path: Path) -> Home:
    made = Home(tmp_path / "home", QUICK)
    made.run("tenant", "create", "acme").done()
    return made


def test_an_account_is_made_listed_changed_and_shut_out(home: Home) -> None:
    add = ("user", "add", "Ada@acme.example", "--tenant", "acme", "--role", "platform_admin", "--name", "Ada", "--json")
    [made] = home.run(*add, "--password-stdin", stdin=PASSWORD + "\n").done().json_lines()
    assert (made["email"], made["role"], made["state"]) == ("ada@acme.example", "platform_admin", "live")
    home.run(*add, "--invite").failed("user_exists")
    assert home.run("user", "role", "ada@acme.example", "auditor").done().out == "now auditor\n"
    home.run("user", "password", "ada@acme.example", "--password-stdin", stdin="short").failed("weak_password")
    home.run("user", "disable", "ada@acme.example").done()
    [listed] = home.run("user", "list", "--tenant", "acme", "--json").done().json_lines()
    assert (listed["id"], listed["role"], listed["state"]) == (made["id"], "auditor", "disabled")
    home.run("user", "disable", "eve@acme.example").failed("unknown_user")
    done = home.run("audit", "verify", "--tenant", "acme").done()
    assert "acme: 4 rows" in done.out


def test_a_password_is_never_an_argument_and_nobody_hangs_waiting_for_one(home: Home) -> None:
    add = ("user", "add", "ada@acme.example", "--tenant", "acme", "--role", "auditor")
    home.run(*add).failed("no_password")
    assert PASSWORD not in home.run(*add, "--password-stdin", stdin=PASSWORD).done().out
    assert home.run(*add, "--password", PASSWORD).status != 0


def test_no_key_has_a_platform_admins_role(home: Home) -> None:
    home.run("key", "create", "--tenant", "acme", "--role", "platform_admin").failed("invalid_role")
