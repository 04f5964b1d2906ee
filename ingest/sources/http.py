"""Fetches what tenants name: only from hosts that `addresses` allows, and never more than the limits.

The check happens where the connection is made: the host is looked up once and the connection goes to the address that was
checked, so neither a redirect nor DNS that changes its answer leads elsewhere. No cookies, no proxies, no `.netrc`: the layer
below httpx's client has none of them.
"""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Iterable, Iterator, Mapping
from contextlib import aclosing, contextmanager
from dataclasses import dataclass, field
from types import TracebackType
from typing import Self, cast

import httpcore
import httpx

from core.errors import DocumentError
from ingest.sources.addresses import Resolver, require_public, system_resolver, vetted_addresses
from ingest.sources.inflate import Inflated

__all__ = ["FetchError", "FetchLimits", "Fetched", "SafeFetcher", "require_public"]

USER_AGENT = "partner-copilot/1 (keeps a support knowledge base in step with this site)"
_ACCEPT = "text/html, application/xhtml+xml, text/markdown, application/pdf, */*;q=0.5"
_REDIRECTS = frozenset((301, 302, 303, 307, 308))
_DEFAULT_PORTS = {"http": 80, "https": 443}
_MAX_ADDRESSES = 3
_MAX_URL = 2000
_SKIPPED_BYTES = 65_536
_IDLE_S = 10.0
"""Longest wait for a connection, and longest silence within an answer."""

Hop = Callable[[httpx.URL], bool]
"""Whether a redirect to the URL may be followed."""


class FetchError(DocumentError):
    """A URL cannot be had. `transient` faults may pass by themselves. `code`: `invalid_url`, `address_not_allowed`, `unreachable`,
    `timeout`, `too_large`, `too_many_redirects`, `left_site`, `broken_response`."""

    def __init__(self, detail: str, *, code: str, transient: bool = False) -> None:
        super().__init__(detail, code=code, status=503 if transient else None)
        self.transient = transient


@dataclass(frozen=True, slots=True)
class FetchLimits:
    """`max_bytes` counts before and after decompression; `deadline_s` covers look-up, redirects and body."""

    max_bytes: int = 50_000_000
    max_redirects: int = 5
    deadline_s: float = 30.0


@dataclass(frozen=True, slots=True)
class Fetched:
    """An answer: `url` after redirects, `headers` by lower-case name, `body` decompressed and empty unless `status` is 2xx."""

    status: int
    url: str
    headers: Mapping[str, str] = field(repr=False)
    body: bytes = field(repr=False)

    @property
    def content_type(self) -> str:
        """Without parameters, lower case; empty where none is stated."""
        return self.headers.get("content-type", "").partition(";")[0].strip().lower()


class SafeFetcher:
    """Several requests at once are fine. `ssl_context` is for private certificate authorities; `network` is what connections are
    made with once their address was checked."""

    def __init__(
        self,
        limits: FetchLimits | None = None,
        *,
        allow: tuple[str, ...] = (),
        resolve: Resolver = system_resolver,
        ssl_context: ssl.SSLContext | None = None,
        user_agent: str = USER_AGENT,
        network: httpcore.AsyncNetworkBackend | None = None,
    ) -> None:
        self._limits = limits or FetchLimits()
        self._user_agent = user_agent
        self._pool = httpcore.AsyncConnectionPool(
            ssl_context=ssl_context or httpx.create_ssl_context(),
            max_connections=8,
            keepalive_expiry=15.0,
            network_backend=_VettedBackend(allow, resolve, network or httpcore.AnyIOBackend()),
        )

    async def get(
        self, url: str, *, etag: str | None = None, last_modified: str | None = None, follow: Hop | None = None
    ) -> Fetched:
        """Any status is an answer; with `etag` or `last_modified` it may be 304. Raises `FetchError`."""
        stated = {"If-None-Match": etag, "If-Modified-Since": last_modified}
        return await self._within_deadline("GET", url, {k: v for k, v in stated.items() if v}, follow)

    async def head(self, url: str, *, follow: Hop | None = None) -> Fetched:
        """As `get`, without a body."""
        return await self._within_deadline("HEAD", url, {}, follow)

    async def close(self) -> None:
        await self._pool.aclose()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()

    async def _within_deadline(self, method: str, url: str, headers: dict[str, str], follow: Hop | None) -> Fetched:
        try:
            async with asyncio.timeout(self._limits.deadline_s):
                return await self._follow(method, checked_url(url), headers, follow)
        except TimeoutError as error:
            raise FetchError(
                f"no complete answer within {self._limits.deadline_s:g} s",
                code="timeout",
                transient=True,
            ) from error

    async def _follow(self, method: str, url: httpx.URL, headers: dict[str, str], follow: Hop | None) -> Fetched:
        for _ in range(self._limits.max_redirects + 1):
            answer = await self._ask(method, url, headers)
            target = answer.headers.get("location")
            if answer.status not in _REDIRECTS or not target:
                return answer
            url = _joined(url, target)
            if follow is not None and not follow(url):
                raise FetchError("the page redirects out of the site", code="left_site")
        raise FetchError(f"more than {self._limits.max_redirects} redirects", code="too_many_redirects")

    async def _ask(self, method: str, url: httpx.URL, headers: dict[str, str]) -> Fetched:
        sent = {
            "Host": url.netloc.decode("ascii"),
            "User-Agent": self._user_agent,
            "Accept": _ACCEPT,
            "Accept-Encoding": "gzip, deflate",
            **headers,
        }
        silence = {"connect": _IDLE_S, "read": _IDLE_S, "write": _IDLE_S}
        target = httpcore.URL(scheme=url.raw_scheme, host=url.raw_host, port=url.port, target=url.raw_path)
        raw = [(name.encode("ascii"), value.encode("latin-1", "replace")) for name, value in sent.items()]
        with _our_errors(self._limits):
            async with self._pool.stream(method, target, headers=raw, extensions={"timeout": silence}) as response:
                found = _headers(response.headers)
                stream = cast("AsyncGenerator[bytes, None]", response.aiter_stream())
                async with aclosing(stream):
                    wanted = method == "GET" and response.status // 100 == 2
                    body = await self._body(stream, found) if wanted else await _skipped(stream)
                return Fetched(response.status, str(url), found, body)

    async def _body(self, stream: AsyncIterator[bytes], headers: Mapping[str, str]) -> bytes:
        """Raises `FetchError` (`too_large`) before the limit is passed, whatever the answer said about its length."""
        length = headers.get("content-length", "")
        if length.isdecimal() and int(length) > self._limits.max_bytes:
            raise _too_large(self._limits)
        plain = Inflated(headers.get("content-encoding", ""), self._limits.max_bytes)
        received = 0
        async for chunk in stream:
            received += len(chunk)
            if received > self._limits.max_bytes:
                raise _too_large(self._limits)
            plain.feed(chunk)
        return plain.finish()


async def _skipped(stream: AsyncIterator[bytes]) -> bytes:
    """Reads past a short body, so that the connection can be used again; a long one costs the connection."""
    received = 0
    async for chunk in stream:
        received += len(chunk)
        if received > _SKIPPED_BYTES:
            break
    return b""


class _VettedBackend(httpcore.AsyncNetworkBackend):
    """Connects to addresses that were checked, and to nothing else; TLS still verifies the name."""

    def __init__(self, allow: tuple[str, ...], resolve: Resolver, network: httpcore.AsyncNetworkBackend) -> None:
        self._allow = allow
        self._resolve = resolve
        self._network = network

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[httpcore.SOCKET_OPTION] | None = None,
    ) -> httpcore.AsyncNetworkStream:
        addresses = await vetted_addresses(host, port, allow=self._allow, resolve=self._resolve)
        fault: Exception | None = None
        for address in addresses[:_MAX_ADDRESSES]:
            try:
                return await self._network.connect_tcp(address, port, timeout, local_address, socket_options)
            except (httpcore.ConnectError, httpcore.ConnectTimeout) as error:
                fault = error
        raise fault or httpcore.ConnectError("no address")

    async def connect_unix_socket(
        self, path: str, timeout: float | None = None, socket_options: Iterable[httpcore.SOCKET_OPTION] | None = None
    ) -> httpcore.AsyncNetworkStream:
        raise httpcore.UnsupportedProtocol("sources are reached over TCP")

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(seconds)


def checked_url(url: str) -> httpx.URL:
    """Raises `FetchError` (`invalid_url`) unless `url` is an http or https one with a host and no user name."""
    try:
        parsed = httpx.URL(url)
    except (httpx.InvalidURL, ValueError, UnicodeError) as error:
        raise _invalid("it cannot be read") from error
    if parsed.scheme not in _DEFAULT_PORTS:
        raise _invalid("it must begin with http:// or https://")
    if parsed.userinfo or "@" in parsed.netloc.decode("ascii"):
        raise _invalid("it must not hold a user name or password")
    if not parsed.host or not 0 < (parsed.port or _DEFAULT_PORTS[parsed.scheme]) < 65536:
        raise _invalid("it names no host or no possible port")
    if len(parsed.raw_path) > _MAX_URL:
        raise _invalid(f"it is longer than {_MAX_URL} characters")
    return parsed.copy_with(fragment=None)


def _joined(url: httpx.URL, target: str) -> httpx.URL:
    try:
        return checked_url(str(url.join(target)))
    except (httpx.InvalidURL, ValueError, UnicodeError) as error:
        raise _invalid("a redirect leads to one that cannot be read") from error


@contextmanager
def _our_errors(limits: FetchLimits) -> Iterator[None]:
    """The transport's errors as ours, told without what the other side sent."""
    try:
        yield
    except (httpcore.TimeoutException, httpcore.NetworkError, OSError) as error:
        slow = isinstance(error, httpcore.TimeoutException)
        detail = "the host was silent too long" if slow else "the host cannot be reached or broke the connection off"
        raise FetchError(detail, code="timeout" if slow else "unreachable", transient=True) from error
    except (httpcore.ProtocolError, httpcore.UnsupportedProtocol) as error:
        raise FetchError("the answer is no proper HTTP", code="broken_response", transient=True) from error
    except FetchError:
        raise
    except DocumentError as error:
        if error.code == "too_large":
            raise _too_large(limits) from error
        raise FetchError(error.detail, code=error.code, transient=error.code == "unreachable") from error


def _headers(raw: Iterable[tuple[bytes, bytes]]) -> dict[str, str]:
    """The first of each name, as for the ones that matter here a second is a fault or an attack; but robots' rules add up."""
    found: dict[str, str] = {}
    for name, value in ((name.decode("latin-1").lower(), value.decode("latin-1").strip()) for name, value in raw):
        found[name] = f"{found[name]}, {value}" if name in found and name == "x-robots-tag" else found.get(name, value)
    return found


def _too_large(limits: FetchLimits) -> FetchError:
    return FetchError(f"the answer is larger than {limits.max_bytes:,} bytes", code="too_large")


def _invalid(why: str) -> FetchError:
    return FetchError(f"the URL cannot be used: {why}", code="invalid_url")
