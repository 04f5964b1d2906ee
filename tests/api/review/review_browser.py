"""The review page as a test drives it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import pytest
from playwright.sync_api import ConsoleMessage, Dialog, Locator, Page, Request, Route, expect
from review_service import ReviewService


@dataclass
class Desk:
    """The page as a person meets it, and what went wrong on it."""

    page: Page
    service: ReviewService
    strangers: list[str] = field(default_factory=list)
    """Requests to any other origin."""
    faults: list[str] = field(default_factory=list)
    """Script errors, policy violations and dialogs."""

    def watch(self) -> None:
        self.page.on("request", self._note_request)
        self.page.on("console", self._note_console)
        self.page.on("pageerror", lambda error: self.faults.append(str(error)))
        self.page.on("dialog", self._note_dialog)

    def _note_request(self, request: Request) -> None:
        if not request.url.startswith(self.service.base_url):
            self.strangers.append(request.url)

    def _note_console(self, message: ConsoleMessage) -> None:
        # Chromium logs every failed request by itself; those are the tests' own doing.
        if message.type == "error" and "Failed to load resource" not in message.text:
            self.faults.append(message.text)

    def _note_dialog(self, dialog: Dialog) -> None:
        self.faults.append(f"dialog: {dialog.message}")
        dialog.dismiss()

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

    def tab_to(self, target: Locator) -> None:
        """Presses Tab until the target has the focus."""
        for _ in range(60):
            if target.evaluate("node => node === document.activeElement"):
                return
            self.page.keyboard.press("Tab")
        pytest.fail("Tab does not reach the target")
