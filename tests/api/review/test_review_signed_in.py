"""Signing in with an account in a real browser, reviewing by the session, and the page of the own account."""

from __future__ import annotations

import pytest
from playwright.sync_api import Browser, Page, expect
from review_browser import Desk
from review_service import PASSWORD, ReviewService

from tests.servers.browser import LOW_CONTRAST

pytestmark = [pytest.mark.browser, pytest.mark.slow]

OLD = "# Till manual\n\nHold both keys for eleven seconds.\n"


def sign_in(desk: Desk, person: str = "bob", *, password: str = PASSWORD, to: str = "") -> None:
    desk.page.goto(f"{desk.service.base_url}/sign-in{to}")
    fill(desk.page, person, password)


def fill(page: Page, person: str, password: str = PASSWORD) -> None:
    page.get_by_label("E-mail address").fill(f"{person}@acme.example")
    page.get_by_label("Password").fill(password)
    page.get_by_role("button", name="Sign in", exact=True).click()


def test_a_change_is_approved_after_signing_in_by_keyboard_alone(desk: Desk) -> None:
    document = desk.service.upload("till.md", OLD)
    desk.service.publish()
    desk.service.call("bob", "PATCH", "/v1/corpora/manuals", {"requires_approval": True})
    desk.service.upload("till.md", OLD.replace("eleven", "nineteen"))
    page = desk.page
    page.goto(f"{desk.service.base_url}/review")
    page.get_by_role("link", name="Sign in with your account").click()
    expect(page.get_by_label("E-mail address")).to_be_focused()
    page.keyboard.type("bob@acme.example")
    page.keyboard.press("Tab")
    page.keyboard.type(PASSWORD)
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="In review")).to_be_focused()
    expect(page.locator("#who")).to_have_text("Bob · Knowledge admin · acme")
    page.get_by_role("link", name="Till manual").click()
    expect(page.get_by_role("heading", name="Till manual")).to_be_focused()
    page.get_by_role("button", name="Approve").click()
    desk.dialog.get_by_role("button", name="Approve").click()
    desk.said("Approved. The next release takes it.")
    assert desk.service.row(str(document["id"]))["status"] == "approved"
    page.reload()
    expect(page.locator("#who")).to_be_visible()
    assert page.evaluate("document.cookie") == "", "a script can read the session"
    assert page.evaluate("JSON.stringify({...sessionStorage, ...localStorage})") == "{}"


def test_signing_out_of_the_review_page_ends_the_session(desk: Desk) -> None:
    sign_in(desk)
    expect(desk.page.get_by_role("heading", name="In review")).to_be_visible()
    with desk.page.expect_response("**/v1/session") as ended:
        desk.press("Sign out")
    assert ended.value.status == 204
    desk.page.goto(f"{desk.service.base_url}/sign-in")
    expect(desk.page.get_by_label("E-mail address")).to_be_visible()


def test_a_wrong_password_is_told_beside_the_form_and_to_screen_readers(desk: Desk) -> None:
    sign_in(desk, password="wrong horse battery")
    expect(desk.page.get_by_role("alert")).to_have_text("The e-mail address or the password is wrong.")
    expect(desk.page.get_by_label("Password")).to_be_focused()
    expect(desk.page.get_by_label("Password")).to_have_attribute("aria-invalid", "true")
    fill(desk.page, "nobody")
    expect(desk.page.get_by_role("alert")).to_have_text("The e-mail address or the password is wrong.")
    for _ in range(5):
        with desk.page.expect_response("**/v1/session"):
            fill(desk.page, "bob", "wrong")
    expect(desk.page.get_by_role("alert")).to_contain_text("Please wait 5 seconds, then try again.")


def test_an_empty_form_asks_for_what_is_missing(desk: Desk) -> None:
    desk.page.goto(f"{desk.service.base_url}/sign-in")
    desk.page.get_by_role("button", name="Sign in", exact=True).click()
    expect(desk.page.get_by_role("alert")).to_have_text("Enter your e-mail address and your password.")
    expect(desk.page.get_by_label("E-mail address")).to_be_focused()


def test_a_refusal_by_the_organisation_is_told(desk: Desk) -> None:
    desk.page.goto(f"{desk.service.base_url}/sign-in#error=not_invited")
    expect(desk.page.get_by_role("alert")).to_have_text(
        "Nobody has invited this account. Ask your administrator for access."
    )
    assert desk.page.url.endswith("/sign-in")


def test_nobody_is_sent_to_another_site_by_the_address(desk: Desk) -> None:
    sign_in(desk, to="?to=//evil.example/")
    expect(desk.page.get_by_role("heading", name="In review")).to_be_visible()


def test_the_own_account_shows_and_ends_sessions_and_changes_the_password(
    desk: Desk, chromium: Browser, service: ReviewService
) -> None:
    elsewhere = chromium.new_context()
    other = elsewhere.new_page()
    other.goto(f"{service.base_url}/sign-in")
    fill(other, "carl")
    expect(other.get_by_role("heading", name="Carl · Auditor · acme")).to_be_visible()
    sign_in(desk, "carl")
    page = desk.page
    expect(page.get_by_role("heading", name="Carl · Auditor · acme")).to_be_focused()
    expect(page).to_have_title("Your account – Acme Answers")
    expect(page.get_by_role("region", name="Tenant")).to_have_count(0)
    page.get_by_role("button", name="End the session").click()
    desk.said("The session has ended.")
    other.reload()
    expect(other.get_by_label("E-mail address")).to_be_visible()
    elsewhere.close()
    page.get_by_label("Current password").fill(PASSWORD)
    page.get_by_label("New password").fill("short")
    desk.press("Change password")
    expect(page.get_by_role("alert")).to_contain_text("a password has 12 to 256 characters")
    page.get_by_label("New password").fill("another battery staple")
    desk.press("Change password")
    desk.said("The password is changed; your other sessions have ended.")
    desk.press("Sign out")
    fill(page, "carl", "another battery staple")
    expect(page.get_by_role("heading", name="Carl · Auditor · acme")).to_be_visible()


def test_a_session_that_ended_meanwhile_is_told(desk: Desk) -> None:
    sign_in(desk)
    expect(desk.page.get_by_role("heading", name="In review")).to_be_visible()
    desk.page.context.clear_cookies()
    desk.page.evaluate("location.hash = '#/releases'")
    expect(desk.page.get_by_role("alert")).to_have_text("Your session has ended. Sign in again.")


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_sign_in_and_account_pages_can_be_read_and_fit_a_telephone(
    chromium: Browser, service: ReviewService, scheme: str
) -> None:
    context = chromium.new_context(viewport={"width": 320, "height": 640}, color_scheme=scheme)  # type: ignore[arg-type]
    page = context.new_page()
    page.goto(f"{service.base_url}/sign-in")
    expect(page.get_by_label("E-mail address")).to_be_visible()
    for heading in ("Sign in", "Carl · Auditor · acme"):
        expect(page.get_by_role("heading", name=heading)).to_be_visible()
        assert page.evaluate(LOW_CONTRAST) == []
        assert page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth") <= 0
        if heading == "Sign in":
            expect(page.get_by_text("Acme Answers").first).to_be_visible()
            fill(page, "carl")
    context.close()
