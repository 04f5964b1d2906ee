"""Documents, records, sources and their curation on the wire."""

from __future__ import annotations

from datetime import date
from typing import Any, Self

from fastapi import UploadFile
from pydantic import BaseModel, ConfigDict, Field, RootModel, SecretStr, model_validator

from api.schemas.base import Body
from core.domain import Audience, DocType
from ingest.curation import Assignment, Named
from ingest.records import TYPES as RECORD_TYPES
from ingest.records import ConfigRecord, PushedDocument, TicketResolution
from ingest.source_desk import NewSource, SourceState


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
    owner: str | None = Field(None, max_length=200)
    review_by: date | None = None
    url: str | None = Field(None, max_length=2000)
    authoritative: bool | None = Field(None, description="whether high-impact questions are answered from it")

    def stated(self) -> dict[str, object]:
        """The metadata keys that were given, as a folder's rules would give them."""
        return self.model_dump(exclude={"file", "corpus", "source"}, exclude_none=True, mode="json")


class Addressed(BaseModel):
    """Where a pushed record goes. The same `source` again replaces; an unchanged record does nothing."""

    model_config = ConfigDict(extra="forbid", str_strip_whitespace=True)

    # No `Body`: what it does to every field before it is read would hide `type`, by which the schema is chosen.
    corpus: str = Field(min_length=1, max_length=100, pattern=r"^[^\x00]+$", examples=["tickets"])
    source: str = Field(
        min_length=1,
        max_length=500,
        pattern=r"^[^\x00]+$",
        description="its stable id or path at the sender; '.json' is added where it is missing",
        examples=["INC-4711"],
    )


class TicketResolutionIn(Addressed, TicketResolution):
    """How a ticket was solved."""


class ConfigRecordIn(Addressed, ConfigRecord):
    """How one customer's system is set up."""


class PushedDocumentIn(Addressed, PushedDocument):
    """Any other text, as Markdown."""


class DocumentIn(RootModel[TicketResolutionIn | ConfigRecordIn | PushedDocumentIn]):
    """A record from a system that pushes; `type` says which schema it meets, and unknown keys are refused."""

    model_config = ConfigDict(json_schema_extra={"properties": {"type": {"enum": list(RECORD_TYPES)}}})

    root: TicketResolutionIn | ConfigRecordIn | PushedDocumentIn = Field(discriminator="type")


class SourceIn(Body):
    corpus: str = Field(min_length=1, max_length=100)
    kind: str = Field("files", max_length=32, examples=["git"])
    uri: str = Field(
        min_length=1,
        max_length=1000,
        description="files, archive: a path on the server, below COPILOT_INGEST__ROOTS; git: an https or ssh address, or such a "
        "path; bucket: s3://bucket/prefix; web: a page or a sitemap",
        examples=["https://git.example.com/docs/handbook.git"],
    )
    config: dict[str, Any] | None = Field(None, max_length=50, description="by kind; of git: branch, folder, host_key")
    credentials: dict[str, SecretStr] | None = Field(None, max_length=10, description="stored encrypted, never shown")
    schedule: str | None = Field(None, max_length=20, description="15m, 6h, 1d, … or never", examples=["6h"])

    def to_domain(self) -> NewSource:
        given = self.credentials
        secrets = None if given is None else {name: value.get_secret_value() for name, value in given.items()}
        return NewSource(self.corpus, self.uri, self.kind, self.config, secrets, self.schedule)


class SourcesOut(BaseModel):
    sources: list[SourceState]


class DocumentPatch(Body):
    audience: Audience | None = Field(None, description="who may read it, from now on and in every release")
    authoritative: bool | None = Field(None, description="answers high-impact questions; asks for 'documents:approve'")

    @model_validator(mode="after")
    def _says_something(self) -> Self:
        if self.audience is None and self.authoritative is None:
            raise ValueError("say who may read it (audience), or whether it is authoritative")
        return self


class ApprovalIn(Body):
    revision_id: str = Field(
        max_length=64, description="the revision that was read: a newer one is not approved unseen"
    )
    comment: str = ""


class RejectionIn(Body):
    revision_id: str = Field(max_length=64, description="the revision that was read")
    comment: str = Field(description="why, for its author", examples=["Step 3 names the old service."])


class NamedIn(Body):
    document_id: str = Field(max_length=64)
    revision_id: str = Field(max_length=64)

    def to_domain(self) -> Named:
        return Named(self.document_id, self.revision_id)


class ApprovalsIn(Body):
    documents: list[NamedIn] = Field(min_length=1)


class CommentIn(Body):
    text: str = Field(examples=["Does this hold for 7.4 as well?"])


class AssignmentIn(Body):
    """Fields that are absent stay; null clears one."""

    owner: str | None = Field(None, max_length=200, description="who answers for it", examples=["retail team"])
    review_by: date | None = Field(None, description="when it is to be looked at again")

    def to_domain(self) -> Assignment:
        """What was sent."""
        changes: Assignment = {}
        if "owner" in self.model_fields_set:
            changes["owner"] = self.owner or None
        if "review_by" in self.model_fields_set:
            changes["review_by"] = self.review_by
        return changes


class RestoreIn(Body):
    revision_id: str = Field(max_length=64, description="one of the document's revisions")


class CorpusPatch(Body):
    requires_approval: bool = Field(description="whether revisions that arrive from now on wait for a second person")
