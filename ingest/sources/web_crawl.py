"""Finds a site's pages by following links from its start, breadth first, as far as the limits go.

What the last crawl found is asked for conditionally (304 costs no body), and goes before new pages where a limit cuts. Where a page
fails, the pages that only it leads to cannot be seen; those that the last crawl knew are then asked for one by one, so that a
fault of one page never looks like the end of others.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from dataclasses import dataclass

import httpx
import structlog

from ingest.sources.web_links import may_index, page_links, robots_header
from ingest.sources.web_pages import Memory, Page, Remembered, body_tag, modified_at, version_tag
from ingest.sources.web_urls import Site, is_page, page_key
from ingest.sources.web_visits import Visit, Visitor, in_utf8, type_problem

log = structlog.get_logger()

_MAX_VARIANTS = 200
"""Pages of one path that differ in their query alone: a calendar or a filter has no end of them."""
_KEPT_BYTES = 32_000_000
"""Bodies kept for the fetch that follows; what is over is asked for again."""


@dataclass(frozen=True, slots=True)
class _Found:
    page: Page | None
    remembered: Remembered | None = None
    url: str = ""


class Crawl:
    """One crawl. `memory` is the last one's; `remembered` is this one's, complete after `pages`."""

    def __init__(self, visitor: Visitor, site: Site, memory: Memory, *, max_pages: int, max_depth: int) -> None:
        self.remembered = Memory(memory.scope)
        self._visitor = visitor
        self._site = site
        self._memory = memory
        self._room = max_pages
        self._max_depth = max_depth
        self._seen: set[str] = set()
        self._variants: dict[str, int] = {}
        self._kept = 0
        self._pages: dict[str, Page] = {}

    async def pages(self) -> list[Page]:
        """Every page of the site within the limits, in no order. Raises `SourceVanishedError` where the site fails."""
        level = [self._site.start]
        failed = False
        for _ in range(self._max_depth + 1):
            found = await self._visitor.each(self._chosen(level), self._visit)
            failed = failed or any(one.page is not None and one.page.problem is not None for one in found)
            level = [link for one in found if one.remembered is not None for link in one.remembered.links]
            self._take(found)
        if failed:
            self._take(await self._visitor.each(self._chosen(self._memory.pages), self._visit))
        return list(self._pages.values())

    def _chosen(self, urls: Iterable[str]) -> list[str]:
        """Those not yet asked for and allowed, known ones first, as many as there is room for."""
        fresh: list[str] = []
        for url in sorted(set(urls), key=lambda url: (url not in self._memory.pages, url)):
            if page_key(url) in self._seen or not self._visitor.allows(url) or self._is_variant(url):
                continue
            self._seen.add(page_key(url))
            fresh.append(url)
        if len(fresh) > self._room:
            log.warning("the site has more pages than max_pages", host=httpx.URL(self._site.start).host)
        chosen, self._room = fresh[: self._room], max(0, self._room - len(fresh))
        return chosen

    def _is_variant(self, url: str) -> bool:
        path, query, _ = url.partition("?")
        self._variants[path] = self._variants.get(path, 0) + (1 if query else 0)
        return self._variants[path] > _MAX_VARIANTS

    async def _visit(self, url: str) -> _Found:
        if not is_page(url):
            return self._file(await self._visitor.head(url))
        known = self._memory.pages.get(url, Remembered())
        visit = await self._visitor.get(url, etag=known.etag, last_modified=known.last_modified)
        if visit.answer is None:
            return _failed(visit)
        if visit.answer.status == 304:
            modified = modified_at({"last-modified": known.last_modified})
            return _Found(Page(visit.url, known.tag, modified) if known.index else None, known, visit.url)
        return await self._read(visit)

    async def _read(self, visit: Visit) -> _Found:
        answer, url = visit.answer, visit.url
        assert answer is not None
        headers = answer.headers
        if problem := type_problem(url, answer):
            return _Found(Page(url, problem=problem), None, url)
        stated = await asyncio.to_thread(page_links, answer.body, headers)
        base = self._site.base(stated.base, url)
        links = await asyncio.to_thread(self._site.links, list(stated.hrefs), base)
        tag = version_tag(headers) or body_tag(answer.body)
        known = Remembered(
            headers.get("etag", ""), headers.get("last-modified", ""), tag, tuple(links), index=stated.index
        )
        page = Page(url, tag, modified_at(headers), body=self._keep(in_utf8(answer))) if stated.index else None
        return _Found(page, known, url)

    def _file(self, visit: Visit) -> _Found:
        if visit.answer is None:
            return _failed(visit)
        page = page_of(visit)
        return _Found(page, Remembered(tag=page.tag) if page else None, visit.url)

    def _keep(self, body: bytes) -> bytes | None:
        self._kept += len(body)
        return body if self._kept <= _KEPT_BYTES else None

    def _take(self, found: list[_Found]) -> None:
        for one in found:
            if one.remembered is not None:
                self.remembered.pages[one.url] = one.remembered
            if one.page is None:
                continue
            self._seen.add(page_key(one.page.url))
            if one.page.problem is not None and one.page.url in self._memory.pages:
                self.remembered.pages[one.page.url] = self._memory.pages[one.page.url]
            self._pages.setdefault(page_key(one.page.url), one.page)


def _failed(visit: Visit) -> _Found:
    return _Found(None if visit.gone else Page(visit.url, problem=visit.problem))


def page_of(visit: Visit) -> Page | None:
    """The page as a request for its head alone showed it; `None` where it is gone or asks not to be indexed."""
    answer = visit.answer
    if answer is None:
        return None if visit.gone else Page(visit.url, problem=visit.problem)
    if not may_index(robots_header(answer.headers)):
        return None
    return Page(visit.url, version_tag(answer.headers), modified_at(answer.headers), type_problem(visit.url, answer))
