"""A partner's page with the widget on it, as a test drives it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from playwright.sync_api import Browser, Frame, FrameLocator, Locator, Page, expect
from widget_service import WidgetService

from tests.servers.browser import WatchedPage, new_page

AXE = Path(__file__).parent / "axe" / "axe.min.js"
TAGS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]


@contextmanager
def visiting(browser: Browser, service: WidgetService, **more: Any) -> Iterator[Portal]:
    """A partner's page with the widget; script errors, policy violations and foreign requests fail the test."""
    given: dict[str, Any] = {"viewport": {"width": 1100, "height": 860}, "locale": "en-GB", **more}
    context = browser.new_context(**given)
    watched = Portal(new_page(context, timeout_ms=30_000), service)
    yield watched
    context.close()
    watched.require_clean()


class Portal(WatchedPage):
    """The page around, the frame in it, and what went wrong on either."""

    def __init__(self, page: Page, service: WidgetService) -> None:
        super().__init__(page, service.own, service.host)
        self.service = service

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

    def bring_axe(self) -> None:
        """Into every page from the next one on, past its content policy."""
        self.page.add_init_script(path=AXE)

    def violations(self, where: Frame | None = None) -> list[str]:
        """What axe-core finds, inside the panel's frame unless told where, as `rule: target`; of what has faded in, not of what
        is about to."""
        frame = where or self.panel
        frame.evaluate(
            """() => Promise.all(document.getAnimations()
                .filter(one => Number.isFinite(one.effect.getComputedTiming().endTime))
                .map(one => one.finished.catch(() => null)))"""
        )
        found = frame.evaluate("tags => axe.run(document, {runOnly: tags})", TAGS)
        return [
            f"{rule['id']}: {node['target']} {node['failureSummary'][:200]}"
            for rule in found["violations"]
            for node in rule["nodes"]
        ]
