"""The tables, one set for SQLite and PostgreSQL. Every tenant's row carries `tenant_id`."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any
from uuid import uuid4

from sqlalchemy import (
    JSON,
    BigInteger,
    DateTime,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    String,
    Text,
    TypeDecorator,
    UniqueConstraint,
)
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.engine import Dialect
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

Json = dict[str, Any]


def new_id() -> str:
    return uuid4().hex


def now() -> datetime:
    return datetime.now(UTC)


class Instant(TypeDecorator[datetime]):
    """A point in time, always UTC: SQLite forgets the zone, so it is put back here."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, _dialect: Dialect) -> datetime | None:
        return value.astimezone(UTC) if value else None

    def process_result_value(self, value: datetime | None, _dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


class Base(DeclarativeBase):
    type_annotation_map = {  # noqa: RUF012 - SQLAlchemy's own hook
        Json: JSON().with_variant(JSONB(), "postgresql"),
        list[str]: JSON().with_variant(JSONB(), "postgresql"),
        list[Any]: JSON().with_variant(JSONB(), "postgresql"),
        datetime: Instant(),
    }


def _id() -> Mapped[str]:
    return mapped_column(String(32), primary_key=True, default=new_id)


def _tenant() -> Mapped[str]:
    return mapped_column(String(32), ForeignKey("tenants.id"), index=True)


class Tenant(Base):
    __tablename__ = "tenants"

    id: Mapped[str] = _id()
    slug: Mapped[str] = mapped_column(String(64), unique=True)
    name: Mapped[str] = mapped_column(String(200))
    settings: Mapped[Json] = mapped_column(default=dict)
    generation: Mapped[str] = mapped_column(String(40), default="")
    building: Mapped[str | None] = mapped_column(String(40))
    """The generation that a reindex fills beside the live one."""
    live_release: Mapped[int] = mapped_column(default=0)
    created_at: Mapped[datetime] = mapped_column(default=now)


class APIKey(Base):
    __tablename__ = "api_keys"

    id: Mapped[str] = _id()
    tenant_id: Mapped[str] = _tenant()
    name: Mapped[str] = mapped_column(String(200), default="")
    role: Mapped[str] = mapped_column(String(32))
    audience: Mapped[str] = mapped_column(String(16))
    secret_hash: Mapped[str] = mapped_column(String(64))
    created_at: Mapped[datetime] = mapped_column(default=now)
    expires_at: Mapped[datetime | None]
    revoked_at: Mapped[datetime | None]


class Corpus(Base):
    __tablename__ = "corpora"
    __table_args__ = (UniqueConstraint("tenant_id", "name"),)

    id: Mapped[str] = _id()
    tenant_id: Mapped[str] = _tenant()
    name: Mapped[str] = mapped_column(String(100))
    requires_approval: Mapped[bool] = mapped_column(default=False)
    created_at: Mapped[datetime] = mapped_column(default=now)


class Source(Base):
    __tablename__ = "sources"
    __table_args__ = (UniqueConstraint("tenant_id", "corpus_id", "kind", "uri"),)

    id: Mapped[str] = _id()
    tenant_id: Mapped[str] = _tenant()
    corpus_id: Mapped[str] = mapped_column(ForeignKey("corpora.id"))
    kind: Mapped[str] = mapped_column(String(32))
    uri: Mapped[str] = mapped_column(String(1000))
    config: Mapped[Json] = mapped_column(default=dict)
    credentials: Mapped[bytes | None] = mapped_column(LargeBinary)
    """Encrypted (context tenant/sources/id)."""
    schedule_s: Mapped[int | None]
    """Seconds from the end of one sync to the next; None: on demand only."""
    failures: Mapped[int] = mapped_column(default=0)
    """Syncs that failed in a row: the source's breaker."""
    paused_until: Mapped[datetime | None]
    last_error: Mapped[Json | None]
    created_at: Mapped[datetime] = mapped_column(default=now)
    synced_at: Mapped[datetime | None]


class Document(Base):
    """What is true now: status, permission, and the newest revision. `path` is the contract's `source`."""

    __tablename__ = "documents"
    __table_args__ = (UniqueConstraint("tenant_id", "corpus_id", "path"),)

    id: Mapped[str] = _id()
    tenant_id: Mapped[str] = _tenant()
    corpus_id: Mapped[str] = mapped_column(ForeignKey("corpora.id"))
    source_id: Mapped[str | None] = mapped_column(ForeignKey("sources.id"))
    path: Mapped[str] = mapped_column(String(1000))
    title: Mapped[str] = mapped_column(String(500), default="")
    status: Mapped[str] = mapped_column(String(16))
    audience: Mapped[str] = mapped_column(String(16))
    customer: Mapped[str | None] = mapped_column(String(200))
    revision_id: Mapped[str | None] = mapped_column(String(32))
    content_hash: Mapped[str] = mapped_column(String(64), default="")
    version_tag: Mapped[str] = mapped_column(String(300), default="")
    """What the source's head said of the bytes that were taken in; unchanged, they need no fetch."""
    audience_set: Mapped[str | None] = mapped_column(String(16))
    """An admin's choice, which outlives what the next revision states."""
    owner: Mapped[str | None] = mapped_column(String(200))
    review_by: Mapped[date | None]
    duplicate_of: Mapped[str | None] = mapped_column(String(32), index=True)
    duplicate_kind: Mapped[str | None] = mapped_column(String(8))
    created_at: Mapped[datetime] = mapped_column(default=now)
    updated_at: Mapped[datetime] = mapped_column(default=now)


class Revision(Base):
    """One ingested state of a document: what it said of itself, and how it was cut into passages."""

    __tablename__ = "revisions"

    id: Mapped[str] = _id()
    tenant_id: Mapped[str] = _tenant()
    document_id: Mapped[str] = mapped_column(ForeignKey("documents.id"), index=True)
    content_hash: Mapped[str] = mapped_column(String(64))
    info: Mapped[Json] = mapped_column(default=dict)
    redactions: Mapped[Json] = mapped_column(default=dict)
    signals: Mapped[list[Any]] = mapped_column(default=list)
    warnings: Mapped[list[str]] = mapped_column(default=list)
    passages: Mapped[int] = mapped_column(default=0)
    indexed: Mapped[bool] = mapped_column(default=False)
    author: Mapped[str] = mapped_column(String(64), default="")
    """Whoever brought it in; they may not approve it where the corpus asks for a second person."""
    approved_by: Mapped[str | None] = mapped_column(String(64))
    approved_at: Mapped[datetime | None]
    text_hash: Mapped[str] = mapped_column(String(64), default="")
    """Of the normalised, redacted text: equal for exact duplicates."""
    minhash: Mapped[bytes | None] = mapped_column(LargeBinary)
    created_at: Mapped[datetime] = mapped_column(default=now)


class PassageRow(Base):
    """Redacted text of one chunk; the index holds its vectors only."""

    __tablename__ = "passages"
    __table_args__ = (UniqueConstraint("revision_id", "number"),)

    id: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=True)
    tenant_id: Mapped[str] = _tenant()
    revision_id: Mapped[str] = mapped_column(ForeignKey("revisions.id"))
    number: Mapped[int]
    text: Mapped[str] = mapped_column(Text)
    heading_path: Mapped[list[str]] = mapped_column(default=list)
    page: Mapped[int | None]
    kind: Mapped[str] = mapped_column(String(16))
    sentences: Mapped[list[Any]] = mapped_column(default=list)
    embedded_hash: Mapped[str] = mapped_column(String(64), default="")
    """Of the text as it was embedded, its heading included: an equal one has equal vectors."""


class Original(Base):
    """The bytes that were ingested, encrypted (AES-GCM, context tenant/originals/revision)."""

    __tablename__ = "originals"

    revision_id: Mapped[str] = mapped_column(ForeignKey("revisions.id"), primary_key=True)
    tenant_id: Mapped[str] = _tenant()
    name: Mapped[str] = mapped_column(String(1000))
    data: Mapped[bytes] = mapped_column(LargeBinary)


class Membership(Base):
    """A revision's stay in the releases ``added_in <= R < removed_in``; `copy` tells the points of several stays apart."""

    __tablename__ = "memberships"
    __table_args__ = (
        UniqueConstraint("revision_id", "copy"),
        Index("ix_membership_range", "tenant_id", "added_in", "removed_in"),
    )

    id: Mapped[str] = _id()
    tenant_id: Mapped[str] = _tenant()
    revision_id: Mapped[str] = mapped_column(ForeignKey("revisions.id"), index=True)
    copy: Mapped[int] = mapped_column(default=0)
    added_in: Mapped[int]
    removed_in: Mapped[int]


class Release(Base):
    __tablename__ = "releases"
    __table_args__ = (UniqueConstraint("tenant_id", "number"),)

    id: Mapped[str] = _id()
    tenant_id: Mapped[str] = _tenant()
    number: Mapped[int]
    status: Mapped[str] = mapped_column(String(16))
    note: Mapped[str] = mapped_column(String(2000), default="")
    gate: Mapped[Json] = mapped_column(default=dict)
    published_by: Mapped[str] = mapped_column(String(64), default="")
    override_reason: Mapped[str | None] = mapped_column(String(2000))
    entered: Mapped[int] = mapped_column(default=0)
    left: Mapped[int] = mapped_column(default=0)
    """Documents' revisions that came and went with it, as counted when it was made."""
    created_at: Mapped[datetime] = mapped_column(default=now)
    published_at: Mapped[datetime | None]


class CorpusGrant(Base):
    """A corpus that its owner (`tenant_id`) lets another tenant read."""

    __tablename__ = "corpus_grants"
    __table_args__ = (UniqueConstraint("corpus_id", "grantee_id"),)

    id: Mapped[str] = _id()
    tenant_id: Mapped[str] = _tenant()
    corpus_id: Mapped[str] = mapped_column(ForeignKey("corpora.id"))
    grantee_id: Mapped[str] = mapped_column(ForeignKey("tenants.id"), index=True)
    expires_at: Mapped[datetime | None]
    created_by: Mapped[str] = mapped_column(String(64))
    created_at: Mapped[datetime] = mapped_column(default=now)


class IngestFailure(Base):
    """The dead-letter list: a file that could not be taken in, until it is, or until it is gone from its source."""

    __tablename__ = "ingest_failures"
    __table_args__ = (UniqueConstraint("source_id", "path"),)

    id: Mapped[str] = _id()
    tenant_id: Mapped[str] = _tenant()
    source_id: Mapped[str] = mapped_column(ForeignKey("sources.id"))
    path: Mapped[str] = mapped_column(String(1000))
    reason: Mapped[str] = mapped_column(String(64))
    detail: Mapped[str] = mapped_column(String(1000), default="")
    version_tag: Mapped[str] = mapped_column(String(300), default="")
    attempts: Mapped[int] = mapped_column(default=1)
    first_at: Mapped[datetime] = mapped_column(default=now)
    last_at: Mapped[datetime] = mapped_column(default=now)


class MinHashBand(Base):
    """Where originals of one corpus that look alike meet: each has a row per band of its MinHash."""

    __tablename__ = "minhash_bands"
    __table_args__ = (Index("ix_minhash_bands_key", "corpus_id", "key"),)

    document_id: Mapped[str] = mapped_column(String(32), primary_key=True)
    band: Mapped[int] = mapped_column(primary_key=True)
    tenant_id: Mapped[str] = _tenant()
    corpus_id: Mapped[str] = mapped_column(String(32))
    key: Mapped[int] = mapped_column(BigInteger)


class DocumentComment(Base):
    __tablename__ = "document_comments"

    id: Mapped[str] = _id()
    tenant_id: Mapped[str] = _tenant()
    document_id: Mapped[str] = mapped_column(ForeignKey("documents.id"), index=True)
    revision_id: Mapped[str | None] = mapped_column(String(32))
    author: Mapped[str] = mapped_column(String(64))
    text: Mapped[str] = mapped_column(Text)
    created_at: Mapped[datetime] = mapped_column(default=now)


class GoldenQuestionRow(Base):
    """A question that the publish gate asks; `key` is the tenant's own id for it, `expectation` as in a golden.jsonl line."""

    __tablename__ = "golden_questions"
    __table_args__ = (UniqueConstraint("tenant_id", "key"),)

    id: Mapped[str] = _id()
    tenant_id: Mapped[str] = _tenant()
    key: Mapped[str] = mapped_column(String(100))
    question: Mapped[str] = mapped_column(Text)
    expectation: Mapped[Json] = mapped_column(default=dict)
    created_at: Mapped[datetime] = mapped_column(default=now)


class Job(Base):
    __tablename__ = "jobs"
    __table_args__ = (
        Index("ix_jobs_turn", "tenant_id", "status", "not_before"),
        Index("ix_jobs_digest", "tenant_id", "digest"),
        Index("ix_jobs_newest", "tenant_id", "created_at", "id"),
    )

    id: Mapped[str] = _id()
    tenant_id: Mapped[str] = _tenant()
    kind: Mapped[str] = mapped_column(String(32))
    args: Mapped[Json] = mapped_column(default=dict)
    status: Mapped[str] = mapped_column(String(16), index=True)
    progress: Mapped[Json] = mapped_column(default=dict)
    result: Mapped[Json] = mapped_column(default=dict)
    error: Mapped[Json | None]
    attempts: Mapped[int] = mapped_column(default=0)
    """Tries that ended with a passing fault."""
    crashes: Mapped[int] = mapped_column(default=0)
    """Tries that ended with the death of their process."""
    digest: Mapped[str] = mapped_column(String(64), default="")
    """Of kind and arguments: the same work has the same."""
    owner: Mapped[str | None] = mapped_column(String(32))
    """The try that runs it, a fresh id each; whoever has lost it can write nothing more."""
    not_before: Mapped[datetime | None] = mapped_column(default=now)
    """When its turn comes at the earliest: at once, or after the pause that follows a passing fault."""
    created_at: Mapped[datetime] = mapped_column(default=now)
    updated_at: Mapped[datetime] = mapped_column(default=now)


class Conversation(Base):
    __tablename__ = "conversations"

    id: Mapped[str] = _id()
    tenant_id: Mapped[str] = _tenant()
    principal_id: Mapped[str] = mapped_column(String(64))
    created_at: Mapped[datetime] = mapped_column(default=now)


class AnswerRow(Base):
    """One turn: the redacted question and the whole answer with its evidence, as it was given."""

    __tablename__ = "answers"

    id: Mapped[str] = _id()
    tenant_id: Mapped[str] = _tenant()
    conversation_id: Mapped[str] = mapped_column(ForeignKey("conversations.id"), index=True)
    principal_id: Mapped[str] = mapped_column(String(64))
    channel: Mapped[str] = mapped_column(String(16))
    question: Mapped[str] = mapped_column(Text)
    query: Mapped[str] = mapped_column(Text)
    outcome: Mapped[str] = mapped_column(String(16))
    answer: Mapped[Json]
    evidence: Mapped[Json] = mapped_column(default=dict)
    created_at: Mapped[datetime] = mapped_column(default=now)


class KnowledgeGap(Base):
    """A question that no published document answered, redacted, and how often it was asked; nearly the same ones share a row.
    Nobody's name or key is in it."""

    __tablename__ = "knowledge_gaps"
    __table_args__ = (UniqueConstraint("tenant_id", "key"), Index("ix_knowledge_gaps_last", "tenant_id", "last_at"))

    id: Mapped[str] = _id()
    tenant_id: Mapped[str] = _tenant()
    key: Mapped[str] = mapped_column(String(64))
    """Of the question's terms, in whatever order."""
    question: Mapped[str] = mapped_column(Text)
    query: Mapped[str] = mapped_column(Text)
    terms: Mapped[list[str]] = mapped_column(default=list)
    closest: Mapped[list[Any]] = mapped_column(default=list)
    count: Mapped[int] = mapped_column(default=1)
    first_at: Mapped[datetime] = mapped_column(default=now)
    last_at: Mapped[datetime] = mapped_column(default=now)


class FeedbackRow(Base):
    __tablename__ = "feedback"
    __table_args__ = (UniqueConstraint("answer_id", "principal_id"),)

    id: Mapped[str] = _id()
    tenant_id: Mapped[str] = _tenant()
    answer_id: Mapped[str] = mapped_column(ForeignKey("answers.id"))
    principal_id: Mapped[str] = mapped_column(String(64))
    vote: Mapped[str] = mapped_column(String(8))
    reason: Mapped[str | None] = mapped_column(String(32))
    comment: Mapped[str | None] = mapped_column(Text)
    correction: Mapped[str | None] = mapped_column(Text)
    created_at: Mapped[datetime] = mapped_column(default=now)


class Handoff(Base):
    """A case for a person. The contact is personal data, so it is encrypted (context tenant/handoffs/id)."""

    __tablename__ = "handoffs"
    __table_args__ = (UniqueConstraint("tenant_id", "number"),)

    id: Mapped[str] = _id()
    tenant_id: Mapped[str] = _tenant()
    number: Mapped[int]
    conversation_id: Mapped[str] = mapped_column(ForeignKey("conversations.id"))
    answer_id: Mapped[str | None] = mapped_column(String(32))
    principal_id: Mapped[str] = mapped_column(String(64))
    contact: Mapped[bytes | None] = mapped_column(LargeBinary)
    note: Mapped[str | None] = mapped_column(Text)
    status: Mapped[str] = mapped_column(String(16), default="open")
    created_at: Mapped[datetime] = mapped_column(default=now)


class AuditRow(Base):
    """One act, chained to the tenant's act before; written by `core.audit` alone, kept from change by triggers."""

    __tablename__ = "audit"
    __table_args__ = (
        Index("ix_audit_chain", "tenant_id", "number", unique=True),
        Index("ix_audit_action", "tenant_id", "action", "id"),
    )

    id: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=True)
    tenant_id: Mapped[str] = _tenant()
    number: Mapped[int]
    """1, 2, 3 … of the tenant."""
    actor: Mapped[str] = mapped_column(String(64))
    action: Mapped[str] = mapped_column(String(64))
    target: Mapped[str] = mapped_column(String(200), default="")
    details: Mapped[Json] = mapped_column(default=dict)
    at: Mapped[datetime] = mapped_column(default=now)
    previous: Mapped[str] = mapped_column(String(64))
    hash: Mapped[str] = mapped_column(String(64))


class ModelCall(Base):
    """A call of a language model whose cost the provider has not told: under way, cut short, or lost with its process.

    `prompt_tokens` and `completion_tokens` are what stands for it in `usage` already.
    """

    __tablename__ = "model_calls"
    __table_args__ = (Index("ix_model_calls_day", "tenant_id", "day"),)

    id: Mapped[str] = _id()
    """What the provider was told, as ``X-Client-Request-Id``."""
    tenant_id: Mapped[str] = _tenant()
    principal_id: Mapped[str] = mapped_column(String(64))
    day: Mapped[date]
    channel: Mapped[str] = mapped_column(String(16))
    model: Mapped[str] = mapped_column(String(100))
    state: Mapped[str] = mapped_column(String(16))
    reserved_prompt: Mapped[int]
    reserved_completion: Mapped[int]
    prompt_tokens: Mapped[int] = mapped_column(default=0)
    completion_tokens: Mapped[int] = mapped_column(default=0)
    created_at: Mapped[datetime] = mapped_column(default=now)


class KeyUsage(Base):
    """What one principal used in a day: the budgets of keys are counted here."""

    __tablename__ = "key_usage"

    tenant_id: Mapped[str] = mapped_column(ForeignKey("tenants.id"), primary_key=True)
    day: Mapped[date] = mapped_column(primary_key=True)
    principal_id: Mapped[str] = mapped_column(String(64), primary_key=True)
    questions: Mapped[int] = mapped_column(default=0)
    tokens: Mapped[int] = mapped_column(default=0)


class Usage(Base):
    """Metered per tenant, day, channel and model."""

    __tablename__ = "usage"

    tenant_id: Mapped[str] = mapped_column(ForeignKey("tenants.id"), primary_key=True)
    day: Mapped[date] = mapped_column(primary_key=True)
    channel: Mapped[str] = mapped_column(String(16), primary_key=True)
    model: Mapped[str] = mapped_column(String(100), primary_key=True)
    questions: Mapped[int] = mapped_column(default=0)
    prompt_tokens: Mapped[int] = mapped_column(default=0)
    completion_tokens: Mapped[int] = mapped_column(default=0)


class EvalRun(Base):
    __tablename__ = "eval_runs"

    id: Mapped[str] = _id()
    dataset: Mapped[str] = mapped_column(String(100))
    metrics: Mapped[Json]
    context: Mapped[Json]
    rows: Mapped[list[Any]] = mapped_column(default=list)
    created_at: Mapped[datetime] = mapped_column(default=now)


class SlackWorkspace(Base):
    """Which tenant a Slack workspace belongs to; `team_id` is Slack's, the bot token is encrypted."""

    __tablename__ = "slack_workspaces"

    team_id: Mapped[str] = mapped_column(String(32), primary_key=True)
    enterprise_id: Mapped[str | None] = mapped_column(String(32))
    tenant_id: Mapped[str] = _tenant()
    audience: Mapped[str] = mapped_column(String(16))
    bot_token: Mapped[bytes | None] = mapped_column(LargeBinary)
    created_at: Mapped[datetime] = mapped_column(default=now)


class SlackEvent(Base):
    """One delivered event, stored before work starts, so that redelivery and restarts handle it once."""

    __tablename__ = "slack_events"

    event_id: Mapped[str] = mapped_column(String(64), primary_key=True)
    tenant_id: Mapped[str] = _tenant()
    status: Mapped[str] = mapped_column(String(16))
    payload: Mapped[bytes] = mapped_column(LargeBinary)
    attempts: Mapped[int] = mapped_column(default=0)
    created_at: Mapped[datetime] = mapped_column(default=now)


class SlackThread(Base):
    """Which conversation a person's questions in one Slack thread belong to: each asker of a thread has their own."""

    __tablename__ = "slack_threads"

    team_id: Mapped[str] = mapped_column(String(32), primary_key=True)
    channel: Mapped[str] = mapped_column(String(32), primary_key=True)
    thread_ts: Mapped[str] = mapped_column(String(32), primary_key=True)
    user: Mapped[str] = mapped_column(String(32), primary_key=True)
    tenant_id: Mapped[str] = _tenant()
    conversation_id: Mapped[str] = mapped_column(String(32))
    created_at: Mapped[datetime] = mapped_column(default=now)


class WidgetRow(Base):
    """A chat widget that a tenant puts into its own pages; `origins` may frame it, `audience` is the most that a visitor with a
    signed identity may read."""

    __tablename__ = "widgets"

    id: Mapped[str] = _id()
    tenant_id: Mapped[str] = _tenant()
    name: Mapped[str] = mapped_column(String(100))
    origins: Mapped[list[str]]
    theme: Mapped[Json] = mapped_column(default=dict)
    audience: Mapped[str] = mapped_column(String(16))
    enabled: Mapped[bool] = mapped_column(default=True)
    created_at: Mapped[datetime] = mapped_column(default=now)


class WidgetKey(Base):
    """What a widget's identity tokens are verified with, encrypted (context tenant/widget_keys/id): a secret for HS256, a public
    key for EdDSA. `id` is the `kid`. A rotated key ends at `retires_at`."""

    __tablename__ = "widget_keys"

    id: Mapped[str] = _id()
    tenant_id: Mapped[str] = _tenant()
    widget_id: Mapped[str] = mapped_column(ForeignKey("widgets.id"), index=True)
    algorithm: Mapped[str] = mapped_column(String(8))
    issuer: Mapped[str] = mapped_column(String(200))
    material: Mapped[bytes] = mapped_column(LargeBinary)
    created_at: Mapped[datetime] = mapped_column(default=now)
    retires_at: Mapped[datetime | None]


class WidgetSession(Base):
    """One visitor's short session on one page's origin. Of its secret only a keyed hash is stored, of the visitor a pseudonym."""

    __tablename__ = "widget_sessions"

    id: Mapped[str] = _id()
    tenant_id: Mapped[str] = _tenant()
    widget_id: Mapped[str] = mapped_column(ForeignKey("widgets.id"), index=True)
    origin: Mapped[str] = mapped_column(String(300))
    visitor: Mapped[str] = mapped_column(String(64))
    identified: Mapped[bool]
    secret_hash: Mapped[str] = mapped_column(String(64))
    expires_at: Mapped[datetime] = mapped_column(index=True)
    created_at: Mapped[datetime] = mapped_column(default=now)


class WidgetToken(Base):
    """An identity token that was used, by a hash of its `jti`, until it has expired by itself."""

    __tablename__ = "widget_tokens"

    widget_id: Mapped[str] = mapped_column(ForeignKey("widgets.id"), primary_key=True)
    jti_hash: Mapped[str] = mapped_column(String(64), primary_key=True)
    tenant_id: Mapped[str] = _tenant()
    expires_at: Mapped[datetime] = mapped_column(index=True)
