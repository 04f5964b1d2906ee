"""The contract of asking: the answer's fields, the stream's events, search, votes, hand-overs, follow-ups, filters."""

from __future__ import annotations

import asyncio

import httpx
import pytest
from api_world import Json, Lab, ask, calling, events, new_key, problem, search, streamed

from core.domain import Role
from tests.servers.demo import Demo

pytestmark = pytest.mark.slow

ANSWER = {
    "answer_id": str,
    "conversation_id": str,
    "outcome": str,
    "text": str,
    "citations": list,
    "confidence": float,
    "degraded": bool,
    "release": int,
    "releases": dict,
    "model": str,
    "redactions": dict,
    "handoff": (dict, type(None)),
    "timings_ms": dict,
    "kind": str,
    "partial": bool,
    "choices": list,
    "closest": list,
    "topics": list,
}
CITATION = {
    "n": int,
    "document_id": str,
    "source": str,
    "title": str,
    "url": (str, type(None)),
    "heading_path": list,
    "page": (int, type(None)),
    "quote": str,
    "doc_type": str,
    "version": (str, type(None)),
    "effective_from": (str, type(None)),
    "score": float,
}
PASSAGE = {"document_id": str, "source": str, "title": str, "heading_path": list, "text": str, "score": float}
WARRANTY = "How long is the warranty on a receipt printer?"
UNKNOWN = "What is the airspeed of an unladen swallow over Lake Titicaca?"


def _has(found: Json, shape: dict[str, type | tuple[type, ...]]) -> None:
    assert shape.keys() <= found.keys()
    for name, kind in shape.items():
        assert isinstance(found[name], kind), f"{name} is {found[name]!r}"


def _is_proved(api: httpx.Client, answer: Json) -> None:
    """Each citation's quote stands in the document that it names, and its number in the text."""
    assert answer["citations"]
    for citation in answer["citations"]:
        _has(citation, CITATION)
        document = api.get(f"/v1/documents/{citation['document_id']}").json()
        assert citation["quote"] in document["text"]
        assert citation["source"] == document["source"]
        assert f"[{citation['n']}]" in answer["text"]


def test_an_answer_is_complete_and_its_citations_are_in_the_documents(corvane: httpx.Client) -> None:
    answer = ask(corvane, WARRANTY)
    _has(answer, ANSWER)
    assert answer["outcome"] == "answered"
    assert answer["handoff"] is None
    assert answer["releases"] and set(answer["releases"].values()) == {answer["release"]}
    assert answer["timings_ms"]["total"] > 0
    _is_proved(corvane, answer)


def test_an_abstention_cites_nothing_and_offers_a_person(corvane: httpx.Client) -> None:
    answer = ask(corvane, UNKNOWN)
    _has(answer, ANSWER)
    assert answer["outcome"] == "abstained"
    assert answer["citations"] == []
    assert answer["handoff"]["offered"] is True
    assert 0 <= answer["confidence"] < 0.5


def test_personal_data_in_a_question_is_counted_and_repeated_nowhere(corvane: httpx.Client) -> None:
    answer = ask(corvane, "Mail jane.roe@private-mail.example: how long is the warranty on a receipt printer?")
    assert answer["redactions"]["EMAIL"] == 1
    assert "jane.roe" not in str(answer)


def test_the_stream_tells_the_same_answer_in_the_contracts_order(corvane: httpx.Client) -> None:
    told = streamed(corvane, WARRANTY)
    names = [name for name, _ in told]
    assert names[0] == "meta"
    assert names[1] == "status"
    assert names[-1] == "done"
    assert set(names) == {"meta", "status", "sentence", "citation", "done"}
    assert names.index("citation") < names.index("sentence")

    done = told[-1][1]
    _has(done, ANSWER)
    _is_proved(corvane, done)
    meta = told[0][1]
    assert {meta["answer_id"], meta["conversation_id"]} == {done["answer_id"], done["conversation_id"]}
    assert "AI" in meta["disclosure"]
    assert [data for name, data in told if name == "citation"] == done["citations"]
    for name, data in told:
        if name == "sentence":
            assert data["text"] in done["text"]
    whole = ask(corvane, WARRANTY)
    assert (whole["text"], whole["citations"]) == (done["text"], done["citations"])


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ({"question": "   "}, "empty_question"),
        ({"question": "x", "conversation_id": "0" * 32}, "not_found"),
        ({"question": "x", "filters": {"version": "latest"}}, "invalid_version"),
    ],
)
def test_a_fault_before_the_stream_is_a_problem_and_not_a_stream(corvane: httpx.Client, body: Json, code: str) -> None:
    response = corvane.post("/v1/ask", json=body, headers={"Accept": "text/event-stream"})
    problem(response, 404 if code == "not_found" else 422, code)


async def test_sixteen_streams_at_once_all_end_with_done(demo: Demo) -> None:
    questions = [WARRANTY, UNKNOWN, "ERR-4107 on the payment terminal", "How do I close the month?"] * 4
    headers = {"Authorization": f"Bearer {demo.keys['corvane']}", "Accept": "text/event-stream"}

    async def last(api: httpx.AsyncClient, question: str) -> tuple[str, Json]:
        async with api.stream("POST", "/v1/ask", json={"question": question}) as response:
            return list(events([line async for line in response.aiter_lines()]))[-1]

    async with httpx.AsyncClient(base_url=demo.url, headers=headers, timeout=120.0, trust_env=False) as api:
        ends = await asyncio.gather(*(last(api, question) for question in questions))
    assert [name for name, _ in ends] == ["done"] * 16
    given = {(question, done["text"]) for question, (_, done) in zip(questions, ends, strict=True)}
    assert len(given) == 4, "the same question, different answers"


def test_a_follow_up_is_understood_in_its_conversation(corvane: httpx.Client) -> None:
    first = ask(corvane, "What does ERR-4107 mean on a payment terminal?")
    follow_up = "And what are the steps for it?"
    alone, follow = ask(corvane, follow_up), ask(corvane, follow_up, conversation_id=first["conversation_id"])
    assert follow["conversation_id"] == first["conversation_id"]
    assert alone["conversation_id"] != first["conversation_id"]
    assert follow["confidence"] > alone["confidence"], "the conversation told the copilot nothing"


def test_a_conversation_belongs_to_the_key_that_began_it(demo: Demo, corvane: httpx.Client) -> None:
    begun = ask(corvane, WARRANTY)["conversation_id"]
    with calling(demo, new_key(demo, "corvane").token) as colleague:
        problem(colleague.post("/v1/ask", json={"question": "And?", "conversation_id": begun}), 404, "not_found")


def test_search_returns_passages_best_first_and_no_more_than_asked(corvane: httpx.Client) -> None:
    response = corvane.post("/v1/search", json={"query": "terminal not reachable", "limit": 3})
    found = response.json()
    assert found["release"] >= 1
    assert len(found["passages"]) == 3
    for passage in found["passages"]:
        _has(passage, PASSAGE)
    scores = [passage["score"] for passage in found["passages"]]
    assert scores == sorted(scores, reverse=True)
    assert all(0 <= score <= 1 for score in scores)


@pytest.mark.parametrize("limit", [0, 51, "many"])
def test_search_refuses_a_limit_out_of_range(corvane: httpx.Client, limit: object) -> None:
    problem(corvane.post("/v1/search", json={"query": "terminal", "limit": limit}), 422, "invalid_request")


def test_votes_are_taken_and_a_second_one_replaces_the_first(corvane: httpx.Client) -> None:
    answer_id = ask(corvane, WARRANTY)["answer_id"]
    for vote in (
        {"vote": "up"},
        {"vote": "down", "reason": "outdated", "comment": "since May", "correction": "36 months"},
    ):
        response = corvane.post("/v1/feedback", json={"answer_id": answer_id, **vote})
        assert (response.status_code, response.content) == (204, b"")
    problem(corvane.post("/v1/feedback", json={"answer_id": answer_id, "vote": "sideways"}), 422, "invalid_request")
    problem(corvane.post("/v1/feedback", json={"answer_id": "0" * 32, "vote": "up"}), 404, "not_found")


def test_handing_over_by_answer_and_by_conversation_opens_numbered_cases(corvane: httpx.Client) -> None:
    answer = ask(corvane, UNKNOWN)
    by_answer = corvane.post(
        "/v1/handoffs", json={"answer_id": answer["answer_id"], "contact": "+1 555 0199", "note": "urgent"}
    )
    by_conversation = corvane.post("/v1/handoffs", json={"conversation_id": answer["conversation_id"]})
    cases = [by_answer, by_conversation]
    assert [case.status_code for case in cases] == [201, 201]
    assert all(case.json()["status"] == "open" for case in cases)
    first, second = (int(case.json()["case_id"].removeprefix("C-")) for case in cases)
    assert second == first + 1
    problem(corvane.post("/v1/handoffs", json={"note": "help"}), 422, "invalid_request")
    problem(corvane.post("/v1/handoffs", json={"answer_id": "0" * 32}), 404, "not_found")


RULES = {
    "old.md": "---\ntitle: Freezer alarm\nversions: '<7.4'\n---\nThe freezer alarm is acknowledged with code 1111 on the panel.\n",
    "new.md": "---\ntitle: Freezer alarm\nversions: '>=7.4'\n---\nThe freezer alarm is acknowledged with code 2222 on the panel.\n",
    "later.md": "---\ntitle: Freezer alarm\neffective_from: 2031-01-01\ndoc_type: policy\n---\n"
    "The freezer alarm is acknowledged with code 3333 on the panel.\n",
    "nordhaven.md": "---\ntitle: Freezer alarm\ncustomer: Nordhaven\ndoc_type: config_record\n---\n"
    "The freezer alarm is acknowledged with code 4444 on the panel.\n",
}


def test_filters_narrow_what_is_found(lab: Lab) -> None:
    for name, text in RULES.items():
        corpus = "shop" if name == "nordhaven.md" else "notes"
        response = lab.admin.post("/v1/documents", data={"corpus": corpus}, files={"file": (name, text.encode())})
        assert response.status_code == 201, response.text
    assert lab.admin.post("/v1/releases", json={}).status_code == 201

    def sources(**filters: object) -> set[str]:
        return {passage["source"] for passage in search(lab.admin, "freezer alarm code", filters=filters)}

    assert sources() == {"old.md", "new.md"}
    assert sources(version="7.3") == {"old.md"}
    assert sources(version="7.4.1") == {"new.md"}
    assert sources(as_of="2031-06-01") == {"old.md", "new.md", "later.md"}
    assert sources(as_of="2031-06-01", doc_types=["policy"]) == {"later.md"}
    assert sources(customer="Nordhaven") == {"old.md", "new.md", "nordhaven.md"}
    assert sources(customer="Nordhaven", corpora=["shop"]) == {"nordhaven.md"}
    assert sources(corpora=["shop"]) == set()
    assert sources(corpora=["no-such-corpus"]) == set()
    assert sources(customer="Somebody Else") == {"old.md", "new.md"}


@pytest.mark.parametrize("version", ["latest", "7.x", "-1", "seven"])
def test_a_version_that_is_none_is_refused_by_ask_and_search(corvane: httpx.Client, version: str) -> None:
    filters = {"filters": {"version": version}}
    problem(corvane.post("/v1/ask", json={"question": WARRANTY, **filters}), 422, "invalid_version")
    problem(corvane.post("/v1/search", json={"query": WARRANTY, **filters}), 422, "invalid_version")


def test_a_key_without_the_permission_is_told_which_one_it_lacks(demo: Demo) -> None:
    with calling(demo, new_key(demo, "corvane", role=Role.AUDITOR).token) as auditor:
        found = problem(auditor.post("/v1/ask", json={"question": WARRANTY}), 403, "forbidden")
    assert "'ask'" in found["detail"]
