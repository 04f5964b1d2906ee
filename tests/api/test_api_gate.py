"""The publish gate over HTTP, with the real answer pipeline: what breaks is shown, and is overridden with a reason that is kept."""

from __future__ import annotations

import sqlite3
import time
from contextlib import closing
from hashlib import sha256

import httpx
import pytest
from api_world import Json, Lab, ask, calling, new_key, new_tenant, search, upload

from tests.servers.demo import Demo

pytestmark = pytest.mark.slow

FACTS = {
    "printer": (
        "The receipt printer takes paper rolls of 80 mm width.",
        "How wide are the paper rolls of the receipt printer?",
    ),
    "scanner": (
        "The hand scanner is charged in its cradle for four hours.",
        "How long is the hand scanner charged in its cradle?",
    ),
    "drawer": ("The cash drawer opens by the key 17 of the key box.", "By which key does the cash drawer open?"),
    "scale": ("The weighing scale is calibrated every 24 months.", "How often is the weighing scale calibrated?"),
}
VISIBLE_S = 2.0


def put(api: httpx.Client, name: str, text: str) -> None:
    done = upload(api, f"{name}.md", f"# The {name}\n\n{text}\n")
    assert done.status_code == 201, done.text


def golden(name: str) -> Json:
    fact, question = FACTS[name]
    gold = [{"source": f"{name}.md", "quote": fact}]
    return {"id": name, "question": question, "kind": "answerable", "audience": "agent", "gold": gold}


def publish(api: httpx.Client, **body: object) -> httpx.Response:
    return api.post("/v1/releases", json=body)


def audited(demo: Demo, action: str) -> list[tuple[str, str]]:
    with closing(sqlite3.connect(demo.home / "copilot.db")) as database:
        return list(database.execute("SELECT target, details FROM audit WHERE action = ? ORDER BY id", (action,)))


def test_a_release_that_breaks_three_questions_is_blocked_shown_and_overridden(demo: Demo, lab: Lab) -> None:
    for name, (fact, _) in FACTS.items():
        put(lab.admin, name, fact)
    assert lab.admin.post("/v1/golden", json={"questions": [golden(name) for name in FACTS]}).status_code == 200
    first = publish(lab.admin)
    assert first.status_code == 201, first.text
    assert first.json()["gate"]["passed_after"] == len(FACTS)

    broken = ["printer", "scanner", "drawer"]
    for name in broken:
        put(lab.admin, name, "This page was emptied by mistake.")
    blocked = publish(lab.admin)
    assert blocked.status_code == 409
    problem = blocked.json()
    assert problem["code"] == "gate_failed"
    assert sorted(problem["gate"]["broken"]) == sorted(broken)
    shown = {asked["key"]: asked for asked in problem["gate"]["changes"]}
    assert all(shown[name]["before"]["passed"] and not shown[name]["after"]["passed"] for name in broken)
    assert "80 mm" in ask(lab.admin, FACTS["printer"][1])["text"], "what is live stays live"

    passed = publish(lab.admin, override_reason="The pages come back tomorrow.")
    assert passed.status_code == 201, passed.text
    number = str(passed.json()["release"])
    assert "80 mm" not in ask(lab.admin, FACTS["printer"][1])["text"]
    [details] = [details for target, details in audited(demo, "release.override") if target == number]
    told = sha256(b"The pages come back tomorrow.").hexdigest()  # the words themselves stay in the release's row
    assert told in details and all(name in details for name in broken)


def test_a_vendors_gate_asks_its_partners_questions_and_shows_counts_alone(demo: Demo, lab: Lab) -> None:
    slug = new_tenant(demo)
    put(lab.admin, "printer", FACTS["printer"][0])
    assert publish(lab.admin).status_code == 201
    assert lab.admin.post("/v1/grants", json={"corpus": "notes", "grantee": slug}).status_code == 201
    with calling(demo, new_key(demo, slug).token) as partner:
        assert partner.post("/v1/golden", json={"questions": [golden("printer")]}).status_code == 200
    put(lab.admin, "printer", "This page was emptied by mistake.")
    blocked = publish(lab.admin)
    assert blocked.status_code == 409, blocked.text
    assert blocked.json()["gate"]["partners"][slug]["broken"] == 1
    assert "paper rolls" not in blocked.text and "printer" not in str(blocked.json()["gate"]["broken"])


def test_a_deleted_document_is_invisible_within_two_seconds_of_delete_and_publish(lab: Lab) -> None:
    for name, (fact, _) in FACTS.items():
        put(lab.admin, name, fact)
    assert publish(lab.admin).status_code == 201
    [passage] = [p for p in search(lab.admin, FACTS["scale"][1]) if p["source"] == "scale.md"]
    began = time.perf_counter()
    assert lab.admin.delete(f"/v1/documents/{passage['document_id']}").status_code == 204
    assert publish(lab.admin).status_code == 201
    answer = ask(lab.admin, FACTS["scale"][1])
    seconds = time.perf_counter() - began
    assert "24 months" not in answer["text"]
    assert not [p for p in search(lab.admin, FACTS["scale"][1]) if p["source"] == "scale.md"]
    print(f"deleted, published and gone from answers in {seconds:.2f} s (at most {VISIBLE_S:g})")
