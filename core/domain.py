"""The nouns of the product, shared by every package. Frozen values; nothing here does I/O."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from enum import StrEnum


class Audience(StrEnum):
    """Who may read a document; who an asker is. An agent may read everything, the public the least."""

    PUBLIC = "public"
    PARTNER = "partner"
    AGENT = "agent"

    def readable(self) -> tuple[Audience, ...]:
        """The document audiences that an asker of this audience may read."""
        order = (Audience.PUBLIC, Audience.PARTNER, Audience.AGENT)
        return order[: order.index(self) + 1]


class DocType(StrEnum):
    RUNBOOK = "runbook"
    RELEASE_NOTE = "release_note"
    POLICY = "policy"
    PRODUCT_DOC = "product_doc"
    CONFIG_RECORD = "config_record"
    FAQ = "faq"


class DocumentStatus(StrEnum):
    """Life of a document. `withdrawn` hides it at once, in every release; `retired` waits for a publish."""

    DRAFT = "draft"
    IN_REVIEW = "in_review"
    APPROVED = "approved"
    PUBLISHED = "published"
    RETIRED = "retired"
    WITHDRAWN = "withdrawn"


class Outcome(StrEnum):
    ANSWERED = "answered"
    ABSTAINED = "abstained"
    REFUSED = "refused"
    ESCALATED = "escalated"


class Vote(StrEnum):
    UP = "up"
    DOWN = "down"


class Permission(StrEnum):
    ASK = "ask"
    SEARCH = "search"
    FEEDBACK = "feedback"
    HANDOFF = "handoff"
    DOCUMENTS_READ = "documents:read"
    DOCUMENTS_WRITE = "documents:write"
    DOCUMENTS_APPROVE = "documents:approve"
    """Approves and rejects revisions, and says which corpora ask for approval."""
    SOURCES_WRITE = "sources:write"
    SOURCES_LOCAL = "sources:local"
    """May name any folder of the server's disk as a source: only the operator's own CLI holds it."""
    RELEASES_WRITE = "releases:write"
    JOBS_READ = "jobs:read"
    GRANTS_WRITE = "grants:write"
    """Lets other tenants read the own corpora."""
    TENANT_WRITE = "tenant:write"
    """Says what the tenant runs."""
    JOBS_WRITE = "jobs:write"
    """Retries and cancels jobs, and builds the index anew."""
    CASES_READ = "cases:read"
    """Reads all of the tenant's cases; whoever asked reads their own without."""
    CASES_WORK = "cases:work"
    """Claims, hands back and resolves cases."""
    GAPS_READ = "gaps:read"
    """Reads what was asked and not answered."""
    VAULT_RESTORE = "vault:restore"
    """Has placeholders replaced by what they stand for: personal data of the own tenant."""
    AUDIT_READ = "audit:read"
    USAGE_READ = "usage:read"
    POLICY_READ = "policy:read"
    """Reads the tenant's policy and prompt, and what they were before."""
    POLICY_WRITE = "policy:write"
    """Sets them, and goes back to earlier ones."""
    GOVERN = "govern"
    """Sets budgets and retention, confirms costs, erases and exports a person's data: for the operator's own CLI and platform
    admins."""
    PEOPLE_WRITE = "people:write"
    """Invites people, changes their roles, and shuts them out."""
    TENANTS_ENTER = "tenants:enter"
    """Works in any tenant; counts in a person's session alone, since a key belongs to one tenant."""


class Role(StrEnum):
    PARTNER_USER = "partner_user"
    SUPPORT_AGENT = "support_agent"
    EDITOR = "editor"
    """Writes documents and submits them; somebody else approves and publishes."""
    KNOWLEDGE_ADMIN = "knowledge_admin"
    AUDITOR = "auditor"
    PLATFORM_ADMIN = "platform_admin"
    """A person who runs the installation: made on the command line alone, and audited in each tenant that they enter."""
    OPERATOR = "operator"


@dataclass(frozen=True, slots=True)
class Principal:
    """Who is asking, as the credential says. Nothing in a request's body can change it."""

    tenant_id: str
    id: str
    audience: Audience
    permissions: frozenset[Permission]
    channel: str = "api"


@dataclass(frozen=True, slots=True)
class Filters:
    """What a request may narrow; a filter never widens what the scope shows.

    `as_of` defaults to today at the edge; `version` is the asker's product version such as ``7.4``.
    """

    product: str | None = None
    version: str | None = None
    module: str | None = None
    region: str | None = None
    customer: str | None = None
    as_of: date | None = None
    doc_types: tuple[DocType, ...] = ()
    corpora: tuple[str, ...] = ()
    authoritative: bool = False
    """Only documents that are marked so: what a high-impact question is answered from."""


@dataclass(frozen=True, slots=True)
class Scope:
    """What one asker may see: made from a `Principal` and narrowed by `Filters`, never from a request alone."""

    tenant_id: str
    audience: Audience
    filters: Filters = field(default_factory=Filters)
    grantee_id: str | None = None
    """The tenant that reads by a grant, where `tenant_id` is not its own (`core.grants.granted`)."""

    @property
    def reader(self) -> str:
        """The tenant on whose behalf the database is read."""
        return self.grantee_id or self.tenant_id

    @classmethod
    def of(cls, principal: Principal, filters: Filters | None = None) -> Scope:
        return cls(principal.tenant_id, principal.audience, filters or Filters())

    def narrowed(self, filters: Filters) -> Scope:
        return replace(self, filters=filters)


@dataclass(frozen=True, slots=True)
class Metadata:
    """What a document states about itself (front matter, folder rules, properties); `None` where it says nothing."""

    title: str = ""
    doc_type: DocType = DocType.PRODUCT_DOC
    audience: Audience = Audience.PARTNER
    product: str | None = None
    versions: str | None = None
    module: str | None = None
    region: str | None = None
    customer: str | None = None
    effective_from: date | None = None
    effective_to: date | None = None
    owner: str | None = None
    review_by: date | None = None
    supersedes: str | None = None
    url: str | None = None
    authoritative: bool | None = None
    """Whether high-impact questions (prices, refunds, security incidents …) are answered from it."""


@dataclass(frozen=True, slots=True)
class Passage:
    """A chunk of a published document as the asker sees it: redacted text, where it stands, and its scores in 0…1.

    `sentences` are `(start, end)` character offsets into `text`; `sentence_scores` are the cosines of the question with each.
    """

    id: str
    document_id: str
    source: str
    title: str
    heading_path: tuple[str, ...]
    text: str
    doc_type: DocType
    corpus: str
    score: float
    dense_score: float = 0.0
    sparse_score: float = 0.0
    number: int = 0
    page: int | None = None
    url: str | None = None
    version: str | None = None
    effective_from: date | None = None
    effective_to: date | None = None
    """The last day on which it is in force."""
    region: str | None = None
    customer: str | None = None
    product: str | None = None
    module: str | None = None
    authoritative: bool = False
    suspect: bool = False
    """Its document holds words that look like instructions to a language model."""
    tenant_id: str = ""
    """Whose document it is: the asker's own tenant, or one that granted its corpus."""
    sentences: tuple[tuple[int, int], ...] = ()
    sentence_scores: tuple[float, ...] = ()


@dataclass(frozen=True, slots=True)
class Redaction:
    """One stretch of personal data in the original text, in characters; `placeholder` replaces it."""

    type: str
    start: int
    end: int
    score: float
    placeholder: str = ""


@dataclass(frozen=True, slots=True)
class RedactedText:
    text: str
    entities: tuple[Redaction, ...] = ()

    @property
    def counts(self) -> Mapping[str, int]:
        counts: dict[str, int] = {}
        for entity in self.entities:
            counts[entity.type] = counts.get(entity.type, 0) + 1
        return counts


@dataclass(frozen=True, slots=True)
class RedactionProfile:
    """A tenant's own rules, and the key that makes its placeholders stable: the same name, the same tag, in one tenant only."""

    key: bytes
    allow: tuple[str, ...] = ()
    """Words and names that stay: products, customers, the tenant's own companies."""
    domains: tuple[str, ...] = ()
    """E-mail and web domains whose addresses stay."""
    hotlines: tuple[str, ...] = ()
    """Telephone numbers that stay."""
