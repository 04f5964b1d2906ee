"""What may come next, in a real browser: choices as buttons, the closest documents as links that look like no sources."""

from __future__ import annotations

import pytest
from chat_browser import Chat
from playwright.sync_api import expect

pytestmark = [pytest.mark.browser, pytest.mark.slow]


def test_a_choice_is_taken_by_keyboard_and_sent_as_the_next_message(chat: Chat) -> None:
    chat.sign_in()
    answer = chat.ask("which gateway?")
    expect(answer).to_contain_text("Which one do you mean?")
    expect(answer).not_to_contain_text("No reliable answer found")
    choices = answer.get_by_role("navigation", name="Choose one").get_by_role("button")
    assert choices.all_inner_texts() == ["7.0 to 7.3", "7.4 and later"]
    chat.tab_to(choices.nth(1), backwards=True)
    chat.page.keyboard.press("Enter")
    expect(chat.page.locator(".question").last).to_have_text("7.4 and later")
    chat.settled()
    assert chat.service.asked[-1] == {"question": "7.4 and later", "conversation_id": "con_1"}


def test_the_closest_documents_are_links_and_no_sources(chat: Chat) -> None:
    chat.sign_in()
    answer = chat.ask("nearly there")
    expect(answer.get_by_role("heading", name="Closest documents, not an answer")).to_be_visible()
    link = answer.get_by_role("link", name="POS sync conflict (in a new tab)")
    expect(link).to_have_attribute("href", "https://docs.example/runbooks/pos-sync")
    expect(answer).to_contain_text("Clearing the queue")
    expect(answer.locator(".sources")).to_have_count(0)


def test_a_title_is_text_and_an_odd_address_no_link(chat: Chat) -> None:
    chat.sign_in()
    answer = chat.ask("nearly there")
    expect(answer.get_by_text("<b>Service</b> levels")).to_be_visible()
    expect(answer.locator(".closest a")).to_have_count(1)


def test_a_greeting_needs_no_banner_and_a_partial_answer_has_one(chat: Chat) -> None:
    chat.sign_in()
    expect(chat.ask("hello").locator(".banner")).to_have_count(0)
    expect(chat.ask("both of them").locator(".banner")).to_contain_text("Answered in part.")
