"""What a web source finds on a site."""

import socket
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest
from web_reading import LIMITS, failing, first, linked, listed, opened, paths, site

from core.errors import DocumentError
from ingest.sources.base import SourceItem, SourceRefusedError, SourceUnreachableError
from ingest.sources.web import WebConfig, WebSource, open_web
from tests.servers.site import Answer, Asked, WebSite, manual_site

__all__ = ["site"]


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
        for attempt in (source.probe, lambda: first(source)):
            with pytest.raises(SourceUnreachableError):
                await attempt()
        await source.close()


async def test_private_host_is_refused_unless_listed(site: WebSite) -> None:
    site.page("/", "hello")
    source = await open_web(site.url, WebConfig(delay_s=0), {}, LIMITS)
    assert isinstance(source, WebSource)
    for attempt in (source.probe, lambda: first(source)):
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
