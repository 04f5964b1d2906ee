"""Documents that are handed in: one file, or a ZIP of them, each becoming a document of its own."""

from __future__ import annotations

import asyncio
import io
from collections.abc import Mapping

from core.domain import Principal
from core.errors import DocumentError
from ingest.library import Library
from ingest.metadata import combined
from ingest.pipeline import FileStatus, failed
from ingest.sources.archive import Archive, Entry
from ingest.sources.base import SourceLimits

_OWN = frozenset(("title", "url", "supersedes"))
"""What can be said of one document, not of all in an archive."""


class Inbound:
    """Takes uploads in. `most` is how many documents one archive may bring while its sender waits."""

    def __init__(self, library: Library, *, limits: SourceLimits, most: int) -> None:
        self._library = library
        self._limits = limits
        self._most = most

    async def take_archive(
        self, principal: Principal, *, corpus: str, name: str, data: bytes, metadata: Mapping[str, object]
    ) -> tuple[FileStatus, ...]:
        """Each member as a document ``name/member``, under `metadata` and the archive's own `_meta.yaml`; of two audiences the
        narrower holds. What is wrong with one member is its status, and the others go on.

        Raises `DocumentError` for the archive as a whole: `unreadable_document`, `too_large`.
        """
        archive = await asyncio.to_thread(Archive, io.BytesIO(data), self._limits)
        entries = await asyncio.to_thread(archive.entries)
        if not entries:
            raise DocumentError("the archive holds no documents", code="empty")
        if len(entries) > self._most:
            raise DocumentError(
                f"the archive holds {len(entries):,} documents; COPILOT_INGEST__MAX_UPLOAD_MEMBERS allows {self._most:,}: "
                "split it, or add it as a source of kind 'archive'",
                code="too_large",
                status=413,
            )
        shared = {key: value for key, value in metadata.items() if key not in _OWN}
        return tuple([await self._member(principal, corpus, name, archive, entry, shared) for entry in entries])

    async def _member(
        self, principal: Principal, corpus: str, name: str, archive: Archive, entry: Entry, shared: Mapping[str, object]
    ) -> FileStatus:
        path = f"{name}/{entry.path}"
        try:
            data = await asyncio.to_thread(archive.read, entry)
            return await self._library.upload(
                principal, corpus=corpus, name=path, data=data, metadata=combined(shared, entry.rules)
            )
        except DocumentError as error:
            return failed(path, error)
