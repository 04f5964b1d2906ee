from __future__ import annotations

import asyncio
import gzip
import socket
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from core.errors import DocumentError, InvalidRequestError
from ingest.sources.base import SourceItem, SourceLimits, SourceRefusedError, SourceUnreachableError
from ingest.sources.http import FetchLimits, SafeFetcher
from ingest.sources.web import KIND, WebConfig, WebSource, canonical_url, open_web
from tests.servers.site import Answer, Asked, WebSite, manual_site

LIMITS = SourceLimits(max_bytes=300_000, request_s=2.0)


@pytest.fixture
def site() -> Iterator[WebSite]:
    with WebSite() as site:
        yield site


@asynccontextmanager
async def opened(
    site: WebSite, path: str = "/", *, limits: SourceLimits = LIMITS, workdir: Path | None = None, **config: Any
) -> AsyncIterator[WebSource]:
    """A source without pauses, except for those that a test asks for."""
    bounds = FetchLimits(limits.max_bytes, 5, limits.request_s)
    source = WebSource(
        site.url + path,
        WebConfig.model_validate({"delay_s": 0, **config}),
        limits,
        SafeFetcher(bounds, allow=(site.host,)),
        workdir=workdir,
        retry_s=0.01,
    )
    try:
        yield source
    finally:
        await source.close()


async def listed(site: WebSite, path: str = "/", **config: Any) -> dict[str, SourceItem]:
    async with opened(site, path, **config) as source:
        return {item.path: item async for item in source.discover()}


async def failing(site: WebSite, path: str = "/", **config: Any) -> DocumentError:
    """How a listing fails: as the source, so that nothing is retired."""
    with pytest.raises((SourceUnreachableError, SourceRefusedError)) as caught:
        await listed(site, path, **config)
    return caught.value


def paths(items: dict[str, SourceItem]) -> list[str]:
    return list(items)


def linked(site: WebSite, **pages: str) -> None:
    """Pages by name with the names that they link to; `index` is the start."""
    for name, targets in pages.items():
        anchors = "".join(f'<a href="/{target}">{target}</a>' for target in targets.split())
        site.page("/" if name == "index" else f"/{name}", f"<h1>{name}</h1>{anchors}")


# What a site holds


async def test_sitemap_lists_the_pages_that_are_there_and_allowed(site: WebSite) -> None:
    wanted = manual_site(site)
    items = await listed(site, mode="sitemap")
    assert paths(items) == wanted == sorted(wanted)
    assert items["guide/install.html"].rules == {"url": f"{site.url}/guide/install"}
    modified = items["guide/install.html"].modified
    assert modified is not None and modified.date() == datetime.now(UTC).date()
    assert not any(item.problem for item in items.values())
    assert "/internal/secret" not in site.asked()


async def test_crawl_finds_the_same_pages_by_their_links(site: WebSite) -> None:
    wanted = manual_site(site)
    items = await listed(site, mode="crawl")
    assert paths(items) == wanted
    assert "/internal/secret" not in site.asked() and "/sitemap.xml" not in site.asked()
    assert len(site.asked()) == len(set(site.asked())) + 1  # '/guide/upgrade' again, where '/moved' leads


async def test_auto_takes_the_sitemap_and_crawls_without_one(site: WebSite) -> None:
    linked(site, index="a b", a="", b="", orphan="")
    assert paths(await listed(site)) == ["a.html", "b.html", "index.html"]
    site.sitemap("/orphan")
    assert paths(await listed(site)) == ["orphan.html"]
    del site.answers["/sitemap.xml"]
    assert (await failing(site, mode="sitemap")).code == "no_sitemap"


async def test_unchanged_page_costs_one_request_and_no_body(site: WebSite) -> None:
    manual_site(site)
    async with opened(site, mode="sitemap") as source:
        items = [item async for item in source.discover()]
        site.requests.clear()
        tags = [await source.head(item) for item in items]
        assert site.requests == [] and all(tags)
    async with opened(site, mode="sitemap") as fresh:
        assert await fresh.head(items[0]) == tags[0]
    assert [(request.method, request.path) for request in site.requests] == [("HEAD", "/guide/")]


async def test_tag_changes_when_the_page_does(site: WebSite) -> None:
    site.page("/", "one")
    site.sitemap("/")

    async def tag() -> str:
        async with opened(site) as source:
            return await source.head(SourceItem("index.html", rules={"url": site.url}))

    first = await tag()
    assert await tag() == first
    site.page("/", "two")
    assert await tag() != first
    headers = {"content-type": "text/html", "last-modified": "Sat, 01 Aug 2026 10:00:00 GMT"}
    site.answers["/"] = Answer(b"three", headers=headers)
    dated = await tag()
    site.answers["/"] = Answer(b"four.", headers={**headers, "last-modified": "Sat, 01 Aug 2026 10:00:09 GMT"})
    assert "" != dated != await tag()
    site.answers["/"] = Answer(b"five", headers={"content-type": "text/html"})
    assert await tag() == ""
    site.answers["/"] = Answer(b"six", headers={"content-type": "text/html", "etag": '"' + "x" * 5000 + '"'})
    assert 0 < len(await tag()) <= 300


async def test_crawled_page_without_etag_has_its_bytes_for_a_tag(site: WebSite) -> None:
    async def tag(body: bytes) -> str:
        site.answers["/"] = Answer(body, headers={"content-type": "text/html"})
        async with opened(site, mode="crawl") as source:
            (item,) = [item async for item in source.discover()]
            return await source.head(item)

    assert await tag(b"one") == await tag(b"one") != await tag(b"two")


async def test_page_read_for_its_links_is_not_fetched_again(site: WebSite) -> None:
    site.page("/", "<h1>Hello</h1>")
    async with opened(site, mode="crawl") as source:
        (item,) = [item async for item in source.discover()]
        assert b"<h1>Hello</h1>" in await source.fetch(item)
        assert site.asked().count("/") == 1
        site.page("/", "<h1>Later</h1>")
        assert b"<h1>Later</h1>" in await source.fetch(item)


async def test_next_crawl_asks_whether_pages_changed(site: WebSite, tmp_path: Path) -> None:
    linked(site, index="a", a="b", b="c", c="")
    first = await listed(site, mode="crawl", workdir=tmp_path)
    site.page("/c", "<h1>c</h1>changed")
    site.requests.clear()
    async with opened(site, mode="crawl", workdir=tmp_path) as source:
        items = {item.path: item async for item in source.discover()}
        assert paths(items) == paths(first) == ["a.html", "b.html", "c.html", "index.html"]
        asked = {request.path: request.headers.get("if-none-match") for request in site.requests}
        assert all(asked[path] for path in ("/", "/a", "/b", "/c"))
        assert b"changed" in await source.fetch(items["c.html"])
        assert b"<h1>a</h1>" in await source.fetch(items["a.html"])
    (tmp_path / "pages.json").write_text("[]")
    assert paths(await listed(site, mode="crawl", workdir=tmp_path)) == paths(first)
    (tmp_path / "file").write_text("no folder")
    assert paths(await listed(site, mode="crawl", workdir=tmp_path / "file")) == paths(first)


async def test_documents_of_other_formats_keep_their_endings(site: WebSite) -> None:
    site.page("/", '<a href="/m/manual.PDF">m</a> <a href="notes.md">n</a> <img src="/x.png"><a href="/logo.png">l</a>')
    site.file("/m/manual.PDF", b"%PDF-1.4 test", "application/pdf")
    site.file("/notes.md", b"# Notes", "text/markdown")
    async with opened(site, mode="crawl") as source:
        items = {item.path: item async for item in source.discover()}
        assert paths(items) == ["index.html", "m/manual.PDF", "notes.md"]
        assert await source.fetch(items["m/manual.PDF"]) == b"%PDF-1.4 test"
    assert ("HEAD", "/m/manual.PDF") in [(request.method, request.path) for request in site.requests]
    assert "/logo.png" not in site.asked()


async def test_include_and_exclude_are_prefixes_of_paths(site: WebSite) -> None:
    linked(site, index="docs/a docs/old/b blog/c docs/%6fld/d", **{"docs/a": "", "docs/old/b": "", "blog/c": ""})
    site.sitemap("/", "/docs/a", "/docs/old/b", "/blog/c", "/docs/%6fld/d")
    for mode in ("sitemap", "crawl"):
        items = await listed(site, mode=mode, include=["/docs/"], exclude=["/docs/old/"])
        assert "docs/a.html" in items and not [path for path in items if "old" in path or "blog" in path]


async def test_addresses_with_one_path_are_told_apart(site: WebSite) -> None:
    for path in ("/a", "/a.html", "/a/", "/a/index.html"):
        site.page(path, path)
    site.sitemap("/a", "/a.html", "/a/", "/a/index.html")
    items = await listed(site)
    assert len(items) == 4 and len({str(item.rules["url"]) for item in items.values()}) == 4
    assert str(items["a.html"].rules["url"]).endswith("/a")


async def test_nofollow_and_noindex_are_honoured(site: WebSite) -> None:
    site.page("/", '<a rel="nofollow ugc" href="/a">a</a><a href="/b">b</a><a href="/c">c</a><a href="/d">d</a>')
    site.page("/b", '<META NAME="Robots" CONTENT="NOINDEX"><a href="/e">e</a>')
    site.page("/c", '<meta content="nofollow" name="robots"><a href="/f">f</a>')
    site.page("/d", "d", x_robots_tag="googlebot: noindex")
    site.page("/e", "e", x_robots_tag="googlebot: noindex, partner-copilot: none")
    assert paths(await listed(site, mode="crawl")) == ["c.html", "d.html", "index.html"]
    assert {"/a", "/f"}.isdisjoint(site.asked()) and "/e" in site.asked()
    site.sitemap("/b", "/d")
    async with opened(site, mode="sitemap") as source:
        items = {item.path: item async for item in source.discover()}
        with pytest.raises(DocumentError) as caught:
            await source.fetch(items["b.html"])
    assert caught.value.code == "noindex"


# Bad input


async def test_unreachable_site_is_a_fault_of_the_source() -> None:
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        host = f"127.0.0.1:{closed.getsockname()[1]}"
        limits = replace(LIMITS, allow_hosts=(host,))
        source = await open_web(f"http://{host}/", WebConfig(delay_s=0), {}, limits)
        assert isinstance(source, WebSource)
        for attempt in (source.probe, lambda: _first(source)):
            with pytest.raises(SourceUnreachableError):
                await attempt()
        await source.close()


async def test_private_host_is_refused_unless_listed(site: WebSite) -> None:
    site.page("/", "hello")
    source = await open_web(site.url, WebConfig(delay_s=0), {}, LIMITS)
    assert isinstance(source, WebSource)
    for attempt in (source.probe, lambda: _first(source)):
        with pytest.raises(SourceRefusedError) as caught:
            await attempt()
        assert caught.value.code == "address_not_allowed"
    await source.close()
    assert site.requests == []


async def test_probe_tells_what_will_answer(site: WebSite) -> None:
    site.page("/", "hello")
    site.redirect("/away", "http://elsewhere.example/")
    async with opened(site) as source:
        await source.probe()
    for path in ("/away", "/gone"):
        async with opened(site, path) as source:
            with pytest.raises(SourceRefusedError):
                await source.probe()


async def test_page_that_is_gone_is_not_listed(site: WebSite) -> None:
    linked(site, index="a b c", a="", b="", c="")
    site.sitemap("/", "/a", "/b", "/c")
    site.status("/a", 404)
    site.status("/b", 410)
    for mode in ("sitemap", "crawl"):
        assert paths(await listed(site, mode=mode)) == ["c.html", "index.html"]


async def test_head_answered_with_404_is_checked_before_the_page_counts_as_gone(site: WebSite) -> None:
    def no_head(asked: Asked) -> Answer:
        return Answer(b"<p>text", 404 if asked.method == "HEAD" else 200, {"content-type": "text/html"})

    site.answers["/a"] = no_head
    site.sitemap("/a")
    assert paths(await listed(site)) == ["a.html"]


@pytest.mark.parametrize("status", [500, 502, 503, 429])
async def test_failing_page_is_a_problem_of_that_item(site: WebSite, status: int) -> None:
    linked(site, index="a b", a="", b="")
    site.sitemap("/", "/a", "/b")
    site.status("/a", status)
    for mode in ("sitemap", "crawl"):
        items = await listed(site, mode=mode)
        assert paths(items) == ["a.html", "b.html", "index.html"]
        problem = items["a.html"].problem
        assert problem is not None and problem.code == "unavailable" and problem.status == 503
        async with opened(site, mode=mode) as source:
            for attempt in (source.head, source.fetch):
                with pytest.raises(DocumentError, match=str(status)):
                    await attempt(items["a.html"])


async def test_slow_page_is_a_problem_of_that_item(site: WebSite) -> None:
    linked(site, index="a b", a="", b="")
    site.answers["/a"] = Answer(b"x" * 500, headers={"content-type": "text/html"}, drip_s=0.05)
    items = await listed(site, mode="crawl", limits=replace(LIMITS, request_s=0.4))
    assert paths(items) == ["a.html", "b.html", "index.html"]
    assert items["a.html"].problem is not None and items["a.html"].problem.code == "timeout"


async def test_page_that_fails_for_a_moment_is_asked_again(site: WebSite) -> None:
    linked(site, index="")
    states = iter((503, 200))
    site.answers["/"] = lambda asked: Answer(b"<p>x", next(states), {"content-type": "text/html", "retry-after": "0"})
    assert (await listed(site, mode="crawl"))["index.html"].problem is None


async def test_pages_behind_a_failing_one_are_not_lost(site: WebSite, tmp_path: Path) -> None:
    linked(site, index="hub", hub="a b", a="c", b="", c="")
    everything = ["a.html", "b.html", "c.html", "hub.html", "index.html"]
    assert paths(await listed(site, mode="crawl", workdir=tmp_path)) == everything
    site.status("/hub", 503)
    site.status("/b", 404)
    for _ in range(2):
        items = await listed(site, mode="crawl", workdir=tmp_path)
        assert paths(items) == ["a.html", "c.html", "hub.html", "index.html"]
        assert [path for path, item in items.items() if item.problem] == ["hub.html"]


async def test_site_that_fails_as_a_whole_is_a_fault_of_the_source(site: WebSite) -> None:
    site.sitemap(*(f"/{number}" for number in range(200)))
    site.fallback = lambda asked: Answer(b"", 404 if asked.path == "/robots.txt" else 503)
    error = await failing(site)
    assert isinstance(error, SourceUnreachableError) and len(site.requests) < 40


async def test_site_with_nothing_for_us_is_a_fault_of_the_source(site: WebSite) -> None:
    linked(site, index="a", a="")
    site.sitemap("https://elsewhere.example/a", "/a.png")
    assert (await failing(site, mode="sitemap")).code == "empty_source"
    site.robots("User-agent: *\nDisallow: /")
    assert (await failing(site, mode="crawl")).code == "empty_source"
    site.robots("")
    site.page("/", '<meta name="robots" content="none">')
    assert (await failing(site, mode="crawl")).code == "empty_source"
    site.redirect("/", "http://elsewhere.example/")
    assert (await failing(site, mode="crawl")).code == "empty_source"


@pytest.mark.parametrize("status", [500, 503, 429])
async def test_robots_that_cannot_be_had_forbid_all(site: WebSite, status: int) -> None:
    manual_site(site)
    site.status("/robots.txt", status)
    assert isinstance(await failing(site), SourceUnreachableError)
    assert set(site.asked()) == {"/robots.txt"}


@pytest.mark.parametrize("status", [401, 403, 404, 410])
async def test_site_without_robots_allows_all(site: WebSite, status: int) -> None:
    linked(site, index="a", a="")
    site.status("/robots.txt", status)
    assert paths(await listed(site)) == ["a.html", "index.html"]


_BOMB = """<?xml version="1.0"?><!DOCTYPE urlset [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;">
<!ENTITY c "&b;&b;&b;&b;&b;&b;&b;&b;">]><urlset><url><loc>http://h/&c;</loc></url></urlset>"""
_XXE = '<!DOCTYPE urlset [<!ENTITY x SYSTEM "file:///etc/passwd">]><urlset><url><loc>&x;</loc></url></urlset>'


@pytest.mark.parametrize(
    "body",
    [
        b"<urlset><url><loc>/a</loc></url>",
        b"<html><body>Not here</body></html>",
        b"not found",
        b"",
        b'<?xml version="1.0" encoding="no-such"?><urlset/>',
        _BOMB.encode(),
        _XXE.encode(),
        gzip.compress(b"<urlset>" + b" " * 80_000_000),
        gzip.compress(b"<urlset/>")[:-4],
    ],
    ids=["cut off", "a page", "text", "empty", "encoding", "entities", "external", "gzip bomb", "damaged gzip"],
)
async def test_broken_sitemap_is_a_fault_of_the_source(site: WebSite, body: bytes) -> None:
    linked(site, index="a", a="")
    site.file("/sitemap.xml", body, "application/xml")
    for mode in ("auto", "sitemap"):
        assert (await failing(site, mode=mode)).code == "broken_sitemap"


async def test_sitemap_that_fails_is_a_fault_of_the_source(site: WebSite) -> None:
    linked(site, index="a", a="")
    site.status("/sitemap.xml", 503)
    assert isinstance(await failing(site), SourceUnreachableError)


async def test_sitemap_index_gzip_text_and_its_own_url(site: WebSite) -> None:
    linked(site, index="", a="", b="", c="")
    index = "".join(
        f"<sitemap><loc>{site.absolute(p)}</loc></sitemap>" for p in ("/s/1.xml.gz", "/s/2.txt", "/sitemap.xml")
    )
    foreign = "<sitemap><loc>https://elsewhere.example/sitemap.xml</loc></sitemap>"
    site.file("/sitemap.xml", f"<sitemapindex>{index}{foreign}</sitemapindex>".encode(), "application/xml")
    one = '<x:urlset xmlns:x="http://h" xmlns:i="http://i"><x:url><i:image><x:loc>/no</x:loc></i:image>'
    one += f"<x:loc> {site.url}/a?utm_source=x </x:loc><x:lastmod>2026-13-45</x:lastmod></x:url></x:urlset>"
    site.file("/s/1.xml.gz", gzip.compress(one.encode()), "application/gzip")
    site.file("/s/2.txt", f"{site.url}/b\n\n{site.url}/c\n".encode(), "text/plain")
    assert paths(await listed(site)) == ["a.html", "b.html", "c.html"]
    assert paths(await listed(site, "/s/1.xml.gz")) == ["a.html"]
    del site.answers["/s/2.txt"]
    assert (await failing(site)).code == "broken_sitemap"


async def test_sitemaps_without_an_end_are_refused(site: WebSite) -> None:
    def deeper(asked: Asked) -> Answer:
        if asked.path == "/robots.txt":
            return Answer(b"", 404)
        return Answer(f"<sitemapindex><sitemap><loc>{asked.path}/x</loc></sitemap></sitemapindex>".encode())

    site.fallback = deeper
    assert (await failing(site)).code == "broken_sitemap"
    many = "".join(f"<sitemap><loc>/{number}.xml</loc></sitemap>" for number in range(501))
    site.file("/sitemap.xml", f"<sitemapindex>{many}</sitemapindex>".encode(), "application/xml")
    assert (await failing(site)).code == "broken_sitemap"
    assert len(site.requests) < 15


async def test_sitemap_over_the_page_limit_is_refused_whole(site: WebSite) -> None:
    site.sitemap(*(f"/{number}" for number in range(30)), "/docs/a")
    site.page("/docs/a", "a")
    error = await failing(site, max_pages=20)
    assert error.code == "too_many_items" and "max_pages" in error.detail and len(site.requests) == 2
    assert (await failing(site, limits=replace(LIMITS, max_items=20))).code == "too_many_items"
    assert paths(await listed(site, max_pages=20, include=["/docs/"])) == ["docs/a.html"]


async def test_endless_calendar_is_bounded(site: WebSite) -> None:
    def calendar(asked: Asked) -> Answer:
        if not asked.path.startswith("/calendar"):
            return Answer(b"", 404)
        month = int(asked.path.rpartition("=")[2] or 0)
        links = f'<a href="/calendar?m={month + 1}">next</a><a href="/calendar?m={month - 1}">back</a>'
        return Answer(links.encode(), headers={"content-type": "text/html"})

    site.page("/", '<a href="/calendar?m=0">calendar</a><a href="/a">a</a>')
    site.page("/a", "a")
    site.fallback = calendar
    items = await listed(site, mode="crawl", max_depth=6)
    assert {"a.html", "index.html"} < set(items) and len(items) < 20
    assert len(await listed(site, mode="crawl", max_pages=15, max_depth=50)) == 15


async def test_relative_links_that_never_arrive_are_bounded(site: WebSite) -> None:
    site.fallback = lambda asked: Answer(
        b'<a href="more/">more</a><a href="../x/more/?sid=1&amp;utm_source=a">up</a>',
        404 if asked.path in ("/robots.txt", "/sitemap.xml") else 200,
        {"content-type": "text/html"},
    )
    assert len(await listed(site, max_depth=50, max_pages=500)) < 60


async def test_known_pages_go_first_where_the_limit_cuts(site: WebSite, tmp_path: Path) -> None:
    linked(site, index="m n", m="", n="")
    known = paths(await listed(site, mode="crawl", max_pages=3, workdir=tmp_path))
    linked(site, index="a b m n", a="", b="")
    assert paths(await listed(site, mode="crawl", max_pages=3, workdir=tmp_path)) == known


async def test_redirect_loop_and_huge_page_are_problems_of_their_items(site: WebSite) -> None:
    linked(site, index="loop huge a", a="")
    site.redirect("/loop", "/loop2")
    site.redirect("/loop2", "/loop")
    site.answers["/huge"] = Answer(b"x" * 65_536, headers={"content-type": "text/html"}, endless=True)
    items = await listed(site, mode="crawl")
    problems = {path: item.problem.code for path, item in items.items() if item.problem}
    assert problems == {"huge.html": "too_large", "loop.html": "too_many_redirects"} and len(items) == 4


async def test_redirect_to_a_private_address_is_not_followed(site: WebSite) -> None:
    with WebSite() as inside:
        inside.page("/secret", "secret")
        linked(site, index="trap local a", a="")
        site.redirect("/trap", f"{inside.url}/secret")
        site.redirect("/local", "http://localhost/secret")
        for mode in ("crawl", "auto"):
            assert paths(await listed(site, mode=mode)) == ["a.html", "index.html"]
        site.sitemap("/trap", "/a", f"{inside.url}/secret")
        assert paths(await listed(site, mode="sitemap")) == ["a.html"]
        async with opened(site) as source:
            for url in (
                f"{site.url}/trap",
                f"{inside.url}/secret",
                "http://169.254.169.254/",
                "file:///etc/passwd",
                "",
            ):
                for attempt in (source.head, source.fetch):
                    with pytest.raises(DocumentError):
                        await attempt(SourceItem("x.html", rules={"url": url}))
        assert inside.requests == []


async def test_redirect_into_what_robots_forbid_is_not_followed(site: WebSite) -> None:
    manual_site(site)
    site.redirect("/guide/upgrade", "/internal/secret")
    assert "guide/upgrade.html" not in await listed(site) and "/internal/secret" not in site.asked()


async def test_page_that_vanishes_between_listing_and_fetching_is_reported(site: WebSite) -> None:
    manual_site(site)
    async with opened(site, mode="sitemap") as source:
        items = {item.path: item async for item in source.discover()}
        site.status("/guide/install", 404)
        with pytest.raises(DocumentError) as caught:
            await source.fetch(items["guide/install.html"])
        assert caught.value.code == "source_vanished"
        assert b"Upgrade" in await source.fetch(items["guide/upgrade.html"])


async def test_wrong_encodings(site: WebSite) -> None:
    text = "<p>Größe – 5 €</p>"
    encoded: dict[str, tuple[bytes, str]] = {
        "latin": (text.encode("cp1252"), "text/html; charset=windows-1252"),
        "lie": (text.encode("utf-8"), "text/html; charset=iso-8859-1"),
        "utf16": (text.encode("utf-16"), "text/html; charset=utf-8"),
        "quoted": ("<p>Привет</p>".encode("koi8-r"), 'text/html; charset="KOI8-R"'),
        "none": (text.encode("cp1252"), "text/html; charset=no-such"),
        "codec": (b"<p>caf\xe9", "text/html; charset=unicode_escape"),
        "binary": (b"\xff\xfe\x00" * 100, "text/html"),
    }
    for name, (body, kind) in encoded.items():
        site.file(f"/{name}", body, kind)
    site.sitemap(*(f"/{name}" for name in encoded))
    async with opened(site) as source:
        found = {item.path: await source.fetch(item) async for item in source.discover()}
    assert found["latin.html"].decode("utf-8-sig") == found["lie.html"].decode() == text
    assert found["quoted.html"].decode("utf-8-sig") == "<p>Привет</p>"
    for name in ("utf16", "none", "codec", "binary"):
        assert found[f"{name}.html"] == encoded[name][0]
    page = '<a href="/größe">x</a>'
    site.file("/", page.encode("cp1252"), "text/html; charset=windows-1252")
    site.page("/gr%C3%B6%C3%9Fe", "x")
    assert paths(await listed(site, mode="crawl")) == ["größe.html", "index.html"]


async def test_what_is_not_what_its_address_says_is_refused(site: WebSite) -> None:
    site.file("/manual.pdf", b"<html>Log in</html>", "text/html")
    site.file("/download", b"\x00\x01", "application/octet-stream")
    linked(site, index="manual.pdf download")
    items = await listed(site, mode="crawl")
    assert {path: item.problem.code for path, item in items.items() if item.problem} == {
        "manual.pdf": "unsupported_type",
        "download.html": "unsupported_type",
    }
    site.page("/late", "page")
    site.sitemap("/late")
    async with opened(site) as source:
        (item,) = [item async for item in source.discover()]
        site.file("/late", b"GIF89a", "image/gif")
        with pytest.raises(DocumentError) as caught:
            await source.fetch(item)
    assert caught.value.code == "unsupported_type"


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


async def _first(source: WebSource) -> SourceItem:
    return await anext(aiter(source.discover()))


async def test_cancelled_listing_leaves_nothing_behind(site: WebSite) -> None:
    site.sitemap(*(f"/{number}" for number in range(50)))
    site.fallback = lambda asked: Answer(b"", 404, wait_s=0.0 if asked.path == "/robots.txt" else 0.3)
    before = asyncio.all_tasks()
    async with opened(site) as source:
        task = asyncio.create_task(_first(source))
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
@pytest.mark.slow
async def test_2500_unchanged_pages_are_looked_through_within_10_seconds(site: WebSite) -> None:
    seconds, requests = await _measured(site, 2500)
    print(f"2,500 unchanged pages: {seconds:.1f} s")
    assert requests() == 2500 and seconds < 10
