from __future__ import annotations

import math
from concurrent.futures import ThreadPoolExecutor

import pytest
from hypothesis import given
from hypothesis import strategies as st

from retrieval.phrases import pairs_of, phrase_share
from retrieval.sparse import (
    AVERAGE_LENGTH,
    K1,
    B,
    encode_document,
    encode_query,
    inverse_frequency,
    query_terms,
    term_id,
    terms,
)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("ERR-4021", ["err-4021", "err", "4021"]),
        ("edi.partner_id", ["edi.partner_id", "edi", "partner", "id"]),
        ("CorvaneSync", ["corvanesync", "corvan", "sync"]),
        ("XMLParser", ["xmlparser", "xml", "parser"]),
        ("SKU-123/45", ["sku-123/45", "sku", "123", "45"]),
        ("AX2012 R3", ["ax2012", "ax", "2012", "r3"]),
        ("7.4.1", ["7.4.1", "7.4"]),
        ("v7.4.1.", ["7.4.1", "7.4"]),
        ("v7.4", ["7.4"]),
        ("The orders’ partner's posting isn't posted", ["order", "partner", "post", "post"]),
        ("ﬁle Ⅳ café", ["file", "iv", "café"]),
        ("how do I do this?", []),
        ("", []),
    ],
)
def test_terms_of(text: str, expected: list[str]) -> None:
    assert terms(text) == expected


@given(st.text())
def test_any_text_has_terms_that_do_not_depend_on_letter_form(text: str) -> None:
    found = terms(text)
    assert all(term and term == term.strip() for term in found)
    assert encode_document(text).indices == tuple(sorted({term_id(term) for term in found}))


def test_term_numbers_never_change() -> None:
    """Stored points hold them: another hash would make every index useless."""
    assert term_id("order") == 2_437_346_251
    assert query_terms("Orders, orders!") == {term_id("order"): "order"}


def test_dot_product_is_bm25_over_the_visible_documents() -> None:
    documents = ["goods receipt posts goods", "invoice", "receipt of an invoice for ERR-4021", "price list"]
    question = "Why does the goods receipt fail with ERR-4021?"
    held = [terms(text) for text in documents]
    frequencies = {t: sum(word in d for d in held) for t, word in query_terms(question).items()}
    query = encode_query(question, frequencies, len(documents))
    weights = dict(zip(query.indices, query.values, strict=True))

    def naive(words: list[str]) -> float:
        total = 0.0
        for word in set(terms(question)):
            df = sum(word in d for d in held)
            idf = math.log(1 + (len(documents) - df + 0.5) / (df + 0.5))
            tf = words.count(word)
            total += idf * tf * (K1 + 1) / (tf + K1 * (1 - B + B * len(words) / AVERAGE_LENGTH))
        return total

    for text, words in zip(documents, held, strict=True):
        vector = encode_document(text)
        score = sum(weights.get(i, 0.0) * v for i, v in zip(vector.indices, vector.values, strict=True))
        assert score == pytest.approx(naive(words))


def test_term_that_nobody_wrote_keeps_its_weight_in_the_question() -> None:
    known, unknown = term_id("order"), term_id("zebra")
    query = encode_query("zebra order", {known: 5}, 10)
    weights = dict(zip(query.indices, query.values, strict=True))
    assert weights[unknown] > weights[known] > 0


@given(st.integers(0, 10**6), st.integers(0, 10**6))
def test_rarer_terms_never_weigh_less(a: int, b: int) -> None:
    low, high = sorted((a, b))
    assert inverse_frequency(low, high) >= inverse_frequency(high, high) > 0


def test_terms_from_many_threads_are_the_same() -> None:
    text = "posting intercompany purchase orders automatically " * 40
    with ThreadPoolExecutor(8) as pool:
        results = list(pool.map(terms, [text] * 64))
    assert all(result == results[0] for result in results)


def test_phrases_are_neighbouring_terms_whatever_their_inflection() -> None:
    asked = pairs_of("How do I apply scoring methods to the RFQ?")
    assert phrase_share(asked, "You apply a scoring method.") == pytest.approx(2 / 3)
    assert phrase_share(asked, "The method of scoring is applied by hand.") == 0.0
    assert phrase_share(pairs_of("printer"), "printer") == 0.0
