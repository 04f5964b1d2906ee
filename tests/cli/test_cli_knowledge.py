"""From a folder to cited answers, in one process after another: nothing serves meanwhile."""

from __future__ import annotations

import json
import shutil
import signal
import sqlite3
import time
from pathlib import Path

import pytest
from cli_runs import Home, stopped

pytestmark = pytest.mark.slow

RESET = "How is a dock scanner reset?"
UNKNOWN = "What is the airspeed of an unladen swallow?"


def test_ask_prints_one_json_answer_a_line_and_logs_elsewhere(shop: Home) -> None:
    lines = f"{RESET}\n\n{UNKNOWN}\nWer unterschreibt Retouren über 400 Euro? 🧾\n"
    found = shop.run("ask", "--tenant", "acme", "--json", "-", stdin=lines).done()
    reset, unknown, _ = found.json_lines()
    assert reset["outcome"] == "answered"
    assert "eleven seconds" in reset["text"]
    assert reset["citations"][0]["source"] == "runbooks/scanner.md"
    assert (unknown["outcome"], unknown["citations"]) == ("abstained", [])
    assert unknown["handoff"]["offered"] is True
    for line in found.err.splitlines():
        assert RESET not in line


def test_ask_reads_well_without_json(shop: Home) -> None:
    said = shop.run("ask", RESET, "--tenant", "acme").done().out
    assert "eleven seconds" in said
    assert "[1] Dock scanner (runbooks/scanner.md)" in said
    assert "answered · confidence" in said
    assert "{" not in said


def test_search_finds_by_audience(shop: Home) -> None:
    query = ("search", "--tenant", "acme", "--json", "--limit", "2", "Who signs returns above 400 euros?")
    [agent] = shop.run(*query).done().json_lines()
    assert agent["release"] == 1
    assert agent["passages"][0]["source"] == "policies/returns.md"
    assert len(agent["passages"]) == 2
    [partner] = shop.run(*query, "--audience", "partner").done().json_lines()
    assert "policies/returns.md" not in {passage["source"] for passage in partner["passages"]}


def test_a_fault_while_asking_is_one_line(shop: Home) -> None:
    shop.run("ask", RESET, "--tenant", "acme", "--version", "latest").failed("invalid_version")


def test_ingesting_again_does_nothing_and_a_change_is_one_change(shop: Home, documents: Path, tmp_path: Path) -> None:
    home, folder = Home(tmp_path / "home"), tmp_path / "documents"
    shutil.copytree(shop.folder, home.folder)
    shutil.copytree(documents, folder)
    (folder / "photo.png").write_bytes(b"\x89PNG\r\n\x1a\n" + bytes(64))
    ingest = ("ingest", str(folder), "--tenant", "acme", "--corpus", "manual")
    first = home.run(*ingest, "--json").done().json_lines()[0]
    assert first["counts"] == {"indexed": 4, "skipped": 1}
    assert [file["reason"] for file in first["files"] if file["status"] == "skipped"] == ["unsupported_type"]

    (folder / "notes.txt").unlink()
    (folder / "runbooks/labels.md").write_text("# Label rolls\n\nLabel rolls are changed from the right.\n", "utf-8")
    said = home.run(*ingest, "--publish").done().out
    assert "1 indexed, 1 retired, 1 skipped, 2 unchanged" in said
    assert "photo.png" in said
    assert "published as release 2" in said


def test_a_sync_that_would_retire_much_says_so_and_publishes_nothing(
    shop: Home, documents: Path, tmp_path: Path
) -> None:
    home, folder = Home(tmp_path / "home", {"COPILOT_INGEST__RETIRE_FREE": "0"}), tmp_path / "documents"
    shutil.copytree(shop.folder, home.folder)
    shutil.copytree(documents, folder)
    home.run("ingest", str(folder), "--tenant", "acme", "--corpus", "manual").done()
    (folder / "notes.txt").unlink()
    (folder / "runbooks/labels.md").unlink()
    stopped = home.run("ingest", str(folder), "--tenant", "acme", "--corpus", "manual", "--publish")
    assert stopped.status == 1
    assert stopped.out.splitlines() == ["gone notes.txt", "gone runbooks/labels.md"]
    assert stopped.err.splitlines()[-1].endswith("[retire_limit]")
    [releases] = home.run("release", "list", "--tenant", "acme", "--json").done().json_lines()
    assert [each["number"] for each in releases] == [1]


def test_a_corpus_that_requires_approval_is_not_published_by_the_way(
    shop: Home, documents: Path, tmp_path: Path
) -> None:
    home = Home(tmp_path / "home")
    shutil.copytree(shop.folder, home.folder)
    with sqlite3.connect(home.folder / "copilot.db") as database:
        database.execute("UPDATE corpora SET requires_approval = 1")
    database.close()
    words = ("ingest", str(documents), "--tenant", "acme", "--corpus", "handbook", "--publish")
    home.run(*words).failed("approval_required")


def test_an_interrupted_ingest_goes_on_where_it_stopped(home: Home, tmp_path: Path) -> None:
    folder = tmp_path / "many"
    folder.mkdir()
    for number in range(300):
        text = f"# Shelf {number}\n\nShelf {number} stands in hall {number % 7} and takes {number + 11} crates.\n"
        (folder / f"shelf-{number:03}.md").write_text(text, "utf-8")
    home.run("tenant", "create", "acme").done()
    ingest = ("ingest", str(folder), "--tenant", "acme", "--corpus", "shelves", "--publish", "--json")
    process = home.start(*ingest)
    until = time.monotonic() + 200
    while not _count(home, "passages") and process.poll() is None and time.monotonic() < until:
        time.sleep(0.05)
    said = stopped(process, signal.SIGINT)
    taken = _count(home, "documents")
    assert process.returncode == 130, said
    assert "interrupted" in said
    assert "Traceback" not in said
    print(f"interrupted after {taken} of 300 documents")
    assert taken < 300, "it was interrupted too late to tell anything"

    [report] = home.run(*ingest).done().json_lines()
    assert sum(report["counts"].values()) == 300
    assert report["release"] == 1
    assert _count(home, "documents") == 300
    assert _count(home, "revisions WHERE indexed") == 300
    [found] = home.run("search", "--tenant", "acme", "--json", "--limit", "50", "shelf 42 hall").done().json_lines()
    sources = [passage["source"] for passage in found["passages"]]
    assert len(sources) == len(set(sources)) == 50


def _count(home: Home, rows: str) -> int:
    file = home.folder / "copilot.db"
    if not file.exists():
        return 0
    database = sqlite3.connect(f"file:{file}?mode=ro", uri=True)
    try:
        return int(database.execute(f"SELECT count(*) FROM {rows}").fetchone()[0])
    except sqlite3.OperationalError:
        return 0
    finally:
        database.close()


def test_a_missing_index_is_told_and_not_answered_around(shop: Home, tmp_path: Path) -> None:
    home = Home(tmp_path / "home")
    shutil.copytree(shop.folder, home.folder)
    shutil.rmtree(home.folder / "index")
    found = home.run("ask", RESET, "--tenant", "acme", "--json")
    if found.status == 0:
        [answer] = [json.loads(line) for line in found.out.splitlines()]
        assert answer["outcome"] == "abstained"
        assert answer["degraded"] is True
    else:
        assert found.err.splitlines()[-1].startswith("error: ")
