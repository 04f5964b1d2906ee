"""The source port: list what there is, fetch one item."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol

from core.errors import DocumentError


class SourceVanishedError(DocumentError):
    """A folder or file that was there is gone: nothing may be concluded about what it held, least of all deletion."""

    code = "source_vanished"


@dataclass(frozen=True, slots=True)
class SourceItem:
    """One document at its source.

    `path` is relative and POSIX, and becomes the document's `source`; `size` in bytes and `modified` (UTC) are hints
    for change detection; `rules` are the metadata keys that the source states for it. An item with a `problem` cannot
    be fetched: `fetch` raises it.
    """

    path: str
    size: int | None = None
    modified: datetime | None = None
    rules: Mapping[str, object] = field(default_factory=dict)
    problem: DocumentError | None = field(default=None, compare=False)


class Source(Protocol):
    """Where documents come from. Raises `DocumentError` for one item, `SourceVanishedError` for all."""

    def discover(self) -> AsyncIterator[SourceItem]:
        """Every item, sorted by path. A listing that ends without an error is complete."""
        ...

    async def fetch(self, item: SourceItem) -> bytes: ...

    async def close(self) -> None: ...
