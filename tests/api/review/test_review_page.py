"""The review page in a real browser, over the real routes: what waits, what changes, deciding, releases."""

from __future__ import annotations

import gzip
import re

import pytest
from playwright.sync_api import Browser, Page, expect
from review_browser import Desk
from review_service import ReviewService

from api.routes import chat, review
from tests.servers.browser import LOW_CONTRAST

pytestmark = [pytest.mark.browser, pytest.mark.slow]

HOSTILE = "<img src=x onerror=alert(1)><script>alert(2)</script>"
OLD = "# Till manual\n\nHold both keys for eleven seconds.\n\nThen wait.\n"
NEW = OLD.replace("eleven", "nineteen")

SMALL_TARGETS = """() => [...document.querySelectorAll("button, nav a, .row a, input, textarea, summary")]
    .filter(node => node.checkVisibility())
    .map(node => [node.outerHTML.slice(0, 80), node.getBoundingClientRect()])
    .filter(([, box]) => box.width < 24 || box.height < 20)
    .map(([html]) => html)"""


@pytest.fixture
def changed(service: ReviewService) -> str:
    """A published document whose change waits for a second person; its id."""
    document = service.upload("till.md", OLD)
    service.publish()
    service.call("bob", "PATCH", "/v1/corpora/manuals", {"requires_approval": True})
    service.upload("till.md", NEW)
    return str(document["id"])


def overflow(page: Page) -> int:
    """Pixels by which the page is wider than its window."""
    return int(page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth"))


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


def test_a_release_is_rolled_back_after_a_question(desk: Desk, changed: str) -> None:
    row = desk.service.row(changed)
    desk.service.call("bob", "POST", f"/v1/documents/{changed}/approve", {"revision_id": row["revision_id"]})
    desk.service.publish()
    desk.sign_in(view="releases")
    desk.page.get_by_text("Details of release 1").click()
    expect(desk.page.locator("details[open]")).to_contain_text("Would change if it were live (1):")
    desk.press("Roll back to release 1")
    desk.dialog.get_by_role("button", name="Roll back").click()
    desk.said("Release 1 is live.")
    expect(desk.page.locator(".row", has_text="Release 1")).to_contain_text("live")
    expect(desk.page.get_by_role("button", name="Roll back to release 2")).to_be_visible()


def test_a_blocked_release_shows_its_gate_and_is_published_with_a_reason(desk: Desk, changed: str) -> None:
    change = {
        "key": "keys",
        "question": HOSTILE,
        "change": "changed",
        "audience": "partner",
        "before": {"passed": True, "outcome": "answered", "text": "Eleven seconds."},
        "after": {"passed": False, "outcome": "answered", "text": "Nineteen seconds."},
    }
    counts = {"questions": 3, "passed_before": 3, "passed_after": 2}
    gate = {
        **counts,
        "state": "blocked",
        "reasons": ["broken"],
        "broken": ["keys"],
        "changes": [change],
        "partners": {},
    }
    sent: list[dict[str, str]] = []

    def publish(route: object) -> None:
        sent.append(route.request.post_data_json)  # type: ignore[attr-defined]
        body = {"code": "gate_failed", "detail": "1 golden question would fail: keys", "gate": gate}
        if "override_reason" in sent[-1]:
            route.fulfill(status=201, json={"release": 2, "entered": 1, "left": 1})  # type: ignore[attr-defined]
        else:
            route.fulfill(status=409, json=body)  # type: ignore[attr-defined]

    desk.sign_in(view="releases")
    desk.page.route(
        lambda url: url.endswith("/v1/releases"), lambda r: publish(r) if r.request.method == "POST" else r.continue_()
    )
    desk.press("Publish what is approved")
    desk.dialog.get_by_role("button", name="Publish").click()
    expect(desk.page.get_by_role("alert")).to_have_text("Not published. 1 golden question would fail: keys")
    expect(desk.page.locator(".gate").first).to_contain_text("gate blocked: 2 of 3 golden questions pass, 3 before")
    desk.page.get_by_text(f"changed: {HOSTILE} (broken)").click()
    expect(desk.page.locator("del")).to_have_text("Eleven seconds.")
    desk.press("Publish anyway…")
    desk.dialog.get_by_label("Reason").fill("The keys were wrong before.")
    desk.dialog.get_by_role("button", name="Publish anyway").click()
    desk.said("Release 2 is live: 1 in, 1 out.")
    assert [body.get("override_reason") for body in sent] == [None, "The keys were wrong before."]


def test_what_a_release_would_change_is_shown_and_nothing_is_published(desk: Desk, changed: str) -> None:
    row = desk.service.row(changed)
    desk.service.call("bob", "POST", f"/v1/documents/{changed}/approve", {"revision_id": row["revision_id"]})
    desk.sign_in(view="releases")
    desk.press("Show what would change")
    desk.said("Compared; nothing was published.")
    expect(desk.page.locator("#view > .gate")).to_contain_text("Changes (1):")
    expect(desk.page.locator("#view > .gate").get_by_role("link", name="Till manual")).to_be_visible()
    assert desk.service.row(changed)["status"] == "approved"
    assert [each["number"] for each in desk.service.call("bob", "GET", "/v1/releases")["releases"] if each["live"]] == [
        1
    ]


def test_a_document_is_read_with_what_was_remarked_on_it(desk: Desk, service: ReviewService) -> None:
    document = service.upload("cards.md", "---\naudiance: agent\n---\n# Gift cards\n\nValid for three years.\n")
    desk.sign_in(view=f"document/{document['id']}")
    said = desk.page.get_by_role("region", name="What it says")
    expect(said).to_contain_text("a key that is almost 'audience' is not known and is ignored")
    said.get_by_text("Text of the newest revision").click()
    expect(said.locator("p.text")).to_contain_text("Valid for three years.")


def test_every_empty_list_says_what_to_do_next(desk: Desk) -> None:
    desk.sign_in()
    words = {
        "in_review": "partner-copilot corpus set CORPUS --approval",
        "draft": "No drafts.",
        "approved": "Approve what is in review",
        "due": "Set a review-by date",
        "duplicates": "No document repeats another.",
        "failures": "Every file of every source was taken in.",
        "releases": "Approve documents, then publish them.",
        "nonsense": "Nothing waits for review.",
    }
    for view, sentence in words.items():
        desk.open(view)
        expect(desk.page.locator("#view")).to_contain_text(sentence)


def test_failed_files_say_why_and_are_tried_again(desk: Desk) -> None:
    failure = {
        "id": "f1",
        "source_id": "s1",
        "corpus": "manuals",
        "path": HOSTILE,
        "reason": "encrypted",
        "detail": "the file is encrypted; store it without a password",
        "attempts": 2,
        "first_at": "2026-11-01T10:00:00Z",
        "last_at": "2026-11-02T10:00:00Z",
    }
    desk.answering("/v1/failures?*", 200, {"failures": [failure], "total": 1})
    desk.answering("/v1/failures/f1/retry", 202, {"id": "j"})
    desk.sign_in(view="failures")
    expect(desk.page.locator(".row")).to_contain_text("store it without a password")
    desk.press(f"Try {HOSTILE} again")
    desk.said(f"{HOSTILE} is tried again with its source.")


def test_lists_that_this_service_has_not_are_said_to_be_missing(desk: Desk) -> None:
    desk.answering("/v1/releases", 404, {"code": "not_found", "detail": "Not Found"})
    desk.answering("/v1/failures?*", 403, {"code": "forbidden", "detail": "this key lacks the permission"})
    desk.sign_in(view="releases")
    expect(desk.page.locator("#view")).to_contain_text("This service lists no releases.")
    desk.open("failures")
    expect(desk.page.locator("#view")).to_contain_text("This key may not read which files failed.")


def test_a_long_list_is_shown_page_by_page(desk: Desk) -> None:
    desk.service.upload("first.md", "manual first")
    desk.service.call("bob", "PATCH", "/v1/corpora/manuals", {"requires_approval": True})
    for number in range(51):
        desk.service.upload(f"{number:02}.md", f"# Manual {number:02}\n\nManual words {number}.\n")
    desk.sign_in()
    expect(desk.page.locator(".row")).to_have_count(50)
    desk.press("Show more")
    expect(desk.page.locator(".row")).to_have_count(51)
    expect(desk.page.get_by_role("button", name="Show more")).to_have_count(0)


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
