"""`partner-copilot doctor isolation`: it finds what crosses, finds nothing where nothing does, and tidies up after itself."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import httpx
import pytest
from town import SLUGS, Town, settled
from unfiltered import unfiltered

from api.isolation.canaries import suspects
from api.isolation.check import examine, examined
from api.isolation.report import Report
from core.errors import InvalidRequestError, NotFoundError

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parents[3]
PAIR = ("checked-a", "checked-b")
TORN = ("torn-a", "torn-b")
"""Written to without filters, which leaves their rows in disorder."""


def report_of(town: Town, *slugs: str) -> Report:
    for slug in PAIR:
        settled(town, slug)
    report, names = town.examine(lambda http: examine(town.services, http, slugs=slugs or PAIR))
    assert sorted(names.values()) == sorted(slugs or PAIR)
    return report


@pytest.mark.parametrize("which", ["sqlite_town", "postgres_town"])
def test_nothing_crosses_and_every_channel_was_tried(request: pytest.FixtureRequest, which: str) -> None:
    report = report_of(request.getfixturevalue(which))
    assert report.findings == []
    assert (report.planted, report.seen, report.sound) == (2, 2, True)
    assert {"answers", "answers, streamed", "chat completions", "search", "MCP", "audit"} <= {
        c.name for c in report.channels
    }
    assert all(channel.probes >= 4 for channel in report.channels)
    assert ("row-level security on every table" in report.storage) == (which == "postgres_town")


async def _forgetful(town: Town, http: httpx.AsyncClient) -> Report:
    """With every filter forgotten, once the canaries are planted."""
    tenants = [await town.services.tenants.by_slug(slug) for slug in TORN]
    async with suspects(town.services, tenants, http) as planted:
        with unfiltered(town.services.database):
            return await examined(town.services, planted)


@pytest.fixture
def broken(sqlite_town: Town) -> Report:
    for slug in TORN:
        settled(sqlite_town, slug)
    found: Report = sqlite_town.examine(lambda http: _forgetful(sqlite_town, http))
    return found


def test_a_filter_that_is_forgotten_is_found(broken: Report) -> None:
    report = broken
    assert not report.sound
    assert {"documents", "ids of documents", "ids of conversations"} <= {finding.channel for finding in report.findings}
    assert "Tenants are NOT kept apart." in list(report.lines())


def test_the_report_names_no_tenant_and_quotes_nothing(broken: Report, sqlite_town: Town) -> None:
    said = "\n".join(broken.lines()) + json.dumps(broken.as_json())
    assert not [slug for slug in (*TORN, *SLUGS) if slug in said]
    assert "zq" not in said
    assert not [house.id for house in sqlite_town.outskirts.values() if house.id in said]


def test_a_tenants_drafts_are_not_published_by_the_check(sqlite_town: Town) -> None:
    house = settled(sqlite_town, "drafting")
    sqlite_town.upload(house, "draft.md", "# Draft\n\nNobody has approved of this yet.\n")
    report = report_of(sqlite_town, "drafting", PAIR[0])
    assert report.planted == 1
    assert any("kept as drafts" in note for note in report.notes)
    assert sqlite_town.ok(house, "GET", "/v1/releases")["releases"] == [] or not _live(sqlite_town, "drafting")


def _live(town: Town, slug: str) -> int:
    return int(town.run(town.services.tenants.by_slug(slug)).live_release)


def test_the_canaries_are_withdrawn_and_the_keys_revoked(sqlite_town: Town) -> None:
    report_of(sqlite_town)
    house = sqlite_town.outskirts[PAIR[0]]
    listed = sqlite_town.ok(house, "GET", "/v1/documents?limit=200")["documents"]
    assert {row["status"] for row in listed if row["corpus"] == "isolation-check"} == {"withdrawn"}
    keys = sqlite_town.run(sqlite_town.services.keys.of(house.id))
    assert all(key.revoked_at for key in keys if key.name == "isolation check")
    found = sqlite_town.ok(house, "POST", "/v1/search", json={"query": "the word of the isolation check"})
    assert found["passages"] == []
    assert sqlite_town.ok(house, "GET", "/v1/audit/verify")["fault"] is None


def test_it_takes_two_known_tenants(sqlite_town: Town) -> None:
    with pytest.raises(InvalidRequestError, match="two tenants"):
        report_of(sqlite_town, SLUGS[0])
    with pytest.raises(NotFoundError, match="nobody"):
        report_of(sqlite_town, SLUGS[0], "nobody")


def command(home: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith("COPILOT_")}
    called = [sys.executable, "-c", "import cli; cli.main()", *arguments]
    environment = {**kept, "COPILOT_HOME": str(home), "HF_HUB_OFFLINE": "1"}
    return subprocess.run(called, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)


def test_on_the_command_line_it_says_what_it_needs(tmp_path: Path) -> None:
    done = command(tmp_path / "home", "doctor", "isolation")
    assert (done.returncode, "too_few_tenants" in done.stderr) == (1, True)


@pytest.mark.proof
def test_on_the_command_line_it_prints_the_report_and_opens_the_service_itself(tmp_path: Path) -> None:
    home = tmp_path / "home"
    for slug in PAIR:
        assert command(home, "tenant", "create", slug).returncode == 0
    done = command(home, "doctor", "isolation", "--json")
    assert done.returncode == 0, done.stderr
    report = json.loads(done.stdout)
    assert (report["sound"], report["tenants"], report["canaries"]["planted"]) == (True, 2, 2)
    assert "1: checked-a" in done.stderr
