"""What was found out about the pages of a site, and remembered from one sync to the next."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from hashlib import sha256
from pathlib import Path

import structlog
from pydantic import TypeAdapter, ValidationError

from core.errors import DocumentError

log = structlog.get_logger()

_FILE = "pages.json"
_LONGEST_TAG = 300
"""What the database keeps of a tag."""


@dataclass(frozen=True, slots=True)
class Page:
    """A page that is there, at its canonical `url`. `body` is kept where the page had to be read anyway."""

    url: str
    tag: str = ""
    modified: datetime | None = None
    problem: DocumentError | None = None
    body: bytes | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True)
class Remembered:
    """Enough of a page to ask whether it changed, and to go on from it if it did not. `links` are canonical URLs."""

    etag: str = ""
    last_modified: str = ""
    tag: str = ""
    links: tuple[str, ...] = ()
    index: bool = True


@dataclass(frozen=True, slots=True)
class Memory:
    """Of one crawl, for the next. It belongs to the `scope` that it was made in: links were chosen by it."""

    scope: str
    pages: dict[str, Remembered] = field(default_factory=dict)

    @classmethod
    def load(cls, folder: Path | None, scope: str) -> Memory:
        """Empty where there is none, or one of another scope, or none that can be read: then everything is asked for anew."""
        if folder is None:
            return cls(scope)
        try:
            memory = _ADAPTER.validate_json((folder / _FILE).read_bytes())
        except (OSError, ValidationError):
            return cls(scope)
        return memory if memory.scope == scope else cls(scope)

    def save(self, folder: Path | None) -> None:
        """Where the disk is full, the next crawl costs more; that is no reason for this one to fail."""
        if folder is None:
            return
        try:
            folder.mkdir(parents=True, exist_ok=True)
            draft = folder / f"{_FILE}.new"
            draft.write_bytes(_ADAPTER.dump_json(self))
            draft.replace(folder / _FILE)
        except OSError as error:
            log.warning("a crawl's memory cannot be kept", error=type(error).__name__)


_ADAPTER = TypeAdapter(Memory)


def version_tag(headers: Mapping[str, str]) -> str:
    """Changes when the page does; empty where its site states neither ETag nor Last-Modified."""
    etag, modified = headers.get("etag", ""), headers.get("last-modified", "")
    if etag:
        return _short(f"etag {etag}")
    return _short(f"modified {modified} {headers.get('content-length', '')}") if modified else ""


def body_tag(body: bytes) -> str:
    return f"sha256 {sha256(body).hexdigest()}"


def modified_at(headers: Mapping[str, str]) -> datetime | None:
    try:
        when = parsedate_to_datetime(headers.get("last-modified", ""))
        return when.astimezone(UTC) if when.tzinfo else when.replace(tzinfo=UTC)
    except (ValueError, TypeError, OverflowError):
        return None


def _short(tag: str) -> str:
    return tag if len(tag) <= _LONGEST_TAG else body_tag(tag.encode())
