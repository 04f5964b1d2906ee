"""The review page in a real browser, over the real routes: what waits, what changes, deciding."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import expect
from review_browser import HOSTILE, OLD, Desk
from review_service import ReviewService

pytestmark = [pytest.mark.browser, pytest.mark.slow]


def test_a_change_is_read_approved_and_published_by_keyboard_alone(desk: Desk, changed: str) -> None:
    page = desk.page
    page.goto(f"{desk.service.base_url}/review")
    page.keyboard.type(desk.service.keys["bob"])
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="In review")).to_be_focused()
    desk.tab_to(page.get_by_role("link", name="Till manual"))
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="Till manual")).to_be_focused()
    expect(page.locator("del")).to_have_text("removed: Hold both keys for eleven seconds.")
    expect(page.locator("ins")).to_have_text("added: Hold both keys for nineteen seconds.")
    expect(page.get_by_role("region", name="What changes")).to_contain_text("Compared with what is published")

    desk.tab_to(page.get_by_role("button", name="Approve"))
    page.keyboard.press("Enter")
    expect(desk.dialog.get_by_label("Comment (optional)")).to_be_focused()
    page.keyboard.type("Checked at the till.")
    desk.tab_to(desk.dialog.get_by_role("button", name="Approve"))
    page.keyboard.press("Enter")
    desk.said("Approved. The next release takes it.")
    assert desk.service.row(changed)["status"] == "approved"
    expect(page.get_by_role("region", name="Comments")).to_contain_text("Checked at the till.")
    expect(page.get_by_role("region", name="Comments")).to_contain_text("bob")

    desk.tab_to(page.get_by_role("link", name="Releases"))
    page.keyboard.press("Enter")
    desk.tab_to(page.get_by_role("button", name="Publish what is approved"))
    page.keyboard.press("Enter")
    page.keyboard.type("Till keys")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    desk.said("Release 2 is live: 1 in, 1 out.")
    expect(page.locator(".row").first).to_contain_text(re.compile("Release 2 live.*Till keys", re.DOTALL))
    assert desk.service.row(changed)["status"] == "published"


def test_sending_back_asks_for_a_reason(desk: Desk, changed: str) -> None:
    desk.sign_in(view=f"document/{changed}")
    desk.press("Send back")
    desk.dialog.get_by_role("button", name="Send back").click()
    expect(desk.dialog.get_by_label("Why?")).to_have_attribute("aria-invalid", "true")
    desk.dialog.get_by_label("Why?").fill("Which keys?")
    desk.dialog.get_by_role("button", name="Send back").click()
    desk.said("Sent back to its author.")
    assert desk.service.row(changed)["status"] == "draft"
    desk.open("draft")
    expect(desk.page.get_by_role("link", name="Till manual")).to_be_visible()


def test_a_question_that_is_cancelled_changes_nothing(desk: Desk, changed: str) -> None:
    desk.sign_in(view=f"document/{changed}")
    for leave in ("Cancel", "Escape"):
        desk.press("Approve")
        if leave == "Cancel":
            desk.dialog.get_by_role("button", name="Cancel").click()
        else:
            desk.page.keyboard.press("Escape")
        expect(desk.dialog).to_be_hidden()
        expect(desk.page.get_by_role("button", name="Approve", exact=True)).to_be_focused()
    assert desk.service.row(changed)["status"] == "in_review"


def test_what_arrived_while_it_was_read_is_not_approved(desk: Desk, changed: str) -> None:
    desk.sign_in(view=f"document/{changed}")
    desk.service.upload("till.md", OLD.replace("eleven", "ninety"))
    desk.press("Approve")
    desk.dialog.get_by_role("button", name="Approve").click()
    expect(desk.page.get_by_role("alert")).to_contain_text("not the document's newest revision")
    assert desk.service.row(changed)["status"] == "in_review"


def test_its_author_is_told_to_ask_somebody_else(desk: Desk, changed: str) -> None:
    own = desk.service.upload("own.md", "# Own words\n\nManual of my own.\n", person="bob")
    desk.sign_in(view=f"document/{own['id']}")
    desk.press("Approve")
    desk.dialog.get_by_role("button", name="Approve").click()
    expect(desk.page.get_by_role("alert")).to_contain_text("second person")


def test_many_are_approved_at_once_and_each_is_reported(desk: Desk, changed: str) -> None:
    desk.service.upload("own.md", "# Own words\n\nManual of my own.\n", person="bob")
    desk.sign_in()
    for name in ("Choose Till manual", "Choose Own words"):
        desk.page.get_by_label(name).check()
    desk.press("Approve chosen")
    expect(desk.dialog).to_contain_text("Approve 2 documents?")
    desk.dialog.get_by_role("button", name="Approve").click()
    desk.said("1 of 2 documents approved.")
    report = desk.page.get_by_role("list", name="How each approval ended")
    expect(report).to_contain_text("Till manual: approved")
    expect(report).to_contain_text("Own words: you brought this revision in")
    expect(desk.page.get_by_label("Choose Till manual")).to_have_count(0)
    assert desk.service.row(changed)["status"] == "approved"


def test_an_editor_submits_and_comments_and_sees_no_button_to_decide(desk: Desk, changed: str) -> None:
    revision = desk.service.row(changed)["revision_id"]
    body = {"revision_id": revision, "comment": "Which keys?"}
    desk.service.call("bob", "POST", f"/v1/documents/{changed}/reject", body)
    desk.sign_in("ada", view=f"document/{changed}")
    expect(desk.page.get_by_role("region", name="Comments")).to_contain_text("Which keys?")
    desk.page.get_by_label("Add a comment").fill("Both of them.")
    desk.press("Add comment")
    desk.said("Comment added.")
    desk.press("Submit for review")
    desk.dialog.get_by_role("button", name="Submit for review").click()
    desk.said("Submitted for review.")
    expect(desk.page.get_by_role("button", name="Approve", exact=True)).to_have_count(0)


def test_one_who_only_looks_is_offered_nothing_to_change(desk: Desk, changed: str) -> None:
    desk.sign_in("carl", view=f"document/{changed}")
    expect(desk.page.locator("ins")).to_have_count(1)
    expect(desk.page.locator("#view")).to_contain_text("This key may look at the document, and change nothing.")
    expect(desk.page.locator("#view textarea, #view input")).to_have_count(0)


def test_an_earlier_revision_is_compared_and_restored(desk: Desk, changed: str) -> None:
    desk.sign_in(view=f"document/{changed}")
    desk.page.get_by_role("button", name=re.compile("^Compare with revision")).click()
    expect(desk.page.locator("ins")).to_have_text("added: Hold both keys for nineteen seconds.")
    desk.page.get_by_role("button", name=re.compile("^Restore revision")).click()
    desk.dialog.get_by_role("button", name="Restore").click()
    desk.said("Restored.")
    row = desk.service.row(changed)
    assert (row["status"], row["revision_id"]) == ("published", row["published_revision_id"])


def test_a_document_is_withdrawn_at_once(desk: Desk, changed: str) -> None:
    desk.sign_in(view=f"document/{changed}")
    desk.press("Withdraw")
    expect(desk.dialog).to_contain_text("It leaves every answer at once")
    desk.dialog.get_by_role("button", name="Withdraw").click()
    desk.said("Withdrawn. No answer uses it any more.")
    assert desk.service.row(changed)["status"] == "withdrawn"


def test_owner_and_review_date_bring_a_document_to_the_due_list(desk: Desk, changed: str) -> None:
    desk.sign_in(view=f"document/{changed}")
    desk.page.get_by_text("Owner and review date").click()
    desk.page.get_by_label("Owner").fill("till team")
    desk.page.get_by_label("Review by").fill("2020-02-01")
    desk.press("Save")
    desk.said("Saved.")
    desk.open("due")
    expect(desk.page.locator(".row")).to_contain_text("owner till team · review by 1 Feb 2020")


def test_a_document_is_read_with_what_was_remarked_on_it(desk: Desk, service: ReviewService) -> None:
    document = service.upload("cards.md", "---\naudiance: agent\n---\n# Gift cards\n\nValid for three years.\n")
    desk.sign_in(view=f"document/{document['id']}")
    said = desk.page.get_by_role("region", name="What it says")
    expect(said).to_contain_text("a key that is almost 'audience' is not known and is ignored")
    said.get_by_text("Text of the newest revision").click()
    expect(said.locator("p.text")).to_contain_text("Valid for three years.")


def test_hostile_words_are_text_wherever_they_stand(desk: Desk) -> None:
    document = desk.service.upload("evil.md", f"manual {HOSTILE}", title=HOSTILE, url="https://docs.example/<b>")
    desk.service.call("ada", "POST", f"/v1/documents/{document['id']}/comments", {"text": HOSTILE})
    path = f"/v1/documents/{document['id']}/assign"
    desk.service.call("ada", "POST", path, {"owner": HOSTILE, "review_by": "2020-01-01"})
    shown = desk.service.row(document["id"])
    desk.answering("/v1/documents?due=true", 200, {"documents": [{**shown, "title": HOSTILE}], "next_cursor": None})
    desk.sign_in(view="due")
    expect(desk.page.get_by_role("link", name=HOSTILE)).to_be_visible()
    desk.open(f"document/{document['id']}")
    expect(desk.page.locator("#view .said")).to_have_text(HOSTILE)
    desk.page.get_by_text("Owner and review date").click()
    expect(desk.page.get_by_label("Owner", exact=True)).to_have_value(HOSTILE)
    assert desk.page.locator("#view img, #view script").count() == 0


def test_no_link_leads_to_a_script(desk: Desk) -> None:
    document = desk.service.upload("a.md", "manual one")
    diff = desk.service.call("bob", "GET", f"/v1/documents/{document['id']}/diff")
    diff["metadata"] = [{"field": "url", "before": "javascript:alert(1)", "after": "https://docs.example/a"}]
    desk.answering(f"/v1/documents/{document['id']}/diff", 200, diff)
    desk.sign_in(view=f"document/{document['id']}")
    table = desk.page.get_by_role("table")
    expect(table.get_by_role("link")).to_have_count(1)
    expect(table.get_by_role("link")).to_have_attribute("href", "https://docs.example/a")


def test_an_unknown_document_is_said_to_be_none(desk: Desk) -> None:
    desk.sign_in(view="document/%E0%A4%A")
    expect(desk.page.get_by_role("heading", name="Not found")).to_be_visible()
    expect(desk.page.get_by_role("alert")).to_contain_text("no such document")


def test_a_service_that_is_down_is_said_to_be_and_the_page_goes_on(desk: Desk) -> None:
    desk.sign_in()
    desk.page.route("**/v1/documents?*", lambda route: route.abort("connectionrefused"))
    desk.open("draft")
    expect(desk.page.get_by_role("alert")).to_contain_text("The service cannot be reached.")
    desk.page.unroute("**/v1/documents?*")
    desk.open("due")
    expect(desk.page.get_by_role("heading", name="Due")).to_be_visible()
    expect(desk.page.get_by_role("alert")).to_have_count(0)


def test_a_rejected_key_leads_back_to_sign_in_and_shows_nothing_more(desk: Desk, changed: str) -> None:
    desk.sign_in(view=f"document/{changed}")
    desk.answering("/v1/documents?*", 401, {"code": "unauthenticated", "detail": "send a valid API key"})
    desk.page.get_by_role("link", name="Drafts").click()
    expect(desk.page.get_by_role("alert")).to_contain_text("This access key was not accepted.")
    expect(desk.page.get_by_label("Access key")).to_be_focused()
    assert desk.page.evaluate("[sessionStorage.length, document.getElementById('view').childNodes.length]") == [0, 0]


def test_the_key_stays_in_the_tab_and_leaves_with_signing_out(desk: Desk) -> None:
    page = desk.page
    page.goto(f"{desk.service.base_url}/review#key={desk.service.keys['bob']}")
    desk.settled()
    assert page.evaluate("location.href") == f"{desk.service.base_url}/review"
    assert page.evaluate("[localStorage.length, document.cookie]") == [0, ""]
    page.reload()
    expect(page.get_by_role("heading", name="In review")).to_be_visible()
    desk.press("Sign out")
    page.reload()
    expect(page.get_by_label("Access key")).to_be_visible()
