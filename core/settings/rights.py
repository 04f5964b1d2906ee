"""How long what is kept, and what is left of a person after an erasure."""

from __future__ import annotations

from pathlib import Path

from pydantic import Field

from core.settings.base import Section

_Days = float | None


class RetentionSettings(Section):
    """Days after which each kind goes; empty: it stays. A tenant's own days go before (`core.retention`)."""

    conversations_days: _Days = Field(365.0, ge=1, description="since a question was asked: it, its answer, its votes")
    feedback_days: _Days = Field(365.0, ge=1, description="since a vote was given")
    cases_days: _Days = Field(730.0, ge=1, description="since a case was resolved; open ones stay")
    slack_days: _Days = Field(30.0, ge=1, description="since a Slack event was worked off, or a reply was drafted")
    jobs_days: _Days = Field(30.0, ge=1, description="since a job ended")
    gaps_days: _Days = Field(365.0, ge=1, description="since an unanswered question was asked last")
    usage_days: _Days = Field(400.0, ge=1, description="of what each key used; the tenant's totals stay")
    visits_days: _Days = Field(1.0, ge=1, description="since a widget's session or identity token expired")
    audit_days: _Days = Field(730.0, ge=30, description="since an act; the chain's beginning goes, a tombstone stays")
    requests_days: _Days = Field(1095.0, ge=1, description="since a person's data was erased or exported")
    collect: bool = Field(True, description="also collect releases and revisions that no kept answer needs")
    every_hours: float = Field(24.0, gt=0, description="from the end of one run to the next")
    poll_s: float = Field(300.0, gt=0, description="how often tenants are looked through for those that are due")
    batch: int = Field(500, ge=1, le=5000, description="rows that one transaction deletes")


class SubjectSettings(Section):
    export_days: float = Field(7.0, gt=0, description="how long an export can be fetched")
    max_export_bytes: int = Field(100_000_000, ge=1_000_000, description="of one export, packed")
    ledger: Path | None = Field(
        None, description="file of erasures, sealed, that 'restore' does again; empty: in the home folder"
    )
    backup_days: float = Field(
        35.0, gt=0, description="how long the oldest backup is kept: as long the ledger remembers an erasure"
    )
