"""Answers as mrkdwn: faithful where it matters, inert everywhere."""

from __future__ import annotations

import html
import re

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from slack_stub import message_refusal
from slack_world import answer, citation

from bots.slack.blocks import answer_messages
from bots.slack.incoming import plain
from bots.slack.markdown import SECTION_CHARS, sections
from guardrails.egress import screen_markdown
from tests.guardrails import egress_payloads

CITED = "https://kb.example/till?a=1&b=2"
HOSTILE = """
<!channel> <!here|all> <!everyone> <@U0VICTIM> <#C0SECRET> <!subteam^S1|@team> <https://evil.example|Click>
&lt;!channel&gt; `<!here>` [click](https://evil.example/a) ![pixel](https://evil.example/p.png) <https://evil.example/auto>
[js](javascript:alert(1)) [ref] https://evil.example/bare *<!channel>* **[<!here>](https://evil.example)**

[ref]: https://evil.example/ref "t"

    <!channel> in code

```
<!everyone> ``` <@U1>
```

| a | <!here> |
|---|---|
| <@U2> | [x](https://evil.example) |

# <!channel>
> <!here>
- <!channel>
<img src=x onerror=alert(1)>
"""


def shown(markdown: str, *allowed: str) -> str:
    return "\n\n".join(sections(markdown, allowed=frozenset(allowed)))


def test_hostile_markdown_is_inert() -> None:
    text = shown(HOSTILE, CITED)
    assert "<" not in text
    assert ">" not in text
    assert "javascript" not in text or "](javascript" in text
    assert re.findall(r"(?<!`)https?://[^\s`]+", text) == [], "an address that is not cited stands as code"
    message = answer_messages(answer(HOSTILE, citations=(citation(url="javascript:alert(1)", title="<!channel>|x"),)))[
        0
    ]
    assert "<" not in str([block for block in message.blocks if block["type"] == "section"])
    assert "<" not in message.text
    assert "https://" not in message.text


def test_only_the_cited_address_becomes_a_link() -> None:
    text = shown(f"See [the page]({CITED}), {CITED}. Or [this](https://kb.example/till) one.", CITED)
    cited = "https://kb.example/till?a=1&amp;b=2"
    assert text == f"See <{cited}|the page>, <{cited}|{cited}>. Or this one."


def test_source_link_cannot_be_broken_out_of() -> None:
    [message] = answer_messages(
        answer(citations=(citation(url="https://a.example/|x> <!channel>", title="a|b> <!here>"),))
    )
    [source] = [t for b in message.blocks if "*[1]*" in (t := str(b))]
    assert "<https://a.example/%7Cx%3E%20%3C!channel%3E|a|b&gt; &lt;!here&gt;>" in source


@pytest.mark.parametrize(
    ("markdown", "mrkdwn"),
    [
        ("**bold** *it* `a < b` ~~no~~", "*bold* _it_ `a &lt; b` ~no~"),
        ("1. one\n2. two\n   - deep", "1. one\n2. two\n    • deep"),
        ("3. three\n4. four", "3. three\n4. four"),
        ("# Title\n\ntext", "*Title*\n\ntext"),
        ("```sh\nls <dir>\n```", "```\nls &lt;dir&gt;\n```"),
        ("| a | long |\n|---|---|\n| 1 | 2 |", "```\na | long\n1 | 2\n```"),
        ("> quoted", "&gt; quoted"),
        ("A & B [1][2]", "A &amp; B [1][2]"),
    ],
)
def test_markdown_as_mrkdwn(markdown: str, mrkdwn: str) -> None:
    assert shown(markdown) == mrkdwn


def test_long_code_stays_code_in_every_section() -> None:
    lines = [f"line {number} <x> & y" for number in range(600)]
    pieces = sections("```\n" + "\n".join(lines) + "\n```", allowed=frozenset())
    assert all(piece.startswith("```\n") and piece.endswith("\n```") for piece in pieces)
    code = "\n".join(piece.removeprefix("```\n").removesuffix("\n```") for piece in pieces)
    assert html.unescape(code).splitlines() == lines


_TEXTS = st.text(alphabet=st.sampled_from("ab <>&|`*_~[]()!#@:/.\n-1"), max_size=400)


@settings(deadline=None)
@given(_TEXTS, st.integers(1, 40))
@example("<" * 400, 40)
def test_any_text_is_escaped_and_fits(text: str, times: int) -> None:
    for piece in sections(text * times, allowed=frozenset()):
        assert 0 < len(piece) <= SECTION_CHARS
        assert "<" not in piece
        assert ">" not in piece
        assert re.search(r"&(?!(amp|lt|gt);)", piece) is None, "no entity is cut in two"
    for message in answer_messages(answer(text * times)):
        assert message_refusal({"text": message.text or "-", "parse": "none", "blocks": list(message.blocks)}) is None


@settings(deadline=None)
@given(st.text(max_size=200))
def test_plain_undoes_what_slack_escapes(text: str) -> None:
    escaped = text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    assert plain(escaped, bot=None) == text.strip()


@pytest.mark.parametrize(
    ("text", "read"),
    [
        ("<@U0BOT> <@U1|anna> <@U2> hi", "@anna @someone hi"),
        ("<!here> <!subteam^S1|@ops> <!date^1^{date}|today>", "@here @ops today"),
        ("<http://kb.example|kb.example> <https://x.example>", "http://kb.example https://x.example"),
        ("&lt;@U0BOT&gt; is &amp;lt;", "<@U0BOT> is &lt;"),
    ],
)
def test_slack_markup_is_read_as_its_author_saw_it(text: str, read: str) -> None:
    assert plain(text, bot="U0BOT") == read


PAYLOADS = egress_payloads.payloads("https://evil.example/c")
_ACTING = re.compile(r"<[^>\n]*>")


@pytest.mark.parametrize("gated", [True, False], ids=["after the gate", "without it"])
@pytest.mark.parametrize("name", PAYLOADS)
def test_no_payload_notifies_or_links_in_slack(name: str, gated: bool) -> None:
    """All that acts in mrkdwn stands between `<` and `>`: links to what is cited, and nothing else."""
    text = PAYLOADS[name]
    cited = frozenset({egress_payloads.CITED, egress_payloads.ODD_CITED})
    if gated:
        text = screen_markdown(text, allowed_urls=cited, source_texts=egress_payloads.SOURCES).text
    for section in sections(text, allowed=cited):
        acting = _ACTING.findall(section)
        assert {each.strip("<>").split("|")[0] for each in acting} <= cited
        assert section.count("<") == len(acting)
