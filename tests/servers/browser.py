"""A real Chromium, and a page in it that notes whatever goes wrong."""

from __future__ import annotations

import shutil
from collections.abc import Iterator

import pytest
from playwright.sync_api import (
    Browser,
    BrowserContext,
    ConsoleMessage,
    Dialog,
    Locator,
    Page,
    Playwright,
    Request,
    expect,
)

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
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
TIMEOUT_MS = 60_000

LOW_CONTRAST = """() => {
    const parse = colour => colour.match(/[\\d.]+/g).map(Number);
    const channel = v => (v /= 255) <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4;
    const luminance = ([r, g, b]) => 0.2126 * channel(r) + 0.7152 * channel(g) + 0.0722 * channel(b);
    const background = node => {
        for (let at = node; at; at = at.parentElement) {
            const colour = parse(getComputedStyle(at).backgroundColor);
            if (colour.length === 3 || colour[3] === 1) return colour;
        }
        return [255, 255, 255];
    };
    const low = [];
    const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
    while (walker.nextNode()) {
        const node = walker.currentNode.parentElement;
        const hidden = !node.checkVisibility() || node.closest(".visually-hidden, noscript");
        if (hidden || !walker.currentNode.data.trim()) continue;
        const [a, b] = [luminance(parse(getComputedStyle(node).color)), luminance(background(node))];
        const ratio = (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
        if (ratio < 4.5) low.push(`${ratio.toFixed(2)} ${walker.currentNode.data.trim()}`);
    }
    return low;
}"""
"""WCAG 2.2 relative luminance and contrast of every visible text with the nearest opaque background behind it."""


@pytest.fixture(scope="session")
def chromium(driver: Playwright) -> Iterator[Browser]:
    yield from launched(driver)


def launched(driver: Playwright, *more: str) -> Iterator[Browser]:
    """With these flags, too. Skips the test where there is no browser."""
    executable = next(filter(None, map(shutil.which, NAMES)), None)
    if executable is None:
        pytest.skip("no Chromium or Chrome on PATH: install Debian's chromium package")
    browser = driver.chromium.launch(executable_path=executable, args=[*FLAGS, *more])
    expect.set_options(timeout=TIMEOUT_MS)
    yield browser
    browser.close()


def new_page(context: BrowserContext, *, timeout_ms: int = TIMEOUT_MS) -> Page:
    page = context.new_page()
    page.set_default_timeout(timeout_ms)
    expect.set_options(timeout=timeout_ms)
    return page


class WatchedPage:
    """A page, and what went wrong on it: `strangers` are requests to other origins than its own, `faults` script errors, policy
    violations and dialogs. Chromium logs every failed request by itself; with `may_fail` those are the test's own doing."""

    def __init__(self, page: Page, *origins: str, may_fail: bool = True) -> None:
        self.page = page
        self.strangers: list[str] = []
        self.faults: list[str] = []
        self._origins = origins
        self._may_fail = may_fail
        page.on("request", self._note_request)
        page.on("console", self._note_console)
        page.on("pageerror", lambda error: self.faults.append(str(error)))
        page.on("dialog", self._note_dialog)

    def _note_request(self, request: Request) -> None:
        if not request.url.startswith(self._origins):
            self.strangers.append(request.url)

    def _note_console(self, message: ConsoleMessage) -> None:
        if message.type == "error" and not (self._may_fail and "Failed to load resource" in message.text):
            self.faults.append(message.text)

    def _note_dialog(self, dialog: Dialog) -> None:
        self.faults.append(f"dialog: {dialog.message}")
        dialog.dismiss()

    def require_clean(self) -> None:
        assert self.faults == []
        assert self.strangers == []

    def tab_to(self, target: Locator, *, backwards: bool = False) -> None:
        tab_to(self.page, target, backwards=backwards)


def tab_to(page: Page, target: Locator, *, backwards: bool = False) -> None:
    """Presses Tab until the target has the focus."""
    for _ in range(80):
        if target.evaluate("node => node === node.ownerDocument.activeElement"):
            return
        page.keyboard.press("Shift+Tab" if backwards else "Tab")
    pytest.fail("Tab does not reach the target")
