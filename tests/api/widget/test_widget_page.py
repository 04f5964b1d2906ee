"""The widget in a real browser, on a partner's page of another origin: from the launcher to the case number."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import expect
from widget_browser import Portal

from core.domain import Audience

pytestmark = [pytest.mark.browser, pytest.mark.slow]

DISCLOSURE = "You are chatting with an AI assistant."


def test_a_visitor_asks_reads_the_source_votes_and_hands_over(portal: Portal) -> None:
    service = portal.service
    portal.open()
    expect(portal.frame.get_by_text(DISCLOSURE).first).to_be_in_viewport()
    answer = portal.ask("The till shows SYNC-409. What now?")
    expect(answer).to_contain_text("Stop the sync agent before you clear the queue")
    answer.get_by_role("button", name="Source 1: POS sync conflict").first.click()
    card = portal.frame.get_by_role("dialog")
    expect(card).to_contain_text("or half-written tickets are sent twice")
    expect(card).to_contain_text("1 March 2026")
    portal.page.keyboard.press("Escape")
    expect(card).to_be_hidden()

    answer.get_by_role("button", name="Not helpful").click()
    answer.get_by_label("Outdated").check()
    answer.get_by_role("button", name="Send feedback").click()
    expect(answer).to_contain_text("Your feedback goes to the people who keep the documents.")
    answer.get_by_role("button", name="Hand over to a person").click()
    answer.get_by_label("How can we reach you?").fill("kim@example.com")
    expect(answer.get_by_label("This conversation is passed on")).to_have_value(
        re.compile("SYNC-409.*Answer: A till", re.S)
    )
    answer.get_by_role("button", name="Hand over", exact=True).click()
    expect(answer.get_by_role("alert")).to_have_text("Please agree first, or cancel.")
    expect(answer.get_by_label("I agree that a person reads")).to_be_focused()
    assert service.handoffs.cases == []
    portal.page.keyboard.press("Space")
    answer.get_by_role("button", name="Hand over", exact=True).click()
    expect(answer).to_contain_text("Your case number is 1042")

    assert [(given.vote, given.reason) for _, given in service.feedback.votes] == [("down", None), ("down", "outdated")]
    assert service.handoffs.cases[0][1]["contact"] == "kim@example.com"
    assert {who.audience for who, _ in service.feedback.votes} == {Audience.PUBLIC}
    told = portal.page.evaluate("() => seen")
    assert [name for name, _ in told] == ["ready", "open", "question", "answer"]
    assert "SYNC-409" not in str(told)  # the page around hears that something was asked, never what

    portal.page.reload()
    portal.frame.locator(".launcher").click()
    expect(portal.frame.locator(".answer")).to_contain_text("Your case number is 1042")
    expect(portal.frame.get_by_role("button", name="Hand over to a person")).to_have_count(0)


def test_sentences_show_while_the_answer_is_made_and_stop_ends_it(portal: Portal) -> None:
    portal.service.pipeline.pause = 1.5
    portal.open()
    portal.question.fill("slow one")
    portal.question.press("Enter")
    answer = portal.frame.locator(".answer")
    expect(answer).to_contain_text("A till shows SYNC-409")
    expect(answer).to_have_attribute("aria-busy", "true")
    portal.frame.get_by_role("button", name="Stop").click()
    expect(answer).to_contain_text("You stopped this answer")


def test_the_conversation_survives_a_reload_and_shows_in_another_tab(portal: Portal) -> None:
    portal.open()
    portal.ask("First?")
    portal.page.reload()
    portal.frame.locator(".launcher").click()
    expect(portal.frame.locator(".turn")).to_have_count(1)
    expect(portal.frame.locator(".answer")).to_contain_text("A till shows SYNC-409")
    portal.ask("And then?")
    first, second = portal.service.pipeline.asked
    assert second.conversation_id is not None
    assert first.principal == second.principal

    other = Portal(portal.page.context.new_page(), portal.service)
    other.open()
    expect(other.frame.locator(".turn")).to_have_count(2)
    other.ask("From the other tab?")
    expect(portal.frame.locator(".turn")).to_have_count(3)
    other.frame.get_by_role("button", name="New conversation").click()
    expect(portal.frame.locator(".turn")).to_have_count(0)


def test_where_storage_is_blocked_a_conversation_lasts_as_long_as_its_page(portal: Portal) -> None:
    blocked = (
        "Object.defineProperty(window, 'localStorage', { get() { throw new DOMException('no', 'SecurityError'); } });"
    )
    portal.page.add_init_script(blocked)
    portal.open()
    portal.ask("First?")
    portal.ask("And then?")
    first, second = portal.service.pipeline.asked
    assert first.principal == second.principal and second.conversation_id is not None
    portal.command("close")
    portal.command("open")
    expect(portal.frame.locator(".turn")).to_have_count(2)
    portal.page.reload()
    portal.frame.locator(".launcher").click()
    expect(portal.question).to_be_focused()
    expect(portal.frame.locator(".turn")).to_have_count(0)


def test_a_signed_identity_reads_as_a_partner_and_shutdown_wipes_it(portal: Portal) -> None:
    portal.open("?identify")
    portal.ask("Who am I?")
    assert portal.service.pipeline.asked[0].principal.audience is Audience.PARTNER
    assert portal.service.pipeline.asked[0].principal.channel == "widget"
    assert len(portal.kept()) == 2
    portal.command("shutdown")
    expect(portal.page.locator("iframe")).to_have_count(0)
    portal.page.goto(portal.service.host)
    portal.frame.locator(".launcher").click()
    expect(portal.question).to_be_focused()
    expect(portal.frame.locator(".turn")).to_have_count(0)
    assert portal.kept() == []
    portal.ask("And now?")
    before, after = (asked.principal for asked in portal.service.pipeline.asked)
    assert (after.audience, after.id == before.id) == (Audience.PUBLIC, False)


def test_who_cannot_be_signed_in_is_told_so_and_never_asked_for_as_a_stranger(portal: Portal) -> None:
    portal.page.goto(portal.service.host)
    portal.page.evaluate('() => Copilot("identify", {getToken: async () => "no.such.token"})')
    portal.frame.locator(".launcher").click()
    answer = portal.ask("Who am I?")
    expect(answer).to_contain_text("You could not be signed in")
    assert portal.service.pipeline.asked == []


def test_everything_works_by_keyboard_and_escape_gives_the_focus_back(portal: Portal) -> None:
    page = portal.page
    page.goto(portal.service.host)
    launcher = portal.frame.locator(".launcher")
    expect(launcher).to_be_visible()
    portal.tab_to(launcher)
    page.keyboard.press("Enter")
    expect(portal.question).to_be_focused()
    page.keyboard.type("How?")
    page.keyboard.press("Enter")
    answer = portal.settled()
    up = answer.get_by_role("button", name="Helpful", exact=True)
    for _ in range(40):
        if up.evaluate("node => node === document.activeElement"):
            break
        page.keyboard.press("Shift+Tab")
    page.keyboard.press("Space")
    expect(up).to_have_attribute("aria-pressed", "true")
    expect(portal.frame.get_by_role("status")).to_have_text("Thank you for the feedback.")
    page.keyboard.press("Escape")
    expect(launcher).to_be_focused()
    expect(launcher).to_have_attribute("aria-expanded", "false")

    page.locator("#host").focus()
    portal.command("open")
    expect(portal.question).to_be_focused()
    page.keyboard.press("Escape")
    expect(page.locator("#host")).to_be_focused()


def test_commands_are_idempotent_and_the_frame_survives_a_page_that_replaces_its_body(portal: Portal) -> None:
    portal.open()
    portal.ask("First?")
    portal.command("init", {"widget": portal.service.widget})
    portal.command("open")
    portal.page.evaluate(
        "src => document.head.append(Object.assign(document.createElement('script'), {src, async: true}))",
        f"{portal.service.own}/widget/v1/loader.js",
    )
    expect(portal.page.locator("iframe")).to_have_count(1)
    portal.page.evaluate("() => { document.body.innerHTML = '<h1>Returns</h1>'; }")
    expect(portal.page.locator("iframe")).to_have_count(1)
    expect(portal.frame.locator(".turn")).to_have_count(1)
    portal.command("close")
    expect(portal.frame.locator(".launcher")).to_be_visible()


def test_offline_is_said_and_the_lost_question_is_asked_again(portal: Portal) -> None:
    portal.open()
    portal.ask("First?")
    context = portal.page.context
    context.set_offline(True)
    expect(portal.frame.locator(".offline")).to_be_visible()
    answer = portal.ask("Second?")
    expect(answer).to_contain_text("The service cannot be reached")
    context.set_offline(False)
    expect(portal.frame.locator(".offline")).to_be_hidden()
    expect(portal.frame.locator(".answer").last).to_contain_text("A till shows SYNC-409")
    assert [asked.text for asked in portal.service.pipeline.asked] == ["First?", "Second?"]
