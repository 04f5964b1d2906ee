"""The erasures that backups do not know of: a file beside the database, so that a restored backup can be made to forget again.

Who was erased stands in it encrypted, for as long as a backup may hold them (`COPILOT_SUBJECTS__BACKUP_DAYS`), and is then dropped.
Append-only, one line at a time, each authenticated under the master key.
"""

from __future__ import annotations

import base64
import json
import os
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from core.errors import ConfigurationError
from core.keyring import Keyring


@dataclass(frozen=True, slots=True)
class Erasure:
    """One person (`subject`: canonical JSON), or with None the whole tenant. `id` is the request's."""

    id: str
    tenant_id: str
    at: datetime
    actor: str
    subject: str | None


class Ledger:
    def __init__(self, file: Path, keyring: Keyring) -> None:
        self.file = file
        self._keyring = keyring

    def append(self, erasure: Erasure) -> None:
        """On disk when this returns: before the first row goes."""
        self.file.parent.mkdir(parents=True, exist_ok=True)
        _write(self.file, self._line(erasure), os.O_APPEND | os.O_CREAT)

    def read(self) -> list[Erasure]:
        """Oldest first, each request once. Raises `ConfigurationError` (`damaged_ledger`) for a line that is none of ours:
        what it would have erased again is not known."""
        lines = self.file.read_text("utf-8").splitlines() if self.file.exists() else []
        found = {(erasure := self._opened(line)).id: erasure for line in lines if line.strip()}
        return sorted(found.values(), key=lambda erasure: erasure.at)

    def merge(self, others: Iterable[Erasure]) -> list[Erasure]:
        """All that either knows, written."""
        known = {erasure.id: erasure for erasure in [*others, *self.read()]}
        merged = sorted(known.values(), key=lambda erasure: erasure.at)
        self._rewrite(merged)
        return merged

    def drop(self, before: datetime) -> int:
        """Forget what no backup can hold any more; how many."""
        known = self.read()
        kept = [erasure for erasure in known if erasure.at >= before]
        if len(kept) < len(known):
            self._rewrite(kept)
        return len(known) - len(kept)

    def _rewrite(self, erasures: Iterable[Erasure]) -> None:
        draft = self.file.with_name(f"{self.file.name}.new")
        draft.unlink(missing_ok=True)
        _write(draft, b"".join(map(self._line, erasures)), os.O_CREAT | os.O_EXCL)
        draft.replace(self.file)

    def _line(self, erasure: Erasure) -> bytes:
        said = {"tenant": erasure.tenant_id, "actor": erasure.actor, "subject": erasure.subject}
        at = erasure.at.isoformat()
        sealed = self._keyring.encrypt(json.dumps(said).encode(), context=_context(erasure.id, at))
        line = {"id": erasure.id, "at": at, "sealed": base64.b64encode(sealed).decode()}
        return (json.dumps(line) + "\n").encode()

    def _opened(self, line: str) -> Erasure:
        try:
            said = json.loads(line)
            context = _context(said["id"], said["at"])
            opened = json.loads(self._keyring.decrypt(base64.b64decode(said["sealed"]), context=context))
            at = datetime.fromisoformat(said["at"])
        except (ValueError, KeyError, TypeError, ConfigurationError):
            raise ConfigurationError(
                f"a line of {self.file.name} cannot be opened with this master key; restore the file, or remove the line and do "
                "the erasure again",
                code="damaged_ledger",
            ) from None
        return Erasure(said["id"], opened["tenant"], at, opened["actor"], opened["subject"])


def _context(request_id: str, at: str) -> str:
    return f"erasures/{request_id}/{at}"


def _write(file: Path, data: bytes, flags: int) -> None:
    descriptor = os.open(file, os.O_WRONLY | flags, 0o600)
    try:
        os.write(descriptor, data)
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
