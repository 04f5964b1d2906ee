"""Every table that holds tenants' rows, and what an erasure does to one person's traces in it. A test fails for a table
without a line here."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Table
from sqlalchemy.orm import DeclarativeBase, InstrumentedAttribute

from core import models as m

Row = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Store:
    """`whose` gives the principal whose own a row is: then it goes, after the rows of `with_`, which name it. `quotes` are
    columns that may quote the person: they are blotted out there, or with `drop` the row goes. `named` are columns that say
    which principal did something: `erased` takes its place. With `conversation` a row is also its conversation's owner's."""

    model: type[DeclarativeBase]
    quotes: tuple[str, ...] = ()
    named: tuple[str, ...] = ()
    whose: Callable[[Row], str] | None = None
    own: tuple[str, ...] = ()
    """The columns that `whose` reads."""
    drop: bool = False
    conversation: str | None = None
    with_: tuple[InstrumentedAttribute[Any], ...] = ()

    @property
    def table(self) -> Table:
        table = self.model.__table__
        assert isinstance(table, Table)
        return table


def _by(column: str) -> Callable[[Row], str]:
    return lambda row: str(row[column])


def _slack(row: Row) -> str:
    return f"slack:{row['team_id']}:{row['user']}"


_ID = {"whose": _by("principal_id"), "own": ("principal_id",)}
_USER = {"whose": _slack, "own": ("team_id", "user")}

STORES: tuple[Store, ...] = (
    Store(
        m.Handoff,
        ("note", "packet", "resolution"),
        ("owner",),
        conversation="conversation_id",
        with_=(m.CaseNotice.case_id, m.SlackCase.case_id),
        **_ID,  # type: ignore[arg-type]
    ),
    Store(m.CaseNotice, ("error", "receipt")),
    Store(m.CaseRoute, ("target",), drop=True),
    Store(m.FeedbackRow, ("comment", "correction"), **_ID),  # type: ignore[arg-type]
    Store(m.CurationTask, ("question", "correction", "documents"), ("closed_by",)),
    Store(
        m.AnswerRow,
        ("question", "query", "answer", "evidence"),
        conversation="conversation_id",
        with_=(m.FeedbackRow.answer_id, m.CurationTask.answer_id),
        **_ID,  # type: ignore[arg-type]
    ),
    Store(m.Conversation, conversation="id", **_ID),  # type: ignore[arg-type]
    Store(m.KnowledgeGap, ("question", "query", "terms", "closest"), drop=True),
    Store(m.SlackThread, **_USER),  # type: ignore[arg-type]
    Store(m.SlackPerson, **_USER),  # type: ignore[arg-type]
    Store(m.SlackDraft, ("drafted", "sent", "difference"), **_ID),  # type: ignore[arg-type]
    Store(m.SlackChannel, ("settings",), ("changed_by",)),
    Store(m.WidgetSession, whose=_by("visitor"), own=("visitor",)),
    Store(m.WidgetStream, whose=_by("visitor"), own=("visitor",)),
    Store(m.KeyUsage, **_ID),  # type: ignore[arg-type]
    Store(m.ModelCall, named=("principal_id",)),
    Store(m.Job, ("args", "progress", "result", "error")),
    Store(m.APIKey, ("name",)),
    Store(m.Release, ("note", "gate", "override_reason"), ("published_by",)),
    Store(m.DocumentComment, ("text",), ("author",)),
    Store(m.GoldenQuestionRow, ("question", "expectation")),
    Store(m.IngestFailure, ("path", "detail")),
    Store(m.CorpusGrant, named=("created_by",)),
    Store(m.Tenant, ("settings",)),
)
"""In the order in which rows name each other."""

DOCUMENTS = frozenset({"documents", "revisions", "passages", "originals"})
"""`api.rights.documents` goes through these together."""

SEALED = frozenset({"slack_events", "subject_requests"})
"""Encrypted: `api.rights.sealed` opens what may be the person's. Contacts of cases, too."""

LEFT = {
    "audit": ("actor", "target", "details"),
    "sources": ("uri", "config", "last_error"),
    "corpora": ("name",),
    "widgets": ("name", "theme", "origins"),
    "directives": ("body", "note", "author"),
    "users": ("name",),
}
"""What an erasure does not touch, but counts and tells of. The audit cannot be changed, and must not: it holds ids, and proves the
erasure itself. The rest is how the tenant set the product up: whoever did changes it, and disables an account that is left."""

NOTHING = frozenset(
    {
        "memberships",  # numbers
        "minhash_bands",
        "slack_cases",  # ids; go with their case
        "slack_codes",  # hashes
        "slack_shares",
        "slack_workspaces",
        "usage",  # sums
        "data_keys",  # sealed, as the vault's tables, which `Vault.forget` empties
        "vault_values",
        "vault_uses",
        "user_sessions",  # ids, and which browser; end with their account
        "widget_counts",  # numbers beside hashes
        "widget_keys",
        "widget_tokens",  # hashes that live for minutes
    }
)
"""Tables that hold nobody's words or ids."""
