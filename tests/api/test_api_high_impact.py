"""High-impact questions over the demo: policies answer, nothing else does, and each tenant rules for itself."""

from __future__ import annotations

import httpx
import pytest
from api_world import Lab, ask, problem, upload

from tests.servers.demo import Demo

pytestmark = pytest.mark.slow

ASKED = "What discount does a silver partner get?"
RUMOUR = "# Talk\n\n## Discounts\n\nA silver partner gets a discount of 50 % on licences.\n"
RULE = (
    "---\nauthoritative: true\n---\n# Rules\n\n## Discounts\n\nA silver partner gets a discount of 20 % on licences.\n"
)


def publish(api: httpx.Client) -> None:
    assert api.post("/v1/releases", json={}).status_code == 201


@pytest.mark.parametrize("tenant", ["corvane", "larderworks"])
def test_policies_of_the_demo_answer_what_discount_a_silver_partner_gets(demo: Demo, tenant: str) -> None:
    with demo.api(tenant) as api:
        answer = ask(api, ASKED)
    assert (answer["outcome"], answer["topics"]) == ("answered", ["discounts"])
    assert "20 %" in answer["text"]
    assert {citation["source"] for citation in answer["citations"]} == {"policies/partner-discounts.md"}


def test_price_import_that_fails_is_no_question_about_prices(corvane: httpx.Client) -> None:
    answer = ask(corvane, "The price import fails with P09, what now?")
    assert (answer["outcome"], answer["topics"]) == ("answered", [])


def test_unmarked_document_answers_after_an_admin_marks_it_or_the_policy_lets_it(lab: Lab) -> None:
    assert upload(lab.admin, "talk.md", RUMOUR).status_code == 201
    publish(lab.admin)
    refused = ask(lab.partner, ASKED)
    assert (refused["outcome"], refused["citations"], refused["topics"]) == ("abstained", [], ["discounts"])
    assert "authoritative" in refused["text"] and refused["handoff"]["offered"]

    policy = lab.admin.put("/v1/policy", json={"topics": [], "note": "a test"}).json()
    assert (policy["version"], policy["topics"]) == (1, [])
    assert "50 %" in ask(lab.partner, ASKED)["text"]
    again = lab.admin.post("/v1/policy/rollback", json={"version": 0}).json()
    assert (again["version"], again["restores"], len(again["topics"])) == (2, 0, 7)
    assert ask(lab.partner, ASKED)["outcome"] == "abstained"
    assert [each["version"] for each in lab.admin.get("/v1/policy/versions").json()["versions"]] == [2, 1]
    assert lab.admin.get("/v1/policy/versions/1").json()["topics"] == []

    [cited] = lab.admin.get("/v1/documents").json()["documents"]
    path = f"/v1/documents/{cited['id']}"
    assert lab.admin.patch(path, json={"authoritative": True}).json()["authoritative"]
    assert "50 %" in ask(lab.partner, ASKED)["text"]
    problem(lab.admin.patch(path, json={}), 422)
    problem(lab.partner.patch(path, json={"authoritative": False}), 403)


def test_upload_is_answered_from_where_it_marks_itself(lab: Lab) -> None:
    assert upload(lab.admin, "talk.md", RUMOUR).status_code == 201
    assert upload(lab.admin, "rule.md", RULE).json()["authoritative"]
    assert not upload(lab.admin, "denied.md", RULE, authoritative="false").json()["authoritative"]
    publish(lab.admin)
    answer = ask(lab.partner, ASKED)
    assert "20 %" in answer["text"] and "50 %" not in answer["text"]


def test_prompt_has_versions_and_limits(lab: Lab) -> None:
    shipped = lab.admin.get("/v1/prompt").json()
    assert (shipped["version"], shipped["created_at"]) == (0, None)
    sent = {"text": shipped["text"] + "\nBe brief.", "note": "brief"}
    assert lab.admin.put("/v1/prompt", json=sent).json()["version"] == 1
    assert lab.admin.get("/v1/prompt").json()["text"].endswith("Be brief.")
    problem(lab.admin.put("/v1/prompt", json={"text": "Answer!"}), 422, "invalid_prompt")
    assert lab.admin.post("/v1/prompt/rollback", json={"version": 0}).json()["text"] == shipped["text"]
    problem(lab.admin.post("/v1/prompt/rollback", json={"version": 9}), 404, "unknown_version")
    assert len(lab.admin.get("/v1/prompt/versions").json()["versions"]) == 2
    assert lab.admin.get("/v1/prompt/versions/1").json()["note"] == "brief"


def test_bad_policy_is_refused_and_nobody_else_may_read_or_set_one(lab: Lab) -> None:
    bad = {"topics": [{"name": "prices", "cues": ["price"]}]}
    problem(lab.admin.put("/v1/policy", json=bad), 422, "invalid_policy")
    for method, path in (("GET", "/v1/policy"), ("PUT", "/v1/policy"), ("GET", "/v1/prompt/versions")):
        problem(lab.partner.request(method, path, json=bad if method == "PUT" else None), 403)
    assert lab.admin.get("/v1/policy").json()["version"] == 0
