"""What may be said: corpora, sources, documents and their revisions, releases, grants, golden questions."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from sqlalchemy import BigInteger, ForeignKey, Index, Integer, LargeBinary, String, Text, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from core.models.base import Base, Json, id_column, now, tenant_column

_NAMED = text("customer IS NOT NULL")
_AUTHORITATIVE, _MARKED = text("authoritative"), text("authoritative_set")


class Corpus(Base):
    __tablename__ = "corpora"
    __table_args__ = (UniqueConstraint("tenant_id", "name"),)

    id: Mapped[str] = id_column()
    tenant_id: Mapped[str] = tenant_column()
    name: Mapped[str] = mapped_column(String(100))
    requires_approval: Mapped[bool] = mapped_column(default=False)
    created_at: Mapped[datetime] = mapped_column(default=now)


class Source(Base):
    __tablename__ = "sources"
    __table_args__ = (UniqueConstraint("tenant_id", "corpus_id", "kind", "uri"),)

    id: Mapped[str] = id_column()
    tenant_id: Mapped[str] = tenant_column()
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
    __table_args__ = (
        UniqueConstraint("tenant_id", "corpus_id", "path"),
        # Every question reads the names of the tenant's customers: they must not cost a look at all its documents.
        Index("ix_documents_customer", "tenant_id", "customer", sqlite_where=_NAMED, postgresql_where=_NAMED),
        Index("ix_documents_authoritative", "tenant_id", sqlite_where=_MARKED, postgresql_where=_MARKED),
    )

    id: Mapped[str] = id_column()
    tenant_id: Mapped[str] = tenant_column()
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
    authoritative_set: Mapped[bool | None]
    """The same, for whether high-impact questions are answered from it."""
    owner: Mapped[str | None] = mapped_column(String(200))
    review_by: Mapped[date | None]
    duplicate_of: Mapped[str | None] = mapped_column(String(32), index=True)
    duplicate_kind: Mapped[str | None] = mapped_column(String(8))
    created_at: Mapped[datetime] = mapped_column(default=now)
    updated_at: Mapped[datetime] = mapped_column(default=now)


class Revision(Base):
    """One ingested state of a document: what it said of itself, and how it was cut into passages."""

    __tablename__ = "revisions"
    __table_args__ = (
        Index("ix_revisions_authoritative", "tenant_id", sqlite_where=_AUTHORITATIVE, postgresql_where=_AUTHORITATIVE),
    )

    id: Mapped[str] = id_column()
    tenant_id: Mapped[str] = tenant_column()
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
    authoritative: Mapped[bool] = mapped_column(default=False)
    """What it states of itself; the document's `authoritative_set` goes before it."""
    text_hash: Mapped[str] = mapped_column(String(64), default="")
    """Of the normalised, redacted text: equal for exact duplicates."""
    minhash: Mapped[bytes | None] = mapped_column(LargeBinary)
    created_at: Mapped[datetime] = mapped_column(default=now)


class PassageRow(Base):
    """Redacted text of one chunk; the index holds its vectors only."""

    __tablename__ = "passages"
    __table_args__ = (UniqueConstraint("revision_id", "number"),)

    id: Mapped[int] = mapped_column(Integer, primary_key=True, autoincrement=True)
    tenant_id: Mapped[str] = tenant_column()
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
    tenant_id: Mapped[str] = tenant_column()
    name: Mapped[str] = mapped_column(String(1000))
    data: Mapped[bytes] = mapped_column(LargeBinary)


class Membership(Base):
    """A revision's stay in the releases ``added_in <= R < removed_in``; `copy` tells the points of several stays apart."""

    __tablename__ = "memberships"
    __table_args__ = (
        UniqueConstraint("revision_id", "copy"),
        Index("ix_membership_range", "tenant_id", "added_in", "removed_in"),
    )

    id: Mapped[str] = id_column()
    tenant_id: Mapped[str] = tenant_column()
    revision_id: Mapped[str] = mapped_column(ForeignKey("revisions.id"), index=True)
    copy: Mapped[int] = mapped_column(default=0)
    added_in: Mapped[int]
    removed_in: Mapped[int]


class Release(Base):
    __tablename__ = "releases"
    __table_args__ = (UniqueConstraint("tenant_id", "number"),)

    id: Mapped[str] = id_column()
    tenant_id: Mapped[str] = tenant_column()
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

    id: Mapped[str] = id_column()
    tenant_id: Mapped[str] = tenant_column()
    corpus_id: Mapped[str] = mapped_column(ForeignKey("corpora.id"))
    grantee_id: Mapped[str] = mapped_column(ForeignKey("tenants.id"), index=True)
    expires_at: Mapped[datetime | None]
    created_by: Mapped[str] = mapped_column(String(64))
    created_at: Mapped[datetime] = mapped_column(default=now)


class IngestFailure(Base):
    """The dead-letter list: a file that could not be taken in, until it is, or until it is gone from its source."""

    __tablename__ = "ingest_failures"
    __table_args__ = (UniqueConstraint("source_id", "path"),)

    id: Mapped[str] = id_column()
    tenant_id: Mapped[str] = tenant_column()
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
    tenant_id: Mapped[str] = tenant_column()
    corpus_id: Mapped[str] = mapped_column(String(32))
    key: Mapped[int] = mapped_column(BigInteger)


class DocumentComment(Base):
    __tablename__ = "document_comments"

    id: Mapped[str] = id_column()
    tenant_id: Mapped[str] = tenant_column()
    document_id: Mapped[str] = mapped_column(ForeignKey("documents.id"), index=True)
    revision_id: Mapped[str | None] = mapped_column(String(32))
    author: Mapped[str] = mapped_column(String(64))
    text: Mapped[str] = mapped_column(Text)
    created_at: Mapped[datetime] = mapped_column(default=now)


class GoldenQuestionRow(Base):
    """A question that the publish gate asks; `key` is the tenant's own id for it, `expectation` as in a golden.jsonl line."""

    __tablename__ = "golden_questions"
    __table_args__ = (UniqueConstraint("tenant_id", "key"),)

    id: Mapped[str] = id_column()
    tenant_id: Mapped[str] = tenant_column()
    key: Mapped[str] = mapped_column(String(100))
    question: Mapped[str] = mapped_column(Text)
    expectation: Mapped[Json] = mapped_column(default=dict)
    created_at: Mapped[datetime] = mapped_column(default=now)
