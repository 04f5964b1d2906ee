"""A real Chromium on the chat page of a stub service; script errors and foreign requests fail every test."""

from __future__ import annotations

import shutil
from collections.abc import Iterator

import chat_answers
import pytest
from chat_browser import Chat
from chat_stub import FakeService, serving
from playwright.sync_api import Browser, expect, sync_playwright

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


@pytest.fixture
def service() -> Iterator[FakeService]:
    with serving(FakeService(chat_answers.script)) as running:
        yield running


@pytest.fixture
def chat(chromium: Browser, service: FakeService) -> Iterator[Chat]:
    """The sign-in page's owner; fails the test on any script error, policy violation or foreign request."""
    context = chromium.new_context(
        viewport={"width": 1100, "height": 860}, locale="en-GB", permissions=["clipboard-read", "clipboard-write"]
    )
    page = context.new_page()
    page.set_default_timeout(60_000)
    expect.set_options(timeout=60_000)
    watched = Chat(page, service)
    watched.watch()
    yield watched
    context.close()
    assert watched.faults == []
    assert watched.strangers == []
