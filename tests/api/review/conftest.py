"""A real Chromium on the review page; script errors, policy violations and foreign requests fail every test."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect, sync_playwright
from review_browser import Desk
from review_service import ReviewService, migrated, serving

FLAGS = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


@pytest.fixture(scope="session")
def chromium() -> Iterator[Browser]:
    executable = shutil.which("chromium")
    if executable is None:
        pytest.skip("no chromium on PATH: install Debian's chromium package")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=executable, args=FLAGS)
        yield browser
        browser.close()


@pytest.fixture(scope="session")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A migrated database to copy, made in a thread: the browser's driver keeps an event loop running in this one."""
    file = tmp_path_factory.mktemp("review") / "template.db"
    with ThreadPoolExecutor(1) as thread:
        thread.submit(migrated, file).result()
    return file


@pytest.fixture
def service(quick_folder: Path, template: Path) -> Iterator[ReviewService]:
    with serving(quick_folder, template) as running:
        yield running


@pytest.fixture
def desk(chromium: Browser, service: ReviewService) -> Iterator[Desk]:
    context = chromium.new_context(viewport={"width": 1100, "height": 860}, locale="en-GB")
    page = context.new_page()
    page.set_default_timeout(60_000)
    expect.set_options(timeout=60_000)
    watched = Desk(page, service)
    watched.watch()
    yield watched
    context.close()
    assert watched.faults == []
    assert watched.strangers == []
