"""Golden questions and releases on the command line: held up, looked at, published all the same, taken back, collected."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from cli_runs import Done, Home, serving

pytestmark = pytest.mark.slow

SHELVES = " ".join(f"Shelf {letter} holds {letter}{letter} crates." for letter in "abcdefghijklmnopqrstuvwxyz")
RETURNS = f"# Returns\n\nGoods come back within {{}} days. {SHELVES}\n"
RESET = "A dock scanner is reset by holding both triggers for eleven seconds."
GOLDEN = [
    {
        "id": "reset",
        "question": "How is a dock scanner reset?",
        "kind": "answerable",
        "gold": [{"source": "scanner.md", "quote": RESET}],
    },
    {
        "id": "swallow",
        "question": "What is the airspeed of an unladen swallow?",
        "kind": "unanswerable",
        "audience": "agent",
    },
]


@dataclass(frozen=True, slots=True)
class Shop:
    home: Home
    folder: Path

    def run(self, *words: str) -> Done:
        return self.home.run(*words, "--tenant", "acme")

    def write(self, name: str, text: str) -> None:
        (self.folder / name).write_text(text, "utf-8")

    def ingest(self, *more: str) -> None:
        self.run("ingest", str(self.folder), "--corpus", "handbook", *more).done()

    def publish(self, *more: str) -> Done:
        return self.run("release", "publish", *more)


@pytest.fixture
def shop(tmp_path: Path) -> Iterator[Shop]:
    """Release 1 is live, with two golden questions; what waits would break one of them."""
    folder = tmp_path / "documents"
    folder.mkdir()
    shop = Shop(Home(tmp_path / "home", {"COPILOT_INGEST__ROOTS": str(folder)}), folder)
    shop.home.run("tenant", "create", "acme").done()
    with serving(shop.home):
        shop.write("scanner.md", f"# Reset\n\n{RESET}\n")
        shop.write("returns.md", RETURNS.format(30))
        shop.ingest("--publish")
        (tmp_path / "golden.jsonl").write_text("\n".join(map(json.dumps, GOLDEN)), "utf-8")
        said = shop.run("golden", "import", str(tmp_path / "golden.jsonl")).done().out
        assert said == "2 added, 0 replaced, 0 removed; 2 golden questions\n"
        shop.write("scanner.md", "# Gloves\n\nGloves lie in the second drawer.\n")
        shop.write("returns-new.md", RETURNS.format(90))
        shop.ingest()
        yield shop


def test_a_release_from_its_golden_questions_to_its_end(shop: Shop) -> None:
    assert "reset\tanswerable\tHow is a dock scanner reset?" in shop.run("golden", "list").done().out

    rehearsed = shop.publish("--dry-run").done().out
    assert "broken reset: How is a dock scanner reset?" in rehearsed
    assert "look at: returns-new.md is much like returns.md, but says 90 where that one says 30" in rehearsed
    assert "+ handbook/returns-new.md" in rehearsed and "~ handbook/scanner.md" in rehearsed
    assert "dry run: nothing was published" in rehearsed

    blocked = shop.publish()
    assert blocked.status == 1 and blocked.err.splitlines()[-1].endswith("[gate_failed]")
    assert "gate: 1 golden questions that pass now would fail (reset); 0 may" in blocked.out

    said = shop.publish("--override-reason", "Scanners are described elsewhere.", "--note", "July").done().out
    assert "gate overridden: 1 of 2 golden questions pass, 2 before" in said
    [live] = [line for line in shop.run("release", "list").done().out.splitlines() if "*\t" in line]
    number, *told = live.split("\t")
    assert told[0] == "published" and told[-1] == "July"

    shown = shop.run("release", "show", number.rstrip("*")).done().out
    assert "published although the gate blocked it: Scanners are described elsewhere." in shown
    assert "look at: returns-new.md" in shown

    assert shop.run("release", "rollback", "1").done().out == "release 1 is live\n"
    assert "eleven seconds" in shop.run("ask", "How is a dock scanner reset?").done().out
    shop.run("release", "rollback", "99").failed("unknown_release")
    assert shop.run("release", "collect", "--keep", "1").done().out.startswith("collected ")


def test_limits_let_a_known_failure_pass_and_a_question_can_go(shop: Shop) -> None:
    shop.run("golden", "limits", "--max-broken", "1").done()
    assert "is live" in shop.publish().done().out
    shop.run("golden", "remove", "reset").done()
    [left] = shop.run("golden", "list", "--json").done().json_lines()
    assert [each["key"] for each in left] == ["swallow"]
    assert "nothing is approved that the live release does not show already" in shop.publish().done().out
