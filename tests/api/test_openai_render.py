"""Answers in OpenAI's shapes: markers as annotations, events as chunks, and a withdrawal that a reader cannot miss."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

import pytest
from openai.types.chat import ChatCompletion, ChatCompletionChunk

from answers.checks import CheckedUnit, joined
from answers.events import AnswerEvent, Cited, Done, Replaced, Sentence, Started, StatusChanged
from answers.handoff import OFFER
from answers.types import Answer, Citation
from answers.units import UnitKind
from api.openai.render import WITHDRAWN, Chunks, Head, completion, url_citations
from core.domain import Outcome
from core.errors import UnavailableError

HEAD = Head("partner-copilot", 1_793_491_200, ["temperature"], lambda document_id: f"https://here/{document_id}")
Json = dict[str, Any]


def citation(n: int, url: str | None = None) -> Citation:
    return Citation(n, f"d{n}", f"{n}.md", f"Title {n}", url, ("Steps",), None, "quote", "runbook", None, None, 0.9)


def answer(text: str, *citations: Citation, outcome: Outcome = Outcome.ANSWERED, **more: Any) -> Answer:
    offer = None if outcome is Outcome.ANSWERED else OFFER
    return Answer("a1", "c1", outcome, text, citations, 0.8, False, 3, {"t": 3}, "extractive", {}, offer, {}, **more)


def chunks(events: Sequence[AnswerEvent], *, include_usage: bool = False) -> list[Json]:
    """The stream's chunks, which are valid ones and end with [DONE]."""
    writer = Chunks(HEAD, include_usage)
    frames = "".join(writer.event(event) for event in [Started("a1", "c1", "extractive", 3), *events]).split("\n\n")
    assert frames[-2:] == ["data: [DONE]", ""]
    told = [json.loads(frame.removeprefix("data: ")) for frame in frames[:-2]]
    for chunk in told:
        ChatCompletionChunk.model_validate(chunk, strict=True)
        assert (chunk["id"], chunk["system_fingerprint"]) == ("chatcmpl-a1", "release-3")
    return told


def text_of(told: Sequence[Json]) -> str:
    return "".join(chunk["choices"][0]["delta"].get("content", "") for chunk in told if chunk["choices"])


def noted(told: Sequence[Json]) -> list[Json]:
    return [a["url_citation"] for c in told if c["choices"] for a in c["choices"][0]["delta"].get("annotations", [])]


def test_a_completion_is_a_valid_one_with_an_annotation_for_each_marker() -> None:
    text = "Stop it. [1] Start it. [1][2]"
    found = completion(answer(text, citation(1, "https://docs/1"), citation(2)), HEAD)
    parsed = ChatCompletion.model_validate(found, strict=True)
    message = parsed.choices[0].message
    spans = [
        (text[a.url_citation.start_index : a.url_citation.end_index], a.url_citation.url)
        for a in message.annotations or []
    ]
    assert spans == [("[1]", "https://docs/1"), ("[1]", "https://docs/1"), ("[2]", "https://here/d2")]
    assert (parsed.choices[0].finish_reason, message.content, message.refusal) == ("stop", text, None)
    assert found["partner_copilot"]["citations"][0]["quote"] == "quote"
    assert found["partner_copilot"]["ignored"] == ["temperature"]


@pytest.mark.parametrize(
    "text",
    [
        "Read values[1] first.",
        "Run this:\n```\nx = [1]\n```",
        "A source that is none. [7]",
        "An open fence\n```\n[1] and no end",
    ],
)
def test_brackets_that_are_no_markers_of_ours_are_not_annotated(text: str) -> None:
    assert url_citations(text, [citation(1)], HEAD.link_to) == []


def test_a_marker_below_a_code_block_is_annotated() -> None:
    text = "```\nsc stop TillSync\n```\n\n[1]"
    [found] = url_citations(text, [citation(1)], HEAD.link_to)
    assert (found["url_citation"]["start_index"], found["url_citation"]["end_index"]) == (len(text) - 3, len(text))


@pytest.mark.parametrize("outcome", [Outcome.ABSTAINED, Outcome.ESCALATED, Outcome.REFUSED])
def test_every_other_outcome_is_ordinary_text_with_a_field_that_says_so(outcome: Outcome) -> None:
    given = answer("I don't know.", outcome=outcome)
    found = completion(given, HEAD)
    assert found["choices"][0]["message"]["content"] == "I don't know."
    assert found["choices"][0]["message"]["annotations"] == []
    assert (found["partner_copilot"]["outcome"], found["partner_copilot"]["handoff"]["offered"]) == (outcome, True)
    told = chunks([StatusChanged("searching"), Done(given)])
    assert text_of(told) == "I don't know."
    assert told[-1]["choices"][0]["finish_reason"] == "stop"
    assert told[-1]["partner_copilot"]["outcome"] == outcome


def test_the_stream_says_word_for_word_what_the_whole_answer_says() -> None:
    kinds = [UnitKind.SENTENCE, UnitKind.SENTENCE, UnitKind.ITEM, UnitKind.ITEM, UnitKind.TABLE, UnitKind.NOTE]
    units = [CheckedUnit(f"Unit {n}. [1]", kind, ()) for n, kind in enumerate(kinds)]
    whole = joined(units)
    told = chunks(
        [
            Cited(citation(1)),
            *(Sentence(n, unit.text, unit.kind) for n, unit in enumerate(units)),
            Done(answer(whole, citation(1))),
        ]
    )
    assert text_of(told) == whole
    assert told[0]["choices"][0]["delta"]["role"] == "assistant"
    assert {whole[note["start_index"] : note["end_index"]] for note in noted(told)} == {"[1]"}
    assert len(noted(told)) == len(units)
    assert [c["choices"][0]["finish_reason"] for c in told] == [None] * (len(told) - 1) + ["stop"]


def test_what_is_withdrawn_is_said_to_be_and_the_rest_is_counted_from_there() -> None:
    told = chunks(
        [
            Sentence(0, "Restart it. [1]", "sentence"),
            Replaced("Stop it, then start it. [1]", Outcome.ANSWERED),
            Sentence(1, "Holds for 7.4.", "note"),
            Done(answer("Stop it, then start it. [1]\n\nHolds for 7.4.", citation(1))),
        ]
    )
    said = text_of(told)
    assert said == f"Restart it. [1]{WITHDRAWN}Stop it, then start it. [1]\n\nHolds for 7.4."
    [note] = noted(told)
    assert said[note["start_index"] : note["end_index"]] == "[1]"
    assert note["start_index"] > said.index(WITHDRAWN)


def test_an_end_that_differs_from_what_was_said_counts_alone() -> None:
    told = chunks(
        [Sentence(0, "Restart it. [1]", "sentence"), Done(answer("I don't know.", outcome=Outcome.ABSTAINED))]
    )
    assert text_of(told) == f"Restart it. [1]{WITHDRAWN}I don't know."
    assert noted(told) == []


def test_usage_comes_last_and_only_where_it_is_asked_for() -> None:
    done = Done(answer("Yes. [1]", citation(1), usage={"prompt_tokens": 7, "completion_tokens": 3}))
    told = chunks([Sentence(0, "Yes. [1]", "sentence"), done], include_usage=True)
    assert told[-1]["usage"] == {"prompt_tokens": 7, "completion_tokens": 3, "total_tokens": 10}
    assert told[-1]["choices"] == []
    assert all(chunk["usage"] is None for chunk in told[:-1])
    assert all("usage" not in chunk for chunk in chunks([done]))


def test_a_fault_in_the_stream_is_an_error_that_clients_raise() -> None:
    frame = Chunks(HEAD, False).fault(UnavailableError("the answer was interrupted; ask again"))
    assert json.loads(frame.removeprefix("data: "))["error"] == {
        "message": "the answer was interrupted; ask again",
        "type": "server_error",
        "param": None,
        "code": "unavailable",
    }
