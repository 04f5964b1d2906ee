from __future__ import annotations

import re
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from ingest_files import minilm_budget, read, shared_data

from ingest.chunk import Chunk, TokenBudget, chunk, embedded_text
from ingest.formats.elements import Element, ElementKind

K = ElementKind
WORDS = TokenBudget(lambda text: len(text.split()), window=40, target=30, prefix=8)
"""A window of 40 words: small enough to see by eye what is cut where."""


def heading(text: str, level: int = 2) -> Element:
    return Element(K.HEADING, text, level)


def prose(words: int, name: str = "w") -> Element:
    return Element(K.PARAGRAPH, " ".join(f"{name}{n}" for n in range(words)) + ".")


def cut(*elements: Element, title: str = "Doc", budget: TokenBudget = WORDS) -> list[Chunk]:
    return chunk(elements, title=title, budget=budget)


def quoted(chunk: Chunk) -> list[str]:
    return [chunk.text[start:end] for start, end in chunk.sentences]


def test_chunks_stop_at_headings() -> None:
    chunks = cut(heading("Doc", 1), prose(20, "a"), heading("B"), prose(20, "b"))
    assert [(c.number, c.heading_path, c.text[:2]) for c in chunks] == [(0, (), "a0"), (1, ("B",), "b0")]


def test_short_sections_are_gathered_under_their_parent() -> None:
    chunks = cut(
        heading("P", 1), heading("A"), prose(3, "a"), heading("B"), prose(3, "b"), heading("C"), prose(20, "c")
    )
    assert [(c.heading_path, c.text) for c in chunks] == [
        (("P",), "A\n\na0 a1 a2.\n\nB\n\nb0 b1 b2."),
        (("P", "C"), prose(20, "c").text),
    ]


def test_short_sections_of_different_parents_stay_apart() -> None:
    chunks = cut(heading("P", 1), prose(15), heading("A"), prose(3, "a"), heading("Q", 1), prose(3, "q"))
    assert [c.heading_path for c in chunks] == [("P",), ("P", "A"), ("Q",)]


def test_heading_without_text_is_kept_as_text() -> None:
    chunks = cut(heading("P", 1), prose(15), heading("See also"))
    assert [(c.heading_path, c.text) for c in chunks][1:] == [(("P",), "See also")]


def test_procedure_stays_whole_where_a_window_holds_it() -> None:
    steps = [Element(K.LIST_ITEM, f"{n}. step {'x ' * 6}end", 1) for n in range(1, 4)]
    steps.insert(1, Element(K.CODE, "run --it", 1))
    chunks = cut(prose(18), Element(K.PARAGRAPH, "Do this:"), *steps)
    assert [c.text.split("\n")[0][:8] for c in chunks] == ["w0 w1 w2", "Do this:"]
    assert chunks[1].kind is K.LIST_ITEM
    fenced = [f"```\n{step.text}\n```" if step.kind is K.CODE else step.text for step in steps]
    assert quoted(chunks[1]) == ["Do this:", *fenced]


def test_long_list_is_cut_between_items_and_keeps_its_numbers() -> None:
    steps = [Element(K.LIST_ITEM, f"{n}. step {'x ' * 10}end", 1) for n in range(1, 9)]
    chunks = cut(*steps)
    assert len(chunks) > 2
    assert [line[:2] for c in chunks for line in c.text.split("\n")] == [f"{n}." for n in range(1, 9)]


def test_table_repeats_its_header_where_it_is_cut() -> None:
    table = Element(K.TABLE, "Code | Remedy\n" + "\n".join(f"E{n} | press key {n} twice" for n in range(20)))
    chunks = cut(table)
    assert len(chunks) > 2
    assert all(c.text.startswith("Code | Remedy\nE") for c in chunks)
    assert [line for c in chunks for line in c.text.split("\n")[1:]] == table.text.split("\n")[1:]
    assert quoted(chunks[1])[0] == "Code | Remedy"


def test_code_stays_whole_or_is_cut_at_lines() -> None:
    short = Element(K.CODE, "  if x:\n      run()")
    assert quoted(cut(prose(20), short)[-1])[-1] == f"```\n{short.text}\n```"
    long = Element(K.CODE, "\n".join(f"  line {n} of it" for n in range(30)))
    parts = [fenced for c in cut(long) for fenced in quoted(c)]
    assert len(parts) > 1
    assert all(part.startswith("```\n") and part.endswith("\n```") for part in parts)
    assert "\n".join(part[4:-4] for part in parts) == long.text


def test_code_that_holds_a_fence_is_fenced_by_a_longer_one() -> None:
    assert cut(Element(K.CODE, "a\n```\nb"))[-1].text == "````\na\n```\nb\n````"


def test_prose_overlaps_by_one_sentence() -> None:
    text = " ".join(f"This is sentence number {n} of it." for n in range(20))
    chunks = cut(Element(K.PARAGRAPH, text))
    assert len(chunks) > 2
    for before, after in pairwise(chunks):
        assert quoted(after)[0] == quoted(before)[-1]


def test_sections_do_not_overlap() -> None:
    chunks = cut(heading("A"), prose(38, "a"), heading("B"), prose(38, "b"))
    assert "a" not in chunks[-1].text


def test_a_word_longer_than_the_window_is_cut() -> None:
    chunks = cut(Element(K.PARAGRAPH, "y" * 5000), budget=minilm_budget())
    assert len(chunks) > 1
    assert "".join(c.text for c in chunks) == "y" * 5000


def test_prefix_names_title_and_headings_once_and_stays_short() -> None:
    assert embedded_text("text", "Guide", ("Steps", "One"), WORDS) == "Guide > Steps > One\ntext"
    assert embedded_text("text", "", (), WORDS) == "text"
    shortened = embedded_text("text", "T", tuple(f"long heading {n}" for n in range(9)), WORDS).split("\n")[0]
    assert shortened == "T > long heading 8"
    budget = minilm_budget()
    assert budget.count(embedded_text("", "many words " * 100, ("h " * 200,), budget)) <= budget.prefix


names = st.text(st.characters(codec="ascii", categories=["L", "N"]), min_size=1)
bodies = st.text(st.sampled_from("aB9.!? \n|-äé。\t"), min_size=1, max_size=400).filter(str.strip)
elements = st.lists(
    st.one_of(
        st.builds(Element, st.just(K.HEADING), names, st.integers(1, 4)),
        st.builds(Element, st.sampled_from([K.PARAGRAPH, K.LIST_ITEM, K.TABLE, K.CODE]), bodies, st.integers(0, 2)),
    ),
    max_size=12,
)
budgets = st.builds(
    TokenBudget,
    st.just(lambda text: len(re.findall(r"\w+|[^\w\s]", text))),
    st.just(60),
    st.integers(5, 50),
    st.just(12),
)


def solid(text: str) -> str:
    return re.sub(r"\s+", "", text)


@settings(deadline=None)
@given(elements, budgets)
def test_no_text_is_lost_and_every_chunk_fits(elements: list[Element], budget: TokenBudget) -> None:
    chunks = chunk(elements, title="T", budget=budget)
    assert chunks == chunk(elements, title="T", budget=budget)
    assert [c.number for c in chunks] == list(range(len(chunks)))
    stream = iter(solid("".join(c.text for c in chunks)))
    body = solid("".join(e.text for e in elements if e.kind is not K.HEADING))
    assert all(character in stream for character in body), "text is lost or out of order"
    named = {name for c in chunks for name in c.heading_path} | {"T"}
    everything = "\n".join(c.text for c in chunks)
    for element in elements:
        if element.kind is K.HEADING:
            assert element.text in named or element.text in everything or element.text.casefold() == "t"
    for each in chunks:
        assert budget.count(embedded_text(each.text, "T", each.heading_path, budget)) <= budget.window


@settings(deadline=None)
@given(elements, budgets)
def test_sentences_cover_the_text_in_order(elements: list[Element], budget: TokenBudget) -> None:
    for each in chunk(elements, title="T", budget=budget):
        end = 0
        for start, stop in each.sentences:
            assert each.text[end:start].strip() == ""
            assert start < stop
            assert each.text[start:stop] == each.text[start:stop].strip()
            end = stop
        assert each.text[end:].strip() == ""


@pytest.mark.slow
def test_published_pages_fit_the_model() -> None:
    budget = minilm_budget()
    pages = sorted((shared_data("ax2012") / "pages").glob("*.md"))[::12][:200]
    assert len(pages) == 200
    for page in pages:
        parsed = read(page.read_bytes(), page.name)
        for each in chunk(parsed.elements, title=parsed.title, budget=budget):
            assert budget.count(embedded_text(each.text, parsed.title, each.heading_path, budget)) <= budget.window
