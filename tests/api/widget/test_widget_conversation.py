"""What a visitor is told and offered, in a real browser on a partner's page: choices, honest endings, limits in kind words."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect
from widget_browser import Portal, visiting
from widget_service import limited, serving

from core.settings import Settings

pytestmark = [pytest.mark.browser, pytest.mark.slow]

Under = Callable[[Settings], Portal]


@pytest.fixture
def under(chromium: Browser, quick_folder: Path, template: Path) -> Iterator[Under]:
    """A portal of a service with settings of the test's own."""
    with ExitStack() as stack:
        yield lambda settings: stack.enter_context(
            visiting(chromium, stack.enter_context(serving(quick_folder, template, settings)))
        )


def test_suggestions_and_choices_are_buttons_that_ask(portal: Portal) -> None:
    words = {"en": {"suggestions": ["How do I clear the queue?", "which version?"]}}
    portal.open(f"?widget={portal.service.new_widget(theme={'words': words})}")
    examples = portal.frame.get_by_role("list", name="For example").get_by_role("button")
    assert examples.all_inner_texts() == words["en"]["suggestions"]
    examples.nth(1).click()
    answer = portal.settled()
    expect(answer).to_contain_text("Which one do you mean?")
    choices = answer.get_by_role("navigation", name="Choose one").get_by_role("button")
    assert choices.all_inner_texts() == ["7.0 to 7.3", "7.4 and later"]
    portal.tab_to(choices.nth(1), backwards=True)
    portal.page.keyboard.press("Enter")
    expect(portal.frame.locator(".question").last).to_have_text("7.4 and later")
    portal.settled()
    first, second = portal.service.pipeline.asked
    assert (first.text, second.text) == ("which version?", "7.4 and later")
    assert second.conversation_id is not None


def test_every_ending_is_said_for_what_it_is(portal: Portal) -> None:
    portal.open()
    for question, said, sources in (
        ("unknown thing", "No reliable answer found", 0),
        ("refused thing", "This question cannot be answered here", 0),
        ("degraded thing", "Answered without the language model.", 1),
        ("partly known", "Answered in part.", 1),
        ("broken thing", "Something went wrong on our side.", 0),
    ):
        answer = portal.ask(question)
        expect(answer.locator(".banner")).to_contain_text(said)
        expect(answer.locator(".sources")).to_have_count(sources)
    unknown = portal.frame.locator(".answer").first
    expect(unknown.get_by_role("link", name="POS sync conflict (in a new tab)")).to_be_visible()
    expect(unknown.locator(".actions button").first).to_have_text("Hand over to a person")
    expect(unknown).to_contain_text("I can hand this over to a person")


def test_an_answer_is_copied_with_its_sources(portal: Portal) -> None:
    portal.page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    portal.open()
    answer = portal.ask("How?")
    answer.get_by_role("button", name="Copy").click()
    expect(portal.frame.get_by_role("status")).to_have_text("Copied, with its sources.")
    portal.page.locator("h1").click()
    copied = portal.page.evaluate("() => navigator.clipboard.readText()")
    assert copied.startswith("A till shows **SYNC-409**")
    assert copied.endswith("[1] POS sync conflict – https://docs.example/runbooks/pos-sync")


def test_what_was_stopped_or_failed_is_asked_again_at_a_press(portal: Portal) -> None:
    portal.service.pipeline.pause = 1.0
    portal.open()
    portal.question.fill("slow one")
    portal.question.press("Enter")
    portal.frame.get_by_role("button", name="Stop").click()
    stopped = portal.settled()
    expect(stopped).to_contain_text("You stopped this answer")
    portal.service.pipeline.pause = 0.0
    stopped.get_by_role("button", name="Ask again").click()
    expect(portal.settled()).to_contain_text("Stop the sync agent before you clear the queue")
    failed = portal.ask("broken thing")
    failed.get_by_role("button", name="Try again").click()
    portal.settled()
    assert [asked.text for asked in portal.service.pipeline.asked] == ["slow one"] * 2 + ["broken thing"] * 2


def test_a_message_that_is_too_long_comes_back_with_a_kind_word(portal: Portal) -> None:
    portal.open()
    answer = portal.ask("x" * 40_001)
    expect(answer).to_contain_text("Your message is too long. Please shorten it, then send it again.")
    expect(portal.question).to_have_value("x" * 40_001)
    assert portal.service.pipeline.asked == []
    portal.ask("x" * 40_000)
    assert [len(asked.text) for asked in portal.service.pipeline.asked] == [40_000]


def test_a_body_above_the_services_limit_is_said_kindly(under: Under) -> None:
    settings = Settings()
    small = settings.server.model_copy(update={"max_body_bytes": 3000})
    portal = under(settings.model_copy(update={"server": small}))
    portal.open()
    answer = portal.ask("x" * 5000)
    expect(answer).to_contain_text("Your message is too long.")
    expect(answer).not_to_contain_text("COPILOT_")
    assert portal.service.pipeline.asked == []


@pytest.mark.parametrize(
    ("setting", "lang", "said"),
    [
        ("questions_per_session", "en", "Too many questions just now. Please wait 60 seconds, then try again."),
        ("questions_per_visitor", "de", "Gerade zu viele Fragen. Bitte warten Sie 60 Sekunden"),
        ("questions_per_day", "en", "This chat has answered all it may today. Please come back tomorrow"),
    ],
)
def test_a_limit_is_said_kindly_and_in_the_visitors_language(under: Under, setting: str, lang: str, said: str) -> None:
    portal = under(limited(**{setting: 1}))
    portal.open(f"?lang={lang}")
    portal.ask("First?")
    answer = portal.ask("Second?")
    expect(answer).to_contain_text(said)
    expect(answer).not_to_contain_text(re.compile("COPILOT_|a minute here"))


def test_a_browser_does_the_work_that_it_is_challenged_to(under: Under) -> None:
    portal = under(limited(challenge_bits=10))
    portal.open()
    expect(portal.ask("How?")).to_contain_text("A till shows SYNC-409")
    assert len(portal.service.pipeline.asked) == 1


def test_hostile_markdown_from_a_document_does_nothing_and_leads_nowhere(portal: Portal) -> None:
    portal.open()
    answer = portal.ask("hostile document")
    assert answer.locator("img, script, iframe, form, input, style, object, embed, a, [onerror], [onload]").count() == 0
    expect(answer).to_contain_text("<script>")  # shown as what it is
    expect(portal.frame.get_by_text("You are chatting with an AI assistant.").last).to_be_visible()
    answer.locator(".cite").first.click()
    card = portal.frame.get_by_role("dialog")
    expect(card.locator("h2")).to_contain_text("<b onmouseover=")
    card.locator("h2").hover()
    assert card.locator("a, img, script, b").count() == 0
    for frame in (portal.page.main_frame, portal.panel):
        assert frame.evaluate("() => window.stolen") is None
    portal.page.reload()
    portal.frame.locator(".launcher").click()
    expect(portal.frame.locator(".turn")).to_have_count(1)
    assert portal.frame.locator(".answer :is(img, script, iframe, a)").count() == 0
