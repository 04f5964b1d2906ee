"""Jobs and the index's generation from the command line."""

from __future__ import annotations

import shutil
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from cli_runs import Home, Served

pytestmark = pytest.mark.slow

RESET = "How is a dock scanner reset?"


def aged(shop: Home, folder: Path, generation: str) -> tuple[Home, str]:
    """The shop as an earlier version left it, and what its vectors were called since."""
    shutil.copytree(shop.folder, folder)
    with closing(sqlite3.connect(folder / "copilot.db")) as database:
        [(tenant_id, present)] = database.execute("SELECT id, generation FROM tenants").fetchall()
        database.execute("UPDATE tenants SET generation = ?", (generation,))
        database.commit()
    index = folder / "index"
    (index / f"t_{tenant_id}_{present}").rename(index / f"t_{tenant_id}_{generation}")
    return Home(folder), present


def found(home: Home) -> list[str]:
    [said] = home.run("search", RESET, "--tenant", "acme", "--json").done().json_lines()
    return [passage["source"] for passage in said["passages"]]


def test_vectors_of_an_earlier_chunker_are_searched_until_a_reindex_replaces_them(shop: Home, tmp_path: Path) -> None:
    home, present = aged(shop, tmp_path / "home", "minilm-c0")
    before = found(home)
    assert before
    doctor = home.run("doctor")
    assert "partner-copilot reindex --tenant acme" in doctor.out
    [said] = home.run("reindex", "--tenant", "acme", "--json").done().json_lines()
    assert (said["tenant"], said["generation"], said["before"], said["switched"]) == (
        "acme",
        present,
        "minilm-c0",
        True,
    )
    assert said["passages"] > 0
    assert found(home) == before
    assert "every tenant's vectors are of this model" in home.run("doctor").out


def test_vectors_of_another_model_are_not_searched_and_the_remedy_is_told(shop: Home, tmp_path: Path) -> None:
    home, _ = aged(shop, tmp_path / "home", "elsewhere-c1")
    refused = home.run("search", RESET, "--tenant", "acme", "--json").failed("reindex_needed")
    assert "partner-copilot reindex --tenant acme" in refused
    home.run("reindex", "--all").done()
    assert found(home) == found(shop)


def test_reindex_wants_a_tenant_or_all_of_them(acme: Home) -> None:
    acme.run("reindex").failed("invalid_tenant")
    acme.run("reindex", "--tenant", "acme", "--all").failed("invalid_tenant")


def test_jobs_are_listed_shown_and_followed_to_their_end(served: Served) -> None:
    home = served.home
    home.run("reindex", "--tenant", "acme").done()
    [page] = home.run("job", "list", "--tenant", "acme", "--json").done().json_lines()
    job = page["jobs"][0]
    assert (job["kind"], job["status"]) == ("reindex", "done")
    assert job["id"] in home.run("job", "list", "--tenant", "acme", "--status", "done").done().out
    [shown] = home.run("job", "show", job["id"], "--tenant", "acme", "--json").done().json_lines()
    assert shown["result"]["switched"] is False
    watched = home.run("job", "watch", job["id"], "--tenant", "acme", "--json").done().json_lines()
    assert watched[-1] == shown
    assert "switched: False" in home.run("job", "watch", job["id"], "--tenant", "acme").done().out
    home.run("job", "cancel", job["id"], "--tenant", "acme").failed("job_ended")
    home.run("job", "retry", job["id"], "--tenant", "acme").failed("job_not_failed")
    home.run("job", "show", "0" * 32, "--tenant", "acme").failed("not_found")
