"""For whom a transaction is: one tenant, no tenant, or several under one of the named crossings below.

There is no fourth way. Each crossing opens only the tables that its work needs, to reading unless `OPENS` says otherwise; on
PostgreSQL row-level security holds it to that (`core.row_security`), and each use of one is counted
(`copilot_crossings_total`).
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum

NO_TENANT = ""
"""Sees no tenant's rows: for what belongs to the installation, such as the schema's version and eval runs."""


class Access(StrEnum):
    """A policy's command in PostgreSQL."""

    READ = "SELECT"
    WRITE = "ALL"


class Crossing(StrEnum):
    """Why a transaction sees several tenants' rows."""

    CREDENTIALS = "credentials"
    """Whose a key, an account, a session, a widget, a Slack workspace, channel or code is: nobody knows before it is looked up."""
    DIRECTORY = "directory"
    """Which tenants there are: at the start, for the operator, and for whoever grants a corpus."""
    JOBS = "jobs"
    """Whose turn it is, what dead processes left behind, and what is old enough to go."""
    SCHEDULE = "schedule"
    """Which sources are due."""
    EVENTS = "events"
    """Slack events that wait for a worker."""
    METERING = "metering"
    """Model calls that ended with their process."""
    ANCHORS = "anchors"
    """The ends of all audit chains."""
    CITED_RELEASES = "cited_releases"
    """Which of a vendor's releases its partners' answers name, so that these are kept."""
    KEYS = "keys"
    """Which tenants' keys another master key wraps than the present one."""
    UPKEEP = "upkeep"
    """The schema's migrations: every table, and only for the tables' owner."""


OPENS: Mapping[Crossing, Mapping[str, Access]] = {
    Crossing.CREDENTIALS: dict.fromkeys(
        (
            "api_keys",
            "slack_codes",
            "slack_shares",
            "slack_workspaces",
            "user_sessions",
            "users",
            "widget_sessions",
            "widgets",
        ),
        Access.READ,
    ),
    Crossing.DIRECTORY: {"tenants": Access.READ},
    Crossing.JOBS: {"jobs": Access.WRITE, "tenants": Access.READ},
    Crossing.SCHEDULE: {"jobs": Access.READ, "sources": Access.READ},
    Crossing.EVENTS: {"slack_events": Access.WRITE},
    Crossing.METERING: {"model_calls": Access.WRITE},
    Crossing.ANCHORS: {"audit": Access.READ, "tenants": Access.READ},
    Crossing.CITED_RELEASES: {"answers": Access.READ},
    Crossing.KEYS: {"data_keys": Access.READ},
}
"""Which tables each opens, `UPKEEP` aside. A row here is what a review of a new crossing looks at."""
