"""One spelling for each page, its path, its links; what robots may read; what a sitemap lists."""

from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.errors import DocumentError
from ingest.sources.listing import name_problem
from ingest.sources.web_links import page_links
from ingest.sources.web_robots import read_robots
from ingest.sources.web_sitemap import read_sitemap
from ingest.sources.web_urls import Site, canonical, is_trap, item_path


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("HTTP://Docs.Example.COM:80/a#part", "http://docs.example.com/a"),
        ("https://h:443", "https://h/"),
        ("http://h:8080/x", "http://h:8080/x"),
        ("http://h./x", "http://h/x"),
        ("http://h/a/%2e%2E/b", "http://h/b"),
        ("http://h/../../a", "http://h/a"),
        ("http://h/%7Euser/%66oo", "http://h/~user/foo"),
        ("http://h/a%2fb", "http://h/a%2Fb"),
        ("http://h/ü b", "http://h/%C3%BC%20b"),
        ("http://h/%e9", "http://h/%E9"),
        ("http://h/a;jsessionid=AB12?x=1", "http://h/a?x=1"),
        ("http://h/?utm_source=a&b=2&GCLID=x&a=1&", "http://h/?a=1&b=2"),
        ("http://h/a?", "http://h/a"),
        ("http://h/a?page", "http://h/a?page"),
        ("http://bücher.example/", "http://xn--bcher-kva.example/"),
        ("http://[2001:DB8::1]/", "http://[2001:db8::1]/"),
    ],
)
def test_one_spelling_for_each_page(url: str, expected: str) -> None:
    assert canonical(url) == expected


@given(st.text(max_size=60), st.text(max_size=30))
def test_paths_of_any_url_are_safe_and_canonical_urls_stable(path: str, query: str) -> None:
    try:
        url = canonical(f"http://h/{path}?{query}")
    except DocumentError:
        return
    assert canonical(url) == url
    found = item_path(url)
    assert name_problem(found) is None and "\\" not in found and not any(p.startswith(".") for p in found.split("/"))


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("http://h/", "index.html"),
        ("http://h/guide/", "guide/index.html"),
        ("http://h/guide/install", "guide/install.html"),
        ("http://h/guide/install.html", "guide/install.html"),
        ("http://h/v/7.2", "v/7.2.html"),
        ("http://h/a.php?id=3", "a.php@id=3.html"),
        ("http://h/x.pdf", "x.pdf"),
    ],
)
def test_path_of_a_page(url: str, expected: str) -> None:
    assert item_path(url) == expected


def test_only_wanted_pages_of_the_host_are_links() -> None:
    site = Site("http://docs.example.com/", exclude=("/old",))
    found = [
        "install", "./install#x", "//docs.example.com/b", "https://docs.example.com/c", "http://docs.example.com:81/d",
        "http://example.com/e", "mailto:a@b.example", "javascript:void(0)", "tel:1", "data:text/html,x", "/old/x", "/x.css",
        "http://user@docs.example.com/f", "http://[bad", "/a/a/a/a/a", "", "\x00",
    ]  # fmt: skip
    assert site.links(found, "http://docs.example.com/guide/") == [
        "http://docs.example.com/b",
        "http://docs.example.com/guide/",
        "http://docs.example.com/guide/install",
        "https://docs.example.com/c",
    ]
    assert is_trap("http://h/" + "/".join("abcdefghijklmnopqrstuvw")) and not is_trap("http://h/a/b/a/b")


def test_links_of_a_page() -> None:
    body = b"""<html><head><base href="/docs/"><base href="/no/"></head>
    <A class=x HREF='one?a=1&amp;b=2'>1</A> <a title="a > b" href=two>2</a> <a\nhref = "three" >3</a>
    <!-- <a href="comment">c</a> --> <script>var x = '<a href="script">';</script> <template><a href="t"></template>
    <iframe src="frame"></iframe><area href="area"><abbr href="abbr"><a name="x"><a href="unclosed <a href="last">"""
    found = page_links(body, {})
    assert found.hrefs == ("one?a=1&b=2", "two", "three", "frame", "area", "last")
    assert found.base == "/docs/" and found.index


@pytest.mark.parametrize(
    "piece", [b"<a ", b'<a href="', b"<a '", b"<!--", b"<script", b"<a href=x ", b'<a x="y" ', b"<"]
)
def test_hostile_pages_are_scanned_in_linear_time(piece: bytes) -> None:
    started = time.process_time()
    page_links(piece * (2_000_000 // len(piece)), {})
    assert time.process_time() - started < 2.0


@given(st.binary(max_size=400))
def test_any_bytes_are_scanned_and_read(body: bytes) -> None:
    page_links(body, {"x-robots-tag": body.decode("latin-1")})
    read_robots(body, "partner-copilot").allows("/" + body.decode("latin-1"))


@pytest.mark.parametrize(
    ("rules", "target", "allowed"),
    [
        ("Disallow: /a", "/a/b", False),
        ("Disallow: /a", "/b", True),
        ("Disallow:", "/a", True),
        ("Disallow: /", "/", False),
        ("Disallow: /a\nAllow: /a/b", "/a/b/c", True),
        ("Allow: /a\nDisallow: /a", "/a", True),
        ("Disallow: /*?print=", "/x/y?print=1", False),
        ("Disallow: /*?print=", "/x/y", True),
        ("Disallow: /*.pdf$", "/x.pdf", False),
        ("Disallow: /*.pdf$", "/x.pdf?y", True),
        ("Disallow: /a$", "/ab", True),
        ("Disallow: /*a*b$", "/xaxbxb", False),
        ("Disallow: /%66oo", "/foo", False),
        ("Disallow: /a%2Fb", "/a/b", True),
        ("disallow : /A # why", "/A", False),
        ("Disallow: /ü", "/%C3%BC", False),
        ("Allow: /\nDisallow: /private", "/private", False),
    ],
)
def test_rules_for_robots(rules: str, target: str, allowed: bool) -> None:
    assert read_robots(f"User-agent: *\n{rules}".encode(), "partner-copilot").allows(target) is allowed


def test_robots_group_of_our_own_goes_before_that_of_all() -> None:
    text = b"""\xef\xbb\xbfUser-Agent: *\nDisallow: /\nCrawl-delay: 9\n\nUser-agent: other\nUser-agent: Partner-Copilot/1
Disallow: /x\n\nUser-agent: partner-copilot\nDisallow: /y\nCrawl-delay: 2\nSitemap: https://h/s.xml"""
    robots = read_robots(text, "partner-copilot")
    assert [robots.allows(target) for target in ("/a", "/x", "/y")] == [True, False, False]
    assert (robots.delay_s, robots.sitemaps) == (2.0, ("https://h/s.xml",))
    assert not read_robots(text, "stranger").allows("/a")


def test_hostile_robots_take_no_time() -> None:
    robots = read_robots(b"User-agent: *\nDisallow: /" + b"*a" * 200 + b"b$\n" + b"Disallow: /x\n" * 30_000, "x")
    started = time.process_time()
    assert robots.allows("/" + "a" * 1500)
    assert time.process_time() - started < 1.0


def test_sitemap_in_another_encoding() -> None:
    xml = '<?xml version="1.0" encoding="utf-16"?><urlset><url><loc>http://h/ä</loc></url></urlset>'
    assert read_sitemap(xml.encode("utf-16")).pages == (("http://h/ä", None),)
