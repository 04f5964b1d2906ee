"""A web site: the pages of its sitemap, or those that its links lead to, within one host."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping
from datetime import datetime
from enum import StrEnum
from pathlib import Path

import httpx
from pydantic import Field, field_validator

from core.errors import DocumentError, InvalidRequestError
from ingest.sources.base import Source, SourceItem, SourceLimits, SourceRefusedError, SourceUnreachableError
from ingest.sources.http import Fetched, FetchError, FetchLimits, SafeFetcher
from ingest.sources.registry import SourceConfig, SourceKind
from ingest.sources.web_crawl import Crawl, page_of
from ingest.sources.web_links import AGENT, page_links
from ingest.sources.web_pages import Memory, Page, version_tag
from ingest.sources.web_sitemap import EMPTY, walk
from ingest.sources.web_urls import Site, canonical, digest, is_page, item_path
from ingest.sources.web_visits import Visit, Visitor, in_utf8, type_problem


class WebMode(StrEnum):
    SITEMAP = "sitemap"
    CRAWL = "crawl"
    AUTO = "auto"


class WebConfig(SourceConfig):
    mode: WebMode = Field(WebMode.AUTO, description="auto: the sitemap where there is one, else a crawl")
    include: tuple[str, ...] = Field(
        (), max_length=100, description="prefixes of paths, such as /docs/; empty: all of the host"
    )
    exclude: tuple[str, ...] = Field((), max_length=100, description="prefixes of paths that are left out")
    max_pages: int = Field(2000, ge=1, le=50_000, description="pages that one sync asks for")
    max_depth: int = Field(10, ge=0, le=50, description="links from the start to a page; for crawls")
    delay_s: float = Field(
        0.2, ge=0, le=60, description="pause between requests; a longer Crawl-delay of the site holds"
    )
    max_redirects: int = Field(5, ge=0, le=10)
    listing_s: float = Field(3600.0, gt=0, le=86_400, description="longest that looking through the site may take")

    @field_validator("include", "exclude")
    @classmethod
    def _are_prefixes(cls, prefixes: tuple[str, ...]) -> tuple[str, ...]:
        if not all(prefix.startswith("/") and len(prefix) <= 500 for prefix in prefixes):
            raise ValueError("each begins with a slash, such as /docs/")
        return tuple(httpx.URL(canonical(f"http://host{prefix}")).raw_path.decode("ascii") for prefix in prefixes)


class WebSource:
    """`url` is where a crawl starts, or any page of the host, or a sitemap. Closes `fetcher`.

    What `discover` learns of each page from the one request that it costs, `head` tells without another, and a page that had to
    be read for its links is not fetched again. `workdir` keeps what a crawl found for the next.
    """

    def __init__(
        self,
        url: str,
        config: WebConfig,
        limits: SourceLimits,
        fetcher: SafeFetcher,
        *,
        workdir: Path | None = None,
        retry_s: float = 1.0,
    ) -> None:
        self._url = canonical(url)
        self._config = config
        self._limits = limits
        self._fetcher = fetcher
        self._workdir = workdir
        self._site = Site(self._url, config.include, config.exclude)
        self._visitor = Visitor(fetcher, self._site, delay_s=config.delay_s, retry_s=retry_s)
        self._listed: dict[str, Page] = {}

    async def probe(self) -> None:
        """Raises `SourceUnreachableError`, `SourceRefusedError`."""
        visit = await self._visitor.head(self._url)
        if visit.gone or visit.problem:
            raise _of_site(visit)

    async def discover(self) -> AsyncIterator[SourceItem]:
        """Raises `SourceVanishedError` where the site, its robots.txt or its sitemap cannot be had, or holds no page."""
        try:
            async with asyncio.timeout(self._config.listing_s):
                items = await self._items()
        except TimeoutError as error:
            raise SourceUnreachableError(
                f"the site was not looked through within {self._config.listing_s:g} s (listing_s)"
            ) from error
        for item in items:
            yield item

    async def head(self, item: SourceItem) -> str:
        """Raises `DocumentError`: the item's own problem, `source_vanished` for a page that is gone, or a `FetchError`."""
        if item.problem:
            raise item.problem
        url = self._url_of(item)
        if url in self._listed:
            return self._listed[url].tag
        return version_tag(_present(await self._visitor.head(url)).headers)

    async def fetch(self, item: SourceItem) -> bytes:
        """The page's bytes; text in UTF-8 where the site states another encoding.

        Raises `DocumentError`: as `head`, `unsupported_type` for what is not what its address says, `noindex` for a page that
        asks not to be indexed.
        """
        if item.problem:
            raise item.problem
        url = self._url_of(item)
        page = self._listed.get(url)
        if page is not None and page.body is not None:
            self._listed[url] = Page(url, page.tag, page.modified)
            return page.body
        answer = _present(await self._visitor.get(url))
        if problem := type_problem(url, answer):
            raise problem
        if is_page(url) and not (await asyncio.to_thread(page_links, answer.body, answer.headers)).index:
            raise DocumentError("the page asks not to be indexed (noindex)", code="noindex")
        return in_utf8(answer)

    async def close(self) -> None:
        self._listed.clear()
        await self._fetcher.close()

    async def _items(self) -> list[SourceItem]:
        await self._visitor.arrive(AGENT)
        dated = await self._sitemap() if self._config.mode is not WebMode.CRAWL else None
        pages = await self._crawled() if dated is None else await self._heads(dated)
        if not any(page.problem is None for page in pages):
            raise _nothing(pages)
        self._listed = {page.url: page for page in pages}
        return sorted(_items(pages, dated or {}), key=lambda item: item.path)

    async def _sitemap(self) -> dict[str, datetime | None] | None:
        """Raises `SourceRefusedError` (`no_sitemap`) where there must be one."""
        found = await walk(self._roots(), self._load, self._accept, max_pages=self._most())
        if found is None and self._config.mode is WebMode.SITEMAP:
            raise SourceRefusedError("the site has no sitemap: name its URL, or set mode to crawl", code="no_sitemap")
        return found

    def _roots(self) -> list[str]:
        if self._url.partition("?")[0].endswith((".xml", ".xml.gz")):
            return [self._url]
        return list(self._visitor.robots.sitemaps) or [str(httpx.URL(self._url).join("/sitemap.xml"))]

    async def _load(self, url: str) -> bytes | None:
        """A file of the sitemap. One on another host counts as empty: what it lists is not ours to judge."""
        try:
            target = canonical(url, self._url)
        except FetchError:
            return EMPTY
        if not self._site.holds(target):
            return EMPTY
        answer = await self._visitor.fixed(target, follow=lambda hop: self._site.holds(canonical(str(hop))))
        return answer.body if answer is not None else None

    def _accept(self, url: str) -> str | None:
        page = self._site.page(url, self._url)
        return page if page is not None and self._visitor.allows(page) else None

    async def _heads(self, dated: Mapping[str, datetime | None]) -> list[Page]:
        """The pages of a sitemap that are there, each asked for once."""
        found = await self._visitor.each(sorted(dated), self._head)
        pages: dict[str, Page] = {}
        for page in found:
            if page is not None:
                pages.setdefault(page.url.partition("://")[2], page)
        return list(pages.values())

    async def _head(self, url: str) -> Page | None:
        visit = await self._visitor.head(url)
        if visit.gone:  # some servers know no HEAD and answer it with 404
            visit = await self._visitor.get(url)
        return page_of(visit)

    async def _crawled(self) -> list[Page]:
        scope = repr((self._site, self._config.max_depth))
        memory = await asyncio.to_thread(Memory.load, self._workdir, scope)
        crawl = Crawl(self._visitor, self._site, memory, max_pages=self._most(), max_depth=self._config.max_depth)
        pages = await crawl.pages()
        await asyncio.to_thread(crawl.remembered.save, self._workdir)
        return pages

    def _most(self) -> int:
        return min(self._config.max_pages, self._limits.max_items)

    def _url_of(self, item: SourceItem) -> str:
        """Raises `DocumentError` (`invalid_url`) for an item that is none of this site's."""
        url = canonical(str(item.rules.get("url", "")))
        if not self._site.holds(url):
            raise DocumentError("the page is on another host than its source", code="invalid_url")
        return url


def _items(pages: list[Page], dated: Mapping[str, datetime | None]) -> list[SourceItem]:
    """Where two addresses have one path (``/a`` and ``/a.html``), the later one is told apart by its digest."""
    taken: set[str] = set()
    items: list[SourceItem] = []
    for page in sorted(pages, key=lambda page: page.url):
        path = item_path(page.url)
        if path in taken:
            stem, dot, ending = path.rpartition(".")
            path = f"{stem}-{digest(page.url)}{dot}{ending}"
        taken.add(path)
        modified = page.modified or dated.get(page.url)
        items.append(SourceItem(path, modified=modified, rules={"url": page.url}, problem=page.problem))
    return items


def _present(visit: Visit) -> Fetched:
    if visit.problem:
        raise visit.problem
    if visit.answer is None:
        raise DocumentError("the page is gone from its site", code="source_vanished")
    return visit.answer


def _nothing(pages: list[Page]) -> SourceUnreachableError | SourceRefusedError:
    """Why no page was found; the first one's problem stands for all."""
    if pages:
        return _of_site(Visit(pages[0].url, problem=pages[0].problem))
    return SourceRefusedError(
        "the site shows no page to this service: nothing is there or it moved to another host, or robots.txt, noindex, include or"
        " exclude leave nothing; nothing was concluded from it",
        code="empty_source",
    )


def _of_site(visit: Visit) -> SourceUnreachableError | SourceRefusedError:
    if visit.problem is None:
        return SourceRefusedError(
            "nothing is there, or it moved to another host: state the new URL", code="source_refused"
        )
    if visit.transient:
        return SourceUnreachableError(f"the site cannot be reached: {visit.problem.detail}")
    return SourceRefusedError(f"the site cannot be read: {visit.problem.detail}", code=visit.problem.code)


def canonical_url(uri: str) -> str:
    """Raises `InvalidRequestError` (`invalid_uri`)."""
    try:
        return canonical(uri)
    except DocumentError as error:
        raise InvalidRequestError(error.detail, code="invalid_uri") from None


async def open_web(
    uri: str, config: WebConfig, credentials: Mapping[str, str], limits: SourceLimits, workdir: Path | None = None
) -> Source:
    """Raises `DocumentError` (`invalid_url`); the host is looked up by the first request."""
    bounds = FetchLimits(limits.max_bytes, config.max_redirects, limits.request_s)
    fetcher = await asyncio.to_thread(SafeFetcher, bounds, allow=limits.allow_hosts)  # reads certificates
    return WebSource(uri, config, limits, fetcher, workdir=workdir)


KIND = SourceKind("web", WebConfig, open_web, canonical=canonical_url, caches=True)
