"""Examples of OpenAI's routes for the OpenAPI document."""

from __future__ import annotations

from typing import Any

from api.examples import Responses
from api.openai.errors import error_body

_ERROR = {
    "type": "object",
    "properties": {
        "error": {
            "type": "object",
            "properties": {
                "message": {"type": "string"},
                "type": {"type": "string"},
                "param": {"type": ["string", "null"]},
                "code": {"type": "string"},
            },
        }
    },
}


def _error(status: int, code: str, detail: str, param: str | None = None) -> dict[str, Any]:
    example = error_body(status, code, detail, {"param": param})
    return {"description": detail, "content": {"application/json": {"schema": _ERROR, "example": example}}}


OPENAI_ERRORS: Responses = {
    400: _error(400, "last_message_not_user", "the last message must be the user's question", "messages"),
    401: _error(401, "unauthenticated", "send a valid API key as 'Authorization: Bearer <key>'"),
    403: _error(403, "forbidden", "this key lacks the permission"),
    404: _error(404, "model_not_found", "there is no such model here; use 'partner-copilot'", "model"),
    413: _error(413, "too_large", "the request's body is larger than COPILOT_SERVER__MAX_BODY_BYTES"),
    429: _error(429, "rate_limited", "too many questions this minute"),
    503: _error(503, "unavailable", "a part of the service is down; try again"),
    # Without it FastAPI documents a 422 of its own, which these routes never answer.
    "default": _error(500, "internal_error", "something went wrong; the service's log says more"),
}

CHAT_REQUESTS: dict[str, Any] = {
    "question": {
        "summary": "A question",
        "value": {
            "model": "partner-copilot",
            "messages": [{"role": "user", "content": "The till shows ERR-4021 after the night sync. What do I do?"}],
        },
    },
    "follow_up": {
        "summary": "A follow-up, streamed, for a product version",
        "value": {
            "model": "partner-copilot",
            "messages": [
                {"role": "user", "content": "What does ERR-4107 mean on a payment terminal?"},
                {"role": "assistant", "content": "The till does not reach the terminal. [1]"},
                {"role": "user", "content": [{"type": "text", "text": "And what are the steps for it?"}]},
            ],
            "stream": True,
            "stream_options": {"include_usage": True},
            "partner_copilot": {"filters": {"version": "7.4"}},
        },
    },
}

COMPLETION: dict[str, Any] = {
    "id": "chatcmpl-0b9f3c8e5d2a4f6ba1c7e8d9f0a1b2c3",
    "object": "chat.completion",
    "created": 1793520000,
    "model": "partner-copilot",
    "system_fingerprint": "release-3",
    "choices": [
        {
            "index": 0,
            "message": {
                "role": "assistant",
                "content": "Restart the service CorvaneSync on the till. [1]",
                "refusal": None,
                "annotations": [
                    {
                        "type": "url_citation",
                        "url_citation": {
                            "start_index": 45,
                            "end_index": 48,
                            "url": "https://copilot.example.com/v1/documents/4f6ba1c7e8d9f0a1b2c30b9f3c8e5d2a",
                            "title": "POS sync conflict (ERR-4021)",
                        },
                    }
                ],
            },
            "logprobs": None,
            "finish_reason": "stop",
        }
    ],
    "usage": {"prompt_tokens": 812, "completion_tokens": 14, "total_tokens": 826},
    "partner_copilot": {
        "answer_id": "0b9f3c8e5d2a4f6ba1c7e8d9f0a1b2c3",
        "outcome": "answered",
        "confidence": 0.83,
        "degraded": False,
        "release": 3,
        "ignored": ["temperature"],
    },
}

CHATTED: Responses = {
    200: {
        "description": "An answer, whatever its outcome; `partner_copilot.outcome` tells which.",
        "content": {
            "application/json": {"example": COMPLETION},
            "text/event-stream": {
                "example": 'data: {"id": "chatcmpl-0b9f…", "object": "chat.completion.chunk", "choices": [{"index": 0, '
                '"delta": {"content": "Restart the service CorvaneSync on the till. [1]"}}]}\n\ndata: [DONE]\n\n'
            },
        },
    }
}

MODELS: Responses = {
    200: {
        "description": "One model.",
        "content": {
            "application/json": {
                "example": {
                    "object": "list",
                    "data": [
                        {
                            "id": "partner-copilot",
                            "object": "model",
                            "created": 1793491200,
                            "owned_by": "partner-copilot",
                        }
                    ],
                }
            }
        },
    }
}
