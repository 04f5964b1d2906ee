"""The source port: list what there is, tell whether one item changed, fetch it."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol, runtime_checkable

from core.errors import DocumentError, UnavailableError
from ingest.formats.elements import ParseLimits


class SourceVanishedError(DocumentError):
    """A folder or file that was there is gone: nothing may be concluded about what it held, least of all deletion."""

    code = "source_vanished"


class SourceUnreachableError(SourceVanishedError, UnavailableError):
    """The source did not answer, or broke off: a passing fault, the same request may work later."""

    status = 503
    code = "source_unreachable"


class SourceRefusedError(SourceVanishedError):
    """The source answered no (credentials, branch, folder, size): the same request fails until somebody changes something."""

    code = "source_refused"


@dataclass(frozen=True, slots=True)
class SourceLimits(ParseLimits):
    """What one source may take. Bytes and seconds; `max_bytes` is one item's, as for parsing.

    `max_ratio` (unpacked to packed size) is checked above 1 MB of one archive member. `allow_hosts` are names and addresses of
    private networks that the operator lets sources reach.
    """

    max_items: int = 100_000
    max_disk_bytes: int = 2_000_000_000
    max_archive_members: int = 10_000
    max_archive_bytes: int = 1_000_000_000
    max_archive_depth: int = 2
    request_s: float = 30.0
    transfer_s: float = 600.0
    allow_hosts: tuple[str, ...] = ()


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
    """Where documents come from. Raises `DocumentError` for one item, `SourceVanishedError` for all.

    Two sources of one corpus may both have an item of some path. A source does not know of others: it is the sync that keeps
    the document of whichever was first, and reports the other's item.
    """

    async def head(self, item: SourceItem) -> str:
        """A tag of the item's present bytes, at the cost of one request at most: the same tag, the same bytes. Empty where the
        source knows none, so that only a fetch can tell. `rules` are no part of it: they come with every listing."""
        ...

    def discover(self) -> AsyncIterator[SourceItem]:
        """Every item, sorted by path. A listing that ends without an error is complete."""
        ...

    async def fetch(self, item: SourceItem) -> bytes: ...

    async def close(self) -> None: ...


@runtime_checkable
class Probed(Protocol):
    """A source that can tell in one request whether it will answer, so that a wrong address is refused when it is added."""

    async def probe(self) -> None:
        """Raises `SourceVanishedError` (`source_unreachable`, `source_refused`, …)."""
        ...
