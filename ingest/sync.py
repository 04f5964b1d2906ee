"""Brings a corpus to the state of its source: new and changed documents in, vanished ones retired."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Mapping
from contextlib import aclosing
from dataclasses import dataclass, field
from hashlib import sha256

from core.errors import DocumentError
from core.jobs import Progress
from core.models import Json
from ingest.pipeline import SETTLED, FileState, FileStatus, Incoming, IngestPipeline, Target, failed
from ingest.repository import Known
from ingest.sources.base import Source, SourceItem

PIPELINE_VERSION = "1"
"""Part of every content hash: raise it when the same bytes would be stored differently."""


@dataclass(slots=True)
class SyncReport:
    files: list[FileStatus] = field(default_factory=list)

    @property
    def counts(self) -> dict[str, int]:
        counts: dict[str, int] = {}
        for file in self.files:
            counts[file.state] = counts.get(file.state, 0) + 1
        return counts

    def as_json(self) -> Json:
        """Unchanged files are counted, not listed: most syncs change little."""
        listed = [file.as_json() for file in self.files if file.state is not FileState.UNCHANGED]
        return {"counts": self.counts, "files": listed}


def content_hash(data: bytes, rules: Mapping[str, object]) -> str:
    """Of the bytes, of what the source states about them, and of how we store them."""
    stated = repr(sorted((key, str(value)) for key, value in rules.items()))
    return sha256(b"\0".join((PIPELINE_VERSION.encode(), stated.encode(), data))).hexdigest()


class Sync:
    """One run over one source. Files are prepared ahead in worker processes while earlier ones are embedded."""

    def __init__(self, pipeline: IngestPipeline, target: Target, progress: Progress) -> None:
        self._pipeline = pipeline
        self._target = target
        self._progress = progress
        self._report = SyncReport()

    async def run(self, source: Source, known: Mapping[str, Known]) -> SyncReport:
        """Raises `SourceVanishedError` where the listing broke off: then nothing is retired."""
        self._progress.stage = "listing"
        items = [item async for item in source.discover()]
        self._progress.total = len(items)
        self._progress.stage = "indexing"
        async with aclosing(self._changed(source, items, known)) as changed:
            await self._pipeline.take(self._target, changed, self._note)
        await self._retire({item.path for item in items}, known)
        self._report.files.sort(key=lambda file: file.path)
        return self._report

    async def _changed(
        self, source: Source, items: list[SourceItem], known: Mapping[str, Known]
    ) -> AsyncGenerator[Incoming, None]:
        for item in items:
            try:
                _require_text(item.path)
                data = await source.fetch(item)
            except DocumentError as error:
                self._note(failed(_as_text(item.path), error))
                continue
            document = known.get(item.path)
            digest = content_hash(data, item.rules)
            if document is not None and document.content_hash == digest and document.status in SETTLED:
                self._note(FileStatus(item.path, FileState.UNCHANGED))
                continue
            yield Incoming(item.path, data, digest, item.rules, document.id if document else None)

    async def _retire(self, present: set[str], known: Mapping[str, Known]) -> None:
        gone = {
            path: document.id
            for path, document in known.items()
            if document.source_id == self._target.source_id and path not in present and document.status in SETTLED
        }
        await self._pipeline.retire(list(gone.values()))
        for path in gone:
            self._report.files.append(FileStatus(path, FileState.RETIRED, detail="gone from its source"))

    def _note(self, file: FileStatus) -> None:
        self._report.files.append(file)
        self._progress.done += 1


def _require_text(path: str) -> None:
    """A disk takes names of any bytes; databases and JSON take text. Raises `DocumentError` (`invalid_name`)."""
    if _as_text(path) != path:
        raise DocumentError("the file's name is no UTF-8 text; rename the file", code="invalid_name")


def _as_text(path: str) -> str:
    return path.encode("utf-8", errors="replace").decode()
