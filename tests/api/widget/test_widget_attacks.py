"""Another origin in a real browser: it cannot frame the panel, talk to it, read a session, or use a widget's id."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser, Page
from widget_service import WidgetService

pytestmark = [pytest.mark.browser, pytest.mark.slow]


@pytest.fixture(scope="module")
def thief(chromium: Browser, standing: WidgetService) -> Iterator[Page]:
    """A page of an origin that is on no list."""
    context = chromium.new_context()
    page = context.new_page()
    page.set_default_timeout(30_000)
    page.goto(f"{standing.thief}/bare")
    yield page
    context.close()


def _run(page: Page, script: str, service: WidgetService, **more: Any) -> Any:
    given = {"own": service.own, "host": service.host, "widget": service.widget, **more}
    return page.evaluate(f"async ({{own, host, widget, token, knock}}) => {{ {script} }}", given)


_FRAMED = """
  const frame = document.createElement('iframe');
  %s
  document.body.append(frame);
  await new Promise((done) => { frame.onload = done; setTimeout(done, 3000); });
  const channel = new MessageChannel();
  const heard = [];
  channel.port1.onmessage = ({data}) => heard.push(data);
  window.addEventListener('message', ({data}) => heard.push(data));
  frame.contentWindow.postMessage({type: 'copilot', open: true}, '*', [channel.port2]);
  await new Promise((done) => setTimeout(done, 700));
  frame.remove();
  return heard;
"""


@pytest.mark.parametrize(
    "how",
    [
        "frame.src = `${own}/widget/v1/panel?id=${widget}`;",
        "frame.src = `${own}/widget/v1/panel?id=${widget}&origin=${host}`;",
        "frame.setAttribute('sandbox', 'allow-scripts'); frame.src = `${own}/widget/v1/panel?id=${widget}`;",
        "frame.setAttribute('sandbox', 'allow-scripts allow-same-origin');"
        " frame.src = `${own}/widget/v1/panel?id=${widget}`;",
        "frame.referrerPolicy = 'no-referrer'; frame.src = `${own}/widget/v1/panel?id=${widget}`;",
        "frame.srcdoc = `<iframe src='${own}/widget/v1/panel?id=${widget}'></iframe>`;",
        "frame.srcdoc = `<script async src='${own}/widget/v1/loader.js' data-widget='${widget}'></script>`;",
        "frame.src = `${host}/`;",  # the listed page, framed itself: its own widget has the thief above it
        "frame.src = `${own}/widget/v1/preview?id=${widget}`;",
    ],
)
def test_an_unlisted_page_cannot_frame_the_panel(thief: Page, standing: WidgetService, how: str) -> None:
    assert _run(thief, _FRAMED % how, standing) == []
    assert standing.pipeline.asked == []


_FETCH = "try { const r = await fetch(%s); return [r.status, await r.text()]; } catch (e) { return e.name; }"


@pytest.mark.parametrize(
    "call",
    [
        "`${own}/widget/v1/panel?id=${widget}`",
        "`${own}/widget/v1/session`, {method: 'POST', headers: {'content-type': 'application/json'}, body: knock}",
        "`${own}/widget/v1/session`, {method: 'POST', headers: {'content-type': 'text/plain'}, body: knock}",
        "`${own}/v1/ask`, {method: 'POST', headers: {authorization: `Bearer ${token}`,"
        " 'content-type': 'application/json'}, body: JSON.stringify({question: 'x'})}",
        "`${own}/v1/feedback`, {method: 'POST', headers: {authorization: `Bearer ${token}`}, body: '{}'}",
        "`${own}/widget/v1/session`, {method: 'DELETE', headers: {authorization: `Bearer ${token}`}}",
    ],
)
def test_an_unlisted_page_reads_nothing_by_fetch(thief: Page, standing: WidgetService, call: str) -> None:
    token, knock = standing.visit()["token"], json.dumps(standing.knock())
    before = len(standing.pipeline.asked)
    assert _run(thief, _FETCH % call, standing, token=token, knock=knock) == "TypeError"
    assert len(standing.pipeline.asked) == before


@pytest.mark.parametrize(
    "send",
    [
        "await fetch(`${own}/widget/v1/session`, {method: 'POST', mode: 'no-cors', body: knock});",
        "await fetch(`${own}/widget/v1/session`, {method: 'POST', mode: 'no-cors', body: new Blob([knock])});",
        "navigator.sendBeacon(`${own}/widget/v1/session`, knock);",
        "navigator.sendBeacon(`${own}/widget/v1/session`, new Blob([knock], {type: 'application/json'}));",
        """
          const frame = Object.assign(document.createElement('iframe'), {name: 'sink'});
          const form = Object.assign(document.createElement('form'), {
            target: 'sink', method: 'post', enctype: 'text/plain', action: `${own}/widget/v1/session`});
          const field = document.createElement('input');
          [field.name, field.value] = [knock.slice(0, -1) + ', "x": "', '"}'];
          form.append(field);
          document.body.append(frame, form);
          form.submit();
        """,
    ],
    ids=["no-cors", "blob", "beacon", "json beacon", "form"],
)
def test_what_a_browser_sends_unread_opens_no_session(standing: WidgetService, thief: Page, send: str) -> None:
    """Such requests need no permission to be sent: it is the service that must not heed them."""
    knock, before = json.dumps(standing.knock()), _sessions(standing)
    _run(thief, send + " await new Promise((done) => setTimeout(done, 500));", standing, knock=knock)
    assert _sessions(standing) == before


@pytest.mark.parametrize(
    "script",
    [
        "await import(`${own}/widget/v1/static/session.js`);",
        "await import(`${own}/chat/client.js`);",
        "await new Promise((good, bad) => document.head.append(Object.assign(document.createElement('script'), "
        "{src: `${own}/widget/v1/panel?id=${widget}`, onload: good, onerror: bad})));",
        "await new Promise((good, bad) => document.head.append(Object.assign(document.createElement('link'), "
        "{rel: 'stylesheet', href: `${own}/widget/v1/panel?id=${widget}`, onload: good, onerror: bad})));",
        "await new Promise((good, bad) => { const one = new EventSource(`${own}/widget/v1/answers/x`); "
        "one.onopen = good; one.onerror = bad; });",
    ],
    ids=["session module", "client module", "panel as script", "panel as style", "event source"],
)
def test_an_unlisted_page_loads_nothing_of_the_panel(thief: Page, standing: WidgetService, script: str) -> None:
    caught = f"try {{ {script} return 'loaded'; }} catch (e) {{ return 'refused'; }}"
    assert _run(thief, caught, standing) == "refused"


@pytest.mark.parametrize("tag", ["object", "embed"])
def test_an_unlisted_page_cannot_embed_the_panel_by_other_means(thief: Page, standing: WidgetService, tag: str) -> None:
    script = f"""
      const node = document.createElement('{tag}');
      node[node.tagName === 'OBJECT' ? 'data' : 'src'] = `${{own}}/widget/v1/panel?id=${{widget}}`;
      document.body.append(node);
      await new Promise((done) => setTimeout(done, 1000));
      const heard = [];
      const channel = new MessageChannel();
      channel.port1.onmessage = ({{data}}) => heard.push(data);
      const inside = window.frames[window.frames.length - 1];
      inside?.postMessage({{type: 'copilot', open: true}}, '*', [channel.port2]);
      await new Promise((done) => setTimeout(done, 500));
      node.remove();
      return heard;
    """
    assert _run(thief, script, standing) == []


def test_whoever_opens_the_partners_page_cannot_talk_to_the_panel_in_it(thief: Page, standing: WidgetService) -> None:
    script = """
      const heard = [];
      addEventListener('message', ({data}) => heard.push(data));
      const other = window.open(`${host}/`);
      await new Promise((done) => setTimeout(done, 2500));
      for (const target of [other, other.frames[0]]) {
        const channel = new MessageChannel();
        channel.port1.onmessage = ({data}) => heard.push(data);
        target.postMessage({type: 'copilot', open: true, known: true}, '*', [channel.port2]);
      }
      await new Promise((done) => setTimeout(done, 500));
      const framed = other.frames.length;
      other.close();
      return {heard, framed};
    """
    assert _run(thief, script, standing) == {"heard": [], "framed": 1}


def test_a_thiefs_frame_beside_the_panel_cannot_talk_to_it(chromium: Browser, standing: WidgetService) -> None:
    """The partner's page itself holds a frame of another origin, an advertisement for instance."""
    context = chromium.new_context(bypass_csp=True)  # the page's own policy would refuse it
    page = context.new_page()
    page.goto(standing.host)
    page.frame_locator("iframe").locator(".launcher").wait_for()
    page.evaluate(
        "src => document.body.append(Object.assign(document.createElement('iframe'), {src, name: 'thief'}))",
        f"{standing.thief}/bare",
    )
    page.frame_locator("iframe[name=thief]").locator("body").wait_for(state="attached")
    beside = next(frame for frame in page.frames if frame.url.startswith(standing.thief))
    heard = beside.evaluate(
        """async () => {
          const heard = [];
          addEventListener('message', ({data}) => heard.push(data));
          for (const target of [parent.frames[0], parent]) {
            const channel = new MessageChannel();
            channel.port1.onmessage = ({data}) => heard.push(data);
            target.postMessage({type: 'copilot', open: true, known: true}, '*', [channel.port2]);
            target.postMessage({type: 'token'}, '*');
          }
          await new Promise((done) => setTimeout(done, 500));
          return heard;
        }"""
    )
    launcher = page.frame_locator("iframe").first.locator(".launcher")
    assert heard == []
    assert launcher.get_attribute("aria-expanded") == "false"
    context.close()


def test_a_panel_opened_as_a_window_listens_to_nobody(thief: Page, standing: WidgetService) -> None:
    script = """
      const heard = [];
      addEventListener('message', ({data}) => heard.push(data));
      const other = window.open(`${own}/widget/v1/panel?id=${widget}`);
      await new Promise((done) => setTimeout(done, 1500));
      const channel = new MessageChannel();
      channel.port1.onmessage = ({data}) => heard.push(data);
      try { other.postMessage({type: 'copilot', open: true}, '*', [channel.port2]); } catch (e) { /* severed */ }
      await new Promise((done) => setTimeout(done, 500));
      return heard;
    """
    assert _run(thief, script, standing) == []


def test_the_page_around_reads_neither_the_frame_nor_its_storage(chromium: Browser, standing: WidgetService) -> None:
    context = chromium.new_context()
    page = context.new_page()
    page.goto(standing.host)
    frame = page.frame_locator("iframe")
    frame.locator(".launcher").click()
    frame.locator("#question").fill("How?")
    frame.locator("#question").press("Enter")
    frame.locator(".answer:not([aria-busy])").wait_for()
    script = """
      const frame = document.querySelector('iframe');
      const tries = [() => frame.contentDocument?.body.textContent, () => frame.contentWindow.document,
        () => frame.contentWindow.localStorage, () => frame.contentWindow.sessionStorage, () => frame.contentWindow.fetch];
      const read = tries.map((one) => { try { return String(one() ?? null); } catch (e) { return e.name; } });
      return {read, kept: Object.keys(localStorage).concat(Object.keys(sessionStorage)), cookies: document.cookie};
    """
    found = _run(page, script, standing)
    context.close()
    assert set(found["read"]) <= {"null", "SecurityError"}
    assert (found["kept"], found["cookies"]) == ([], "")


def test_messages_of_other_windows_on_the_hosts_page_are_not_the_frames(
    chromium: Browser, standing: WidgetService
) -> None:
    """A frame of the thief's beside the widget's: it can post to both, and neither listens."""
    context = chromium.new_context()
    page = context.new_page()
    page.goto(standing.host)
    page.frame_locator("iframe").locator(".launcher").wait_for()
    panel = next(frame for frame in page.frames if "/widget/v1/panel" in frame.url)
    # From its sibling's or its own side: no event whose source is not the parent is taken.
    heard = panel.evaluate(
        """async () => {
          const heard = [];
          const channel = new MessageChannel();
          channel.port1.onmessage = ({data}) => heard.push(data);
          window.postMessage({type: 'copilot', open: true}, '*', [channel.port2]);
          await new Promise((done) => setTimeout(done, 500));
          return heard;
        }"""
    )
    assert heard == []
    page.evaluate(
        "() => { window.postMessage({type: 'gone'}, '*'); window.postMessage({type: 'state', open: true}, '*'); }"
    )
    page.wait_for_timeout(300)
    assert page.locator("iframe").count() == 1
    context.close()


def _sessions(service: WidgetService) -> int:
    with sqlite3.connect(service.database) as database:
        return int(database.execute("SELECT count(*) FROM widget_sessions").fetchone()[0])
