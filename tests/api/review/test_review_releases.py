"""The review page in a real browser: releases, and the lists."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect
from review_browser import HOSTILE, Desk

pytestmark = [pytest.mark.browser, pytest.mark.slow]

CHANGE = {
    "key": "keys",
    "question": HOSTILE,
    "change": "changed",
    "audience": "partner",
    "before": {"passed": True, "outcome": "answered", "text": "Eleven seconds."},
    "after": {"passed": False, "outcome": "answered", "text": "Nineteen seconds."},
}
COUNTS = {"questions": 3, "passed_before": 3, "passed_after": 2}
GATE = {
    **COUNTS,
    "state": "blocked",
    "reasons": ["broken"],
    "broken": ["keys"],
    "changes": [CHANGE],
    "partners": {},
    "suspicious": {
        "altered": [
            {"source": "b.md", "original": HOSTILE, "says": ["90"], "original_says": ["30"]},
            {"source": "c.md", "original": "a.md", "says": [], "original_says": []},
        ],
        "floods": [{"original": "a.md", "documents": 12}],
    },
}
"""What a gate says that holds a release up."""


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
    sent: list[dict[str, str]] = []

    def publish(route: object) -> None:
        sent.append(route.request.post_data_json)  # type: ignore[attr-defined]
        body = {"code": "gate_failed", "detail": "1 golden question would fail: keys", "gate": GATE}
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
    warned = desk.page.locator(".gate p", has_text="Look at:")
    expect(warned).to_have_text(
        [
            f"Look at: b.md is much like {HOSTILE}, but says 90 where that one says 30.",
            "Look at: c.md is much like a.md, but says other numbers.",
            "Look at: 12 documents repeat a.md.",
        ]
    )
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
