"""A home folder that a restore is being moved into belongs to nobody until that is done."""

from __future__ import annotations

from pathlib import Path

from core.errors import ConflictError

DECIDED = ".restored"
"""Where a restored home waits for its place: see `api.backup.places`."""


def require_settled(home: Path) -> None:
    """Raises `ConflictError` (`restore_unfinished`)."""
    if (home / DECIDED).exists():
        raise ConflictError(
            f"a restore into {home} was interrupted in its last step; run 'partner-copilot restore' again to finish it",
            code="restore_unfinished",
        )
