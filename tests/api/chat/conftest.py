"""A real Chromium on the chat page of a stub service; script errors and foreign requests fail every test."""

from __future__ import annotations

from collections.abc import Iterator

import chat_answers
import pytest
from chat_browser import Chat
from chat_stub import FakeService, serving
from playwright.sync_api import Browser

from tests.servers.browser import chromium, new_page

__all__ = ["chromium"]


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
    watched = Chat(new_page(context), service)
    yield watched
    context.close()
    watched.require_clean()
