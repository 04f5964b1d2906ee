"""What one Slack user wants done: read from an event once, stored, and worked on from what was stored."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

MAX_ATTEMPTS = 3
"""Starts of one job: what takes the process down with it must not do so for ever."""


class JobKind(StrEnum):
    QUESTION = "question"
    OUTSIDE = "outside"
    """Asked from another organisation or in a channel shared with one (Slack Connect): refused."""
    HANDOVER = "handover"


@dataclass(frozen=True, slots=True)
class SlackJob:
    """`text` is the question, or for a hand-over the answer's id. `thread_ts` names the thread to reply in."""

    kind: JobKind
    team_id: str
    enterprise_id: str | None
    channel: str
    thread_ts: str
    user: str
    text: str
