"""A site on the loopback, and a web source that reads it."""

from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from core.errors import DocumentError
from ingest.sources.base import SourceItem, SourceLimits, SourceRefusedError, SourceUnreachableError
from ingest.sources.http import FetchLimits, SafeFetcher
from ingest.sources.web import WebConfig, WebSource
from tests.servers.site import WebSite

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


async def first(source: WebSource) -> SourceItem:
    return await anext(aiter(source.discover()))
