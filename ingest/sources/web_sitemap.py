"""Sitemaps (sitemaps.org): XML, gzip or text, and indexes of them. A document type or an entity is refused, so no bomb unfolds."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from xml.parsers import expat

from core.errors import DocumentError
from ingest.sources.base import SourceRefusedError
from ingest.sources.inflate import gunzip

_MAX_FILES = 500
"""Files of one site: at the 50,000 URLs of the specification more than any knowledge base."""
_MAX_DEPTH = 3
EMPTY = b"<urlset/>"
_LONGEST_TEXT = 4_000


@dataclass(frozen=True, slots=True)
class Sitemap:
    """One file: its pages, each with when it changed where that is stated, and the sitemaps that it points to."""

    pages: tuple[tuple[str, datetime | None], ...] = ()
    sitemaps: tuple[str, ...] = ()


async def walk(
    roots: list[str],
    load: Callable[[str], Awaitable[bytes | None]],
    accept: Callable[[str], str | None],
    *,
    max_pages: int,
) -> dict[str, datetime | None] | None:
    """The pages below `roots` that `accept` takes, under the URLs that it gives them.

    `load` gives a file's bytes, `None` where there is none: of a root that is no matter, and `None` is returned where no root is
    there. Raises `SourceRefusedError` (`broken_sitemap`, `too_many_items`).
    """
    found: dict[str, datetime | None] | None = None
    seen: set[str] = set()
    level = list(dict.fromkeys(roots))
    for depth in range(_MAX_DEPTH):
        pointed: list[str] = []
        for url in level:
            seen.add(url)
            body = await load(url)
            if body is None and depth == 0:
                continue
            sitemap = await asyncio.to_thread(read_sitemap, _present(body))
            found = {**(found or {}), **_accepted(sitemap, accept)}
            pointed += sitemap.sitemaps
            _check_counts(len(found), len(seen) + len(pointed), max_pages)
        level = [url for url in dict.fromkeys(pointed) if url not in seen]
    if level:
        raise _broken(f"is nested more than {_MAX_DEPTH} deep")
    return found


def _present(body: bytes | None) -> bytes:
    if body is None:
        raise _broken("points to a file that is not there")
    return body


def _accepted(sitemap: Sitemap, accept: Callable[[str], str | None]) -> dict[str, datetime | None]:
    return {url: when for stated, when in sitemap.pages if (url := accept(stated)) is not None}


def _check_counts(pages: int, files: int, max_pages: int) -> None:
    if files > _MAX_FILES:
        raise _broken(f"has more than {_MAX_FILES} files")
    if pages > max_pages:
        raise SourceRefusedError(
            f"the sitemap lists more than {max_pages:,} pages (max_pages): raise it, or name the parts with include",
            code="too_many_items",
        )


def read_sitemap(body: bytes, limit: int = 52_428_800) -> Sitemap:
    """Raises `SourceRefusedError` (`broken_sitemap`), also over `limit` bytes unpacked; the default is the specification's."""
    try:
        body = gunzip(body, limit)
    except DocumentError as error:
        raise _broken(f"cannot be unpacked ({error.detail})") from error
    start = body.lstrip(b"\xef\xbb\xbf \t\r\n")[:1]
    if start == b"<" or body[:2] in (b"\xff\xfe", b"\xfe\xff"):
        return _Reader().read(body)
    lines = [line.strip() for line in body.decode("utf-8-sig", errors="replace").splitlines()]
    urls = [line for line in lines if line]
    if not urls or not all(url.startswith(("http://", "https://")) for url in urls):
        raise _broken("is neither XML nor a list of URLs")
    return Sitemap(tuple((url, None) for url in urls))


@dataclass(slots=True)
class _Entry:
    loc: str = ""
    modified: str = ""


class _Reader:
    """Expat's events; `loc` and `lastmod` count directly below `url` or `sitemap` (images have a `loc` too)."""

    def __init__(self) -> None:
        self._parser = expat.ParserCreate(namespace_separator=" ")
        self._parser.StartElementHandler = self._start
        self._parser.EndElementHandler = self._end
        self._parser.CharacterDataHandler = self._text
        self._parser.StartDoctypeDeclHandler = self._refuse
        self._parser.EntityDeclHandler = self._refuse
        self._open: list[str] = []
        self._entry = _Entry()
        self._pages: list[tuple[str, datetime | None]] = []
        self._sitemaps: list[str] = []

    def read(self, body: bytes) -> Sitemap:
        try:
            self._parser.Parse(body, True)
        except expat.ExpatError as error:
            raise _broken(f"is no well-formed XML (line {error.lineno})") from error
        except (ValueError, LookupError) as error:  # an encoding that is none
            raise _broken("is in an unknown encoding") from error
        return Sitemap(tuple(self._pages), tuple(self._sitemaps))

    def _start(self, name: str, attributes: dict[str, str]) -> None:
        local = name.rpartition(" ")[2]
        if not self._open and local not in ("urlset", "sitemapindex"):
            raise _broken("begins neither with urlset nor with sitemapindex")
        self._open.append(local)
        if len(self._open) == 2:
            self._entry = _Entry()

    def _text(self, text: str) -> None:
        if len(self._open) != 3:
            return
        if self._open[-1] == "loc" and len(self._entry.loc) < _LONGEST_TEXT:
            self._entry.loc += text
        elif self._open[-1] == "lastmod" and len(self._entry.modified) < _LONGEST_TEXT:
            self._entry.modified += text

    def _end(self, name: str) -> None:
        if len(self._open) == 2 and (loc := self._entry.loc.strip()):
            if self._open == ["sitemapindex", "sitemap"]:
                self._sitemaps.append(loc)
            elif self._open == ["urlset", "url"]:
                self._pages.append((loc, _when(self._entry.modified.strip())))
        self._open.pop()

    def _refuse(self, *_: object) -> None:
        raise _broken("declares a document type or entities, which no sitemap needs")


def _when(text: str) -> datetime | None:
    try:
        when = datetime.fromisoformat(text)
        return (when if when.tzinfo else when.replace(tzinfo=UTC)).astimezone(UTC)
    except (ValueError, OverflowError):
        return None


def _broken(what: str) -> SourceRefusedError:
    return SourceRefusedError(f"the sitemap {what}; nothing was concluded from it", code="broken_sitemap")
