"""What of OpenAI's requests is taken, ignored and refused, and what question comes of it."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import ValidationError

from answers.types import Exchange, Question
from api.openai.conversation import question_of
from api.openai.schemas import ChatIn
from core.domain import Audience, Filters, Permission, Principal
from core.errors import CopilotError
from core.settings import OpenAISettings

PRINCIPAL = Principal("t1", "key-1", Audience.PARTNER, frozenset(Permission))
ASKED = {"role": "user", "content": "How do I reset the scanner?"}
TOOL = {"type": "function", "function": {"name": "look_up", "parameters": {}}}
Json = dict[str, Any]


def said(role: str, content: object) -> Json:
    return {"role": role, "content": content}


def question(messages: list[Json] | None = None, limits: OpenAISettings | None = None, **more: object) -> Question:
    body = {"model": "partner-copilot", "messages": [ASKED] if messages is None else messages, **more}
    return question_of(ChatIn.model_validate(body), PRINCIPAL, limits or OpenAISettings())


def refused(code: str, param: str, **body: Any) -> None:
    with pytest.raises(CopilotError) as caught:
        question(**body)
    assert (caught.value.code, caught.value.members.get("param")) == (code, param)


def test_the_last_message_asks_and_the_earlier_ones_explain() -> None:
    asked = question(
        [
            said("system", "You are a pirate."),
            said("assistant", "Ahoy! How can I help?"),
            said("user", "What does ERR-4107 mean?"),
            said("assistant", "The terminal is not reached. [1]"),
            said("user", "Hello?"),
            said("user", "And the steps?"),
        ]
    )
    assert (asked.text, asked.principal, asked.conversation_id) == ("And the steps?", PRINCIPAL, None)
    assert asked.history == (
        Exchange("What does ERR-4107 mean?", "The terminal is not reached. [1]"),
        Exchange("Hello?", ""),
    )


def test_content_may_come_in_parts_of_text() -> None:
    parts = [{"type": "text", "text": "The till shows"}, {"type": "text", "text": "ERR-4021.\x00"}]
    assert question([said("user", parts)]).text == "The till shows\nERR-4021."


def test_filters_narrow_and_a_version_that_is_none_is_refused() -> None:
    assert question(partner_copilot={"filters": {"version": "7.4"}}).filters == Filters(version="7.4")
    with pytest.raises(CopilotError) as caught:
        question(partner_copilot={"filters": {"version": "latest"}})
    assert caught.value.code == "invalid_version"


@pytest.mark.parametrize("field", ["tenant", "audience", "scope"])
def test_the_extension_takes_no_word_about_who_asks(field: str) -> None:
    with pytest.raises(ValidationError):
        question(partner_copilot={field: "stitchwell"})


@pytest.mark.parametrize(
    ("code", "param", "body"),
    [
        ("model_not_found", "model", {"model": "gpt-4o"}),
        ("empty_messages", "messages", {"messages": []}),
        ("last_message_not_user", "messages", {"messages": [ASKED, said("assistant", "Like this.")]}),
        ("last_message_not_user", "messages", {"messages": [said("system", "Only this.")]}),
        ("tools_not_supported", "tools", {"tools": [TOOL]}),
        ("tools_not_supported", "tools", {"tools": [TOOL], "tool_choice": "auto"}),
        ("tools_not_supported", "functions", {"functions": [{"name": "look_up"}]}),
        ("tools_not_supported", "messages.0.role", {"messages": [said("tool", "42"), ASKED]}),
        ("tools_not_supported", "messages.0.role", {"messages": [said("function", "42"), ASKED]}),
        (
            "tools_not_supported",
            "messages.1.role",
            {"messages": [ASKED, {"role": "assistant", "content": None, "tool_calls": [{"id": "c1"}]}, ASKED]},
        ),
        (
            "unsupported_content",
            "messages.0.content",
            {"messages": [said("user", [{"type": "image_url", "image_url": {"url": "data:image/png;base64,AA"}}])]},
        ),
        ("unsupported_content", "messages.0.content", {"messages": [said("user", [{"type": "input_audio"}])]}),
        ("unsupported_value", "n", {"n": 2}),
        ("unsupported_value", "n", {"n": 0}),
        ("unsupported_value", "response_format", {"response_format": {"type": "json_object"}}),
        ("unsupported_value", "response_format", {"response_format": {"type": "json_schema", "json_schema": {}}}),
        ("unsupported_value", "logprobs", {"logprobs": True}),
        ("unsupported_value", "modalities", {"modalities": ["text", "audio"]}),
    ],
)
def test_what_cannot_be_had_is_refused_with_the_field_at_fault(code: str, param: str, body: Json) -> None:
    refused(code, param, **body)


@pytest.mark.parametrize(
    "body",
    [
        {"n": 1, "response_format": {"type": "text"}, "modalities": ["text"], "logprobs": False},
        {"tools": [], "functions": None},
        {"tools": [TOOL], "tool_choice": "none"},
        {"temperature": 0.2, "top_p": 1, "max_tokens": 50, "seed": 7, "stop": ["\n"], "user": "u1"},
        {"chat_id": "7", "keep_alive": "5m", "features": {"web_search": False}},
    ],
)
def test_what_changes_nothing_is_accepted(body: Json) -> None:
    assert question(**body).text == ASKED["content"]


def test_what_had_no_effect_is_named() -> None:
    messages = [said("developer", "Rhyme."), ASKED]
    body = {"model": "partner-copilot", "messages": messages, "temperature": 0.2, "n": 1, "top_k": 3, "stop": None}
    assert ChatIn.model_validate(body).ignored == ["system", "temperature", "top_k"]


@pytest.mark.parametrize(
    "messages",
    [
        [said("wizard", "Abracadabra")],
        [{"content": "no role"}],
        [said("user", 5)],
        [said("user", [{"text": "no type"}])],
        ["no object"],
        "no list",
    ],
)
def test_what_is_no_message_is_refused(messages: Any) -> None:
    with pytest.raises(ValidationError):
        question(messages)


def test_limits_hold_at_their_settings_and_not_before() -> None:
    limits = OpenAISettings(max_messages=3, max_chars=1000, max_system_chars=10)
    three = [ASKED, said("assistant", "x"), ASKED]
    assert question(three, limits).text == ASKED["content"]
    refused("context_length_exceeded", "messages", messages=[ASKED, *three], limits=limits)
    exactly = said("user", "x" * 1000)
    assert question([exactly], limits).text == "x" * 1000
    refused("context_length_exceeded", "messages", messages=[said("user", "x" * 1001)], limits=limits)
    assert question([said("system", "x" * 10), ASKED], limits)
    refused("system_prompt_too_long", "messages", messages=[said("system", "x" * 11), ASKED], limits=limits)
    split = [said("system", "x" * 6), said("developer", "x" * 6), ASKED]
    refused("system_prompt_too_long", "messages", messages=split, limits=limits)
