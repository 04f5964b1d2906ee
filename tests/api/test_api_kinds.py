"""Kinds of messages, choices and gaps over HTTP."""

from __future__ import annotations

import httpx
import pytest
from api_world import Lab, ask, calling, events, new_key, problem

from core.domain import Audience, Role
from tests.servers.demo import Demo

pytestmark = pytest.mark.slow


def test_a_greeting_is_answered_without_sources(corvane: httpx.Client) -> None:
    answer = ask(corvane, "Good morning!")
    assert (answer["outcome"], answer["kind"], answer["citations"]) == ("answered", "greeting", [])


def test_the_streams_end_carries_what_the_json_does(corvane: httpx.Client) -> None:
    question = "How do I set up the EDI gateway?"
    plain = ask(corvane, question)
    headers = {"Accept": "text/event-stream"}
    with corvane.stream("POST", "/v1/ask", json={"question": question}, headers=headers) as response:
        done = dict(events(response.iter_lines()))["done"]
    for name in ("outcome", "kind", "partial", "choices", "closest", "text"):
        assert done[name] == plain[name]


def test_a_choice_narrows_the_question_before_it(corvane: httpx.Client) -> None:
    asked = ask(corvane, "How do I set up the EDI gateway?")
    assert asked["kind"] == "clarification"
    later = asked["choices"][-1]
    answer = ask(corvane, later["label"], conversation_id=asked["conversation_id"])
    assert answer["kind"] == "question"
    versions = {citation["version"] for citation in answer["citations"]}
    assert not versions & {">=7.0 <7.4"}


def test_a_text_of_4000_words_is_searched_by_its_question(corvane: httpx.Client) -> None:
    story = "We opened the store on Monday and everything went fine until noon. " * 170
    answer = ask(corvane, f"{story}How long is the warranty on a receipt printer? {story}")
    assert answer["outcome"] == "answered"
    assert "How long is the warranty on a receipt printer?" in answer["text"]


def test_gaps_are_for_the_tenants_own_knowledge_admins(demo: Demo, lab: Lab) -> None:
    for question in ("Where do I find the top speed of an ostrich?", "Where can I find the top speed of ostriches?"):
        assert ask(lab.partner, question)["outcome"] == "abstained"
    found = lab.admin.get("/v1/gaps").json()
    assert [(gap["count"], gap["question"]) for gap in found["gaps"]] == [
        (2, "Where do I find the top speed of an ostrich?")
    ]
    assert found["total"] == 1
    problem(lab.partner.get("/v1/gaps"), 403, "forbidden")
    editor = new_key(demo, lab.tenant, role=Role.EDITOR, audience=Audience.AGENT).token
    with calling(demo, editor) as as_editor, calling(demo, demo.keys["corvane"]) as stranger:
        problem(as_editor.get("/v1/gaps"), 403, "forbidden")
        assert "ostrich" not in stranger.get("/v1/gaps").text
    problem(lab.admin.get("/v1/gaps?limit=0"), 422)
