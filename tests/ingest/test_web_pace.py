"""How fast a site is read, and what a source may be told."""

import asyncio
import time
from collections.abc import Callable

import pytest
from web_reading import failing, first, linked, listed, opened, site

from core.errors import InvalidRequestError
from ingest.sources.base import SourceItem, SourceUnreachableError
from ingest.sources.web import KIND, canonical_url
from tests.servers.site import Answer, WebSite

__all__ = ["site"]


# Manners


async def test_two_requests_at_once_and_a_pause_between(site: WebSite) -> None:
    names = [f"p{number}" for number in range(8)]
    linked(site, index=" ".join(names), **dict.fromkeys(names, ""))
    for name in names:
        answer = site.answers[f"/{name}"]
        assert isinstance(answer, Answer)
        answer.wait_s = 0.15
    await listed(site, mode="crawl", delay_s=0.05)
    gaps = [after.at - before.at for before, after in zip(site.requests, site.requests[1:], strict=False)]
    assert site.most_at_once == 2 and sum(gaps) >= 0.05 * len(gaps) * 0.9


async def test_heads_asked_together_are_two_requests_at_once(site: WebSite) -> None:
    for number in range(8):
        site.answers[f"/{number}"] = Answer(b"", headers={"content-type": "text/html"}, wait_s=0.1)
    async with opened(site) as source:
        items = [SourceItem(f"{number}.html", rules={"url": f"{site.url}/{number}"}) for number in range(8)]
        await asyncio.gather(*(source.head(item) for item in items))
    assert site.most_at_once == 2


async def test_crawl_delay_of_the_site_holds(site: WebSite) -> None:
    linked(site, index="a b", a="", b="")
    site.robots("User-agent: *\nCrawl-delay: 0.3")
    started = time.monotonic()
    await listed(site, mode="crawl")
    assert time.monotonic() - started >= 0.6


async def test_listing_ends_at_its_deadline(site: WebSite) -> None:
    linked(site, index="a", a="")
    site.robots("User-agent: *\nCrawl-delay: 20")
    error = await failing(site, mode="crawl", listing_s=0.3)
    assert isinstance(error, SourceUnreachableError) and "listing_s" in error.detail


async def test_cancelled_listing_leaves_nothing_behind(site: WebSite) -> None:
    site.sitemap(*(f"/{number}" for number in range(50)))
    site.fallback = lambda asked: Answer(b"", 404, wait_s=0.0 if asked.path == "/robots.txt" else 0.3)
    before = asyncio.all_tasks()
    async with opened(site) as source:
        task = asyncio.create_task(first(source))
        await asyncio.sleep(0.3)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        await asyncio.sleep(0.05)
        assert asyncio.all_tasks() == before
        asked = len(site.requests)
        await asyncio.sleep(0.4)
        assert len(site.requests) == asked


@pytest.mark.parametrize(
    "config",
    [
        {"mode": "all"},
        {"max_pages": 0},
        {"include": ["docs"]},
        {"delay_s": -1},
        {"unknown": 1},
        {"include": "/docs"},
        {"listing_s": 0},
    ],
)
def test_configuration_that_cannot_be_used_is_refused(config: dict[str, object]) -> None:
    with pytest.raises(InvalidRequestError) as caught:
        KIND.configured(config)
    assert caught.value.code == "invalid_config"


@pytest.mark.parametrize("uri", ["ftp://h/", "/docs", "http://user:secret@h/", "http://", ""])
def test_address_that_is_none_is_refused(uri: str) -> None:
    with pytest.raises(InvalidRequestError) as caught:
        canonical_url(uri)
    assert caught.value.code == "invalid_uri" and "secret" not in caught.value.detail


async def _measured(site: WebSite, count: int) -> tuple[float, Callable[[], int]]:
    site.sitemap(*(f"/p{number}" for number in range(count)))
    for number in range(count):
        site.page(f"/p{number}", f"<h1>{number}</h1>")
    async with opened(site, max_pages=count) as source:
        started = time.monotonic()
        items = [item async for item in source.discover()]
        tags = [await source.head(item) for item in items]
        seconds = time.monotonic() - started
    assert len(set(tags)) == count
    return seconds, lambda: len(site.requests) - 2


async def test_unchanged_site_costs_one_request_a_page(site: WebSite) -> None:
    _, requests = await _measured(site, 100)
    assert requests() == 100 and set(site.asked("HEAD")) == {f"/p{number}" for number in range(100)}


@pytest.mark.proof
@pytest.mark.timed
@pytest.mark.slow
async def test_2500_unchanged_pages_are_looked_through_within_10_seconds(site: WebSite) -> None:
    seconds, requests = await _measured(site, 2500)
    print(f"2,500 unchanged pages: {seconds:.1f} s")
    assert requests() == 2500 and seconds < 10
