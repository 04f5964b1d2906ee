"""Embedding in a partner's page: the queue, the commands, inline, phones, and what it all costs the page, in a real browser."""

from __future__ import annotations

import json
import statistics

import pytest
from playwright.sync_api import Browser, expect
from widget_browser import Portal, visiting
from widget_service import WidgetService

pytestmark = [pytest.mark.browser, pytest.mark.slow]

LOADER_MS = 20.0
"""Main-thread time that the loader may take on the host's page."""
FIRST_SENTENCE_MS = 400.0
"""From Enter to the first sentence on the screen, over the API's own time."""


def test_commands_open_close_and_tell_whoever_listens_until_they_no_longer_do(portal: Portal) -> None:
    page = portal.page
    page.goto(portal.service.host)
    expect(portal.frame.locator(".launcher")).to_be_visible()
    page.evaluate("() => { window.heard = []; window.hear = () => heard.push(1); Copilot('on', 'open', hear); }")
    for command, visible in (("toggle", True), ("toggle", False), ("open", True), ("open", True), ("close", False)):
        portal.command(command)
        expect(portal.frame.locator("#question")).to_be_visible(visible=visible)
    page.evaluate("() => { Copilot('off', 'open', hear); Copilot('on', 'close', () => { throw new Error('mine'); }); }")
    portal.command("open")
    expect(portal.question).to_be_visible()
    portal.command("close")
    expect(portal.question).to_be_hidden()
    assert page.evaluate("() => heard.length") == 2
    assert [fault for fault in portal.faults if "mine" in fault], "the host's own fault is told, and stops nothing"
    portal.faults.clear()
    portal.command("no such thing")
    assert portal.faults == ['Copilot: no command "no such thing"']
    portal.faults.clear()


def test_the_widget_stands_inline_in_an_element_of_the_page(portal: Portal) -> None:
    page = portal.page
    page.goto(f"{portal.service.host}/?inline={portal.service.widget}")
    expect(portal.question).to_be_visible()
    expect(portal.frame.locator(".launcher")).to_be_hidden()
    expect(portal.frame.get_by_role("button", name="Close the chat")).to_have_count(0)
    box, place = page.locator("iframe").bounding_box(), page.locator("#help").bounding_box()
    assert box is not None and place is not None
    assert (box["width"], box["height"]) == (place["width"], place["height"])
    expect(portal.ask("How?")).to_contain_text("A till shows SYNC-409")
    portal.command("close")
    expect(portal.question).to_be_visible()


def test_an_element_that_is_not_there_is_told_to_whoever_embeds(portal: Portal) -> None:
    portal.page.goto(f"{portal.service.host}/?inline={portal.service.widget}")
    expect(portal.question).to_be_visible()
    portal.page.evaluate("() => Copilot('init', {widget: 'other', container: '#missing'})")
    assert portal.faults == ["Copilot: this page has no element #missing"]
    portal.faults.clear()


def test_a_phone_gets_the_whole_window_and_gives_it_back(chromium: Browser, service: WidgetService) -> None:
    with visiting(chromium, service, viewport={"width": 390, "height": 780}, has_touch=True) as portal:
        portal.open()
        box = portal.page.locator("iframe").bounding_box()
        assert box == {"x": 0, "y": 0, "width": 390, "height": 780}
        portal.page.evaluate("() => document.querySelector('#host').focus()")
        expect(portal.page.locator("#host")).not_to_be_focused()  # nothing unseen takes the focus
        assert portal.ask("How?").is_visible()
        portal.frame.get_by_role("button", name="Close the chat").click()
        expect(portal.frame.locator(".launcher")).to_be_visible()
        box = portal.page.locator("iframe").bounding_box()
        assert box is not None
        assert (box["width"], box["height"]) == (64, 64)
        portal.page.locator("#host").focus()
        expect(portal.page.locator("#host")).to_be_focused()


def test_the_panel_is_loaded_when_it_is_first_opened(portal: Portal) -> None:
    loaded: list[str] = []
    portal.page.on("request", lambda request: loaded.append(request.url))
    portal.page.goto(portal.service.host)
    expect(portal.frame.locator(".launcher")).to_be_visible()
    assert not [url for url in loaded if url.endswith(("panel.js", "chat.css", "turn.js"))]
    portal.frame.locator(".launcher").click()
    expect(portal.question).to_be_focused()
    assert [url for url in loaded if url.endswith("panel.js")]


def _thread_ms(trace: bytes, script: str) -> float:
    """Processor time of the main thread inside `script`: nested events counted once."""
    events = json.loads(trace)["traceEvents"]
    names = {"EvaluateScript", "v8.compile", "FunctionCall"}
    spans = [
        (event["tts"], event["tts"] + event["tdur"])
        for event in events
        if event.get("name") in names and "tdur" in event and script in json.dumps(event.get("args", {}))
    ]
    total, end = 0.0, 0.0
    for start, stop in sorted(spans):
        total += max(0.0, stop - max(start, end))
        end = max(end, stop)
    assert spans, "the trace holds nothing of the script"
    return total / 1000


def test_the_loader_takes_little_of_the_hosts_main_thread(
    portal: Portal, chromium: Browser, capsys: pytest.CaptureFixture[str]
) -> None:
    chromium.start_tracing(page=portal.page, categories=["devtools.timeline", "v8", "disabled-by-default-v8.compile"])
    portal.page.goto(portal.service.host)
    expect(portal.frame.locator(".launcher")).to_be_visible()
    took = _thread_ms(chromium.stop_tracing(), "loader.js")
    with capsys.disabled():
        print(f"\nloader: {took:.1f} ms of the host's main thread, of {LOADER_MS:.0f}")
    assert took <= LOADER_MS


@pytest.mark.proof
def test_the_first_sentence_shows_soon_after_the_service_has_it(
    portal: Portal, capsys: pytest.CaptureFixture[str]
) -> None:
    portal.open()
    portal.panel.evaluate(
        """() => {
          window.took = [];
          let asked = 0;
          addEventListener("keydown", (event) => { if (event.key === "Enter") asked = performance.now(); }, true);
          new MutationObserver(() => {
            const said = document.querySelector(".turn:last-child .prose")?.textContent;
            if (asked && said) requestAnimationFrame(((from) => () => took.push(performance.now() - from))(asked));
            if (said) asked = 0;
          }).observe(document.body, { childList: true, subtree: true, characterData: true });
        }"""
    )
    for number in range(5):  # the first opens the session, too
        portal.ask(f"Question {number}?")
    portal.panel.wait_for_function("() => took.length === 5")
    took = portal.panel.evaluate("() => took")
    with capsys.disabled():
        print(f"\nfirst sentence after {statistics.median(took):.0f} ms (median), {max(took):.0f} ms (longest)")
    assert statistics.median(took) <= FIRST_SENTENCE_MS
