"""Whether everyone can use the page: reflow, target sizes, contrast, names, and its weight."""

from __future__ import annotations

import gzip

import pytest
from chat_browser import Chat
from chat_stub import KEY, PAGE, FakeService
from playwright.sync_api import Browser, Page, expect

from tests.servers.browser import LOW_CONTRAST

pytestmark = [pytest.mark.browser, pytest.mark.slow]

SMALL_TARGETS = """() => [...document.querySelectorAll("button, a, input, textarea, .chip")]
    .filter(node => node.checkVisibility() && !node.matches(".chip input, .skip-link"))
    .map(node => [node.outerHTML.slice(0, 80), node.getBoundingClientRect()])
    .filter(([, box]) => box.width < 24 || box.height < 24)
    .map(([html]) => html)"""


def overflow(page: Page) -> int:
    """Pixels by which the page is wider than its window."""
    return page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")


@pytest.mark.parametrize(("width", "height"), [(320, 640), (320, 256)])
def test_page_reflows_without_sideways_scrolling(chat: Chat, width: int, height: int) -> None:
    """320 × 256 CSS pixels are 1280 × 1024 at 400 % zoom."""
    chat.page.set_viewport_size({"width": width, "height": height})
    chat.page.goto(chat.service.base_url)
    assert overflow(chat.page) <= 0
    chat.sign_in()
    assert overflow(chat.page) <= 0
    chat.ask("word" * 100)
    chat.ask("warranty of the scales?").get_by_role("button", name="Hand over to a person").click()
    assert overflow(chat.page) <= 0
    chat.page.locator(".cite").first.click()
    expect(chat.page.get_by_role("dialog")).to_be_visible()
    assert overflow(chat.page) <= 0


def test_focused_field_is_not_covered_by_the_composer(chat: Chat) -> None:
    chat.page.set_viewport_size({"width": 400, "height": 700})
    chat.sign_in()
    answer = chat.ask("How?")
    for button in answer.get_by_role("button").all():
        button.focus()
        covered = button.evaluate(
            """node => {
                const box = node.getBoundingClientRect();
                return !node.contains(document.elementFromPoint(box.x + box.width / 2, box.y + box.height / 2));
            }"""
        )
        assert not covered, button.inner_text()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_contrast_and_targets_meet_wcag(chromium: Browser, service: FakeService, scheme: str) -> None:
    context = chromium.new_context(color_scheme=scheme, reduced_motion="reduce")
    chat = Chat(context.new_page(), service)
    chat.page.goto(service.base_url)
    found = chat.page.evaluate(LOW_CONTRAST)
    chat.sign_in()
    found += chat.page.evaluate(LOW_CONTRAST)
    for question in ("How?", "refuse this", "degraded please", "broken one", "warranty of the scales?"):
        chat.ask(question)
    chat.page.get_by_role("button", name="Not helpful").first.click()
    chat.page.get_by_role("button", name="Hand over to a person").last.click()
    expect(chat.page.get_by_label("How can we reach you?")).to_be_visible()
    found += chat.page.evaluate(LOW_CONTRAST)
    small = chat.page.evaluate(SMALL_TARGETS)
    chat.page.locator(".cite").first.click()
    found += chat.page.evaluate(LOW_CONTRAST)
    context.close()
    assert found == []
    assert small == []


def test_every_control_has_a_name(chat: Chat) -> None:
    chat.page.goto(f"{chat.service.base_url}/#key={KEY}")
    chat.ask("How?").get_by_role("button", name="Not helpful").click()
    snapshot = chat.page.locator("#chat").aria_snapshot()
    nameless = [
        line
        for line in snapshot.splitlines()
        if line.strip().rstrip(":") in {"- button", "- textbox", "- radio", "- link"}
    ]
    assert nameless == []
    assert '- button "Send"' in snapshot


def test_motion_stops_when_the_reader_asks_for_it(chromium: Browser, service: FakeService) -> None:
    service.pause = 0.4
    context = chromium.new_context(reduced_motion="reduce")
    page = context.new_page()
    page.goto(f"{service.base_url}/#key={KEY}")
    page.get_by_label("Your question").fill("How?")
    page.keyboard.press("Enter")
    expect(page.locator(".pulse")).to_be_visible()
    running = page.evaluate("document.getAnimations().length")
    context.close()
    assert running == 0


def test_page_weighs_less_than_45_kb_compressed() -> None:
    files = [path for path in PAGE.iterdir() if path.suffix in {".html", ".js", ".css", ".svg"}]
    assert sum(len(gzip.compress(path.read_bytes())) for path in files) <= 45_000


def test_sources_never_parse_text_as_html() -> None:
    for path in PAGE.glob("*.js"):
        source = path.read_text(encoding="utf-8")
        for sink in (
            "innerHTML",
            "outerHTML",
            "insertAdjacentHTML",
            "document.write",
            "DOMParser",
            "eval(",
            "new Function",
        ):
            assert sink not in source, f"{path.name} uses {sink}"
