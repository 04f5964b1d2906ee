"""Likeness of texts, each figure worked out by hand."""

import pytest

from evals.sets.text import best, covered, rouge_l, token_f1, tokens


def test_tokens_are_words_without_link_targets_tags_and_markers() -> None:
    assert tokens("See [Set up **VAT**](set-up-vat.md) [2], <b>ERR-4021</b>.") == [
        "see",
        "set",
        "up",
        "vat",
        "err",
        "4021",
    ]


def test_f1_counts_tokens_as_often_as_both_have_them() -> None:
    # Common: the ×1, till ×1 = 2 of 4 said and 3 wanted: 2·2/(4+3).
    assert token_f1("the till the shop", "Till: the end") == pytest.approx(4 / 7)
    assert token_f1("yes", "no") == 0.0
    assert token_f1("", "no") == 0.0


def test_rouge_l_wants_the_same_order() -> None:
    # Longest common subsequence "stop the till" = 3 of 4 said and 4 wanted.
    assert rouge_l("stop the green till", "stop and the till") == pytest.approx(6 / 8)
    assert rouge_l("till the stop", "stop the till") == pytest.approx(2 / 6)
    assert rouge_l("", "stop") == 0.0


def test_the_best_reference_counts() -> None:
    assert best([0.2, 0.7]) == 0.7
    assert best([]) is None


def test_an_answer_is_covered_by_the_union_of_passages() -> None:
    # upload, the, receipts, first: the second passage adds two of the four.
    assert covered("Upload the receipts first!", ["the upload", "receipts at first"]) == 1.0
    assert covered("Upload the receipts first!", ["the upload", "nothing"]) == 0.5
    assert covered("Upload, upload, upload it", ["upload"]) == 0.5
    assert covered("", ["upload"]) == 0.0


def test_only_the_first_characters_of_the_passages_count() -> None:
    assert covered("alpha beta", ["alpha", "beta"], characters=5) == 0.5
    assert covered("alpha beta", ["alpha", "beta"], characters=9) == 1.0
    assert covered("alpha", ["x" * 6000, "alpha"]) == 0.0
