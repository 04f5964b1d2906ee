"""What a crawler needs of a page: its links, and whether it wants to be indexed and followed.

A scan for tags instead of a parser: it runs in the service on whatever a site sends, so it takes time linear in the page and
builds no tree. Text is left to the parsers, which run in worker processes.
"""

from __future__ import annotations

import html
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from ingest.formats.plain import decode

AGENT = "partner-copilot"
"""The product token that sites address in robots.txt and robots metadata."""
_SCANNED_CHARACTERS = 2_000_000
_MAX_LINKS = 5_000
# No alternative can match where another does and none takes a "<", so each tag is read once, without backtracking.
_TAG = re.compile(
    r"<(?P<name>a|area|frame|iframe|base|meta)(?P<attributes>[\s/](?:[^<>\"']|\"[^\"<]*\"|'[^'<]*')*+)>", re.IGNORECASE
)
_ATTRIBUTE = re.compile(r"([a-z-]+)\s*=\s*(?:\"([^\"]*)\"|'([^']*)'|([^\s\"'>]+))", re.IGNORECASE)
_SILENT = (("<!--", "-->"), ("<script", "</script"), ("<style", "</style"), ("<template", "</template"))
_SILENT_START = re.compile("|".join(re.escape(start) for start, _ in _SILENT), re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class PageLinks:
    """`hrefs` as they stand in the page, to be resolved against `base` (itself relative to the page's URL, or empty)."""

    hrefs: tuple[str, ...] = ()
    base: str = ""
    index: bool = True


def page_links(body: bytes, headers: Mapping[str, str]) -> PageLinks:
    """Reads the first two million characters; never fails."""
    wanted = robots_header(headers)
    hrefs: list[str] = []
    base = ""
    for name, values in _tags(decode(body[: _SCANNED_CHARACTERS * 4], declared=True)[:_SCANNED_CHARACTERS]):
        if name == "meta" and values.get("name", "").lower() in ("robots", AGENT):
            wanted |= _directives(values.get("content", ""))
        elif name == "base":
            base = base or values.get("href", "")
        elif "nofollow" not in values.get("rel", "").lower().split() and len(hrefs) < _MAX_LINKS:
            hrefs.append(values.get("src" if name in ("frame", "iframe") else "href", ""))
    follow = not wanted & {"nofollow", "none"}
    return PageLinks(tuple(href for href in hrefs if href) if follow else (), base, may_index(wanted))


def may_index(directives: set[str]) -> bool:
    return not directives & {"noindex", "none"}


def robots_header(headers: Mapping[str, str]) -> set[str]:
    """The directives of `X-Robots-Tag` that are for all robots or for this one."""
    found: set[str] = set()
    mine = True
    for part in headers.get("x-robots-tag", "").lower().split(","):
        agent, colon, directive = part.rpartition(":")
        if colon and agent.strip() not in (
            "unavailable_after",
            "max-snippet",
            "max-image-preview",
            "max-video-preview",
        ):
            mine = agent.strip() == AGENT
        if mine:
            found.add(directive.strip())
    return found


def _directives(content: str) -> set[str]:
    return {part.strip() for part in content.lower().split(",")}


def _tags(text: str) -> Iterator[tuple[str, dict[str, str]]]:
    for piece in _spoken(text):
        for match in _TAG.finditer(piece):
            yield match["name"].lower(), _attributes(match["attributes"])


def _attributes(text: str) -> dict[str, str]:
    found: dict[str, str] = {}
    for name, *values in _ATTRIBUTE.findall(text):
        found.setdefault(name.lower(), html.unescape(next(filter(None, values), "")).strip())
    return found


def _spoken(text: str) -> Iterator[str]:
    """The stretches of `text` outside comments, scripts, styles and templates."""
    lower = text.lower() if len(text.lower()) == len(text) else text
    at = 0
    while match := _SILENT_START.search(text, at):
        yield text[at : match.start()]
        end = next(end for start, end in _SILENT if start == match.group().lower())
        found = lower.find(end, match.end())
        if found < 0:
            return
        at = found + len(end)
    yield text[at:]
