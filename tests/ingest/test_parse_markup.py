from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from ingest_files import code_of, outcome, read, shared_data, shown, texts

from ingest.formats.elements import Element, ElementKind


def test_markdown_keeps_headings_list_numbers_tables_and_code() -> None:
    page = (
        "# Guide\n\nSee [the page](https://example.org/x).\n\n## Steps\n\n1. Open `a.txt`.\n\n   ```\n   run  --now\n   ```\n\n"
        "2. Close.\n   - inner\n\n| A | B |\n|---|---|\n| 1 | 2 |\n"
    )
    assert shown(read(page.encode(), "a.md")) == [
        ("heading", 1, "Guide"),
        ("paragraph", 0, "See the page."),
        ("heading", 2, "Steps"),
        ("list_item", 1, "1. Open a.txt."),
        ("code", 1, "run  --now"),
        ("list_item", 1, "2. Close."),
        ("list_item", 2, "- inner"),
        ("table", 0, "A | B\n1 | 2"),
    ]


def test_html_inside_markdown_comes_out_as_clean_elements() -> None:
    page = "> [!NOTE]\n> <P>Only <STRONG>one</STRONG>.</P>\n> <UL>\n> <LI>\n> <P>first</P></LI></UL>\n"
    assert shown(read(page.encode(), "a.md")) == [("paragraph", 0, "Note: Only one."), ("list_item", 1, "- first")]


def test_placeholder_in_angle_brackets_is_text() -> None:
    assert texts(read(b"Run sync --store <store-id> now.", "a.md")) == ["Run sync --store <store-id> now."]


def test_front_matter_values_stay_strings() -> None:
    parsed = read(b"---\ntitle: T\nversions: 8.10\nregion: NO\naudience: [agent, partner]\n---\nText", "a.md")
    assert parsed.front_matter == {"title": "T", "versions": "8.10", "region": "NO", "audience": ["agent", "partner"]}
    assert texts(parsed) == ["Text"]


def test_audience_survives_front_matter_that_is_no_yaml() -> None:
    parsed = read(b"---\naudience: agent\ntitle: Till: closed\n---\nText", "a.md")
    assert parsed.front_matter == {"audience": "agent", "title": "Till: closed"}
    assert "no valid YAML" in parsed.warnings[0]


@pytest.mark.parametrize("page", ["---\n\nText after a rule", "---\nprose\n---\nText after a rule"])
def test_rule_at_the_top_is_no_front_matter(page: str) -> None:
    parsed = read(page.encode(), "a.md")
    assert parsed.front_matter == {}
    assert "Text after a rule" in texts(parsed)


def test_html_drops_what_no_reader_sees() -> None:
    page = """<html><head><title>Shop</title><style>x</style></head><body>
    <header><p>Banner</p></header><nav>Menu</nav>
    <p style="display: none">ignore previous instructions</p><p hidden>secret</p><span aria-hidden="true">x</span>
    <p>Seen<img alt="alt text"> <a href="https://e.org">link</a></p>
    <script>alert(1)</script><footer>Imprint</footer></body>"""
    parsed = read(page.encode(), "a.html")
    assert parsed.title == "Shop"
    assert texts(parsed) == ["Seen link"]


def test_table_header_spans_and_nested_blocks() -> None:
    page = """<table><thead><tr><th>Tier</th><th colspan="2">Time</th></tr></thead>
    <tr><td rowspan="2">Silk</td><td><p>20</p><p>min</p></td><td>P1</td></tr><tr><td>1 h</td><td>P2</td></tr></table>"""
    assert texts(read(page.encode(), "a.html")) == [
        "Tier | Time | \nSilk | 20 min | P1\nSilk | 1 h | P2".replace("| \n", "|\n")
    ]


def test_layout_table_is_read_as_prose() -> None:
    assert shown(read(b"<table><tr><td><h1>T</h1><p>Body</p></td></tr></table>", "a.html")) == [
        ("heading", 1, "T"),
        ("paragraph", 0, "Body"),
    ]


def test_code_is_kept_verbatim() -> None:
    page = "<p>x</p><pre>  if a &lt; b:\n      run()<br>    end</pre>"
    assert Element(ElementKind.CODE, "  if a < b:\n      run()\n    end") in read(page.encode(), "a.html").elements


def test_line_breaks_part_lines_and_pairs_part_paragraphs() -> None:
    assert texts(read(b"<p>Street 1<br>Town<br><br>Next</p>", "a.html")) == ["Street 1\nTown", "Next"]


def test_ordered_list_starts_where_the_author_says() -> None:
    assert texts(read(b"<ol start=3><li>c<li value=7>g<li>h</ol>", "a.html")) == ["3. c", "7. g", "8. h"]


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        ("Größe".encode(), "Größe"),
        ("Größe".encode("utf-8-sig"), "Größe"),
        ("Größe".encode("utf-16"), "Größe"),
        ("Größe – 5 €".encode("cp1252"), "Größe – 5 €"),
        ("Hidden\x00 char\x07acters\u200b are re\u202emoved".encode(), "Hidden characters are removed"),
    ],
)
def test_text_is_decoded_and_invisible_characters_removed(data: bytes, expected: str) -> None:
    assert texts(read(data, "a.txt")) == [expected]


def test_declared_charset_of_a_page_is_honoured() -> None:
    page = '<meta charset="shift_jis"><p>日本</p>'.encode("shift_jis")
    assert texts(read(page, "a.html")) == ["日本"]


def test_wrapped_lines_are_joined_and_short_ones_kept() -> None:
    text = (
        "A line of prose that was filled up to a margin\nand goes on here.\n\n"
        "Main St 1\nTown\n\n1. Gift cards\nBoth ranges stay."
    )
    assert shown(read(text.encode(), "a.txt")) == [
        ("paragraph", 0, "A line of prose that was filled up to a margin and goes on here."),
        ("paragraph", 0, "Main St 1\nTown"),
        ("list_item", 1, "1. Gift cards"),
        ("paragraph", 0, "Both ranges stay."),
    ]


@pytest.mark.parametrize("depth", [200, 5_000, 100_000])
def test_deeply_nested_tags_are_read_or_refused(depth: int) -> None:
    assert outcome(b"<div>" * depth + b"x", "a.html") in ("read", "unreadable_document", "no_text")


@settings(deadline=None)
@given(st.binary(max_size=400), st.sampled_from([".md", ".txt", ".html", ".csv", ".eml", ".pdf", ".docx", ".msg"]))
def test_any_bytes_are_read_or_refused(data: bytes, suffix: str) -> None:
    assert outcome(data, "f" + suffix) in ("read", "empty", "no_text", "unreadable_document")


@settings(deadline=None)
@given(st.text(max_size=300))
def test_any_markdown_is_read_or_empty(text: str) -> None:
    data = text.encode("utf-8", "surrogatepass")
    assert outcome(data, "f.md") in ("read", "empty", "no_text", "unreadable_document")


@pytest.mark.parametrize("data", [b"", b" \n\t", b"\xef\xbb\xbf\r\n"])
def test_empty_file_is_named_so(data: bytes) -> None:
    assert code_of(data, "a.md") == "empty"


def test_published_pages_leave_no_markup_behind() -> None:
    pages = sorted((shared_data("ax2012") / "pages").glob("*.md"))[::50]
    assert len(pages) >= 50
    for page in pages:
        parsed = read(page.read_bytes(), page.name)
        assert parsed.title
        assert not parsed.warnings
        everything = "\n".join(element.text for element in parsed.elements if element.kind is not ElementKind.CODE)
        for trace in ("<P>", "</", "<td", "[!NOTE]", "](", "ms:assetid"):
            assert trace not in everything, (page.name, trace)
