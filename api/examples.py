"""Examples for the OpenAPI document, in the words of the demo corpora."""

from __future__ import annotations

from typing import Any

Responses = dict[int | str, dict[str, Any]]


def _problem(status: int, code: str, detail: str) -> dict[str, Any]:
    example = {"type": "about:blank", "title": "…", "status": status, "code": code, "detail": detail}
    return {"description": detail, "content": {"application/problem+json": {"example": example}}}


PROBLEMS: Responses = {
    401: _problem(401, "unauthenticated", "send a valid API key as 'Authorization: Bearer <key>'"),
    403: _problem(403, "forbidden", "this key lacks the permission"),
    404: _problem(404, "not_found", "unknown, or another tenant's: the two look the same"),
    413: _problem(413, "too_large", "the request's body is larger than COPILOT_SERVER__MAX_BODY_BYTES"),
    422: _problem(422, "invalid_request", "the request cannot be used; the detail says why"),
    429: _problem(429, "rate_limited", "too many questions this minute"),
    503: _problem(503, "unavailable", "a part of the service is down; try again"),
}

_ANSWER = {
    "answer_id": "0b9f3c8e5d2a4f6ba1c7e8d9f0a1b2c3",
    "conversation_id": "7d1e2f3a4b5c6d7e8f9a0b1c2d3e4f5a",
    "outcome": "answered",
    "text": "Restart the service CorvaneSync on the till [1].",
    "citations": [
        {
            "n": 1,
            "document_id": "4f6ba1c7e8d9f0a1b2c30b9f3c8e5d2a",
            "source": "runbooks/pos-sync-conflict.md",
            "title": "POS sync conflict (ERR-4021)",
            "url": None,
            "heading_path": ["Steps"],
            "page": None,
            "quote": "Restart the service CorvaneSync on the till.",
            "doc_type": "runbook",
            "version": ">=7.2",
            "effective_from": None,
            "score": 0.71,
        }
    ],
    "confidence": 0.83,
    "degraded": False,
    "release": 3,
    "releases": {"d9f0a1b2c30b9f3c8e5d2a4f6ba1c7e8": 3},
    "model": "extractive",
    "redactions": {},
    "handoff": None,
    "kind": "question",
    "partial": False,
    "choices": [],
    "closest": [],
    "topics": [],
    "timings_ms": {"screen_input": 6.1, "plan": 1.2, "find": 24.8, "compose": 1.0, "total": 37.4},
}

ANSWER: Responses = {
    200: {
        "description": "An answer, whatever its outcome: answered, abstained, refused or escalated.",
        "content": {
            "application/json": {"example": _ANSWER},
            "text/event-stream": {
                "example": 'event: sentence\ndata: {"index": 0, "text": "Restart the service CorvaneSync on the till [1].", '
                '"kind": "sentence"}\n\n'
            },
        },
    }
}

SEARCH: Responses = {
    200: {
        "description": "Passages, best first; scores in 0…1.",
        "content": {
            "application/json": {
                "example": {
                    "passages": [
                        {
                            "id": "5c0c8f9e-2b1d-5a77-9f3a-0d8e1c2b3a4f",
                            "document_id": "4f6ba1c7e8d9f0a1b2c30b9f3c8e5d2a",
                            "source": "runbooks/terminal-not-reachable.md",
                            "title": "Payment terminal not reachable (ERR-4107)",
                            "heading_path": ["Symptoms"],
                            "text": "The till shows ERR-4107 when a card payment starts.",
                            "doc_type": "runbook",
                            "score": 0.68,
                        }
                    ],
                    "release": 3,
                }
            }
        },
    }
}
