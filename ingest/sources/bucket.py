"""A bucket of an S3-compatible store, or what lies below a prefix of it. Through fsspec's s3fs.

Keys and secrets are always the source's own: without them the libraries would look for the operator's, in the environment, in files
and at the cloud's metadata address.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncGenerator, AsyncIterator, Mapping
from contextlib import aclosing, asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Protocol
from urllib.parse import urlsplit

from pydantic import Field, field_validator

from core.errors import DocumentError, InvalidRequestError
from ingest.parse import too_large
from ingest.sources.addresses import Resolver, require_public, system_resolver
from ingest.sources.base import (
    Source,
    SourceItem,
    SourceLimits,
    SourceRefusedError,
    SourceUnreachableError,
    SourceVanishedError,
)
from ingest.sources.listing import FolderRules, is_document, is_rules, name_problem, too_many
from ingest.sources.registry import SourceConfig, SourceKind

# https://docs.aws.amazon.com/AmazonS3/latest/userguide/bucketnamingrules.html
_BUCKET = re.compile(r"[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]", re.ASCII)
_REGION = re.compile(r"[a-z0-9-]{1,40}", re.ASCII)


class BucketConfig(SourceConfig):
    endpoint_url: str | None = Field(
        None, max_length=500, description="of an S3-compatible store; Amazon's own if absent"
    )
    region: str | None = Field(None, description="such as eu-central-1")
    anonymous: bool = Field(False, description="a public bucket, read without credentials")

    @field_validator("endpoint_url")
    @classmethod
    def _is_an_address(cls, url: str | None) -> str | None:
        if url is None:
            return None
        parts = urlsplit(url)
        if (
            parts.scheme not in ("https", "http")
            or not parts.hostname
            or parts.username
            or parts.query
            or parts.fragment
        ):
            raise ValueError("an https address without user, query and fragment")
        return url

    @field_validator("region")
    @classmethod
    def _is_a_region(cls, region: str | None) -> str | None:
        if region is not None and not _REGION.fullmatch(region):
            raise ValueError("no name of a region")
        return region


@dataclass(frozen=True, slots=True)
class Location:
    """`prefix` is empty or ends with a slash."""

    bucket: str
    prefix: str


def location(uri: str) -> Location:
    """Of ``s3://bucket/prefix``. Raises `InvalidRequestError` (`invalid_uri`)."""
    bucket, _, prefix = uri.strip().removeprefix("s3://").partition("/")
    prefix = prefix.strip("/")
    if not uri.strip().startswith("s3://") or not _BUCKET.fullmatch(bucket) or (prefix and name_problem(prefix)):
        raise InvalidRequestError("name a bucket as s3://bucket or s3://bucket/prefix", code="invalid_uri")
    return Location(bucket, f"{prefix}/" if prefix else "")


class FileSystem(Protocol):
    """The part of s3fs' asynchronous `S3FileSystem` that is used here."""

    async def set_session(self) -> Any: ...

    async def _call_s3(self, method: str, **arguments: object) -> Mapping[str, Any]: ...


class BucketSource:
    """`page` is how many objects one request lists."""

    def __init__(self, files: FileSystem, at: Location, limits: SourceLimits, *, page: int = 1000) -> None:
        self._files = files
        self._page = page
        self._closed = False
        self._at = at
        self._limits = limits
        self._tags: dict[str, str] = {}

    async def probe(self) -> None:
        """May the bucket be listed? One request."""
        await self._call("list_objects_v2", Prefix=self._at.prefix, MaxKeys=1)

    async def discover(self) -> AsyncIterator[SourceItem]:
        self._tags = {}
        async with _translated(self._limits.transfer_s):
            found = await self._found()
        rules = FolderRules.of([(path, await self._rules(path)) for path in found if is_rules(path)])
        for path, (size, modified) in sorted(found.items()):
            if is_document(path):
                problem = name_problem(path) or self._too_large(size) or rules.problem(path)
                yield SourceItem(path, size, modified, rules.stated(path), problem)

    async def _found(self) -> dict[str, tuple[int, datetime | None]]:
        """Size and date of each object, by its path."""
        found: dict[str, tuple[int, datetime | None]] = {}
        async with aclosing(self._pages()) as pages:
            async for path, size, modified in pages:
                found[path] = (size, modified)
                if len(found) > self._limits.max_items:
                    raise too_many(self._limits)
        return found

    async def head(self, item: SourceItem) -> str:
        """The object's ETag: from the listing, which is never newer than what a later fetch reads; else by a HEAD request."""
        if item.problem:
            raise item.problem
        if item.path not in self._tags:
            answer = await self._call("head_object", Key=self._at.prefix + item.path)
            self._tags[item.path] = str(answer.get("ETag", ""))
        return self._tags[item.path]

    async def fetch(self, item: SourceItem) -> bytes:
        if item.problem:
            raise item.problem
        return await self._read(item.path)

    async def close(self) -> None:
        if not self._closed:
            self._closed = True
            session = await self._files.set_session()
            await session.close()

    async def _pages(self) -> AsyncGenerator[tuple[str, int, datetime | None], None]:
        """Every object but the empty ones that stand for folders."""
        token: dict[str, str] = {}
        while True:
            page = await self._call("list_objects_v2", Prefix=self._at.prefix, MaxKeys=self._page, **token)
            for entry in page.get("Contents", ()):
                path = str(entry["Key"]).removeprefix(self._at.prefix)
                if path and not path.endswith("/"):
                    self._tags[path] = str(entry.get("ETag", ""))
                    yield path, int(entry["Size"]), _utc(entry.get("LastModified"))
            if not page.get("IsTruncated"):
                return
            following = str(page.get("NextContinuationToken", ""))
            if not following or following == token.get("ContinuationToken"):
                raise SourceUnreachableError("the bucket's listing goes round in a circle")
            token = {"ContinuationToken": following}

    def _too_large(self, size: int) -> DocumentError | None:
        return too_large(size, self._limits) if size > self._limits.max_bytes else None

    async def _rules(self, path: str) -> bytes:
        try:
            return await self._read(path)
        except DocumentError as error:
            if error.code == "too_large":
                return b"["
            raise

    async def _read(self, path: str) -> bytes:
        answer = await self._call("get_object", Key=self._at.prefix + path)
        async with _translated(self._limits.transfer_s), answer["Body"] as body:
            data = bytearray()
            while piece := await body.read(1 << 18):
                data += piece
                if len(data) > self._limits.max_bytes:
                    raise too_large(int(answer.get("ContentLength", len(data))), self._limits)
        return bytes(data)

    async def _call(self, method: str, **arguments: object) -> Mapping[str, Any]:
        async with _translated(self._limits.request_s):
            return await self._files._call_s3(method, Bucket=self._at.bucket, **arguments)


@asynccontextmanager
async def _translated(timeout_s: float) -> AsyncIterator[None]:
    """The vendors' errors become ours; their words, which may hold keys and addresses, stay here."""
    from aiohttp import ClientError as ConnectionFault
    from botocore.exceptions import BotoCoreError, ClientError

    from ingest.sources.bucket_network import refusal

    try:
        async with asyncio.timeout(timeout_s):
            yield
    except FileNotFoundError as error:
        raise SourceVanishedError("the bucket, or the object in it, is gone") from error
    except PermissionError as error:
        raise SourceRefusedError("the bucket refused the credentials, or wants some") from error
    except TimeoutError as error:
        raise SourceUnreachableError(
            f"the bucket did not answer within {timeout_s:g} s", code="source_timeout"
        ) from error
    except (OSError, ConnectionFault, BotoCoreError, ClientError, ValueError) as error:
        if (refused := refusal(error)) and refused.code in ("address_not_allowed", "redirected"):
            raise SourceRefusedError(refused.detail, code=refused.code) from error
        raise SourceUnreachableError(f"the bucket did not answer, or broke off ({type(error).__name__})") from error


def _utc(stated: object) -> datetime | None:
    return stated.astimezone(UTC) if isinstance(stated, datetime) else None


def file_system(
    config: BucketConfig,
    credentials: Mapping[str, str],
    limits: SourceLimits,
    resolve: Resolver = system_resolver,
) -> FileSystem:
    """Blocking: the libraries take half a second to import."""
    from s3fs import S3FileSystem

    from ingest.sources.bucket_network import AmazonSession, StraightSession, VettedResolver

    files = S3FileSystem(
        anon=config.anonymous,
        key=credentials.get("key"),
        secret=credentials.get("secret"),
        token=credentials.get("token"),
        endpoint_url=config.endpoint_url,
        client_kwargs={"region_name": config.region} if config.region else {},
        config_kwargs={
            "connect_timeout": limits.request_s,
            "read_timeout": limits.request_s,
            "retries": {"max_attempts": 2},
            # A bucket's name as part of the host's would lead to a host that nobody checked.
            "s3": {"addressing_style": "path" if config.endpoint_url else "virtual"},
            "connector_args": {"resolver": VettedResolver(limits.allow_hosts, resolve)},
            "http_session_cls": StraightSession if config.endpoint_url else AmazonSession,
            "proxies": {},  # as for every source: a proxy would look the name up again
        },
        asynchronous=True,
        skip_instance_cache=True,
    )
    files.retries = 1
    found: FileSystem = files
    return found


async def _open(
    uri: str, config: BucketConfig, credentials: Mapping[str, str], limits: SourceLimits, workdir: Path
) -> Source:
    if not config.anonymous and not {"key", "secret"} <= credentials.keys():
        raise InvalidRequestError(
            "a bucket needs the credentials 'key' and 'secret', or 'anonymous': true in its config",
            code="missing_credentials",
        )
    if config.endpoint_url:
        await _require_reachable(config.endpoint_url, limits)
    files = await asyncio.to_thread(file_system, config, credentials, limits)
    return BucketSource(files, location(uri), limits)


async def _require_reachable(endpoint: str, limits: SourceLimits) -> None:
    parts = urlsplit(endpoint)
    host = parts.hostname or ""
    if parts.scheme == "http" and not {host, f"{host}:{parts.port}"} & {entry.lower() for entry in limits.allow_hosts}:
        raise InvalidRequestError(
            "http sends requests in the clear: use https, or list the host in COPILOT_INGEST__ALLOW_HOSTS",
            code="invalid_config",
        )
    await require_public(host, allow=limits.allow_hosts, port=parts.port or (443 if parts.scheme == "https" else 80))


def _canonical(uri: str) -> str:
    at = location(uri)
    return f"s3://{at.bucket}/{at.prefix}"


KIND = SourceKind(
    "bucket",
    BucketConfig,
    _open,
    canonical=_canonical,
    credentials=frozenset(("key", "secret", "token")),
    places=frozenset(("endpoint_url",)),
)
