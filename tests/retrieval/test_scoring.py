"""One score for every candidate."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from index_points import PAYLOAD, unit

from retrieval.index import Candidate, SparseVector
from retrieval.scoring import (
    READ,
    USUAL_TENTH,
    score,
    signals,
    with_phrases,
    with_sentences,
    worth_measuring,
    worth_reading,
)

QUERY = unit(1)
IDF = {1: 4.0, 2: 1.0}


def candidate(name: str, terms: dict[int, float], *, seed: int = 2) -> Candidate:
    return Candidate(name, PAYLOAD, unit(seed), SparseVector(tuple(terms), tuple(terms.values())), 0.0, 0, 0)


def test_the_best_of_weak_matches_is_weak() -> None:
    [best, _] = score([candidate("a", {2: 1.0}), candidate("b", {})], QUERY, IDF, {})
    assert best.candidate.id == "a"
    assert (best.sparse, best.coverage) == (pytest.approx(0.2), pytest.approx(0.2))


def test_words_said_often_count_no_more_than_all_of_them_once() -> None:
    [one] = score([candidate("a", {1: 2.2, 2: 2.2})], QUERY, IDF, {})
    assert one.sparse == 1.0


def test_a_score_does_not_depend_on_who_else_was_found() -> None:
    alone = score([candidate("a", {2: 1.0})], QUERY, IDF, {})[0]
    beside = next(
        s for s in score([candidate("a", {2: 1.0}), candidate("b", {1: 2.0})], QUERY, IDF, {}) if s.candidate.id == "a"
    )
    assert alone.score == beside.score


def test_a_lead_orders_and_leaves_the_score_alone() -> None:
    found = [candidate("own", {2: 1.0}), candidate("granted", {2: 1.02})]
    ranked = score(found, QUERY, IDF, {"own": 0.02})
    assert [s.candidate.id for s in ranked] == ["own", "granted"]
    assert ranked[0].score < ranked[1].score


def test_phrases_lift_those_that_were_read() -> None:
    ranked = score([candidate("a", {2: 1.0}), candidate("b", {2: 1.0})], QUERY, IDF, {})
    lifted = with_phrases(ranked, "transfer order", {"b": "How a transfer order is made"})
    assert [s.candidate.id for s in lifted] == ["b", "a"]
    assert lifted[0].phrase == 1.0


def test_what_is_read_of_sentences_counts_before_what_the_index_tells_of_them() -> None:
    ranked = score([candidate("a", {2: 1.0}), candidate("b", {2: 1.0})], QUERY, IDF, {})
    exact = with_sentences(ranked, QUERY, {"b": np.stack([unit(5), QUERY])})
    assert [s.candidate.id for s in exact] == ["b", "a"]
    assert exact[0].sentence == pytest.approx(1.0)
    assert len(exact[0].sentence_scores) == 2
    assert (exact[1].sentence, exact[1].sentence_scores) == (0.0, ())


def test_what_is_read_or_shown_is_measured_with_some_to_spare() -> None:
    worded = [candidate(f"worded{n}", {1: 2.0}, seed=n) for n in range(50)]
    ranked = score([*worded, *(candidate(f"bare{n}", {}, seed=n) for n in range(50))], QUERY, IDF, {})
    measured = {s.candidate.id for s in worth_measuring(ranked, 30)}
    assert {s.candidate.id for s in (*worth_reading(ranked), *ranked[:30])} < measured
    assert len(measured) < len(ranked)


def test_a_small_collections_best_is_measured_against_a_usual_field() -> None:
    ranked = score([candidate("a", {1: 1.0}), candidate("b", {})], QUERY, IDF, {})
    found = signals(ranked, known=True)
    assert found.gap == pytest.approx(max(0.0, ranked[0].score - USUAL_TENTH))
    lone = [replace(ranked[0], dense=0.1, sparse=0.0, sentence_scores=(0.1,))]
    assert (signals(lone, known=True).gap, signals(lone, known=True).sentence_gap) == (0.0, 0.0)
    assert signals(ranked, known=False).coverage == 0.0
    assert signals([], known=True).dense == 0.0


def test_phrases_are_looked_for_where_the_words_are() -> None:
    near = [candidate(f"near{n}", {}, seed=1) for n in range(READ)]
    ranked = score([*near, candidate("worded", {1: 2.0, 2: 2.0}, seed=3)], QUERY, IDF, {})
    assert len(worth_reading(ranked)) == READ
    few = score([candidate("bare", {}), candidate("worded", {1: 2.0, 2: 2.0})], QUERY, IDF, {})
    assert worth_reading(few)[0].candidate.id == "worded"
