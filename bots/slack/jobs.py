"""What one Slack user wants done: read from an event once, stored, and worked on from what was stored."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

MAX_ATTEMPTS = 3
"""Starts of one job: what takes the process down with it must not do so for ever."""


class JobKind(StrEnum):
    QUESTION = "question"
    """Put to the copilot, by a mention or in a direct message."""
    FOLLOW_UP = "follow_up"
    """In a thread in which its author asked before, without a mention."""
    AUTO = "auto"
    """Put to nobody, in a channel where the copilot answers by itself: an answer that is not good enough is not shown."""
    ASIDE = "aside"
    """By slash command or message shortcut: only the asker sees the answer, until they share it."""
    SHARE = "share"
    """Show the channel an answer that only its asker saw. `text` is the answer's id."""
    PRIVATE = "private"
    """Ask once more in private, with all that the asker may see. `text` is the answer's id."""
    HANDOVER = "handover"
    """`text` is the answer's id."""
    DRAFT = "draft"
    """Draft a reply into the modal of `options["view"]`. `text` is the message to reply to."""
    SEND = "send"
    """Post the edited draft `options["draft"]` under its sender's name. `text` is what is sent."""
    DIGEST = "digest"
    """Summarise the thread for an escalation, into the modal of `options["view"]`."""
    ESCALATE = "escalate"
    """Open a case with the note `text`, about `options["answer"]`, of `options["severity"]`."""


LOOKED_UP = frozenset({JobKind.ASIDE, JobKind.SHARE, JobKind.DRAFT, JobKind.SEND, JobKind.DIGEST, JobKind.ESCALATE})
"""Kinds whose payloads do not say whether the channel is shared with another organisation: Slack is asked."""


@dataclass(frozen=True, slots=True)
class SlackJob:
    """`thread_ts` names the thread to reply in, empty: none. `outside`: the channel is shared with, or the author belongs to,
    another organisation; `home`: the author belongs to the workspace that installed the app."""

    kind: JobKind
    team_id: str
    enterprise_id: str | None
    channel: str
    thread_ts: str
    user: str
    text: str
    outside: bool = False
    home: bool = True
    options: Mapping[str, str] = field(default_factory=dict)

    @property
    def is_direct(self) -> bool:
        """A conversation with the copilot alone."""
        return self.channel.startswith("D")
