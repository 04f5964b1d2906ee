"""From OpenAI's messages to one `Question`: the last message asks, those before it explain a follow-up.

A system prompt is accepted within a limit and is not followed: what may be said is the tenant's to decide, not the caller's.
"""

from __future__ import annotations

from answers.types import Exchange, Question
from api.openai.schemas import ChatIn, MessageIn
from core.domain import Principal
from core.errors import InvalidRequestError, NotFoundError
from core.settings import OpenAISettings

MODEL = "partner-copilot"
MODEL_CREATED = 1_793_491_200
"""1 November 2026: the schema asks for a day, and clients only sort by it."""


def question_of(body: ChatIn, principal: Principal, limits: OpenAISettings) -> Question:
    """Raises `NotFoundError` (`model_not_found`) and `InvalidRequestError`, whose member `param` names the field at fault."""
    require_model(body.model)
    _refuse_what_is_not_offered(body)
    _require_bounded(body.messages, limits)
    for number, message in enumerate(body.messages):
        _require_text(message, f"messages.{number}")
    *earlier, last = body.messages
    if last.role != "user":
        raise _invalid("last_message_not_user", "the last message must be the user's question", "messages")
    filters = body.partner_copilot.filters.to_domain()
    return Question(last.text, principal, None, filters, history=_exchanges(earlier))


def require_model(name: str) -> None:
    if name != MODEL:
        raise NotFoundError(
            f"there is no such model here; use '{MODEL}', or see GET /v1/models",
            code="model_not_found",
            members={"param": "model"},
        )


def _refuse_what_is_not_offered(body: ChatIn) -> None:
    if (body.tools and body.tool_choice != "none") or body.functions:
        raise _invalid(
            "tools_not_supported",
            "this model calls no tools: it answers from the published documents; leave 'tools' and 'functions' out",
            "tools" if body.tools else "functions",
        )
    if body.n not in (None, 1):
        raise _invalid("unsupported_value", "there is one answer; leave 'n' out, or set it to 1", "n")
    if body.response_format and body.response_format.get("type") != "text":
        raise _invalid(
            "unsupported_value",
            "answers are text, and machine-readable in 'partner_copilot'; leave 'response_format' out",
            "response_format",
        )
    if body.logprobs:
        raise _invalid("unsupported_value", "there are no log probabilities; leave 'logprobs' out", "logprobs")
    if set(body.modalities or ()) - {"text"}:
        raise _invalid("unsupported_value", "answers are text; leave 'modalities' out", "modalities")


def _require_bounded(messages: list[MessageIn], limits: OpenAISettings) -> None:
    if not messages:
        raise _invalid("empty_messages", "send at least one message, the user's question", "messages")
    if len(messages) > limits.max_messages:
        raise _invalid(
            "context_length_exceeded",
            f"{len(messages)} messages are more than {limits.max_messages} (COPILOT_OPENAI__MAX_MESSAGES); begin a new chat",
            "messages",
        )
    if sum(len(message.text) for message in messages) > limits.max_chars:
        raise _invalid(
            "context_length_exceeded",
            f"the messages have more than {limits.max_chars:,} characters (COPILOT_OPENAI__MAX_CHARS); begin a new chat",
            "messages",
        )
    steering = sum(len(message.text) for message in messages if message.role in ("system", "developer"))
    if steering > limits.max_system_chars:
        raise _invalid(
            "system_prompt_too_long",
            f"the system prompt has more than {limits.max_system_chars:,} characters (COPILOT_OPENAI__MAX_SYSTEM_CHARS);"
            " shorten it, or leave it out: it is not followed",
            "messages",
        )


def _require_text(message: MessageIn, place: str) -> None:
    if message.role in ("tool", "function") or message.tool_calls or message.function_call:
        raise _invalid(
            "tools_not_supported", "this model calls no tools; leave their calls and results out", f"{place}.role"
        )
    if any(part.type not in ("text", "refusal") for part in message.content):
        raise _invalid(
            "unsupported_content", "only text can be read; leave images, audio and files out", f"{place}.content"
        )


def _exchanges(messages: list[MessageIn]) -> tuple[Exchange, ...]:
    """Each user's message with what the assistant said next; a user who wrote twice has asked two questions."""
    told: list[Exchange] = []
    for message in messages:
        if message.role == "user":
            told.append(Exchange(message.text, ""))
        elif message.role == "assistant" and told and not told[-1].answer:
            told[-1] = Exchange(told[-1].question, message.text)
    return tuple(told)


def _invalid(code: str, detail: str, param: str) -> InvalidRequestError:
    return InvalidRequestError(detail, code=code, members={"param": param})
