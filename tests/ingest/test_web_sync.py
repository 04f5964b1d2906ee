"""A real site, synced: what becomes of documents when pages change, go, fail or move."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
from ingest_world import TODAY, World, statuses
from sync_world import FakeSource, Shelf

from core.domain import Audience, Scope
from ingest.sources.base import SourceItem, SourceLimits, SourceVanishedError
from ingest.sources.web import WebConfig, WebSource, open_web
from tests.servers.site import WebSite, manual_site


class Opened(FakeSource):
    """A web source that is opened anew for each sync."""

    def __init__(self, site: WebSite, workdir: Path, mode: str) -> None:
        super().__init__()
        self._site = site
        self._workdir = workdir
        self._mode = mode
        self._source: WebSource

    async def discover(self) -> AsyncIterator[SourceItem]:
        limits = SourceLimits(allow_hosts=(self._site.host,))
        config = WebConfig.model_validate({"mode": self._mode, "delay_s": 0})
        source = await open_web(self._site.url, config, {}, limits, self._workdir)
        assert isinstance(source, WebSource)
        self._source = source
        async for item in source.discover():
            yield item

    async def head(self, item: SourceItem) -> str:
        return await self._source.head(item)

    async def fetch(self, item: SourceItem) -> bytes:
        self.fetched.append(item.path)
        return await self._source.fetch(item)

    async def close(self) -> None:
        await self._source.close()


@pytest.fixture
def site() -> Iterator[WebSite]:
    with WebSite() as site:
        yield site


@pytest.mark.parametrize("mode", ["sitemap", "crawl"])
async def test_site_is_kept_in_step(world: World, site: WebSite, tmp_path: Path, mode: str) -> None:
    wanted = manual_site(site)
    source = Opened(site, tmp_path / "work", mode)
    shelf = Shelf(world, source)
    assert statuses(await shelf.sync()) == dict.fromkeys(wanted, "indexed")
    await world.publish()
    result = await world.searcher.search(Scope(world.tenant.id, Audience.AGENT), "install", limit=50, today=TODAY)
    assert {p.source: p.url for p in result.passages}["guide/install.html"] == f"{site.url}/guide/install"

    assert (await shelf.sync())["counts"] == {"unchanged": 5} and source.fetched == []

    site.page("/guide/install", "<h1>Install</h1><p>Now in another way.</p>")
    site.status("/guide/upgrade", 410)
    site.status("/internal/faq", 503)
    report = await shelf.sync()
    assert statuses(report) == {
        "guide/install.html": "indexed",
        "guide/upgrade.html": "retired",
        "internal/faq.html": "failed:unavailable",
    }
    assert (
        source.fetched == ["guide/install.html"] and (await world.documents())["internal/faq.html"].status != "retired"
    )

    site.status("/robots.txt", 503)
    with pytest.raises(SourceVanishedError):
        await shelf.sync()
    left = {path for path, document in (await world.documents()).items() if document.status != "retired"}
    assert left == set(wanted) - {"guide/upgrade.html"}
