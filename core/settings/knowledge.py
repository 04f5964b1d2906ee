"""How documents come in and are kept."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path

from pydantic import Field, SecretStr

from core.settings.base import Section


class IndexKind(StrEnum):
    EMBEDDED = "embedded"
    SERVER = "server"


class IndexSettings(Section):
    kind: IndexKind = IndexKind.EMBEDDED
    url: str | None = Field(None, description="Qdrant server, for kind = server")
    api_key: SecretStr | None = None
    max_open_shards: int = Field(64, ge=1)
    grace_s: float = Field(300.0, ge=0, description="how long a reindex keeps the old vectors for running questions")
    deadline_s: float = Field(5.0, gt=0)


class Precision(StrEnum):
    FLOAT32 = "float32"
    BFLOAT16 = "bfloat16"


class EmbeddingSettings(Section):
    model: str | None = Field(
        None, description="a sentence-transformers name or folder; empty: the bundled all-MiniLM-L6-v2"
    )
    device: str = "cpu"
    batch_tokens: int = Field(4096, ge=256, description="word pieces a forward pass")
    precision: Precision = Field(
        Precision.FLOAT32,
        description="bfloat16: about twice as fast where the processor computes in it (AMX, AVX512_BF16)",
    )


class IngestSettings(Section):
    max_file_bytes: int = Field(50_000_000, ge=1)
    max_unpacked_bytes: int = Field(200_000_000, ge=1)
    max_pages: int = Field(2000, ge=1)
    max_characters: int = Field(10_000_000, ge=1, description="text of one file, and of those inside it together")
    max_members: int = Field(20_000, ge=1, description="parts of an office file; files inside one file")
    max_ratio: int = Field(200, ge=2, description="unpacked to packed size of a file above 20 MB")
    max_depth: int = Field(4, ge=1, description="files inside each other; 1: attachments are not read")
    max_upload_members: int = Field(200, ge=1, description="documents that one uploaded ZIP may bring")
    file_timeout_s: float = Field(60.0, gt=0)
    worker_memory_bytes: int = Field(2_000_000_000, ge=500_000_000)
    workers: int = Field(1, ge=1, description="child processes that parse and redact")
    worker_start_s: float = Field(120.0, gt=0, description="seconds in which one of them has its models and parsers")
    batch_chunks: int = Field(256, ge=1, description="chunks that are embedded, stored and acknowledged together")
    roots: tuple[Path, ...] = Field((), description="folders that API clients may name as a source")
    retire_limit: float = Field(
        0.2, ge=0, le=1, description="share of a source's documents from which a sync asks before it retires them"
    )
    retire_free: int = Field(
        1, ge=0, description="documents that a sync may retire without asking, whatever their share"
    )
    source_faults: int = Field(
        10, ge=1, description="passing faults after which a sync gives its source up; four answers make up for one"
    )
    source_wait_s: float = Field(7200.0, gt=0, description="seconds that one sync waits for its source in all")
    max_listed: int = Field(5000, ge=1, description="files that the report of one sync names; all are counted")
    heads: int = Field(8, ge=1, description="files whose version one sync asks its source for at once")
    retry_attempts: int = Field(3, ge=1, description="tries of one file or batch that meets a passing fault")
    retry_wait_s: float = Field(
        0.5, ge=0, description="longest pause after the first of these tries; doubled with each"
    )
    breaker_failures: int = Field(3, ge=1, description="failed syncs in a row after which a source rests")
    breaker_pause_s: float = Field(
        300.0, ge=0, description="how long it rests first; doubled with each further failure"
    )
    breaker_longest_s: float = Field(86_400.0, ge=0)
    allow_hosts: tuple[str, ...] = Field(
        (),
        description="host or host:port of web, Git and S3 sources that are not public; commas between in the environment",
    )


class SourceSettings(Section):
    max_items: int = Field(100_000, ge=1, description="items that one source may list")
    max_disk_bytes: int = Field(2_000_000_000, ge=1_000_000, description="what one repository may take on this disk")
    request_s: float = Field(30.0, gt=0, description="longest wait for one answer of a source")
    transfer_s: float = Field(600.0, gt=0, description="longest transfer of a repository or of one object")
    max_archive_members: int = Field(10_000, ge=1, description="members of a ZIP, of those inside it too")
    max_archive_bytes: int = Field(1_000_000_000, ge=1, description="what a ZIP may unpack to")
    max_archive_ratio: int = Field(200, ge=2, description="unpacked to packed size of a member above 1 MB")
    max_archive_depth: int = Field(2, ge=1, description="1: a ZIP inside a ZIP is not read")
    max_per_tenant: int = Field(200, ge=1, description="sources of a tenant")


class CurationSettings(Section):
    page_size: int = Field(200, ge=1, le=1000, description="most rows that one page of a list may hold")
    max_comment_chars: int = Field(8000, ge=1)
    max_bulk: int = Field(200, ge=1, description="documents that one call may approve")
    max_diff_lines: int = Field(5000, ge=10, description="lines that a diff shows; the rest is counted")


class ReleaseSettings(Section):
    gate_timeout_s: float = Field(300.0, gt=0, description="a gate that takes longer blocks the release")
    gate_parallel: int = Field(4, ge=1, description="golden questions asked at once")
    max_golden: int = Field(500, ge=1, description="golden questions of a tenant")
    max_listed: int = Field(500, ge=1, description="documents that one list of a release's changes names")
    flood: int = Field(10, ge=2, description="copies of one document that a release is warned of as a flood")
    max_compared: int = Field(200, ge=0, description="near copies that a publish compares for other numbers")
    keep: int = Field(20, ge=1, description="newest releases that a collection keeps")
    keep_revisions: int = Field(5, ge=1, description="newest revisions of a document that a collection keeps")
    grace_s: float = Field(600.0, ge=0, description="how long a collection spares a release that was live")
    reconcile_wait_s: float = Field(10.0, gt=0, description="how long a start waits for a corpus that is being synced")
