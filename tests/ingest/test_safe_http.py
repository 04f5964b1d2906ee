from __future__ import annotations

import asyncio
import datetime
import gzip
import socket
import ssl
import time
import zlib
from collections.abc import AsyncIterator, Iterator, Sequence
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from internet import OTHER, PUBLIC, Internet, names

from ingest.sources.http import Fetched, FetchError, FetchLimits, SafeFetcher
from tests.servers.site import Answer, WebSite


@pytest.fixture
def site() -> Iterator[WebSite]:
    with WebSite() as site:
        yield site


@pytest.fixture
def other() -> Iterator[WebSite]:
    with WebSite() as site:
        yield site


@pytest.fixture
async def fetcher(site: WebSite) -> AsyncIterator[SafeFetcher]:
    limits = FetchLimits(max_bytes=100_000, max_redirects=3, deadline_s=2.0)
    async with SafeFetcher(limits, allow=(site.host,)) as fetcher:
        yield fetcher


async def refused(fetcher: SafeFetcher, url: str) -> FetchError:
    with pytest.raises(FetchError) as caught:
        await fetcher.get(url)
    return caught.value


@pytest.mark.parametrize(
    "url",
    [
        "file:///etc/passwd",
        "ftp://example.com/x",
        "gopher://example.com/",
        "//example.com/x",
        "example.com",
        "http://",
        "http://user@example.com/",
        "http://user:pass@example.com/",
        "http://example.com:99999/",
        "http://①②⑦.⓪.⓪.①/",
        "http://[::1",
        "http://example.com/" + "a" * 3000,
        "http://exa\x00mple.com/",
        "",
    ],
)
async def test_urls_that_are_none_are_refused(fetcher: SafeFetcher, url: str) -> None:
    assert (await refused(fetcher, url)).code == "invalid_url"


async def test_connection_goes_to_the_address_that_was_checked(site: WebSite) -> None:
    """DNS rebinding: a second look-up would lead to the loopback."""
    site.page("/", "hello")
    internet = Internet(public=site)
    resolve = names(docs=[PUBLIC, "127.0.0.1"])
    async with SafeFetcher(resolve=resolve, network=internet) as fetcher:
        answer = await fetcher.get("http://docs.example.com/")
    assert answer.status == 200 and internet.connected == [PUBLIC]
    assert site.requests[0].headers["host"] == "docs.example.com"


async def test_name_that_turns_private_is_refused_at_the_next_connection(site: WebSite) -> None:
    site.answers["/"] = Answer(b"hello", headers={"connection": "close"})
    internet = Internet(public=site)
    async with SafeFetcher(resolve=names(docs=[PUBLIC, "127.0.0.1"]), network=internet) as fetcher:
        assert (await fetcher.get("http://docs.example.com/")).status == 200
        assert (await refused(fetcher, "http://docs.example.com/")).code == "address_not_allowed"
    assert internet.connected == [PUBLIC]


@pytest.mark.parametrize(
    ("target", "code"),
    [
        ("http://127.0.0.1:{port}/secret", "address_not_allowed"),
        ("http://localhost:{port}/secret", "address_not_allowed"),
        ("//127.0.0.1:{port}/secret", "address_not_allowed"),
        ("http://2130706433:{port}/secret", "address_not_allowed"),
        ("http://[::ffff:127.0.0.1]:{port}/secret", "address_not_allowed"),
        ("http://inside.example.com/secret", "address_not_allowed"),
        ("http://169.254.169.254/latest/meta-data/", "address_not_allowed"),
        ("http://user@127.0.0.1:{port}/secret", "invalid_url"),
        ("file:///etc/passwd", "invalid_url"),
        ("javascript:alert(1)", "invalid_url"),
        ("http://docs.example.com/again", "too_many_redirects"),
    ],
)
async def test_every_hop_of_a_redirect_is_checked(site: WebSite, other: WebSite, target: str, code: str) -> None:
    other.page("/secret", "internal")
    site.redirect("/first", "/second", 301)
    site.redirect("/second", target.format(port=other.port))
    site.redirect("/again", "/first", 307)
    resolve = names(docs=[PUBLIC] * 20, inside="10.0.0.5", localhost="127.0.0.1")
    async with SafeFetcher(resolve=resolve, network=Internet(public=site)) as fetcher:
        assert (await refused(fetcher, "http://docs.example.com/first")).code == code
    assert other.requests == [] and len(site.requests) <= 6


async def test_redirect_to_another_public_host_is_followed(site: WebSite, other: WebSite) -> None:
    other.page("/page", "elsewhere")
    site.redirect("/", "http://other.example.com/page#part", 308)
    internet = Internet(public=site, other=other)
    async with SafeFetcher(resolve=names(docs=PUBLIC, other=OTHER), network=internet) as fetcher:
        answer = await fetcher.get("http://docs.example.com/")
    assert (answer.status, answer.url) == (200, "http://other.example.com/page") and b"elsewhere" in answer.body
    assert internet.connected == [PUBLIC, OTHER]


async def test_redirect_that_the_caller_does_not_follow(site: WebSite, fetcher: SafeFetcher) -> None:
    site.redirect("/", "/login")
    with pytest.raises(FetchError) as caught:
        await fetcher.get(site.url, follow=lambda url: url.path != "/login")
    assert caught.value.code == "left_site" and site.asked() == ["/"]


async def test_conditional_request_and_head(site: WebSite, fetcher: SafeFetcher) -> None:
    site.page("/", "hello", last_modified="Sat, 01 Aug 2026 10:00:00 GMT")
    first = await fetcher.get(site.url)
    etag, modified = first.headers["etag"], first.headers["last-modified"]
    again = await fetcher.get(site.url, etag=etag, last_modified=modified)
    head = await fetcher.head(site.url)
    assert (again.status, again.body) == (304, b"")
    assert (head.status, head.body, head.headers["etag"]) == (200, b"", etag)
    assert site.requests[1].headers["if-modified-since"] == modified
    assert [request.method for request in site.requests] == ["GET", "GET", "HEAD"]


async def test_errors_are_answers_without_a_body(site: WebSite, fetcher: SafeFetcher) -> None:
    for status in (404, 410, 403, 500, 503):
        site.status(f"/{status}", status)
        answer = await fetcher.get(f"{site.url}/{status}")
        assert (answer.status, answer.body) == (status, b"")


async def test_drip_feed_ends_at_the_deadline(site: WebSite, fetcher: SafeFetcher) -> None:
    site.answers["/"] = Answer(b"x" * 1000, drip_s=0.1)
    started = time.monotonic()
    error = await refused(fetcher, site.url)
    assert error.code == "timeout" and error.transient and time.monotonic() - started < 30


async def test_redirects_share_one_deadline(site: WebSite, fetcher: SafeFetcher) -> None:
    for number in range(4):
        site.answers[f"/{number}"] = Answer(status=302, headers={"location": f"/{number + 1}"}, wait_s=0.9)
    assert (await refused(fetcher, f"{site.url}/0")).code == "timeout"


@pytest.mark.parametrize(
    "answer",
    [
        Answer(b"x", headers={"content-length": "100001"}),
        Answer(b"x" * 65_536, endless=True),
        Answer(gzip.compress(b"\0" * 20_000_000), headers={"content-encoding": "gzip"}),
        Answer(zlib.compress(b"\0" * 20_000_000), headers={"content-encoding": "deflate"}),
        Answer(gzip.compress(b"x" * 100_001), headers={"content-encoding": "x-gzip"}),
        Answer(gzip.compress(b"x") + b"y" * 65_536, headers={"content-encoding": "gzip"}, endless=True),
    ],
    ids=["stated", "endless", "gzip bomb", "deflate bomb", "one byte over", "endless after the end"],
)
async def test_bodies_over_the_limit_are_cut_off(site: WebSite, fetcher: SafeFetcher, answer: Answer) -> None:
    site.answers["/"] = answer
    error = await refused(fetcher, site.url)
    assert error.code == "too_large" and not error.transient and "100,000" in error.detail


async def test_compressed_bodies_up_to_the_limit_are_read(site: WebSite, fetcher: SafeFetcher) -> None:
    body = b"text " * 20_000
    bare = zlib.compressobj(wbits=-15)
    encoded = {
        "gzip": gzip.compress(body),
        "deflate": zlib.compress(body),
        "Deflate": bare.compress(body) + bare.flush(),
        "identity": body,
    }
    for encoding, data in encoded.items():
        site.answers["/"] = Answer(data, headers={"content-encoding": encoding})
        assert (await fetcher.get(site.url)).body == body


@pytest.mark.parametrize(
    "answer",
    [
        Answer(b"no gzip", headers={"content-encoding": "gzip"}),
        Answer(gzip.compress(b"text" * 1000)[:-10], headers={"content-encoding": "gzip"}),
        Answer(b"x", headers={"content-encoding": "br"}),
        Answer(b"x", headers={"content-encoding": "gzip, gzip"}),
        Answer(raw=b"SSH-2.0-OpenSSH_9.2\r\n"),
        Answer(raw=b"HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\nshort"),
        Answer(raw=b"HTTP/1.1 200 OK\r\nx: " + b"y" * 500_000),
        Answer(raw=b""),
    ],
    ids=["damaged", "cut off", "brotli", "twice", "no HTTP", "short", "endless header", "nothing"],
)
async def test_answers_that_are_broken(site: WebSite, fetcher: SafeFetcher, answer: Answer) -> None:
    site.answers["/"] = answer
    assert (await refused(fetcher, site.url)).code in ("broken_response", "unreachable")


async def test_host_that_does_not_listen_is_unreachable() -> None:
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        host = f"127.0.0.1:{closed.getsockname()[1]}"
        async with SafeFetcher(allow=(host,)) as fetcher:
            error = await refused(fetcher, f"http://{host}/")
    assert error.code == "unreachable" and error.transient and error.status == 503


async def test_second_address_is_tried_where_the_first_does_not_answer(site: WebSite) -> None:
    site.page("/", "hello")

    async def resolve(host: str, port: int) -> Sequence[str]:
        return [OTHER, PUBLIC]

    internet = Internet(public=site)
    async with SafeFetcher(resolve=resolve, network=internet) as fetcher:
        assert (await fetcher.get("http://docs.example.com/")).status == 200
    assert internet.connected == [OTHER, PUBLIC]


async def test_no_cookies_no_proxy_a_stated_agent(
    site: WebSite, fetcher: SafeFetcher, monkeypatch: pytest.MonkeyPatch
) -> None:
    for variable in ("HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"):
        monkeypatch.setenv(variable, "http://127.0.0.1:9")
    site.page("/", "hello", set_cookie="session=1; Path=/")
    for _ in range(2):
        assert (await fetcher.get(site.url)).status == 200
    assert all("cookie" not in request.headers for request in site.requests)
    assert site.requests[0].headers["user-agent"].startswith("partner-copilot/")


async def test_connections_are_used_again(site: WebSite, fetcher: SafeFetcher) -> None:
    site.page("/", "hello")
    site.status("/gone", 404)
    count = 0

    async def resolve(host: str, port: int) -> Sequence[str]:
        nonlocal count
        count += 1
        return [PUBLIC]

    async with SafeFetcher(resolve=resolve, network=Internet(public=site)) as public:
        for path in ("/", "/gone", "/"):
            await public.head(f"http://docs.example.com{path}")
            await public.get(f"http://docs.example.com{path}")
    assert count == 1


async def test_cancelled_request_leaves_nothing_behind(site: WebSite, fetcher: SafeFetcher) -> None:
    site.answers["/"] = Answer(b"x" * 100, drip_s=0.05)
    before = asyncio.all_tasks()
    task = asyncio.create_task(fetcher.get(site.url))
    await asyncio.sleep(0.2)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    await asyncio.sleep(0.05)
    assert asyncio.all_tasks() == before
    site.page("/", "hello")
    assert (await fetcher.get(site.url)).status == 200


async def test_tls_is_verified_for_the_name_not_the_address(tmp_path: Path) -> None:
    server, client = _tls(tmp_path, "docs.example.com")
    with WebSite(tls=server) as site:
        site.page("/", "hello")
        resolve = names(docs=[PUBLIC] * 3, wrong=[PUBLIC] * 3)
        async with SafeFetcher(resolve=resolve, network=Internet(public=site), ssl_context=client) as fetcher:
            answer: Fetched = await fetcher.get("https://docs.example.com/")
            assert answer.status == 200 and answer.url == "https://docs.example.com/"
            assert (await refused(fetcher, "https://wrong.example.com/")).code == "unreachable"


def _tls(folder: Path, name: str) -> tuple[ssl.SSLContext, ssl.SSLContext]:
    """A server's and a client's context around a fresh certificate for `name`."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    now = datetime.datetime.now(datetime.UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(name)]), critical=False)
        .sign(key, hashes.SHA256())
    )
    pem = certificate.public_bytes(serialization.Encoding.PEM)
    secret = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    (folder / "both.pem").write_bytes(pem + secret)
    server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server.load_cert_chain(folder / "both.pem")
    return server, ssl.create_default_context(cadata=pem.decode())
