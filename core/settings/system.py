"""The service itself: database, keys, jobs, server, audit, traces, logs."""

from __future__ import annotations

from pathlib import Path

from pydantic import Field, SecretStr

from core.settings.base import Section


class DatabaseSettings(Section):
    url: str | None = Field(None, description="postgresql+psycopg://…; empty: SQLite in the home folder")
    owner_url: SecretStr | None = Field(
        None, description="as url, but of the tables' owner, for 'migrate' alone; empty: url"
    )
    backup_url: SecretStr | None = Field(
        None, description="as url, of a role that row-level security lets dump (BYPASSRLS); empty: owner_url, else url"
    )
    pool_size: int = Field(10, ge=1, description="PostgreSQL connections a process")


class KeySettings(Section):
    rotation_hours: float = Field(24.0, ge=0, description="how long a rotated API key is still accepted")


class VaultSettings(Section):
    max_text_chars: int = Field(20_000, ge=1, description="longest text whose placeholders are restored at once")


class JobSettings(Section):
    parallel: int = Field(2, ge=1, description="jobs that one process runs at once; a tenant has one at a time")
    poll_s: float = Field(1.0, gt=0, description="how often the table is asked for work")
    max_attempts: int = Field(8, ge=1, description="tries of a job that meets passing faults")
    backoff_s: float = Field(5.0, ge=0, description="longest pause after the first passing fault; doubled with each")
    max_backoff_s: float = Field(600.0, ge=0)
    full_disk_pause_s: float = Field(60.0, gt=0, description="pause of a job that found the disk full")
    schedule_poll_s: float = Field(
        10.0, gt=0, description="how often sources are looked through for those that are due"
    )
    schedule_jitter: float = Field(0.1, ge=0, le=1, description="share of its interval that a source's turn moves")


class ServerSettings(Section):
    host: str = "127.0.0.1"
    port: int = Field(8000, ge=0, le=65535)
    max_body_bytes: int = Field(60_000_000, ge=1)
    body_s: float = Field(120.0, gt=0, description="longest time that a request's body may take")
    drain_s: int = Field(20, ge=0)
    public_url: str | None = None


class AuditSettings(Section):
    anchors: Path | None = Field(
        None, description="file that the chains' signed ends are appended to; empty: in the home folder"
    )
    anchor_s: float = Field(300.0, gt=0, description="how often; at the end of every process, too")
    page_size: int = Field(200, ge=1, le=1000, description="most rows that one page of the audit may hold")


class LangfuseSettings(Section):
    public_key: str | None = None
    secret_key: SecretStr | None = None
    base_url: str = "https://cloud.langfuse.com"
    environment: str = "default"
    sample_rate: float = Field(1.0, ge=0, le=1)


class LogSettings(Section):
    level: str = "INFO"
    json_lines: bool | None = Field(None, description="empty: JSON unless standard error is a terminal")
