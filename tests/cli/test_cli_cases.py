"""`case`, `task` and `slack` on the command line."""

from __future__ import annotations

from pathlib import Path

import httpx
import pytest
from cli_runs import Done, Home, serving

pytestmark = pytest.mark.slow


def test_case_from_the_first_to_the_last_step(tmp_path: Path) -> None:
    home = Home(tmp_path / "home")
    home.run("tenant", "create", "acme").done()
    [key] = home.run("key", "create", "--tenant", "acme", "--json").done().json_lines()

    def case(*words: str) -> Done:
        return home.run("case", *words, "--tenant", "acme")

    with serving(home) as served:
        assert "no cases" in case("list").done().out
        case("show", "C-1").failed("not_found")
        assert "whsec_" in case("route", "add", "webhook", "https://desk.example/x").done().out
        case("route", "add", "smtp", "desk@example.com").failed("invalid_route")
        assert "webhook\thttps://desk.example/x" in case("route", "list").done().out

        headers = {"Authorization": f"Bearer {key['key']}"}
        with httpx.Client(base_url=served.url, headers=headers, trust_env=False, timeout=60) as api:
            asked = api.post("/v1/ask", json={"question": "Where is the loyalty log?"}).json()
            sent = {"answer_id": asked["answer_id"], "severity": "urgent", "note": "the shop waits"}
            assert api.post("/v1/handoffs", json=sent).json() == {"case_id": "C-1", "status": "open"}
            down = {
                "answer_id": asked["answer_id"],
                "vote": "down",
                "reason": "incomplete",
                "correction": "In /var/log.",
            }
            api.post("/v1/feedback", json=down).raise_for_status()

        [listed] = case("list", "--status", "open", "--json").done().json_lines()
        assert (listed["severity"], listed["question"]) == ("urgent", "Where is the loyalty log?")
        shown = case("show", "C-1").done().out
        for line in ("note: the shop waits", "tried (abstained", "missing: Where is the loyalty log?", "environment: "):
            assert line in shown
        assert "claimed" in case("claim", "C-1").done().out
        assert "\topen\t" in case("hand-back", "C-1").done().out
        assert "resolved" in case("resolve", "C-1", "--resolution", "found it").done().out
        case("claim", "C-1").failed("case_resolved")
        assert "resolution: found it" in case("show", "C-1").done().out

        [task] = home.run("task", "list", "--tenant", "acme", "--json").done().json_lines()
        assert (task["reason"], task["correction"]) == ("incomplete", "In /var/log.")
        assert "done" in home.run("task", "close", task["id"], "--tenant", "acme").done().out
        assert "nothing to do" in home.run("task", "list", "--tenant", "acme").done().out


def test_slack_is_mapped_shared_and_given_roles(tmp_path: Path) -> None:
    home = Home(tmp_path / "home", {"COPILOT_SERVER__PUBLIC_URL": "https://copilot.example.com"})
    for slug in ("acme", "partner"):
        home.run("tenant", "create", slug).done()
    link = home.run("slack", "code", "--tenant", "acme").done().out.splitlines()[0]
    assert link.startswith("https://copilot.example.com/slack/install?code=")
    home.run("slack", "share", "T0HOME", "C0PARTNER", "--tenant", "partner").failed("not_found")
    home.run("slack", "map", "T0HOME", "--tenant", "acme").done()
    home.run("slack", "share", "T0HOME", "C0PARTNER", "--tenant", "partner", "--audience", "agent").failed(
        "shared_audience"
    )
    assert "asks as partner" in home.run("slack", "share", "T0HOME", "C0PARTNER", "--tenant", "partner").done().out
    home.run("slack", "unshare", "T0HOME", "C0PARTNER").done()
    home.run("slack", "role", "T0HOME", "U0KIM", "--tenant", "acme", "--role", "operator").failed("invalid_role")
    home.run("slack", "role", "T0HOME", "U0KIM", "--tenant", "acme", "--role", "knowledge_admin").done()
    home.run("slack", "role", "T0HOME", "U0KIM", "--tenant", "acme").done()
    home.run("slack", "role", "T0HOME", "U0KIM", "--tenant", "acme").failed("not_found")
    home.run("slack", "unmap", "T0HOME").done()
