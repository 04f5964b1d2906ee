"""A stream that the network takes is gone on with: in a real browser, and over HTTP."""

from __future__ import annotations

import json
import time

import pytest
from playwright.sync_api import expect
from widget_browser import Portal
from widget_service import WidgetService

pytestmark = pytest.mark.slow


@pytest.mark.browser
def test_an_answer_that_is_lost_in_mid_stream_is_gone_on_with_and_not_asked_again(portal: Portal) -> None:
    portal.service.pipeline.pause = 0.3
    portal.service.cut.times, portal.service.cut.after = 2, 1
    portal.open()
    answer = portal.ask("How?")
    expect(answer.locator(".prose p")).to_have_text(
        "A till shows SYNC-409 when two stores changed the same ticket while one was offline1. "
        "Stop the sync agent before you clear the queue1."
    )
    expect(answer.locator(".sources li")).to_have_count(1)
    assert (len(portal.service.pipeline.asked), portal.service.cut.resumed) == (1, 2)


@pytest.mark.browser
def test_what_cannot_be_gone_on_with_is_said_and_asked_again_at_a_press(portal: Portal) -> None:
    portal.service.cut.times, portal.service.cut.after = 1, 3
    portal.page.route("**/widget/v1/answers/**", lambda route: route.fulfill(status=404, body="{}"))
    portal.open()
    answer = portal.ask("How?")
    expect(answer).to_contain_text("The connection was lost. What is shown is incomplete. Please try again.")
    answer.get_by_role("button", name="Try again").click()
    expect(portal.settled()).to_contain_text("Stop the sync agent before you clear the queue")
    assert [asked.text for asked in portal.service.pipeline.asked] == ["How?", "How?"]


@pytest.mark.browser
def test_reconnecting_is_said_while_it_lasts_and_stop_ends_the_work(portal: Portal) -> None:
    portal.service.pipeline.pause = 120.0
    portal.service.cut.times, portal.service.cut.after, portal.service.cut.refuse = 1, 1, True
    portal.open()
    portal.question.fill("How?")
    portal.question.press("Enter")
    expect(portal.frame.locator(".stage")).to_have_text("The connection was lost. Reconnecting…")
    portal.service.cut.refuse = False
    expect(portal.frame.locator(".stage")).to_have_text("Searching the documents…")
    portal.frame.get_by_role("button", name="Stop").click()
    expect(portal.frame.locator(".answer")).to_contain_text("You stopped this answer")
    until = time.monotonic() + 60
    while not portal.service.pipeline.ended and time.monotonic() < until:
        time.sleep(0.05)
    assert portal.service.pipeline.ended == 1  # long before the two minutes that it would have taken


@pytest.mark.browser
def test_an_answer_on_its_way_survives_a_reload(portal: Portal) -> None:
    portal.service.pipeline.pause = 2.0
    portal.open()
    portal.question.fill("How?")
    portal.question.press("Enter")
    expect(portal.frame.locator(".prose")).to_contain_text("A till shows SYNC-409")
    portal.page.reload()
    portal.frame.locator(".launcher").click()
    expect(portal.frame.locator(".question")).to_have_text("How?")
    expect(portal.settled()).to_contain_text("Stop the sync agent before you clear the queue")
    assert len(portal.service.pipeline.asked) == 1
    portal.page.reload()
    portal.frame.locator(".launcher").click()
    expect(portal.frame.locator(".turn")).to_have_count(1)
    portal.service.pipeline.pause = 0.0
    portal.ask("And then?")
    first, second = portal.service.pipeline.asked
    assert second.conversation_id is not None and first.conversation_id is None


def _ask(service: WidgetService, token: str, most: int) -> tuple[str, int]:
    """Reads `most` events and hangs up: the answer's id."""
    with (
        service.api(token) as api,
        api.stream("POST", "/v1/ask", json={"question": "How?"}, headers={"Accept": "text/event-stream"}) as response,
    ):
        events = []
        for line in response.iter_lines():
            if line.startswith("data: "):
                events.append(json.loads(line.removeprefix("data: ")))
            if len(events) == most:
                break
    return events[0]["answer_id"], len(events)


def _names(text: str) -> list[str]:
    return [line.removeprefix("event: ") for line in text.splitlines() if line.startswith("event: ")]


def test_only_the_same_visitor_goes_on_and_only_from_where_there_is_more(roomy: WidgetService) -> None:
    mine, other = (roomy.visit(visitor=name * 40)["token"] for name in "ab")
    answer_id, heard = _ask(roomy, mine, 2)
    path = f"/widget/v1/answers/{answer_id}"
    with roomy.api(roomy.visit(visitor="a" * 40)["token"]) as api:  # a renewed session of the same visitor
        rest = api.get(path, params={"after": heard})
        assert _names(rest.text) == ["sentence", "citation", "sentence", "citation", "done"]
        assert _names(api.get(path).text) == ["meta", "status", *_names(rest.text)]
        assert api.get(path, params={"after": -1}).status_code == 422
        for beyond in (7, 8, 1000):
            assert api.get(path, params={"after": beyond}).json()["code"] == "answer_not_kept"
        assert api.get("/widget/v1/answers/unknown").status_code == 404
    for token in (other, roomy.admin, roomy.foreign):
        with roomy.api(token) as api:
            assert api.get(path).json()["code"] == "answer_not_kept"
            assert api.delete(path).status_code == 204  # which ends nothing of another's
    with roomy.api(mine) as api:
        assert api.get(path).status_code == 200
        assert api.delete(path).status_code == 204
        assert api.get(path).status_code == 404
    with roomy.api() as api:
        assert api.get(path).status_code == 401
