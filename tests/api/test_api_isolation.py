"""No tenant sees another's: not by id, not by question, not by search; no partner sees what is for agents."""

from __future__ import annotations

import random
from collections.abc import Iterator

import httpx
import pytest
from api_world import (
    LEAKS,
    TENANTS,
    GoldenQuestion,
    Json,
    Lab,
    ask,
    ask_golden,
    calling,
    golden,
    new_key,
    problem,
    search,
)

from core.domain import Audience, Role
from tests.servers.demo import Demo

pytestmark = pytest.mark.slow

UNKNOWN = "0" * 32


@pytest.fixture
def neighbours(demo: Demo) -> Iterator[dict[str, httpx.Client]]:
    with demo.api("corvane") as corvane, demo.api("larderworks") as larderworks, demo.api("stitchwell") as stitchwell:
        yield dict(zip(TENANTS, (corvane, larderworks, stitchwell), strict=True))


def _unseen(response: httpx.Response, unknown: httpx.Response) -> None:
    """Another tenant's id cannot be told from one that never was."""
    problem(response, 404)
    assert response.content == unknown.content
    known, never = dict(response.headers), dict(unknown.headers)
    for headers in (known, never):
        headers.pop("x-request-id")
        headers.pop("date")
    assert known == never


def test_another_tenants_document_is_an_unknown_one(neighbours: dict[str, httpx.Client]) -> None:
    theirs = search(neighbours["stitchwell"], "on-call escalation", limit=1)[0]["document_id"]
    mine = neighbours["larderworks"]
    _unseen(mine.get(f"/v1/documents/{theirs}"), mine.get(f"/v1/documents/{UNKNOWN}"))
    body = {"audience": "public"}
    _unseen(mine.patch(f"/v1/documents/{theirs}", json=body), mine.patch(f"/v1/documents/{UNKNOWN}", json=body))
    _unseen(mine.delete(f"/v1/documents/{theirs}"), mine.delete(f"/v1/documents/{UNKNOWN}"))
    assert neighbours["stitchwell"].get(f"/v1/documents/{theirs}").json()["status"] == "published"


def test_another_tenants_answer_and_conversation_are_unknown_ones(neighbours: dict[str, httpx.Client]) -> None:
    theirs = ask(neighbours["stitchwell"], "Who is on call this week?")
    mine = neighbours["larderworks"]

    def same(path: str, field: str, **more: str) -> None:
        found = mine.post(path, json={field: theirs[field], **more})
        _unseen(found, mine.post(path, json={field: UNKNOWN, **more}))

    same("/v1/feedback", "answer_id", vote="up")
    same("/v1/handoffs", "answer_id")
    same("/v1/handoffs", "conversation_id")
    same("/v1/ask", "conversation_id", question="And then?")


def test_another_tenants_release_number_means_nothing_here(lab: Lab, neighbours: dict[str, httpx.Client]) -> None:
    assert ask(neighbours["stitchwell"], "Who is on call?")["release"] >= 1
    problem(lab.admin.post("/v1/releases/1/rollback"), 404, "unknown_release")


def test_a_tenant_named_in_the_body_is_refused(neighbours: dict[str, httpx.Client]) -> None:
    for field in ("tenant", "tenant_id", "scope", "audience", "collection"):
        body = {"question": "Who is on call?", field: "stitchwell"}
        problem(neighbours["larderworks"].post("/v1/ask", json=body), 422, "invalid_request")


@pytest.mark.parametrize("question", golden("foreign"), ids=lambda question: question.id)
def test_a_question_about_another_tenants_documents_draws_nothing_from_them(
    neighbours: dict[str, httpx.Client], question: GoldenQuestion
) -> None:
    mine = neighbours[question.tenant]
    answer = ask_golden(mine, question)
    passages = search(mine, question.question, limit=20)
    assert passages
    for cited in [*answer["citations"], *passages]:
        assert mine.get(f"/v1/documents/{cited['document_id']}").status_code == 200
    said = answer["text"].replace(question.question, "")  # an abstention repeats what was asked
    _holds_no_leak(question.tenant, said, *(str(c) for c in answer["citations"]), *(str(p) for p in passages))


@pytest.mark.parametrize("tenant", TENANTS)
def test_no_question_draws_a_leak_marker(neighbours: dict[str, httpx.Client], tenant: str) -> None:
    for probe in ("LoomBridge", "CrateDesk", "Silk tier", "Harvest tier", "change freeze until 9 November 2026"):
        for answer in (ask(neighbours[tenant], f"What is {probe}?"), {"passages": search(neighbours[tenant], probe)}):
            _holds_no_leak(tenant, str(answer).replace(f"What is {probe}?", ""))


def _holds_no_leak(tenant: str, *texts: str) -> None:
    for owner, marker in LEAKS.items():
        for text in texts:
            assert owner == tenant or not marker.search(text), f"{tenant} was told of {owner}: {text[:300]}"


def test_the_markers_are_found_where_they_belong(neighbours: dict[str, httpx.Client]) -> None:
    """Else the tests above could not fail."""
    for tenant, probe in (("stitchwell", "LoomBridge"), ("larderworks", "CrateDesk")):
        assert LEAKS[tenant].search(str(search(neighbours[tenant], probe)))


@pytest.mark.parametrize("tenant", TENANTS)
def test_a_partners_key_is_never_told_of_an_agents_document(demo: Demo, tenant: str) -> None:
    partner = new_key(demo, tenant, role=Role.SUPPORT_AGENT, audience=Audience.PARTNER).token
    internal = [q for q in golden("answerable") if q.tenant == tenant and q.audience is Audience.AGENT]
    asked = random.Random(7).sample(internal, 6)
    with demo.api(tenant) as agent, calling(demo, partner) as outside:
        hidden = _agents_documents(agent, asked)
        assert hidden
        for document_id in hidden:
            problem(outside.get(f"/v1/documents/{document_id}"), 404, "not_found")
        for question in asked:
            told = ask_golden(outside, question)["citations"]
            told += search(outside, question.question, limit=50, filters=question.filters)
            assert not hidden & {found["document_id"] for found in told}


def _agents_documents(agent: httpx.Client, questions: list[GoldenQuestion]) -> set[str]:
    found: dict[str, Json] = {}
    for question in questions:
        for passage in search(agent, question.question, limit=10, filters=question.filters):
            document_id = passage["document_id"]
            found[document_id] = found.get(document_id) or agent.get(f"/v1/documents/{document_id}").json()
    return {document_id for document_id, document in found.items() if document["audience"] == "agent"}
