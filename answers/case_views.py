"""A case as whoever may see it is shown it."""

from __future__ import annotations

import re
from dataclasses import asdict, dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from core.errors import NotFoundError
from core.models import Handoff, Json

_NUMBER = re.compile(r"(?:C-)?([1-9][0-9]{0,8})", re.IGNORECASE)


class CaseStatus(StrEnum):
    OPEN = "open"
    CLAIMED = "claimed"
    """A person has it: the copilot is silent where it was asked, until the case is handed back or resolved."""
    RESOLVED = "resolved"


class Severity(StrEnum):
    LOW = "low"
    NORMAL = "normal"
    HIGH = "high"
    URGENT = "urgent"


@dataclass(frozen=True, slots=True)
class CaseView:
    """`case_id` is the tenant's own running number; `asked_by` and `owner` are principals' ids; `packet` is what
    `answers.packets` built, empty for whoever may not read the conversation; `contact` only for those who work on cases."""

    case_id: str
    status: CaseStatus
    severity: Severity
    question: str
    asked_by: str
    owner: str | None
    note: str | None
    resolution: str | None
    packet: Json
    opened_at: datetime
    due_at: datetime | None
    claimed_at: datetime | None
    resolved_at: datetime | None
    contact: str | None = None

    def as_json(self) -> dict[str, Any]:
        values = asdict(self)
        times = ("opened_at", "due_at", "claimed_at", "resolved_at")
        return values | {name: values[name] and values[name].isoformat() for name in times}


def view(row: Handoff, *, packet: bool = True, contact: str | None = None) -> CaseView:
    return CaseView(
        case_id=f"C-{row.number}",
        status=CaseStatus(row.status),
        severity=Severity(row.severity),
        question=str(row.packet.get("question", "")) if packet else "",
        asked_by=row.principal_id,
        owner=row.owner,
        note=row.note,
        resolution=row.resolution,
        packet=row.packet if packet else {},
        opened_at=row.created_at,
        due_at=row.due_at,
        claimed_at=row.claimed_at,
        resolved_at=row.resolved_at,
        contact=contact,
    )


def number_of(case_id: str) -> int:
    """Of ``C-12`` or ``12``. Raises `NotFoundError` for what is no case's number."""
    match = _NUMBER.fullmatch(case_id.strip())
    if match is None:
        raise NotFoundError("no such case; cases are named like C-12")
    return int(match[1])
