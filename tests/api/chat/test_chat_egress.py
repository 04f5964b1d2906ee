"""What the egress gate lets through, in a real browser beside a listening sink: nothing is fetched, nobody is addressed."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from chat_stub import FakeService
from markdown_it import MarkdownIt
from playwright.sync_api import Browser, Page

from guardrails.egress import screen_markdown
from tests.guardrails.egress_payloads import CITED, ODD_CITED, SOURCES, payloads

pytestmark = [pytest.mark.browser, pytest.mark.slow]

RENDER = """async ({text, cited}) => {
    const { MarkdownView } = await import("/chat/markdown.js");
    const root = document.body.appendChild(document.createElement("section"));
    const hooks = { citation: n => String(n), link: url => cited.includes(url) ? url : null, revision: () => 0 };
    new MarkdownView(root, hooks).show(text);
    return [...root.querySelectorAll("*")].flatMap(node => [node.localName, ...node.getAttributeNames()]);
}"""
SHOWN = frozenset(
    [
        "a",
        "article",
        "blockquote",
        "br",
        "code",
        "dir",
        "div",
        "em",
        "h1",
        "h2",
        "h3",
        "h4",
        "h5",
        "h6",
        "hr",
        "href",
        "li",
        "ol",
        "p",
        "pre",
        "rel",
        "s",
        "span",
        "strong",
        "table",
        "tabindex",
        "target",
        "tbody",
        "td",
        "th",
        "thead",
        "tr",
        "ul",
        "value",
        "class",
        "role",
        "aria-label",
        "style",
        "scope",
    ]
)


class Sink:
    """An address on this machine that counts who asks for anything."""

    def __init__(self) -> None:
        self.asked: list[str] = []
        asked = self.asked

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                asked.append(self.path)
                self.send_response(204)
                self.end_headers()

            def log_message(self, *_: object) -> None:
                """Quiet."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_port}/c"
        self._thread = threading.Thread(target=self._server.serve_forever)
        self._thread.start()

    def close(self) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()


@pytest.fixture
def sink() -> Iterator[Sink]:
    listening = Sink()
    yield listening
    listening.close()


@pytest.fixture
def page(chromium: Browser) -> Iterator[Page]:
    """Without a content policy, so that only what is rendered keeps the browser from fetching."""
    context = chromium.new_context(bypass_csp=True)
    page = context.new_page()
    page.on("dialog", lambda dialog: pytest.fail(dialog.message))
    yield page
    context.close()


def screened(sink: Sink) -> list[str]:
    found = payloads(sink.url).values()
    cited = frozenset({CITED, ODD_CITED})
    return [screen_markdown(text, allowed_urls=cited, source_texts=SOURCES).text for text in found]


def test_the_chat_page_fetches_nothing_for_any_payload(page: Page, service: FakeService, sink: Sink) -> None:
    page.goto(service.base_url)
    strangers: list[str] = []
    page.on("request", lambda request: strangers.append(request.url) if service.base_url not in request.url else None)
    for text in [*screened(sink), *payloads(sink.url).values()]:  # the page holds even where the gate was not asked
        shown = page.evaluate(RENDER, {"text": text, "cited": [CITED, ODD_CITED]})
        assert set(shown) <= SHOWN, text
    page.wait_for_timeout(300)  # what would be fetched is on its way by now
    assert strangers == []
    assert sink.asked == []


def test_a_careless_client_fetches_nothing_of_what_passed_the_gate(page: Page, sink: Sink) -> None:
    careless = MarkdownIt("commonmark", {"html": True}).enable("table")
    for text in screened(sink):
        page.set_content(careless.render(text))
        assert page.locator("img, script, iframe, svg, style, link, object, form, base, meta, video").count() == 0
    page.wait_for_timeout(300)
    assert sink.asked == []


def test_the_same_client_fetches_a_payload_that_did_not_pass_the_gate(page: Page, sink: Sink) -> None:
    page.set_content(MarkdownIt("commonmark", {"html": True}).render(payloads(sink.url)["image"]))
    page.wait_for_timeout(1000)
    assert sink.asked
