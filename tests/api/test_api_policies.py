"""Which text was in force on a day: dated versions of real policies, asked for by date."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import date, timedelta
from itertools import pairwise
from pathlib import Path

import pytest
from api_world import Lab, search, upload

pytestmark = [pytest.mark.slow, pytest.mark.timeout(1800)]

QUIET = "github-acceptable-use-policies"
DAY = timedelta(days=1)
Versions = list[tuple[date, str, str]]
"""First day, title and text, oldest first."""


def versions(file: Path) -> dict[str, Versions]:
    found: dict[str, Versions] = {}
    for row in map(json.loads, file.read_text("utf-8").splitlines()):
        found.setdefault(row["policy"], []).append((date.fromisoformat(row["as_of"]), row["title"], row["text"]))
    return {policy: sorted(rows) for policy, rows in found.items()}


def ends(rows: Versions, style: str) -> list[str]:
    """How people write down that a text ends: its last day, the next one's first, or not at all."""
    offset = {"last day": -DAY, "next day": timedelta(0)}.get(style)
    if offset is None:
        return [""] * len(rows)
    return [*(f"effective_to: {later[0] + offset}\n" for _, later in pairwise(rows)), ""]


def in_force(rows: Versions, day: date) -> str | None:
    return next((str(first) for first, *_ in reversed(rows) if first <= day), None)


def asked_days(rows: Versions) -> list[date]:
    """Before the first, on each first day, the day before it, and somewhere within."""
    firsts = [first for first, *_ in rows]
    within = [one + (other - one) / 2 for one, other in pairwise([*firsts, date(2026, 11, 1)])]
    return sorted({*firsts, *(first - DAY for first in firsts), *within})


@pytest.mark.parametrize(
    ("wanted", "style"),
    [
        ([QUIET], "last day"),
        ([QUIET], "next day"),
        ([QUIET], "not at all"),
        pytest.param([], "last day", marks=pytest.mark.proof),
        pytest.param([], "not at all", marks=pytest.mark.proof),
    ],
)
def test_search_as_of_a_day_finds_the_text_in_force_and_no_other(
    lab: Lab, shared_data: Callable[[str], Path], wanted: list[str], style: str
) -> None:
    policies, most = versions(shared_data("policies/versions.jsonl")), 4_000 if wanted else None
    chosen = {name: rows for name, rows in policies.items() if name in (wanted or policies)}
    for name, rows in chosen.items():
        for (first, title, text), end in zip(rows, ends(rows, style), strict=True):
            front = f"---\ntitle: {title}\ndoc_type: policy\neffective_from: {first}\n{end}---\n"
            done = upload(lab.admin, f"{name}/{first}.md", f"{front}# {title}\n\n{text[:most]}")
            assert done.status_code == 201, done.text
    assert lab.admin.post("/v1/releases", json={}).status_code == 201
    asked = 0
    for name, rows in chosen.items():
        days = asked_days(rows)
        assert len(days) >= 5
        for day in days:
            found = search(lab.partner, rows[0][1], limit=20, filters={"as_of": day.isoformat()})
            own = {passage["source"] for passage in found if passage["source"].startswith(f"{name}/")}
            expected = in_force(rows, day)
            assert own == ({f"{name}/{expected}.md"} if expected else set()), f"{name} as of {day}"
            asked += 1
    print(f"{sum(map(len, chosen.values()))} texts of {len(chosen)} policies, asked for as of {asked} days")
