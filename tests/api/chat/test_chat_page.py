"""The chat page in a real browser: asking, reading, voting, handing over, and everything that can go wrong."""

from __future__ import annotations

import re

import pytest
from chat_answers import done
from chat_browser import Chat
from chat_stub import KEY
from playwright.sync_api import expect

pytestmark = [pytest.mark.browser, pytest.mark.slow]


def test_whole_conversation_works_by_keyboard_alone(chat: Chat) -> None:
    page = chat.page
    page.goto(chat.service.base_url)
    page.keyboard.type(KEY)
    page.keyboard.press("Enter")
    page.keyboard.type("first line")
    page.keyboard.press("Shift+Enter")
    page.keyboard.type("second line")
    page.keyboard.press("Enter")
    answer = chat.settled()
    assert chat.service.asked == [{"question": "first line\nsecond line"}]

    marker = answer.get_by_role("button", name="Source 1: POS sync conflict").first
    chat.tab_to(marker, backwards=True)
    page.keyboard.press("Enter")
    card = page.get_by_role("dialog")
    expect(card.get_by_role("heading", name="POS sync conflict")).to_be_focused()
    expect(card).to_contain_text("Stop the sync agent before you clear the queue")
    expect(card).to_contain_text("1 March 2026")
    expect(card.get_by_role("link", name="Open the document")).to_have_attribute(
        "href", "https://docs.example/runbooks/pos-sync"
    )
    page.keyboard.press("Escape")
    expect(card).to_be_hidden()
    expect(marker).to_be_focused()

    up = answer.get_by_role("button", name="Helpful", exact=True)
    chat.tab_to(up)
    page.keyboard.press("Space")
    expect(up).to_have_attribute("aria-pressed", "true")
    expect(page.get_by_role("status")).to_have_text("Thank you for the feedback.")
    assert chat.service.votes == [{"answer_id": "ans_22", "vote": "up"}]


def test_sentences_and_stages_show_before_the_answer_is_complete(chat: Chat) -> None:
    chat.service.pause = 0.4
    chat.sign_in()
    chat.page.get_by_label("Your question").fill("slow one")
    chat.page.keyboard.press("Enter")
    answer = chat.page.locator(".answer")
    expect(answer.locator(".stage")).to_have_text("Checking every sentence against its source…")
    expect(answer).to_contain_text("A till shows SYNC-409")
    expect(answer).to_have_attribute("aria-busy", "true")
    assert "treat it as P1" not in answer.inner_text()
    expect(chat.settled()).to_contain_text("treat it as P1")


def test_finished_answer_is_announced_once_without_its_markers(chat: Chat) -> None:
    chat.sign_in()
    chat.ask("How?")
    spoken = chat.page.get_by_role("status")
    expect(spoken).to_contain_text(
        "Answer: A till shows SYNC-409 when two stores changed the same ticket while one was offline. Nothing is lost"
    )
    expect(spoken).to_contain_text("2 sources.")
    expect(chat.page.get_by_role("log")).to_have_attribute("aria-live", "off")


def test_procedure_stays_numbered_and_table_keeps_its_cells(chat: Chat) -> None:
    chat.sign_in()
    answer = chat.ask("How?")
    steps = answer.locator("ol > li[value]")
    assert [steps.nth(i).get_attribute("value") for i in range(3)] == ["1", "2", "3"]
    assert answer.locator("pre").inner_text() == "corvane-sync queue clear --store 0117 --keep-newest"
    assert answer.locator("tbody tr").first.locator("td").all_inner_texts() == ["P1", "30 min", "around the clock"]


def test_ai_disclosure_stands_before_the_first_message(chat: Chat) -> None:
    chat.page.goto(chat.service.base_url)
    disclosure = "You are chatting with an AI assistant."
    expect(chat.page.locator("#sign-in").get_by_text(disclosure)).to_be_visible()
    chat.sign_in()
    expect(chat.page.locator("#chat").get_by_text(disclosure)).to_be_in_viewport()


def test_example_question_is_asked_and_new_conversation_forgets_it(chat: Chat) -> None:
    chat.sign_in()
    chat.page.get_by_role("list", name="For example").get_by_role("button").first.click()
    chat.settled()
    chat.ask("And then?")
    chat.page.get_by_role("button", name="New conversation").click()
    expect(chat.page.locator(".turn")).to_have_count(0)
    chat.ask("Something else?")
    assert [body.get("conversation_id") for body in chat.service.asked] == [None, "con_1", None]


def test_abstention_withdraws_what_was_said_and_opens_a_case(chat: Chat) -> None:
    chat.sign_in()
    answer = chat.ask("warranty of the scales?")
    expect(answer).to_have_attribute("data-outcome", "abstained")
    expect(answer).to_contain_text("No reliable answer found")
    expect(answer).not_to_contain_text("five years")
    expect(answer.get_by_text("Sources", exact=True)).to_have_count(0)
    expect(answer.locator(".cite")).to_have_count(0)

    answer.get_by_role("button", name="Hand over to a person").click()
    expect(answer.get_by_label("How can we reach you?")).to_be_focused()
    chat.page.keyboard.type("kim@example.com")
    answer.get_by_label("Anything to add?").fill("Urgent: the store opens on Monday.")
    answer.get_by_role("button", name="Hand over", exact=True).click()
    expect(answer).to_contain_text("Your case number is CASE-1042")
    assert chat.service.handoffs == [
        {"answer_id": "ans_23", "contact": "kim@example.com", "note": "Urgent: the store opens on Monday."}
    ]


def test_withdrawn_text_is_gone_before_the_answer_ends(chat: Chat) -> None:
    chat.service.pause = 0.5
    chat.sign_in()
    chat.page.get_by_label("Your question").fill("warranty of the scales?")
    chat.page.keyboard.press("Enter")
    streaming = chat.page.locator(".answer[aria-busy=true]")
    expect(streaming).to_contain_text("five years")
    expect(streaming).to_contain_text("I could not find this")
    assert "five years" not in chat.page.locator(".answer").inner_text()
    chat.settled()


def test_final_text_overrules_what_was_streamed(chat: Chat) -> None:
    streamed = ("sentence", {"index": 0, "kind": "sentence", "text": "Streamed words."})
    chat.service.script = lambda question: [streamed, done(question, "Final words.", [])]
    chat.sign_in()
    expect(chat.ask("x").locator(".prose")).to_have_text("Final words.")


def test_failed_hand_over_keeps_the_form_and_says_so(chat: Chat) -> None:
    chat.sign_in()
    answer = chat.ask("warranty of the scales?")
    answer.get_by_role("button", name="Hand over to a person").click()
    answer.get_by_label("Anything to add?").fill("Please call.")
    chat.service.problems = [(503, "unavailable", "The case system is down.", {})]
    answer.get_by_role("button", name="Hand over", exact=True).click()
    expect(answer.get_by_role("alert")).to_have_text("This was not handed over. The case system is down.")
    expect(answer.get_by_label("Anything to add?")).to_have_value("Please call.")
    answer.get_by_role("button", name="Hand over", exact=True).click()
    expect(answer).to_contain_text("CASE-1042")


def test_down_vote_sends_reason_and_comment(chat: Chat) -> None:
    chat.sign_in()
    answer = chat.ask("How?")
    answer.get_by_role("button", name="Not helpful").click()
    answer.get_by_label("Outdated").check()
    answer.get_by_label("Comment (optional)").fill("7.5 changed this.")
    answer.get_by_role("button", name="Send feedback").click()
    expect(answer).to_contain_text("Thank you.")
    expect(answer.get_by_role("button", name="Not helpful")).to_be_focused()
    assert chat.service.votes == [
        {"answer_id": "ans_4", "vote": "down"},
        {"answer_id": "ans_4", "vote": "down", "reason": "outdated", "comment": "7.5 changed this."},
    ]


def test_vote_that_was_not_saved_is_not_shown_as_pressed(chat: Chat) -> None:
    chat.sign_in()
    answer = chat.ask("How?")
    chat.service.problems = [(503, "unavailable", "Not now.", {})]
    up = answer.get_by_role("button", name="Helpful", exact=True)
    up.click()
    expect(answer).to_contain_text("Your vote was not saved. Not now.")
    expect(up).to_have_attribute("aria-pressed", "false")


@pytest.mark.parametrize(
    ("question", "outcome", "words"),
    [
        ("refuse this", "refused", "This question cannot be answered here"),
        ("degraded please", "answered", "Answered without the language model."),
        ("broken one", "failed", "Something went wrong on our side. The index is being moved."),
    ],
)
def test_each_ending_has_its_own_look(chat: Chat, question: str, outcome: str, words: str) -> None:
    chat.sign_in()
    answer = chat.ask(question)
    expect(answer).to_have_attribute("data-outcome", outcome)
    expect(answer.locator(".banner")).to_have_text(re.compile(re.escape(words)))


def test_cut_connection_is_said_and_the_retry_answers(chat: Chat) -> None:
    chat.sign_in()
    chat.service.cuts = 1
    answer = chat.ask("How?")
    expect(answer).to_contain_text("The connection was lost. What is shown is incomplete.")
    expect(chat.page.get_by_role("status")).to_contain_text("The connection was lost")
    expect(answer.get_by_role("button", name="Helpful", exact=True)).to_have_count(0)
    answer.get_by_role("button", name="Try again").click()
    expect(chat.page.locator(".answer .sources")).to_be_visible()
    expect(chat.page.locator(".answer")).to_have_count(1)
    assert [body["question"] for body in chat.service.asked] == ["How?", "How?"]


def test_unreachable_service_offers_a_retry(chat: Chat) -> None:
    chat.sign_in()
    chat.page.route("**/v1/ask", lambda route: route.abort("connectionrefused"))
    answer = chat.ask("How?")
    expect(answer).to_contain_text("The service cannot be reached.")
    chat.page.unroute("**/v1/ask")
    answer.get_by_role("button", name="Try again").click()
    expect(chat.page.locator(".answer .sources")).to_be_visible()


def test_rate_limit_says_how_long_to_wait(chat: Chat) -> None:
    chat.sign_in()
    chat.service.problems = [(429, "rate_limited", "20 questions a minute.", {"retry-after": "30"})]
    answer = chat.ask("How?")
    expect(answer).to_contain_text(
        "Too many questions just now. 20 questions a minute. Please wait 30 seconds, then try again."
    )


def test_stop_aborts_and_marks_the_answer_as_incomplete(chat: Chat) -> None:
    chat.service.pause = 0.4
    chat.sign_in()
    chat.page.get_by_label("Your question").fill("How?")
    chat.page.keyboard.press("Enter")
    expect(chat.page.locator(".answer")).to_contain_text("A till shows")
    chat.page.get_by_role("button", name="Stop").click()
    answer = chat.settled()
    expect(answer).to_contain_text("You stopped this answer. What is shown is incomplete.")
    expect(chat.page.get_by_role("button", name="Send")).to_be_visible()
    chat.page.wait_for_timeout(1_000)
    expect(answer).not_to_contain_text("treat it as P1")


def test_rejected_key_leads_back_to_sign_in_and_keeps_the_question(chat: Chat) -> None:
    page = chat.page
    page.goto(f"{chat.service.base_url}/#key=pck_revoked_0123456789")
    page.get_by_label("Your question").fill("How?")
    page.keyboard.press("Enter")
    expect(page.get_by_role("alert")).to_contain_text("This access key was not accepted.")
    expect(page.get_by_label("Access key")).to_be_focused()
    assert page.evaluate("sessionStorage.length") == 0
    page.keyboard.type(KEY)
    page.keyboard.press("Enter")
    expect(page.get_by_label("Your question")).to_have_value("How?")
    expect(page.locator(".turn")).to_have_count(0)


def test_key_in_the_fragment_signs_in_and_leaves_the_address(chat: Chat) -> None:
    page = chat.page
    page.goto(f"{chat.service.base_url}/#key={KEY}")
    expect(page.get_by_label("Your question")).to_be_focused()
    assert page.evaluate("location.href") == f"{chat.service.base_url}/"
    assert page.evaluate("[localStorage.length, document.cookie]") == [0, ""]
    page.reload()
    expect(page.get_by_label("Your question")).to_be_visible()
    page.get_by_role("button", name="Sign out").click()
    expect(page.get_by_label("Access key")).to_be_visible()
    page.reload()
    expect(page.get_by_label("Access key")).to_be_visible()


def test_long_answers_stay_in_place_when_finished(chat: Chat) -> None:
    """The blocks that were streamed are kept, so a reader's selection and focus survive the end."""
    chat.service.pause = 0.2
    chat.sign_in()
    chat.page.get_by_label("Your question").fill("How?")
    chat.page.keyboard.press("Enter")
    marker = chat.page.get_by_role("button", name="Source 1: POS sync conflict").first
    expect(chat.page.locator(".answer ol")).to_be_visible()
    marker.focus()
    chat.settled()
    expect(marker).to_be_focused()


def test_copy_takes_the_text_and_its_sources(chat: Chat) -> None:
    chat.sign_in()
    chat.ask("How?").get_by_role("button", name="Copy").click()
    expect(chat.page.get_by_role("status")).to_have_text("Copied, with its sources.")
    copied = chat.page.evaluate("navigator.clipboard.readText()")
    assert copied.startswith("A till shows **SYNC-409**")
    assert copied.endswith(
        "[1] POS sync conflict – https://docs.example/runbooks/pos-sync\n"
        "[2] Service levels and support hours – policies/sla.pdf"
    )
