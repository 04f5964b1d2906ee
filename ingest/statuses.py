"""How a file ended: the states and reasons that reports show."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from core.domain import DocumentStatus
from core.errors import CopilotError
from core.models import Json
from ingest.duplicates import Duplicate
from ingest.retries import is_transient


class FileState(StrEnum):
    INDEXED = "indexed"
    UNCHANGED = "unchanged"
    RENAMED = "renamed"
    """Its document goes on under the new path, with its id, audience and comments."""
    SKIPPED = "skipped"
    FAILED = "failed"
    RETIRED = "retired"


SETTLED = frozenset(DocumentStatus) - {DocumentStatus.RETIRED, DocumentStatus.WITHDRAWN}
"""Documents whose unchanged bytes need no work; a retired one comes back when it is ingested again, a withdrawn one when it is
uploaded or restored."""

SKIPS = frozenset({"unsupported_type", "empty", "no_text", "scanned", "encrypted"})
"""Files that hold nothing for us: told apart from those that should have worked."""

WITHDRAWN = "withdrawn"
PATH_TAKEN = "path_taken"


@dataclass(frozen=True, slots=True)
class FileStatus:
    """How one file ended. `reason` is a stable code, `detail` a sentence with the remedy.

    Of an indexed file's chunks `embedded` were embedded and `reused` had their vectors already. A `transient` failure may pass by
    itself. `previous` is the path that a renamed file had.
    """

    path: str
    state: FileState
    reason: str = ""
    detail: str = ""
    warnings: tuple[str, ...] = ()
    document_id: str = ""
    reused: int = 0
    embedded: int = 0
    transient: bool = False
    previous: str = ""
    duplicate: Duplicate | None = None

    def as_json(self) -> Json:
        values: Json = {
            "path": self.path,
            "status": self.state,
            "document_id": self.document_id,
            "reason": self.reason,
            "detail": self.detail,
            "warnings": list(self.warnings),
            "reused": self.reused,
            "embedded": self.embedded,
            "transient": self.transient,
            "previous_path": self.previous,
        }
        if self.duplicate:
            values["duplicate"] = {
                "of": self.duplicate.of,
                "path": self.duplicate.path,
                "kind": self.duplicate.kind,
            }
        return {key: value for key, value in values.items() if value}


def failed(path: str, error: CopilotError) -> FileStatus:
    state = FileState.SKIPPED if error.code in SKIPS else FileState.FAILED
    return FileStatus(path, state, error.code, error.detail, transient=is_transient(error))


def withdrawn(path: str, document_id: str) -> FileStatus:
    detail = "the document is withdrawn, and stays so whatever its source holds; restore or upload it to bring it back"
    return FileStatus(path, FileState.SKIPPED, WITHDRAWN, detail, document_id=document_id)


def is_unfinished(file: FileStatus) -> bool:
    """Its source has a file that is not in the corpus, and nobody wanted it so."""
    return file.state in (FileState.FAILED, FileState.SKIPPED) and file.reason != WITHDRAWN
