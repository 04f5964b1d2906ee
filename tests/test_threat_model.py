"""The threat model names tests that are there."""

from __future__ import annotations

import re
from pathlib import Path

TESTS = Path(__file__).parent
DOCUMENT = TESTS.parent / "docs" / "threat-model.md"


def test_every_test_that_the_threat_model_names_is_there() -> None:
    named = set(re.findall(r"`(test_\w+)`", DOCUMENT.read_text("utf-8")))
    there = {
        name
        for file in TESTS.rglob("test_*.py")
        for name in re.findall(r"^ *(?:async )?def (test_\w+)", file.read_text("utf-8"), re.MULTILINE)
    }
    assert len(named) > 50
    assert not named - there


def test_every_control_names_a_test() -> None:
    rows = re.findall(r"^\| (?!threat|asset|---)(.+) \|$", _threats(), re.MULTILINE)
    assert rows
    assert not [row for row in rows if "`test_" not in row.rsplit("|", 1)[-1]]


def _threats() -> str:
    return DOCUMENT.read_text("utf-8").partition("## Threats and controls")[2].partition("## Open")[0]
