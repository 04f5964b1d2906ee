"""The chat page as a test drives it."""

from __future__ import annotations

from chat_stub import KEY, FakeService
from playwright.sync_api import Locator, Page, expect

from tests.servers.browser import WatchedPage


class Chat(WatchedPage):
    """The page as a person meets it."""

    def __init__(self, page: Page, service: FakeService) -> None:
        super().__init__(page, service.base_url)
        self.service = service

    def sign_in(self) -> None:
        self.page.goto(self.service.base_url)
        self.page.get_by_label("Access key").fill(KEY)
        self.page.get_by_role("button", name="Sign in").click()

    def ask(self, question: str) -> Locator:
        """Types the question and waits until its answer has ended, well or not. Returns the answer's card."""
        self.page.get_by_label("Your question").fill(question)
        self.page.keyboard.press("Enter")
        return self.settled()

    def settled(self) -> Locator:
        expect(self.page.locator(".answer[aria-busy]")).to_have_count(0)
        return self.page.locator(".answer").last
