"""What requests may hold and what answers look like on the wire: DESIGN's contract. Unknown fields are refused."""

from __future__ import annotations

from dataclasses import asdict
from datetime import date
from typing import Annotated, Any, Self

from fastapi import UploadFile
from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, RootModel, SecretStr, field_validator, model_validator

from answers.calibration import Calibration, Fitted
from answers.case_notices import RouteKind
from answers.case_views import Severity
from answers.feedback import Feedback, Reason
from core.audit_book import Act
from core.budgets import MOST as BUDGET_MOST
from core.domain import Audience, DocType, Filters, Passage, Vote
from core.grants import Grant
from core.jobs import JobLine
from core.usage import Price
from core.versions import version_key
from evals.golden_store import GoldenView
from ingest.curation import Assignment, Named
from ingest.records import TYPES as RECORD_TYPES
from ingest.records import ConfigRecord, PushedDocument, TicketResolution
from ingest.release_views import ReleaseView
from ingest.source_desk import NewSource, SourceState


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


class ReleaseIn(Body):
    note: str = Field("", max_length=2000)
    override_reason: str | None = Field(
        None, min_length=1, max_length=2000, description="publish although the gate blocks, for this reason; audited"
    )
    dry_run: bool = Field(False, description="show what would change and what the gate says, and publish nothing")


class ReleasesOut(BaseModel):
    releases: list[ReleaseView]


class GoldenOut(BaseModel):
    questions: list[GoldenView]


class CollectIn(Body):
    keep: int | None = Field(None, ge=1, le=10_000, description="newest releases that stay; as configured if absent")


class GoldenIn(Body):
    questions: list[dict[str, Any]] = Field(
        min_length=1,
        description="as the lines of a golden.jsonl: id, question, kind, audience, gold, filters",
        examples=[
            [
                {
                    "id": "printer-001",
                    "question": "The receipt printer prints nothing. What now?",
                    "kind": "answerable",
                    "audience": "partner",
                    "gold": [{"source": "printer.md", "quote": "Switch the printer off for ten seconds."}],
                }
            ]
        ],
    )
    replace: bool = Field(False, description="all other questions go")


class GateLimitsPatch(Body):
    """Fields that are absent stay."""

    max_broken: int | None = Field(None, ge=0, description="questions that pass now and may fail after a publish")
    min_pass: float | None = Field(None, ge=0, le=1, description="share of the questions that must pass after it")


class RiskIn(Body):
    accepted_risk: float = Field(gt=0, le=0.5, description="share of the answers that may be wrong", examples=[0.05])


class CalibrationOut(BaseModel):
    """How sure the copilot must be. `curve` tells for each threshold which share of the golden questions is answered and which
    share of those answers is wrong; the fields about the fit are absent where the shipped estimate is in force."""

    threshold: float = Field(description="confidence below which the copilot abstains")
    accepted_risk: float | None = None
    coefficients: dict[str, float]
    fitted: Fitted | None = None

    @classmethod
    def of(cls, calibration: Calibration) -> CalibrationOut:
        return cls(
            threshold=calibration.threshold,
            accepted_risk=calibration.accepted_risk,
            coefficients=calibration.coefficients.as_dict(),
            fitted=calibration.fitted,
        )


class GrantIn(Body):
    corpus: str = Field(min_length=1, max_length=100, description="one of the own corpora", examples=["shared"])
    grantee: str = Field(min_length=1, max_length=63, description="the other tenant's name", examples=["stitchwell"])
    expires_at: AwareDatetime | None = Field(None, description="when it ends by itself; never if absent")


class GrantsOut(BaseModel):
    given: list[Grant]
    received: list[Grant]


class ProfilePatch(Body):
    """Fields that are absent stay; an empty text takes one back."""

    product: str | None = Field(None, max_length=200, examples=["Corvane Retail"])
    version: str | None = Field(None, max_length=20, examples=["7.2"])
    module: str | None = Field(None, max_length=200)
    region: str | None = Field(None, max_length=200, examples=["Germany"])


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


class JobsOut(BaseModel):
    jobs: list[JobLine]
    next: str | None = Field(description="`after` of the next page; null on the last")


Limit = Annotated[int | None, Field(ge=0, le=BUDGET_MOST)]


class BudgetPatch(Body):
    """Fields that are absent stay; 0 takes the tenant's own limit back, so that the installation's holds."""

    questions: Limit = Field(None, description="a day", examples=[5000])
    tokens: Limit = Field(None, description="of the language model, a day")
    key_questions: Limit = Field(None, description="a day and key")
    key_tokens: Limit = Field(None, description="a day and key")


class PriceIn(Body):
    id: str = Field(max_length=64, description="the call's X-Client-Request-Id")
    prompt_tokens: int = Field(ge=0, le=2**31 - 1)
    completion_tokens: int = Field(ge=0, le=2**31 - 1)


class PricesIn(Body):
    calls: list[PriceIn] = Field(min_length=1, max_length=1000)

    def to_domain(self) -> list[Price]:
        return [Price(call.id, call.prompt_tokens, call.completion_tokens) for call in self.calls]


class AuditOut(BaseModel):
    acts: list[Act]
    next: int | None = Field(description="`before` of the next page; null on the last")

    @classmethod
    def of(cls, acts: list[Act]) -> AuditOut:
        more = bool(acts) and acts[-1].number > 1
        return cls(acts=acts, next=acts[-1].number if more else None)


def passage_json(passage: Passage) -> dict[str, Any]:
    """A passage as search returns it; scores of single sentences stay inside."""
    values = asdict(passage)
    return {key: value for key, value in values.items() if key not in ("sentences", "sentence_scores")}
