"""`grant` and `tenant profile` on the command line."""

from __future__ import annotations

from pathlib import Path

import pytest
from cli_runs import Home

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Home:
    """A vendor with a corpus, and a partner."""
    folder = tmp_path_factory.mktemp("grants")
    docs = folder / "docs"
    docs.mkdir()
    (docs / "a.md").write_text("# Restart\n\nRestart the till at night.\n", "utf-8")
    home = Home(folder / "home")
    for slug in ("vendor", "partner"):
        home.run("tenant", "create", slug).done()
    home.run("ingest", str(docs), "--tenant", "vendor", "--corpus", "shared", "--publish").done()
    return home


def test_a_grant_is_created_listed_on_both_sides_and_revoked(shared: Home) -> None:
    made = shared.run(
        "grant", "create", "shared", "--tenant", "vendor", "--to", "partner", "--until", "2099-12-31", "--json"
    )
    [grant] = made.done().json_lines()
    assert (grant["owner"], grant["corpus"], grant["grantee"]) == ("vendor", "shared", "partner")
    assert grant["expires_at"].startswith("2100-01-01")
    assert "given\tvendor/shared → partner\tuntil 2100-01-01" in shared.run("grant", "list", "-t", "vendor").done().out
    [seen] = shared.run("grant", "list", "--tenant", "partner", "--json").done().json_lines()
    assert (seen["direction"], seen["id"]) == ("received", grant["id"])
    shared.run("grant", "revoke", grant["id"], "--tenant", "partner").failed("not_found")
    assert shared.run("grant", "revoke", grant["id"], "--tenant", "vendor").done().out == "revoked\n"
    assert "nobody shares with it" in shared.run("grant", "list", "--tenant", "partner").done().out


@pytest.mark.parametrize(
    ("words", "code"),
    [
        (("nothing", "--to", "partner"), "unknown_corpus"),
        (("shared", "--to", "nobody"), "unknown_tenant"),
        (("shared", "--to", "vendor"), "grant_to_self"),
        (("shared", "--to", "partner", "--until", "2020-01-01"), "invalid_expiry"),
        (("shared", "--to", "partner", "--until", "soon"), "invalid_date"),
        (("shared", "--to", "partner", "--until", "9999-12-31"), "invalid_date"),
    ],
)
def test_what_cannot_be_granted_says_why(shared: Home, words: tuple[str, ...], code: str) -> None:
    shared.run("grant", "create", *words, "--tenant", "vendor").failed(code)


def test_a_tenants_profile_is_shown_and_changed(shared: Home) -> None:
    assert "version: not stated" in shared.run("tenant", "profile", "partner").done().out
    shared.run("tenant", "profile", "partner", "--version", "7.2", "--product", "Corvane Retail").done()
    [found] = (
        shared.run("tenant", "profile", "partner", "--region", "UK", "--version", "", "--json").done().json_lines()
    )
    assert found == {"product": "Corvane Retail", "version": None, "module": None, "region": "UK"}
    shared.run("tenant", "profile", "partner", "--version", "newest").failed("invalid_version")
    shared.run("tenant", "profile", "nobody").failed("unknown_tenant")


def test_the_commands_are_in_the_help(tmp_path: Path) -> None:
    home = Home(tmp_path)
    assert "grant" in home.run("--help").done().out
    assert all(word in home.run("grant", "--help").done().out for word in ("create", "list", "revoke"))
    assert "profile" in home.run("tenant", "--help").done().out
