"""Asks a site for pages, politely: two at a time, with a pause between, never outside the site; and judges the answers."""

from __future__ import annotations

import asyncio
import codecs
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import TypeVar

import httpx

from core.errors import DocumentError
from ingest.sources.base import SourceRefusedError, SourceUnreachableError
from ingest.sources.http import Fetched, FetchError, SafeFetcher
from ingest.sources.web_robots import Robots, read_robots
from ingest.sources.web_urls import Site, canonical, is_page

PARALLEL = 2
"""Requests at once, as many as a browser's reader would hardly notice."""
_MAX_PAUSE_S = 30.0
"""Of what a site asks for in Crawl-delay or Retry-After; longer would let it hold a worker for hours."""
_MAX_FAILURES = 10
"""Passing faults in a row after which it is the site that fails, not a page."""
_NO_HEAD = frozenset((405, 501))
_HTML = frozenset(("text/html", "application/xhtml+xml"))
_BOMS = (codecs.BOM_UTF8, codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)
_ENCODINGS = (
    "cp125",
    "iso8859",
    "latin",
    "shift_jis",
    "euc_",
    "gb",
    "big5",
    "koi8",
    "utf-16",
    "cp932",
    "iso2022_jp",
    "mac-",
)
"""Python's names of encodings that pages are in; its others (punycode, unicode_escape) are no business of a page's."""

T = TypeVar("T")
R = TypeVar("R")


@dataclass(frozen=True, slots=True)
class Visit:
    """How one page answered. `url` is canonical and that of the page after redirects; `answer` is `None` where the page is gone
    (404, 410, or moved out of the site) or has a `problem`."""

    url: str
    answer: Fetched | None = None
    problem: DocumentError | None = None

    @property
    def gone(self) -> bool:
        return self.answer is None and self.problem is None

    @property
    def transient(self) -> bool:
        return isinstance(self.problem, FetchError) and self.problem.transient


class Visitor:
    """`robots` is empty until `arrive`. `retry_s` is the pause before the second and last try of a page."""

    def __init__(self, fetcher: SafeFetcher, site: Site, *, delay_s: float, retry_s: float = 1.0) -> None:
        self.robots = Robots()
        self._fetcher = fetcher
        self._site = site
        self._delay_s = delay_s
        self._retry_s = retry_s
        self._slots = asyncio.Semaphore(PARALLEL)
        self._next = 0.0
        self._failures = 0

    async def arrive(self, agent: str) -> None:
        """Read robots.txt: none (4xx) allows all (RFC 9309, 2.3.1.3); one that cannot be had forbids all, as an error of the
        source."""
        answer = await self.fixed(str(httpx.URL(self._site.start).join("/robots.txt")), follow=None)
        self.robots = read_robots(answer.body, agent) if answer and answer.status == 200 else Robots()

    async def fixed(self, url: str, follow: Callable[[httpx.URL], bool] | None) -> Fetched | None:
        """A file that the whole source hangs on, `None` where there is none. Raises `SourceUnreachableError`,
        `SourceRefusedError`."""
        visit = await self._ask(lambda: self._fetcher.get(url, follow=follow), url)
        if visit.problem is None:
            return visit.answer
        name = httpx.URL(url).path[-100:]
        if visit.transient:
            raise SourceUnreachableError(f"'{name}' of the site cannot be had: {visit.problem.detail}")
        if visit.problem.code == "refused":
            return None
        raise SourceRefusedError(f"'{name}' of the site: {visit.problem.detail}", code=visit.problem.code)

    async def head(self, url: str) -> Visit:
        return await self._ask(lambda: self._fetcher.head(url, follow=self._may_follow), url)

    async def get(self, url: str, *, etag: str = "", last_modified: str = "") -> Visit:
        return await self._ask(
            lambda: self._fetcher.get(
                url, etag=etag or None, last_modified=last_modified or None, follow=self._may_follow
            ),
            url,
        )

    def allows(self, url: str) -> bool:
        return self.robots.allows(httpx.URL(url).raw_path.decode("ascii"))

    async def each(self, values: Sequence[T], visit: Callable[[T], Awaitable[R]]) -> list[R]:
        """`visit` of each value, in their order. The first error ends all."""
        waiting = iter(enumerate(values))
        found: dict[int, R] = {}

        async def work() -> None:
            for number, value in waiting:
                found[number] = await visit(value)

        try:
            async with asyncio.TaskGroup() as group:
                for _ in range(PARALLEL):
                    group.create_task(work())
        except BaseExceptionGroup as faults:
            fault: BaseException = faults
            while isinstance(fault, BaseExceptionGroup):
                fault = fault.exceptions[0]
            raise fault from faults
        return [found[number] for number in range(len(values))]

    def _may_follow(self, url: httpx.URL) -> bool:
        target = canonical(str(url))
        return self._site.wants(target) and self.allows(target)

    async def _ask(self, request: Callable[[], Awaitable[Fetched]], url: str) -> Visit:
        visit, pause_s = await self._once(request, url)
        if visit.transient:
            await asyncio.sleep(min(max(pause_s, self._retry_s), _MAX_PAUSE_S))
            visit, _ = await self._once(request, url)
        self._failures = self._failures + 1 if visit.transient else 0
        if self._failures >= _MAX_FAILURES and visit.problem is not None:
            raise SourceUnreachableError(
                f"the last {_MAX_FAILURES} requests to the site failed: {visit.problem.detail}"
            )
        return visit

    async def _once(self, request: Callable[[], Awaitable[Fetched]], url: str) -> tuple[Visit, float]:
        """The visit, and the pause in seconds that the site asks for."""
        async with self._slots:
            await self._take_turn()
            try:
                answer = await request()
            except FetchError as error:
                return Visit(url) if error.code == "left_site" else Visit(url, problem=error), 0.0
        return _judged(url, answer), _pause(answer)

    async def _take_turn(self) -> None:
        now = time.monotonic()
        turn = max(now, self._next)
        self._next = turn + max(self._delay_s, min(self.robots.delay_s, _MAX_PAUSE_S))
        await asyncio.sleep(turn - now)


def _judged(url: str, answer: Fetched) -> Visit:
    status = answer.status
    if status in (200, 203, 304) or status in _NO_HEAD:
        return Visit(canonical(answer.url), answer)
    if status in (404, 410):
        return Visit(url)
    transient = status >= 500 or status in (408, 425, 429)
    what = "the site is overloaded or out of order" if transient else "the site does not let this service read it"
    code = "unavailable" if transient else "refused"
    return Visit(url, problem=FetchError(f"the page answers {status}: {what}", code=code, transient=transient))


def _pause(answer: Fetched) -> float:
    """Retry-After in seconds; its other form, a date, counts as none."""
    stated = answer.headers.get("retry-after", "")
    return float(stated) if stated.isdecimal() and len(stated) < 6 else 0.0


def type_problem(url: str, answer: Fetched) -> DocumentError | None:
    """Where what was sent is not what the URL's ending says, so that a login page does not become a manual's text."""
    kind = answer.content_type
    if answer.status != 200 or not kind or (kind in _HTML) == is_page(url):
        return None
    detail = "a page (HTML) where a file was expected" if kind in _HTML else f"'{kind[:60]}', which is no page"
    return DocumentError(f"the address answers with {detail}", code="unsupported_type")


def in_utf8(answer: Fetched) -> bytes:
    """The body; text that its site declares in another encoding, and that is not UTF-8 all the same, as UTF-8."""
    stated = answer.headers.get("content-type", "").lower().partition("charset=")[2].partition(";")[0].strip(" \"'")
    if (
        not stated
        or answer.body.startswith(_BOMS)
        or not answer.content_type.startswith(("text/", "application/xhtml"))
    ):
        return answer.body
    try:
        answer.body.decode("utf-8")
        return answer.body
    except UnicodeDecodeError:
        pass
    try:
        encoding = codecs.lookup(stated).name
        if not encoding.startswith(_ENCODINGS):
            return answer.body
        return codecs.BOM_UTF8 + answer.body.decode(encoding, errors="replace").encode()
    except (LookupError, ValueError):
        return answer.body
