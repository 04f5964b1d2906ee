"""What requests may hold and what answers look like on the wire: DESIGN's contract. Unknown fields are refused."""

from __future__ import annotations

from dataclasses import asdict
from datetime import date
from typing import Any

from fastapi import UploadFile
from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from answers.feedback import Feedback, Reason
from core.domain import Audience, DocType, Filters, Passage, Vote
from core.versions import version_key


class Body(BaseModel):
    model_config = ConfigDict(extra="forbid", str_strip_whitespace=True)

    @field_validator("*", mode="before")
    @classmethod
    def _without_nul(cls, value: object) -> object:
        """NUL says nothing in a text, and PostgreSQL takes it in none."""
        if isinstance(value, str):
            return value.replace("\x00", "")
        return [cls._without_nul(item) for item in value] if isinstance(value, list) else value


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

    @model_validator(mode="after")
    def _has_reference(self) -> HandoffIn:
        if not (self.answer_id or self.conversation_id):
            raise ValueError("name the answer_id or the conversation_id that a person should take over")
        return self


class UploadForm(Body):
    """A file, and what is to be said of it where its own front matter is silent; of two audiences the narrower one holds."""

    file: UploadFile
    corpus: str = Field(min_length=1, max_length=100, examples=["runbooks"])
    source: str | None = Field(None, max_length=500, description="the path to keep it under; the file's name if absent")
    title: str | None = Field(None, max_length=300)
    doc_type: DocType | None = Field(None, examples=["runbook"])
    audience: Audience | None = Field(None, examples=["partner"])
    product: str | None = None
    versions: str | None = Field(None, examples=[">=7.2 <8.0"])
    module: str | None = None
    region: str | None = None
    customer: str | None = None
    effective_from: date | None = None
    effective_to: date | None = None
    url: str | None = Field(None, max_length=2000)

    def stated(self) -> dict[str, object]:
        """The metadata keys that were given, as a folder's rules would give them."""
        return self.model_dump(exclude={"file", "corpus", "source"}, exclude_none=True, mode="json")


class SourceIn(Body):
    corpus: str = Field(min_length=1, max_length=100)
    kind: str = Field("files", pattern="^files$")
    uri: str = Field(max_length=1000, description="a folder on the server, below COPILOT_INGEST__ROOTS")


class ReleaseIn(Body):
    note: str = Field("", max_length=2000)
    override_reason: str | None = Field(None, max_length=2000)


class DocumentPatch(Body):
    audience: Audience = Field(description="who may read it, from now on and in every release")


def passage_json(passage: Passage) -> dict[str, Any]:
    """A passage as search returns it; scores of single sentences stay inside."""
    values = asdict(passage)
    return {key: value for key, value in values.items() if key not in ("sentences", "sentence_scores")}
