import pytest
from hypothesis import given
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from guardrails.egress import screen_markdown
from tests.guardrails.egress_payloads import CITED, IN_CODE, ODD_CITED, SOURCES, WITHOUT_A_VIOLATION, payloads

ALLOWED = frozenset({CITED, ODD_CITED, "javascript:alert(1)"})
EVIL = "https://evil.example/c"
PAYLOADS = payloads(EVIL)


def opened(text: str) -> tuple[list[str], list[str]]:
    """What a Markdown renderer would make of it: destinations, and tokens that must not be there."""
    links, bad = [], []
    for token in MarkdownIt("commonmark").enable("table").parse(text):
        for each in [token, *(token.children or [])]:
            if each.type == "link_open":
                links.append(str(each.attrs["href"]))
            if each.type in {"image", "html_inline", "html_block"}:
                bad.append(each.type)
    return links, bad


def screen(text):
    return screen_markdown(text, allowed_urls=ALLOWED, source_texts=SOURCES)


def test_there_are_many_payloads():
    assert len(PAYLOADS) >= 60


@pytest.mark.parametrize("name", PAYLOADS)
def test_no_payload_fetches_links_or_hides(name):
    result = screen(f"Before.\n\n{PAYLOADS[name]}\n\nAfter.")
    links, bad = opened(result.text)
    assert bad == []
    assert set(links) <= {CITED}
    if name not in IN_CODE:
        assert "evil" not in result.text
        assert "javascript:" not in result.text.casefold()
    assert result.violations or name in WITHOUT_A_VIOLATION
    assert result.text.startswith("Before.")
    assert result.text.endswith("After.")
    assert screen(result.text).text == result.text


KEPT = [
    "Do **this** and *that* [1][2].",
    "1. Open *Retail* > **Setup**.\n2. Set `price_list_id` to 4 [1].\n   - one\n   - two",
    "5) five\n6) six",
    "```sql\nselect '<b>' from t where u = 'https://x.example/y';\n```",
    "Use `<b>` or ``a`b`` here.",
    "| a | b |\n| --- | :---: |\n| 1 \\| x | `c` |",
    "# Title\n\n> quoted\n> twice\n\n---\n\nEnd",
    "Ask <PERSON_k3f9ab> about snake_case_name, 2 * 3 and a < b & c.",
    "[setup](https://docs.corvane.example/setup) says so [3].",
    "[a](<https://docs.corvane.example/a(1)>)",
    "See https://docs.corvane.example/known, write to help@corvane.example.",
    "Version 7.12.4.1, 5 %, 1,234.56 € and 10² – “quoted” – ½ 👩‍💻 ❤️",
    "- one\n\n  more of one\n\n- two",
    "line one\\\nline two",
]


@pytest.mark.parametrize("text", KEPT)
def test_ordinary_answers_pass_unchanged(text):
    assert screen(text) == screen(screen(text).text)
    assert screen(text).text == text
    assert screen(text).violations == ()


def test_a_refused_link_leaves_its_words_and_an_image_its_description():
    assert screen(f"[the guide]({EVIL}) ![a till]({EVIL})").text == "the guide a till"


def test_reference_links_are_resolved_before_they_are_judged():
    assert (
        screen("[setup][s]\n\n[s]: https://docs.corvane.example/setup").text
        == "[setup](https://docs.corvane.example/setup)"
    )


def test_what_was_removed_is_named():
    result = screen(f"![x]({EVIL}) <b>y</b> [z]({EVIL}) {EVIL} me@evil.example \u200b")
    assert set(result.violations) == {"image", "html", "link", "bare_url", "email", "hidden_characters"}


FRAGMENTS = (
    *"*_`[]()!<>#-+|\\&;:=~ \n\t",
    *(
        "**",
        "__",
        "```",
        "1.",
        "\n\n",
        "    ",
        "a",
        "b1",
        "é",
        "[1]",
        "<b>",
        "<!--",
        "-->",
        "\u200b",
        "|---|",
        "&amp;",
        "&#91;",
    ),
    *(
        "![",
        "](",
        EVIL,
        "https://docs.corvane.example/setup",
        "me@evil.example",
        "<PERSON_k3f9ab>",
        "- ",
        "> ",
        "[r]: ",
    ),
)
MARKDOWN = st.lists(st.sampled_from(FRAGMENTS), max_size=24).map("".join)


@given(MARKDOWN | st.text(max_size=80))
def test_anything_comes_out_safe_and_stays_as_it_is(text):
    result = screen(text)
    links, bad = opened(result.text)
    assert bad == []
    assert set(links) <= ALLOWED - {"javascript:alert(1)"}
    assert screen(result.text).text == result.text
