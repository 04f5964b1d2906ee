"""The review page for everybody: contrast, targets, reflow; what it weighs, and what its sources never do."""

from __future__ import annotations

import gzip
import re

import pytest
from playwright.sync_api import Browser, Page, expect
from review_browser import Desk
from review_service import ReviewService

from api.routes import chat, review
from tests.servers.browser import LOW_CONTRAST

SMALL_TARGETS = """() => [...document.querySelectorAll("button, nav a, .row a, input, textarea, summary")]
    .filter(node => node.checkVisibility())
    .map(node => [node.outerHTML.slice(0, 80), node.getBoundingClientRect()])
    .filter(([, box]) => box.width < 24 || box.height < 20)
    .map(([html]) => html)"""


def overflow(page: Page) -> int:
    """Pixels by which the page is wider than its window."""
    return int(page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth"))


@pytest.mark.browser
@pytest.mark.slow
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_contrast_targets_names_and_reflow(
    chromium: Browser, service: ReviewService, changed: str, scheme: str
) -> None:
    service.call("ada", "POST", f"/v1/documents/{changed}/comments", {"text": "word" * 60})
    context = chromium.new_context(
        color_scheme=scheme,  # type: ignore[arg-type]
        reduced_motion="reduce",
        viewport={"width": 320, "height": 640},
    )
    desk = Desk(context.new_page(), service)
    desk.sign_in()
    low: list[str] = []
    small: list[str] = []
    nameless: list[str] = []
    for view in ("in_review", "draft", f"document/{changed}", "releases"):
        desk.open(view)
        expect(desk.page.locator("#view > *").nth(1)).to_be_visible()
        assert overflow(desk.page) <= 0, view
        low += desk.page.evaluate(LOW_CONTRAST)
        small += desk.page.evaluate(SMALL_TARGETS)
        lines = desk.page.locator("#desk").aria_snapshot().splitlines()
        nameless += [
            line for line in lines if line.strip().rstrip(":") in {"- button", "- textbox", "- checkbox", "- link"}
        ]
    desk.press("Publish what is approved")
    low += desk.page.evaluate(LOW_CONTRAST)
    assert overflow(desk.page) <= 0
    context.close()
    assert (low, small, nameless) == ([], [], [])


def test_the_page_weighs_less_than_25_kb_compressed() -> None:
    shared = [chat.FOLDER / name for name in ("chat.css", "dom.js", "faults.js", "session.js", "icon.svg")]
    files = [*review.FOLDER.iterdir(), *shared]
    assert sum(len(gzip.compress(path.read_bytes())) for path in files) < 25_000


def test_its_sources_never_parse_text_as_html_and_hold_no_inline_script() -> None:
    for path in review.FOLDER.glob("*.js"):
        source = path.read_text(encoding="utf-8")
        for sink in (
            "innerHTML",
            "outerHTML",
            "insertAdjacentHTML",
            "document.write",
            "eval(",
            "new Function",
            "DOMParser",
        ):
            assert sink not in source, f"{path.name} uses {sink}"
    page = (review.FOLDER / "index.html").read_text(encoding="utf-8")
    assert re.findall(r"<script(?![^>]*\bsrc=)|\son\w+=|\sstyle=", page) == []
