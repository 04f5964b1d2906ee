"""One person is exported and erased from the command line, through a running server: five processes, so a proof."""

from __future__ import annotations

import json
import zipfile
from pathlib import Path

import pytest
from cli_runs import Served

pytestmark = [pytest.mark.slow, pytest.mark.proof]


def test_a_person_is_exported_and_erased(served: Served, tmp_path: Path) -> None:
    who, file = ("--tenant", "acme", "--email", "jo.doe@example.com"), tmp_path / "jo.zip"
    served.home.run("subject", "export", *who, "--to", str(file)).done()
    with zipfile.ZipFile(file) as archive:
        assert json.loads(archive.read("export.json"))["of"] == {"emails": ["jo.doe@example.com"]}
    assert oct(file.stat().st_mode)[-3:] == "600"
    [view] = served.home.run("subject", "erase", *who, "--yes", "--json").done().json_lines()
    assert (view["kind"], view["report"]["erased"]) == ("erase", {})
    listed = served.home.run("subject", "list", "--tenant", "acme").done().out.splitlines()
    assert [line.split()[1] for line in listed] == ["erase", "export"]
    served.home.run("tenant", "erase", "acme", "--confirm", "other").failed("not_confirmed")
