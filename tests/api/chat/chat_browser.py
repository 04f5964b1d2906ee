"""The chat page as a test drives it."""

from __future__ import annotations

from dataclasses import dataclass, field

import pytest
from chat_stub import KEY, FakeService
from playwright.sync_api import ConsoleMessage, Dialog, Locator, Page, Request, expect


@dataclass
class Chat:
    """The page as a person meets it, and what went wrong on it."""

    page: Page
    service: FakeService
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

    def tab_to(self, target: Locator, *, backwards: bool = False) -> None:
        """Presses Tab until the target has the focus."""
        for _ in range(60):
            if target.evaluate("node => node === document.activeElement"):
                return
            self.page.keyboard.press("Shift+Tab" if backwards else "Tab")
        pytest.fail("Tab does not reach the target")
