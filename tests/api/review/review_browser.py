"""The review page as a test drives it."""

from __future__ import annotations

from typing import Any

from playwright.sync_api import Locator, Page, Route, expect
from review_service import ReviewService

from tests.servers.browser import WatchedPage

HOSTILE = "<img src=x onerror=alert(1)><script>alert(2)</script>"
OLD = "# Till manual\n\nHold both keys for eleven seconds.\n\nThen wait.\n"
NEW = OLD.replace("eleven", "nineteen")


class Desk(WatchedPage):
    """The page as a person meets it."""

    def __init__(self, page: Page, service: ReviewService) -> None:
        super().__init__(page, service.base_url)
        self.service = service

    def sign_in(self, person: str = "bob", view: str = "in_review") -> None:
        self.page.goto(f"{self.service.base_url}/review")
        self.page.get_by_label("Access key").fill(self.service.keys[person])
        self.page.get_by_role("button", name="Sign in").click()
        expect(self.page.locator("#view h2")).to_be_visible()
        if view != "in_review":
            self.open(view)

    def open(self, view: str) -> None:
        self.page.evaluate("view => { location.hash = `#/${view}`; }", view)
        self.settled()

    def settled(self) -> None:
        expect(self.page.locator("#view h2")).to_be_visible()
        expect(self.page.locator("#view[aria-busy]")).to_have_count(0)

    @property
    def dialog(self) -> Locator:
        return self.page.get_by_role("dialog")

    def press(self, button: str) -> None:
        self.page.get_by_role("button", name=button, exact=True).click()

    def said(self, text: str) -> None:
        expect(self.page.get_by_role("status")).to_have_text(text)

    def answering(self, path: str, status: int, body: dict[str, Any]) -> None:
        """The next calls to `path` are answered so."""

        def fulfil(route: Route) -> None:
            route.fulfill(status=status, json=body)

        self.page.route(f"**{path}", fulfil)
