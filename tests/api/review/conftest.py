"""A real Chromium on the review page; script errors, policy violations and foreign requests fail every test."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from playwright.sync_api import Browser
from review_browser import NEW, OLD, Desk
from review_service import ReviewService, migrated, serving

from tests.servers.browser import chromium, new_page

__all__ = ["chromium"]


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
    watched = Desk(new_page(context), service)
    yield watched
    context.close()
    watched.require_clean()


@pytest.fixture
def changed(service: ReviewService) -> str:
    """A published document whose change waits for a second person; its id."""
    document = service.upload("till.md", OLD)
    service.publish()
    service.call("bob", "PATCH", "/v1/corpora/manuals", {"requires_approval": True})
    service.upload("till.md", NEW)
    return str(document["id"])
