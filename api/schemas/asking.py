"""Questions, searches, votes, hand-overs and cases on the wire."""

from __future__ import annotations

from dataclasses import asdict
from datetime import date
from typing import Any

from pydantic import Field, model_validator

from answers.case_notices import RouteKind
from answers.case_views import Severity
from answers.feedback import Feedback, Reason
from api.schemas.base import Body
from core.domain import DocType, Filters, Passage, Vote
from core.versions import version_key


class FiltersIn(Body):
    """Each only narrows what the key may see anyway."""

    product: str | None = Field(None, max_length=200, examples=["Corvane Retail"])
    version: str | None = Field(None, max_length=20, description="the asker's product version", examples=["7.4"])
    module: str | None = Field(None, max_length=200)
    region: str | None = Field(None, max_length=200)
    customer: str | None = Field(None, max_length=200, description="whose configuration records may be read")
    as_of: date | None = Field(None, description="answer from what was in force on this day; today if absent")
    doc_types: list[DocType] = Field(default=[], max_length=10)
    corpora: list[str] = Field(default=[], max_length=50)

    def to_domain(self) -> Filters:
        """Raises `InvalidRequestError` (`invalid_version`) here already: a stream that has begun has no status to tell it by."""
        if self.version:
            version_key(self.version)
        values = self.model_dump()
        return Filters(**(values | {"doc_types": tuple(self.doc_types), "corpora": tuple(self.corpora)}))


class AskIn(Body):
    # Length and emptiness are the input guard's business: its codes are part of the contract.
    question: str = Field(examples=["The till shows ERR-4021 after the night sync. What do I do?"])
    conversation_id: str | None = Field(None, max_length=64, description="to follow up; from an earlier answer")
    filters: FiltersIn = FiltersIn()


class SearchIn(Body):
    query: str = Field(examples=["terminal not reachable"])
    limit: int = Field(10, ge=1, le=50)
    filters: FiltersIn = FiltersIn()


class FeedbackIn(Body):
    answer_id: str = Field(max_length=64)
    vote: Vote
    reason: Reason | None = None
    comment: str | None = Field(None, max_length=4000)
    correction: str | None = Field(None, max_length=8000, description="what the right answer would have been")

    def to_domain(self) -> Feedback:
        return Feedback(self.answer_id, self.vote, self.reason, self.comment, self.correction)


class HandoffIn(Body):
    answer_id: str | None = Field(None, max_length=64)
    conversation_id: str | None = Field(None, max_length=64)
    contact: str | None = Field(None, max_length=500, description="how to reach the asker; stored encrypted")
    note: str | None = Field(None, max_length=4000)
    severity: Severity = Severity.NORMAL
    consent: bool = Field(
        False, description="a widget's visitor agreed that a person reads the conversation; else needless"
    )

    @model_validator(mode="after")
    def _has_reference(self) -> HandoffIn:
        if not (self.answer_id or self.conversation_id):
            raise ValueError("name the answer_id or the conversation_id that a person should take over")
        return self


class ResolveIn(Body):
    resolution: str | None = Field(None, max_length=4000, description="what helped; stored redacted")


class RestorationIn(Body):
    """One of the four."""

    text: str | None = Field(None, min_length=1, max_length=1_000_000, examples=["<PERSON_k3f9ab> called again"])
    document_id: str | None = Field(None, min_length=1, max_length=64)
    answer_id: str | None = Field(None, min_length=1, max_length=64)
    case_id: str | None = Field(None, min_length=1, max_length=20, examples=["C-12"])

    @model_validator(mode="after")
    def _names_one(self) -> RestorationIn:
        if len(self.model_fields_set & {name for name, value in self if value is not None}) != 1:
            raise ValueError("name one: text, document_id, answer_id or case_id")
        return self

    @property
    def thing(self) -> tuple[str, str]:
        """Its kind and its id."""
        named = {"document": self.document_id, "answer": self.answer_id, "case": self.case_id}
        [(kind, id_)] = [(kind, id_) for kind, id_ in named.items() if id_ is not None]
        return kind, id_


class CaseRouteIn(Body):
    kind: RouteKind
    target: str = Field(
        min_length=3,
        max_length=500,
        description="workspace/channel of Slack, an e-mail address, or an https:// address",
        examples=["https://desk.example.com/copilot-cases"],
    )


def passage_json(passage: Passage) -> dict[str, Any]:
    """A passage as search returns it; scores of single sentences stay inside."""
    values = asdict(passage)
    return {key: value for key, value in values.items() if key not in ("sentences", "sentence_scores")}
