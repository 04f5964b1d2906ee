"""A partner's whole visit to the chat page of the real demo, by keyboard alone, in a real Chromium.

With UPDATE_SCREENSHOTS=1 it also takes the pictures of the docs: `docs/images/chat.png` and `docs/images/chat-narrow.png`.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Locator, Page, ViewportSize, expect

from tests.servers.browser import WatchedPage, chromium, new_page, tab_to
from tests.servers.demo import Demo

__all__ = ["chromium"]

pytestmark = [pytest.mark.browser, pytest.mark.slow]

ROOT = Path(__file__).parents[2]
WIDE, NARROW = ViewportSize(width=1280, height=900), ViewportSize(width=320, height=900)
TIMEOUT_MS = 60_000
UNKNOWN = "What is the airspeed of an unladen swallow over Lake Titicaca?"
SHOWN = "Which response times apply to a P1 ticket?"
QUESTION = "Your question"


@pytest.fixture
def page(chromium: Browser, demo: Demo) -> Iterator[Page]:
    """Fails the test on any script error, policy violation, dialog or request to another origin."""
    context = chromium.new_context(viewport=WIDE, locale="en-GB")
    watched = WatchedPage(new_page(context, timeout_ms=TIMEOUT_MS), demo.url, may_fail=False)
    yield watched.page
    context.close()
    watched.require_clean()


def visit(page: Page, demo: Demo, tenant: str = "corvane") -> None:
    page.goto(f"{demo.url}/#key={demo.keys[tenant]}")
    expect(page.get_by_label(QUESTION)).to_be_focused()
    assert demo.keys[tenant] not in page.url


def asked(page: Page, question: str) -> Locator:
    """Types into whatever has the focus, as somebody who has just arrived would; the answer's card when it has ended."""
    before = page.locator(".answer").count()
    page.keyboard.type(question)
    page.keyboard.press("Enter")
    expect(page.locator(".answer")).to_have_count(before + 1)
    expect(page.locator(".answer[aria-busy]")).to_have_count(0)
    return page.locator(".answer").last


def opened_source(page: Page, answer: Locator) -> Locator:
    """The card of the answer's first source, reached and opened by keyboard."""
    marker = answer.locator(".cite").first
    tab_to(page, marker, backwards=True)
    page.keyboard.press("Enter")
    card = page.get_by_role("dialog")
    expect(card).to_be_visible()
    return card


def fits(page: Page) -> bool:
    return bool(page.evaluate("document.documentElement.scrollWidth <= document.documentElement.clientWidth"))


def picture(page: Page, name: str) -> None:
    """Kept where UPDATE_SCREENSHOTS is set; taken in any case, so that this path cannot rot."""
    page.evaluate("document.fonts.ready")
    shot = page.screenshot(animations="disabled")
    if os.environ.get("UPDATE_SCREENSHOTS") == "1":
        folder = ROOT / "docs" / "images"
        folder.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(shot)


def test_a_visit_by_keyboard_alone(page: Page, demo: Demo) -> None:
    visit(page, demo)
    answer = asked(page, SHOWN)
    expect(answer).to_have_attribute("data-outcome", "answered")
    expect(answer.get_by_role("row", name=re.compile("P1.*30 minutes"))).to_be_visible()
    expect(answer.get_by_text("Sources", exact=True)).to_be_visible()

    card = opened_source(page, answer)
    expect(card.get_by_role("heading", level=2)).to_be_focused()
    quote = card.locator("blockquote mark").inner_text()
    assert "P1" in quote
    page.keyboard.press("Escape")
    expect(card).to_be_hidden()
    expect(answer.locator(".cite").first).to_be_focused()

    up = answer.get_by_role("button", name="Helpful", exact=True)
    tab_to(page, up)
    page.keyboard.press("Space")
    expect(up).to_have_attribute("aria-pressed", "true")
    expect(page.get_by_role("status")).to_have_text("Thank you for the feedback.")


def test_what_the_documents_do_not_say_is_handed_over_to_a_person(page: Page, demo: Demo) -> None:
    visit(page, demo)
    answer = asked(page, UNKNOWN)
    expect(answer).to_have_attribute("data-outcome", "abstained")
    expect(answer).to_contain_text("No reliable answer found")
    expect(answer.locator(".cite")).to_have_count(0)
    expect(answer.get_by_text("Sources", exact=True)).to_have_count(0)

    tab_to(page, answer.get_by_role("button", name="Hand over to a person"), backwards=True)
    page.keyboard.press("Enter")
    expect(answer.get_by_label("How can we reach you?")).to_be_focused()
    page.keyboard.type("kim@example.com")
    tab_to(page, answer.get_by_role("button", name="Hand over", exact=True))
    page.keyboard.press("Enter")
    expect(answer).to_contain_text(re.compile(r"Your case number is C-\d+"))


def test_a_reload_keeps_the_sign_in_and_signing_out_ends_it(page: Page, demo: Demo) -> None:
    visit(page, demo)
    page.reload()
    expect(page.get_by_label(QUESTION)).to_be_visible()
    expect(asked_after_reload(page)).to_have_attribute("data-outcome", "answered")
    page.get_by_role("button", name="Sign out").click()
    page.reload()
    expect(page.get_by_label("Access key")).to_be_visible()


def asked_after_reload(page: Page) -> Locator:
    page.get_by_label(QUESTION).focus()
    return asked(page, SHOWN)


def test_each_example_question_is_answered_with_sources(page: Page, demo: Demo) -> None:
    visit(page, demo)
    examples = page.locator("#suggestions button").all_inner_texts()
    assert len(examples) == 3
    for example in examples:
        answer = asked(page, example)
        expect(answer).to_have_attribute("data-outcome", "answered")
        assert answer.locator(".cite").count() >= 1
        assert fits(page)


def test_a_command_within_a_step_stands_on_a_line_of_its_own(page: Page, demo: Demo) -> None:
    visit(page, demo)
    answer = asked(page, "How do I clear a POS sync conflict in a store?")
    lines = answer.locator("ol > li").first.inner_text().splitlines()
    assert [line for line in lines if "corvane-sync.exe" in line] == [
        r".\corvane-sync.exe conflicts list --store 0417 --format table"
    ]


def test_pictures_of_an_answer_with_its_source(page: Page, demo: Demo) -> None:
    visit(page, demo)
    card = opened_source(page, asked(page, SHOWN))
    expect(card).to_be_in_viewport(ratio=0.99)
    assert fits(page)
    picture(page, "chat.png")
    page.keyboard.press("Escape")

    page.set_viewport_size(NARROW)
    assert fits(page)
    page.locator(".answer").last.scroll_into_view_if_needed()
    picture(page, "chat-narrow.png")
