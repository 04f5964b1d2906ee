"""Sites that fail, lie or never end."""

import gzip
from dataclasses import replace
from pathlib import Path

import pytest
from web_reading import LIMITS, failing, linked, listed, opened, paths, site

from core.errors import DocumentError
from ingest.sources.base import SourceItem, SourceUnreachableError
from tests.servers.site import Answer, Asked, WebSite, manual_site

__all__ = ["site"]


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
