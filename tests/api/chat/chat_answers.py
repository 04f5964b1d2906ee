"""Canned answers: what the stub says to each kind of question."""

from __future__ import annotations

from typing import Any

from chat_stub import Event

RUNBOOK = {
    "n": 1,
    "document_id": "doc_1",
    "source": "runbooks/pos-sync-conflict.md",
    "title": "POS sync conflict",
    "url": "https://docs.example/runbooks/pos-sync",
    "heading_path": ["POS sync conflict", "Clearing the queue"],
    "page": None,
    "quote": "Stop the sync agent before you clear the queue, or half-written tickets are sent twice.",
    "doc_type": "runbook",
    "version": "7.4",
    "effective_from": "2026-03-01",
    "score": 0.83,
}
POLICY = RUNBOOK | {
    "n": 2,
    "document_id": "doc_2",
    "source": "policies/sla.pdf",
    "title": "Service levels and support hours",
    "url": None,
    "heading_path": ["Service levels", "Response times"],
    "page": 4,
    "quote": "P1: first response within 30 minutes, around the clock.",
    "doc_type": "policy",
    "version": None,
}
UNITS = [
    ("sentence", "A till shows **SYNC-409** when two stores changed the same ticket while one was offline [1]."),
    ("sentence", "Nothing is lost: the queue keeps both versions until one is chosen [1]."),
    (
        "procedure",
        "1. Stop the agent with `svc stop corvane-sync` [1].\n"
        "2. Clear the queue:\n   ```\n   corvane-sync queue clear --store 0117 --keep-newest\n   ```\n"
        "3. Start the agent and wait for **two** green heartbeats [1].",
    ),
    (
        "table",
        "| Priority | First response | Hours |\n|---|---:|---|\n"
        "| P1 | 30 min | around the clock |\n| P2 | 4 h | business hours |",
    ),
    ("sentence", "If the conflict returns within an hour, treat it as P1 [2]."),
]


def _ids(question: str) -> dict[str, Any]:
    return {"answer_id": f"ans_{len(question)}", "conversation_id": "con_1", "model": "extractive", "release": 12}


def done(question: str, text: str, citations: list[dict[str, Any]], **more: Any) -> Event:
    answer = _ids(question) | {"outcome": "answered", "text": text, "citations": citations, "confidence": 0.83}
    return "done", answer | {"degraded": False, "timings_ms": {"total": 640}} | more


def answered(question: str, **more: Any) -> list[Event]:
    """Two sentences, a procedure, a table and a last sentence, with two sources and a heartbeat."""
    sentences: list[Event] = [
        ("sentence", {"index": i, "kind": kind, "text": text}) for i, (kind, text) in enumerate(UNITS)
    ]
    text = "\n\n".join(unit for _, unit in UNITS)
    return [
        ("meta", _ids(question)),
        ("status", {"stage": "searching"}),
        None,
        ("status", {"stage": "checking"}),
        sentences[0],
        ("citation", RUNBOOK),
        *sentences[1:],
        ("citation", POLICY),
        done(question, text, [RUNBOOK, POLICY], **more),
    ]


def abstained(question: str) -> list[Event]:
    text = "I could not find this in the published documents."
    offer = {"offered": True, "message": "A colleague can look into it for you."}
    return [
        ("meta", _ids(question)),
        ("status", {"stage": "searching"}),
        ("sentence", {"index": 0, "kind": "sentence", "text": "The warranty lasts five years [1]."}),
        ("citation", RUNBOOK),
        ("replace", {"text": text, "outcome": "abstained"}),
        done(question, text, [], outcome="abstained", confidence=0.12, handoff=offer),
    ]


CHOICES = [
    {"label": "7.0 to 7.3", "facet": "version", "value": "7.0"},
    {"label": "7.4 and later", "facet": "version", "value": "7.4"},
]


def asked_back(question: str) -> list[Event]:
    text = "That depends on the version. Which one do you run: 7.0 to 7.3 or 7.4 and later?"
    return [
        ("meta", _ids(question)),
        done(question, text, [], outcome="abstained", kind="clarification", choices=CHOICES, confidence=0.6),
    ]


def nearly(question: str) -> list[Event]:
    near = {"document_id": "doc_1", "heading_path": ["POS sync conflict", "Clearing the queue"]}
    closest = [
        near | {"title": "POS sync conflict", "url": "https://docs.example/runbooks/pos-sync"},
        near | {"title": "<b>Service</b> levels", "url": "javascript:alert(1)", "heading_path": []},
    ]
    text = "I don't know. I looked for this and found nothing that answers it."
    return [
        ("meta", _ids(question)),
        done(question, text, [], outcome="abstained", kind="question", closest=closest, confidence=0.2),
    ]


def greeted(question: str) -> list[Event]:
    return [("meta", _ids(question)), done(question, "Hello! Ask me a question.", [], kind="greeting")]


def in_part(question: str) -> list[Event]:
    return answered(question, partial=True, kind="question")


def refused(question: str) -> list[Event]:
    text = "This asks for something that the copilot does not do."
    return [("meta", _ids(question)), done(question, text, [], outcome="refused", confidence=0.0)]


def script(question: str) -> list[Event]:
    """The answer that the question's first word asks for; an ordinary one by default."""
    match question.split(maxsplit=1)[0].lower():
        case "warranty":
            return abstained(question)
        case "which":
            return asked_back(question)
        case "nearly":
            return nearly(question)
        case "hello":
            return greeted(question)
        case "both":
            return in_part(question)
        case "refuse":
            return refused(question)
        case "degraded":
            return answered(question, degraded=True)
        case "broken":
            return [("meta", _ids(question)), ("error", {"code": "unavailable", "detail": "The index is being moved."})]
        case _:
            return answered(question)
