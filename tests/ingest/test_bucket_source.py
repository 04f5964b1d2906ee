"""Buckets of a real S3 server on the loopback."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from source_reading import fault, listed, read

from core.errors import DocumentError, InvalidRequestError
from ingest.sources.base import SourceItem, SourceLimits, SourceUnreachableError, SourceVanishedError
from ingest.sources.bucket import KIND, BucketConfig, BucketSource, FileSystem, file_system, location
from tests.servers.s3 import S3Server, running_s3
from tests.servers.site import Answer, WebSite

pytestmark = pytest.mark.slow

LIMITS = SourceLimits(request_s=20, allow_hosts=("127.0.0.1",))
KEYS = {"key": "anybody", "secret": "anything"}


@pytest.fixture(scope="module")
def s3() -> Iterator[S3Server]:
    with running_s3() as server:
        yield server


@pytest.fixture
def bucket(s3: S3Server) -> str:
    name = f"docs-{len(_made)}"
    _made.append(name)
    s3.make_bucket(name)
    return name


_made: list[str] = []


@asynccontextmanager
async def opened(
    s3: S3Server,
    uri: str,
    credentials: Mapping[str, str] = KEYS,
    limits: SourceLimits = LIMITS,
    **config: object,
) -> AsyncIterator[BucketSource]:
    stated = KIND.configured({"endpoint_url": s3.url, "region": "us-east-1", **config})
    source = await KIND.opener(KIND.canonical(uri), stated, credentials, limits, Path())
    assert isinstance(source, BucketSource)
    try:
        yield source
    finally:
        await source.close()


async def test_what_lies_below_the_prefix_is_listed_with_its_folders_rules(s3: S3Server, bucket: str) -> None:
    files = {"docs/b.md": b"b", "docs/a/y.md": b"y", "docs/a/_meta.yaml": b"y.md: {audience: agent}", "docs/a/": b""}
    for key, data in {**files, "docs2/x.md": b"x", "x.md": b"x", "docs/.hidden/x.md": b"x"}.items():
        s3.put(bucket, key, data)
    async with opened(s3, f"s3://{bucket}/docs") as source:
        await source.probe()
        items = [item async for item in source.discover()]
        assert [(item.path, item.size, dict(item.rules)) for item in items] == [
            ("a/y.md", 1, {"audience": "agent"}),
            ("b.md", 1, {}),
        ]
        assert [await source.fetch(item) for item in items] == [b"y", b"b"]
        assert items[0].modified


async def test_the_head_is_the_objects_etag_listed_or_asked_for(s3: S3Server, bucket: str) -> None:
    s3.put(bucket, "a.md", b"one")
    async with opened(s3, f"s3://{bucket}") as source:
        first = await source.head((await listed(source))["a.md"])
    async with opened(s3, f"s3://{bucket}") as source:
        assert await source.head(SourceItem("a.md")) == first != ""
        s3.put(bucket, "a.md", b"two")
        assert await source.head((await listed(source))["a.md"]) != first


async def test_every_page_of_a_long_listing_is_read(s3: S3Server, bucket: str) -> None:
    for number in range(7):
        s3.put(bucket, f"{number}.md", b"x")
    source = _paged(s3, bucket)
    assert sorted(await listed(source)) == [f"{number}.md" for number in range(7)]
    await source.close()
    async with opened(s3, f"s3://{bucket}", limits=replace(LIMITS, max_items=5)) as short:
        assert (await fault(short)).code == "too_many_items"


def _paged(s3: S3Server, bucket: str, around: Callable[[FileSystem], FileSystem] = lambda files: files) -> BucketSource:
    config = BucketConfig(endpoint_url=s3.url, region="us-east-1")
    return BucketSource(around(file_system(config, KEYS, LIMITS)), location(f"s3://{bucket}"), LIMITS, page=2)


@dataclass(slots=True)
class Watched:
    """A file system that lets something happen after its first answer."""

    files: FileSystem
    then: Callable[[], Awaitable[object]]
    calls: int = 0

    async def set_session(self) -> Any:
        return await self.files.set_session()

    async def _call_s3(self, method: str, **arguments: object) -> Mapping[str, Any]:
        answer = await self.files._call_s3(method, **arguments)
        self.calls += 1
        if self.calls == 1:
            await self.then()
        return answer


async def test_a_bucket_that_vanishes_midway_is_no_shorter_listing(s3: S3Server, bucket: str) -> None:
    for number in range(5):
        s3.put(bucket, f"{number}.md", b"x")
    source = _paged(s3, bucket, lambda files: Watched(files, lambda: asyncio.to_thread(s3.remove_bucket, bucket)))
    assert (await fault(source)).code == "source_vanished"
    await source.close()


async def test_objects_that_vanish_after_the_listing_are_faults_of_their_own(s3: S3Server, bucket: str) -> None:
    s3.put(bucket, "a.md", b"x")
    async with opened(s3, f"s3://{bucket}") as source:
        item = (await listed(source))["a.md"]
        s3.remove_bucket(bucket)
        with pytest.raises(DocumentError) as caught:
            await source.fetch(item)
    assert caught.value.code == "source_vanished"


async def test_a_bucket_that_never_was_is_told(s3: S3Server) -> None:
    async with opened(s3, "s3://no-such-bucket") as source:
        with pytest.raises(SourceVanishedError) as caught:
            await source.probe()
    assert caught.value.code == "source_vanished"


async def test_odd_keys_and_sizes_are_problems_of_their_own(s3: S3Server, bucket: str) -> None:
    keys = ["a//b.md", "../up.md", "line\tend.md", "größe €.md", "empty.md", "/abs.md", "x" * 900 + ".md", "a+b %41.md"]
    for key in keys:
        s3.put(bucket, key, b"" if key == "empty.md" else b"x")
    s3.put(bucket, "huge.md", b"x" * 2000)
    async with opened(s3, f"s3://{bucket}", limits=replace(LIMITS, max_bytes=1000)) as source:
        found = await read(source)
    assert found == {
        **dict.fromkeys(("a//b.md", "../up.md", "line\tend.md", "/abs.md"), "invalid_name"),
        **dict.fromkeys(("größe €.md", "x" * 900 + ".md", "a+b %41.md"), b"x"),
        "empty.md": b"",
        "huge.md": "too_large",
    }


async def test_an_object_that_grew_since_the_listing_is_cut_off(s3: S3Server, bucket: str) -> None:
    s3.put(bucket, "a.md", b"x")
    async with opened(s3, f"s3://{bucket}", limits=replace(LIMITS, max_bytes=1_000_000)) as source:
        item = (await listed(source))["a.md"]
        s3.put(bucket, "a.md", b"x" * 3_000_000)
        with pytest.raises(DocumentError) as caught:
            await source.fetch(item)
    assert caught.value.code == "too_large"


async def test_keys_are_checked_by_the_server_and_told_to_nobody(s3: S3Server, bucket: str) -> None:
    s3.put(bucket, "a.md", b"x")
    right = s3.new_key(f"user-{bucket}")
    with s3.guarded():
        async with opened(s3, f"s3://{bucket}", right) as source:
            assert await read(source) == {"a.md": b"x"}
        for wrong in ({**right, "secret": "wr0ng-secret"}, {"key": "AKIANOBODY", "secret": "wr0ng-secret"}):
            async with opened(s3, f"s3://{bucket}", wrong) as source:
                error = await fault(source)
            assert (error.code, "wr0ng" in error.detail) == ("source_refused", False)


async def test_a_public_bucket_is_read_without_a_key(s3: S3Server, bucket: str) -> None:
    s3.put(bucket, "a.md", b"x", public=True)
    async with opened(s3, f"s3://{bucket}", {}, anonymous=True) as source:
        assert await read(source) == {"a.md": b"x"}


async def test_the_operators_own_keys_are_never_borrowed(s3: S3Server, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "operator")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "operator")
    with pytest.raises(InvalidRequestError) as caught:
        async with opened(s3, "s3://docs-x", {}):
            pass
    assert caught.value.code == "missing_credentials"


async def test_private_endpoints_are_refused_unless_the_operator_lists_them(s3: S3Server) -> None:
    for url in ("https://127.0.0.1:9000", "https://169.254.169.254", "https://10.0.0.1"):
        with pytest.raises(DocumentError) as caught:
            async with opened(s3, "s3://docs", limits=replace(LIMITS, allow_hosts=()), endpoint_url=url):
                pass
        assert caught.value.code == "address_not_allowed"
    with pytest.raises(InvalidRequestError) as refused:
        async with opened(s3, "s3://docs", endpoint_url="http://example.com"):
            pass
    assert refused.value.code == "invalid_config"


async def test_an_endpoint_that_says_nothing_or_is_gone_is_a_passing_fault(s3: S3Server) -> None:
    async def silent(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while await reader.read(1000):
            pass
        writer.close()

    server = await asyncio.start_server(silent, "127.0.0.1", 0)
    url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    limits = replace(LIMITS, request_s=0.5)
    async with opened(s3, "s3://docs", limits=limits, endpoint_url=url) as source:
        assert (await fault(source)).code == "source_timeout"
    server.close()
    await server.wait_closed()
    async with opened(s3, "s3://docs", endpoint_url=url) as source:
        assert isinstance(await fault(source), SourceUnreachableError)


async def test_a_listing_that_goes_round_ends(s3: S3Server) -> None:
    class Circle:
        async def _call_s3(self, method: str, **arguments: object) -> Mapping[str, Any]:
            return {"Contents": [{"Key": "a.md", "Size": 1}], "IsTruncated": True, "NextContinuationToken": "same"}

    source = BucketSource(Circle(), location("s3://docs"), LIMITS)  # type: ignore[arg-type]
    assert (await fault(source)).code == "source_unreachable"


async def test_a_listing_without_an_end_ends_at_its_deadline() -> None:
    class Endless:
        pages = 0

        async def _call_s3(self, method: str, **arguments: object) -> Mapping[str, Any]:
            self.pages += 1
            await asyncio.sleep(0.01)
            return {"IsTruncated": True, "NextContinuationToken": f"page {self.pages}"}

    source = BucketSource(Endless(), location("s3://docs"), replace(LIMITS, transfer_s=0.3))  # type: ignore[arg-type]
    began = time.monotonic()
    assert (await fault(source)).code == "source_timeout"
    assert time.monotonic() - began < 30


@pytest.mark.parametrize("named", [{}, {"x-amz-bucket-region": "eu-west-1"}])
@pytest.mark.parametrize("status", [301, 302, 307, 308])
async def test_an_endpoint_that_points_elsewhere_is_not_followed(
    s3: S3Server, bucket: str, status: int, named: dict[str, str]
) -> None:
    """Least of all with the key in hand: the place it points to would answer."""
    s3.put(bucket, "a.md", b"what only the operator's network sees")
    with WebSite() as trap:
        trap.fallback = lambda asked: Answer(status=status, headers={"location": f"{s3.url}{asked.path}"} | named)
        async with opened(s3, f"s3://{bucket}", {**KEYS, "token": "session"}, endpoint_url=trap.url) as source:
            assert (await fault(source)).code == "redirected"
        assert trap.requests


async def test_a_name_that_turns_private_after_the_check_is_refused_where_the_connection_is_made(s3: S3Server) -> None:
    async def rebound(host: str, port: int) -> list[str]:
        return ["127.0.0.1"]

    port = urlsplit(s3.url).port
    config = BucketConfig(endpoint_url=f"http://store.example.com:{port}", region="us-east-1")
    files = file_system(config, KEYS, replace(LIMITS, allow_hosts=()), rebound)
    source = BucketSource(files, location("s3://docs"), LIMITS)
    assert (await fault(source)).code == "address_not_allowed"
    await source.close()


async def test_the_operators_proxy_is_not_asked_to_look_names_up(
    s3: S3Server, bucket: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    s3.put(bucket, "a.md", b"x")
    with WebSite() as proxy:
        for name in ("HTTP_PROXY", "http_proxy"):
            monkeypatch.setenv(name, proxy.url)
        async with opened(s3, f"s3://{bucket}") as source:
            assert await read(source) == {"a.md": b"x"}
        assert proxy.requests == []


async def test_an_object_without_an_end_is_cut_off(s3: S3Server) -> None:
    with WebSite() as store:
        store.answers["/docs/a.md"] = Answer(b"x" * 65536, endless=True, headers={"etag": '"1"'})
        limits = replace(LIMITS, max_bytes=1_000_000)
        async with opened(s3, "s3://docs", limits=limits, endpoint_url=store.url) as source:
            with pytest.raises(DocumentError) as caught:
                await source.fetch(SourceItem("a.md"))
    assert caught.value.code == "too_large"


async def test_an_object_that_drips_is_given_up(s3: S3Server) -> None:
    with WebSite() as store:
        store.answers["/docs/a.md"] = Answer(b"x" * 1000, drip_s=0.1, headers={"etag": '"1"'})
        limits = replace(LIMITS, transfer_s=0.5)
        async with opened(s3, "s3://docs", limits=limits, endpoint_url=store.url) as source:
            with pytest.raises(DocumentError) as caught:
                await source.fetch(SourceItem("a.md"))
    assert caught.value.code == "source_timeout"


@pytest.mark.parametrize("uri", ["s3://", "s3://A", "s3://a..b/../c", "https://x/y", "s3://docs/../x", "s3://d o c s"])
def test_what_is_no_bucket_is_refused(uri: str) -> None:
    with pytest.raises(InvalidRequestError) as caught:
        KIND.canonical(uri)
    assert caught.value.code == "invalid_uri"


@pytest.mark.parametrize(
    "config",
    [
        {"endpoint_url": "ftp://x"},
        {"endpoint_url": "https://me:pw@x"},
        {"region": "a/b"},
        {"unknown": 1},
        {"anonymous": "x"},
    ],
)
def test_a_configuration_that_cannot_be_used_is_refused(config: dict[str, object]) -> None:
    with pytest.raises(InvalidRequestError) as caught:
        KIND.configured(config)
    assert (caught.value.code, "pw" in caught.value.detail) == ("invalid_config", False)


def test_addresses_have_one_form() -> None:
    assert {KIND.canonical(uri) for uri in ("s3://docs/a/", "s3://docs/a", " s3://docs/a ")} == {"s3://docs/a/"}
    assert urlsplit(KIND.canonical("s3://docs")).netloc == "docs"
