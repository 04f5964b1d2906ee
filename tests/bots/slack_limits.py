"""What Slack refuses: limits of blocks, modals, streams and prompts (docs.slack.dev/reference/block-kit, …/methods)."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

Json = Mapping[str, Any]

MESSAGE_BLOCKS, MODAL_BLOCKS = 50, 100
MESSAGE_CHARS = 13_200
"""`msg_blocks_too_long` (slackapi/bolt-js#2509)."""
TEXT_CHARS = 40_000

_REQUIRED = {
    "chat.postMessage": ("channel", "text"),
    "chat.postEphemeral": ("channel", "text", "user"),
    "chat.update": ("channel", "ts", "text"),
    "chat.startStream": ("channel", "thread_ts", "recipient_team_id", "recipient_user_id"),
    "chat.appendStream": ("channel", "ts"),
    "chat.stopStream": ("channel", "ts"),
    "views.open": ("trigger_id", "view"),
    "views.update": ("view_id", "view"),
    "conversations.info": ("channel",),
    "conversations.replies": ("channel", "ts"),
    "users.info": ("user",),
    "assistant.threads.setSuggestedPrompts": ("channel_id", "prompts"),
    "agents.sessions.setStatus": ("channel_id", "thread_ts", "status"),
    "oauth.v2.access": ("code",),
}


def refusal(method: str, given: Json) -> str | None:
    """Slack's error for a call that it would not take; None for one that it takes."""
    if method not in _REQUIRED:
        return "unknown_method"
    if any(not given.get(name) for name in _REQUIRED[method]):
        return "invalid_arguments"
    problems = list(_problems(method, given))
    return problems[0] if problems else None


def message_refusal(given: Json) -> str | None:
    """Of the content of one message."""
    return next(_message(given), None)


def _problems(method: str, given: Json) -> Iterator[str]:
    if method in ("chat.postMessage", "chat.postEphemeral", "chat.update"):
        yield from _message(given)
    if "chunks" in given:
        yield from _chunks(given["chunks"])
    if "view" in given:
        yield from _modal(given["view"])
    if "prompts" in given:
        yield from _prompts(given["prompts"])
    if method == "agents.sessions.setStatus" and given["status"] not in ("active", "processing", "suspended", "closed"):
        yield "invalid_status"
    if len(str(given.get("username", ""))) > 80:
        yield "invalid_username"
    if "metadata" in given and set(given["metadata"]) != {"event_type", "event_payload"}:
        yield "invalid_metadata_format"


def _message(given: Json) -> Iterator[str]:
    blocks = given.get("blocks", [])
    if not given.get("text") or len(given["text"]) > TEXT_CHARS or given.get("parse") != "none":
        yield "invalid_text"
    if len(blocks) > MESSAGE_BLOCKS or any(not _fits(block) for block in blocks):
        yield "invalid_blocks"
    if len(json.dumps(blocks, ensure_ascii=False)) > MESSAGE_CHARS:
        yield "msg_blocks_too_long"


def _chunks(chunks: Sequence[Json]) -> Iterator[str]:
    for chunk in chunks:
        match chunk["type"]:
            case "task_update":
                fits = 1 <= len(chunk["title"]) <= 256 and chunk["id"]
                if not fits or chunk["status"] not in ("pending", "in_progress", "complete", "error"):
                    yield "invalid_chunks"
            case "blocks":
                if any(not _fits(block) for block in chunk["blocks"]):
                    yield "invalid_blocks"
            case _:
                yield "invalid_chunks"


def _modal(view: Json) -> Iterator[str]:
    blocks = view["blocks"]
    titles = [view["title"], view["close"], *([view["submit"]] if "submit" in view else [])]
    if view["type"] != "modal" or any(not 1 <= len(one["text"]) <= 24 for one in titles):
        yield "invalid_arguments"
    if not 1 <= len(blocks) <= MODAL_BLOCKS or any(not _fits(block) for block in blocks):
        yield "invalid_blocks"
    named = [block["block_id"] for block in blocks if "block_id" in block]
    if len(set(named)) != len(named) or len(view["private_metadata"]) > 3000:
        yield "invalid_arguments"
    if any(block["type"] == "input" for block in blocks) != ("submit" in view):
        yield "invalid_arguments"


def _prompts(prompts: Sequence[Json]) -> Iterator[str]:
    if not 1 <= len(prompts) <= 4 or any(not (one["title"] and one["message"]) for one in prompts):
        yield "invalid_arguments"


def _fits(block: Json) -> bool:
    match block["type"]:
        case "section":
            return 1 <= len(block["text"]["text"]) <= 3000
        case "context":
            return 1 <= len(block["elements"]) <= 10 and all(1 <= len(one["text"]) <= 3000 for one in block["elements"])
        case "actions" | "context_actions":
            return 1 <= len(block["elements"]) <= 25 and all(map(_button_fits, _buttons(block)))
        case "input":
            return 1 <= len(block["label"]["text"]) <= 2000 and _field_fits(block["element"])
    return False


def _buttons(block: Json) -> Iterator[Json]:
    for element in block["elements"]:
        inner = [element[name] for name in ("positive_button", "negative_button") if name in element]
        yield from inner or [element]


def _button_fits(button: Json) -> bool:
    return 1 <= len(button["text"]["text"]) <= 75 and len(button["value"]) <= 2000


def _field_fits(field: Json) -> bool:
    match field["type"]:
        case "plain_text_input":
            most = field.get("max_length", 3000)
            return len(field.get("initial_value", "x")) <= min(most, 3000) and most <= 3000
        case "static_select":
            return _options_fit(field, 100) and (
                "initial_option" not in field or _among(field, field["initial_option"])
            )
        case "radio_buttons" | "checkboxes":
            return _options_fit(field, 10) and all(_among(field, one) for one in field.get("initial_options", []))
        case "multi_users_select":
            return all(user.startswith(("U", "W")) for user in field.get("initial_users", []))
    return False


def _options_fit(field: Json, most: int) -> bool:
    options = field["options"]
    sized = all(1 <= len(one["text"]["text"]) <= 75 and 1 <= len(one["value"]) <= 150 for one in options)
    return 1 <= len(options) <= most and sized


def _among(field: Json, option: Json) -> bool:
    return option in field["options"]
