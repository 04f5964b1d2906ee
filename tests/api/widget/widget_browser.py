"""A partner's page with the widget on it, as a test drives it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, ConsoleMessage, Frame, FrameLocator, Locator, Page, Request, expect
from widget_service import WidgetService

AXE = Path(__file__).parent / "axe" / "axe.min.js"
TAGS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]


@contextmanager
def visiting(browser: Browser, service: WidgetService, **more: Any) -> Iterator[Portal]:
    """A partner's page with the widget; script errors, policy violations and foreign requests fail the test."""
    given: dict[str, Any] = {"viewport": {"width": 1100, "height": 860}, "locale": "en-GB", **more}
    context = browser.new_context(**given)
    page = context.new_page()
    page.set_default_timeout(30_000)
    expect.set_options(timeout=20_000)
    watched = Portal(page, service)
    watched.watch()
    yield watched
    context.close()
    assert watched.faults == []
    assert watched.strangers == []


@dataclass
class Portal:
    """The page around, the frame in it, and what went wrong on either."""

    page: Page
    service: WidgetService
    faults: list[str] = field(default_factory=list)
    strangers: list[str] = field(default_factory=list)

    def watch(self) -> None:
        self.page.on("request", self._note_request)
        self.page.on("console", self._note_console)
        self.page.on("pageerror", lambda error: self.faults.append(str(error)))

    def _note_request(self, request: Request) -> None:
        if not request.url.startswith((self.service.own, self.service.host)):
            self.strangers.append(request.url)

    def _note_console(self, message: ConsoleMessage) -> None:
        # Chromium logs every failed request by itself; those are the tests' own doing.
        if message.type == "error" and "Failed to load resource" not in message.text:
            self.faults.append(message.text)

    @property
    def frame(self) -> FrameLocator:
        return self.page.frame_locator("iframe")

    @property
    def panel(self) -> Frame:
        """The frame for scripts of a test's own."""
        return next(frame for frame in self.page.frames if "/widget/v1/panel" in frame.url)

    def open(self, query: str = "") -> None:
        self.page.goto(f"{self.service.host}/{query}")
        self.frame.locator(".launcher").click()
        expect(self.question).to_be_focused()

    @property
    def question(self) -> Locator:
        return self.frame.locator("#question")

    def ask(self, text: str) -> Locator:
        """The answer's card, once it has ended, well or not."""
        self.question.fill(text)
        self.question.press("Enter")
        return self.settled()

    def settled(self) -> Locator:
        expect(self.frame.locator(".answer[aria-busy]")).to_have_count(0)
        return self.frame.locator(".answer").last

    def command(self, name: str, *more: Any) -> None:
        self.page.evaluate("([name, ...more]) => { Copilot(name, ...more); }", [name, *more])

    def kept(self) -> list[str]:
        """Names of what the browser keeps for the panel's origin."""
        found: list[str] = self.frame.locator("body").evaluate("() => Object.keys(localStorage)")
        return found

    def tab_to(self, target: Locator, *, backwards: bool = False) -> None:
        for _ in range(60):
            if target.evaluate("node => node === node.ownerDocument.activeElement"):
                return
            self.page.keyboard.press("Shift+Tab" if backwards else "Tab")
        pytest.fail("Tab does not reach the target")

    def bring_axe(self) -> None:
        """Into every page from the next one on, past its content policy."""
        self.page.add_init_script(path=AXE)

    def violations(self, where: Frame | None = None) -> list[str]:
        """What axe-core finds, inside the panel's frame unless told where, as `rule: target`."""
        found = (where or self.panel).evaluate("tags => axe.run(document, {runOnly: tags})", TAGS)
        return [
            f"{rule['id']}: {node['target']} {node['failureSummary'][:200]}"
            for rule in found["violations"]
            for node in rule["nodes"]
        ]
