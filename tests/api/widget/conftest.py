"""A running widget service for each test; a real Chromium on a host's page of another origin."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Playwright
from widget_browser import Portal, visiting
from widget_service import WidgetService, limited, migrated, serving

from tests.servers.browser import launched

# The last of these counts: Playwright's own list switches the partitioning of storage off, which every visitor's browser has, and
# without which a frame of another site has no storage at all.
FEATURES = "--disable-features=MediaRouter,OptimizationHints,HttpsUpgrades,AimEnabled"


@pytest.fixture(scope="session")
def chromium(driver: Playwright) -> Iterator[Browser]:
    yield from launched(driver, FEATURES)


@pytest.fixture(scope="session")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A migrated database to copy, made in a thread: the browser's driver keeps an event loop running in this one."""
    file = tmp_path_factory.mktemp("widget") / "template.db"
    with ThreadPoolExecutor(1) as thread:
        thread.submit(migrated, file).result()
    return file


@pytest.fixture
def service(quick_folder: Path, template: Path) -> Iterator[WidgetService]:
    with serving(quick_folder, template) as running:
        yield running


@pytest.fixture(scope="module")
def standing(tmp_path_factory: pytest.TempPathFactory, template: Path) -> Iterator[WidgetService]:
    """One service for tests that change nothing of each other's."""
    with serving(tmp_path_factory.mktemp("standing"), template) as running:
        yield running


@pytest.fixture
def portal(chromium: Browser, service: WidgetService) -> Iterator[Portal]:
    with visiting(chromium, service) as watched:
        yield watched


@pytest.fixture(scope="module")
def roomy(tmp_path_factory: pytest.TempPathFactory, template: Path) -> Iterator[WidgetService]:
    """As `standing`, with limits that a file of tests does not meet."""
    wide = limited(sessions_per_ip=10_000, questions_per_visitor=10_000, questions_per_ip=10_000, max_per_tenant=10_000)
    with serving(tmp_path_factory.mktemp("roomy"), template, wide) as running:
        yield running
