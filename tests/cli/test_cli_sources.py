"""Sources from the command line: what a newcomer is told, from the first add to the removal."""

from __future__ import annotations

from pathlib import Path

import pytest
from cli_runs import Done, Served

pytestmark = pytest.mark.slow

SECRET = "s3cret-of-ours"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    folder = tmp_path / "notes"
    folder.mkdir()
    for number in range(5):
        text = f"# Note {number}\n\nThe lamp of bay {number} is changed every {number + 3} weeks by the night desk.\n"
        (folder / f"n{number}.md").write_text(text)
    return folder


def source(served: Served, *words: str) -> Done:
    return served.home.run("source", *words, *(() if "--help" in words else ("--tenant", "acme")))


def test_source_is_added_synced_asked_about_paused_and_removed(served: Served, folder: Path) -> None:
    added = source(served, "add", str(folder), "--corpus", "notes", "--schedule", "6h").done().out
    [source_id] = [line.split()[1] for line in added.splitlines() if line.startswith("id ")]
    assert f"next: partner-copilot source sync {source_id} --tenant acme" in added
    assert "every 6h, never yet" in added and str(folder) in added

    synced = source(served, "sync", source_id).done()
    assert "5 indexed" in synced.out and "partner-copilot release publish" in synced.out
    assert "indexing" in synced.err  # its progress
    shown = source(served, "show", source_id).done().out
    assert "every 6h, last 20" in shown and "last fault" not in shown

    for number in range(3):
        (folder / f"n{number}.md").unlink()
    asked = source(served, "sync", source_id)
    assert asked.status == 1
    assert "[retire_limit]" in asked.err and f"source sync {source_id} --confirm-retire" in asked.err
    assert "gone n0.md" in asked.out
    assert "[retire_limit]" in source(served, "list").done().out
    [report] = source(served, "sync", source_id, "--confirm-retire", "--json").done().json_lines()
    assert report["counts"] == {"retired": 3, "unchanged": 2}

    paused = source(served, "pause", source_id).done().out
    assert f"source resume {source_id}" in paused
    assert "resume it first" in source(served, "sync", source_id).err
    assert source(served, "resume", source_id).done().out == "resumed; synced every 6h\n"
    assert "removed" in source(served, "remove", source_id).done().out
    assert source_id not in source(served, "list").done().out
    source(served, "show", source_id).failed("not_found")


def test_kinds_are_listed_with_what_each_takes(served: Served) -> None:
    told = source(served, "kinds").done().out
    assert "--config branch=…  the repository's own default branch if absent" in told
    assert "--credential ssh_key=FILE" in told
    [kinds] = source(served, "kinds", "--json").done().json_lines()
    assert {"archive", "bucket", "files", "git", "web"} <= {kind["name"] for kind in kinds}  # type: ignore[index]


def test_help_shows_each_verb_and_an_example_of_each_kind(served: Served) -> None:
    verbs = source(served, "--help").done().out
    for verb in ("add", "list", "show", "kinds", "sync", "remove", "pause", "resume"):
        assert f"│ {verb} " in verbs
    examples = source(served, "add", "--help").done().out
    for kind in ("git", "web", "bucket", "archive"):
        assert f"--kind {kind}" in examples


def test_what_cannot_be_a_source_is_told_on_one_line_with_its_remedy(served: Served, tmp_path: Path) -> None:
    secret = tmp_path / "password.txt"
    secret.write_text(SECRET)

    before = source(served, "list").done().out

    def refused(code: str, *words: str) -> str:
        done = source(served, "add", *words, "--corpus", "notes")
        assert SECRET not in done.err
        return done.failed(code)

    assert "known are archive, bucket, files, git, web" in refused("unknown_source_kind", "x", "--kind", "gopher")
    site = ("https://docs.example.com/", "--kind", "web")
    assert "takes delay_s, exclude, include" in refused("invalid_config", *site, "--config", "depth=3")
    assert "write the option as key=value" in refused("invalid_option", *site, "--config", "depth")
    assert "write a schedule as 15m" in refused("invalid_schedule", *site, "--schedule", "often")
    repository = ("https://127.0.0.1/x.git", "--kind", "git", "--credential", f"password={secret}")
    assert "ingest.allow_hosts" in refused("address_not_allowed", *repository)
    assert "cannot be read" in refused("invalid_credentials", *site, "--credential", "password=/no/such/file")
    assert "'key' and 'secret'" in refused("missing_credentials", "s3://docs", "--kind", "bucket")
    assert source(served, "list").done().out == before
