"""An answer as it was given, read back from how it is stored."""

from __future__ import annotations

from datetime import date

from answers.kinds import Kind
from answers.types import Answer, Choice, Citation, Closest, Facet, HandoffOffer
from core.domain import Outcome
from core.models import Json


def answer_of(stored: Json) -> Answer:
    """The inverse of `answers.conversations.as_json`."""
    handoff = stored["handoff"]
    return Answer(
        **{
            **stored,
            "outcome": Outcome(stored["outcome"]),
            "citations": tuple(map(_citation, stored["citations"])),
            "handoff": HandoffOffer(**handoff) if handoff else None,
            "kind": Kind(stored.get("kind", Kind.QUESTION)),
            "choices": tuple(Choice(c["label"], Facet(c["facet"]), c["value"]) for c in stored.get("choices", ())),
            "closest": tuple(
                Closest(c["title"], c["document_id"], c["url"], tuple(c["heading_path"]))
                for c in stored.get("closest", ())
            ),
            "topics": tuple(stored.get("topics", ())),
        }
    )


def _citation(stored: Json) -> Citation:
    since = stored["effective_from"]
    return Citation(
        **{
            **stored,
            "heading_path": tuple(stored["heading_path"]),
            "effective_from": date.fromisoformat(since) if since else None,
        }
    )
