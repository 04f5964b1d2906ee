"""Each figure against one worked out by hand."""

import math

import pytest

from evals.metrics import (
    Estimate,
    Threshold,
    auroc,
    auroc_estimate,
    brier,
    calibration_error,
    distinct,
    gold_rank,
    mean,
    ndcg_at,
    percentile,
    ratio,
    recall_at,
    reciprocal_rank,
    threshold_for,
)

RANKED = ["a", "b", "c", "d"]


def test_documents_rank_by_their_best_passage() -> None:
    assert distinct(["b", "a", "b", "c", "a"]) == ["b", "a", "c"]


def test_recall_counts_gold_documents_within_k() -> None:
    assert recall_at(2, RANKED, {"b", "d"}) == 0.5
    assert recall_at(4, RANKED, {"b", "d"}) == 1.0
    assert recall_at(4, RANKED, {"x"}) == 0.0


def test_reciprocal_rank_is_of_the_first_gold_document() -> None:
    assert gold_rank(RANKED, {"c", "d"}) == 3
    assert reciprocal_rank(RANKED, {"c", "d"}) == 1 / 3
    assert reciprocal_rank(RANKED, {"x"}) == 0.0


def test_ndcg_discounts_by_the_logarithm_of_the_rank() -> None:
    # Gold at ranks 2 and 4: (1/log2 3 + 1/log2 5) over the ideal (1 + 1/log2 3).
    expected = (1 / math.log2(3) + 1 / math.log2(5)) / (1 + 1 / math.log2(3))
    assert ndcg_at(10, RANKED, {"b", "d"}) == pytest.approx(expected)
    assert ndcg_at(3, RANKED, {"b", "d"}) == pytest.approx((1 / math.log2(3)) / (1 + 1 / math.log2(3)))
    assert ndcg_at(10, ["a"], {"a"}) == 1.0


def test_ratio_divides_sums_and_ignores_questions_without_denominator() -> None:
    estimate = ratio([(1, 2), (3, 3), (0, 0), (0, 1)])
    assert estimate.value == pytest.approx(4 / 6)
    assert estimate.n == 3
    assert estimate.low is not None
    assert estimate.high is not None
    assert 0 <= estimate.low < 4 / 6 < estimate.high <= 1


def test_nothing_to_divide_is_no_figure() -> None:
    assert ratio([(0, 0)]) == Estimate(None)
    assert mean([]) == Estimate(None)


def test_interval_narrows_with_more_questions_and_never_wanders_between_runs() -> None:
    few, many = mean([0.0, 1.0] * 10), mean([0.0, 1.0] * 400)
    assert few == mean([0.0, 1.0] * 10)
    assert few.high is not None
    assert few.low is not None
    assert many.high is not None
    assert many.low is not None
    assert few.high - few.low > 4 * (many.high - many.low)
    # The normal approximation of 800 fair coins: 1.96 × .5 / √800 = .0346 either way.
    assert many.high - 0.5 == pytest.approx(0.0346, abs=0.006)


def test_auroc_counts_pairs_in_order_and_ties_half() -> None:
    # True .9 .5, false .5 .1: pairs (.9>.5) 1, (.9>.1) 1, (.5=.5) ½, (.5>.1) 1 → 3.5 of 4.
    assert auroc([0.9, 0.5, 0.5, 0.1], [True, True, False, False]) == 3.5 / 4
    assert auroc([0.1, 0.9], [True, False]) == 0.0
    assert auroc([0.1, 0.9], [True, True]) is None
    assert auroc_estimate([], []).value is None


def test_auroc_interval_surrounds_the_value() -> None:
    estimate = auroc_estimate([0.9, 0.8, 0.4, 0.6, 0.3, 0.2] * 5, [True, True, True, False, False, False] * 5)
    assert estimate.value == pytest.approx(8 / 9)
    assert estimate.low is not None
    assert estimate.high is not None
    assert estimate.low < 8 / 9 < estimate.high


def test_brier_is_the_mean_squared_error() -> None:
    assert brier([0.8, 0.4], [True, False]) == pytest.approx((0.04 + 0.16) / 2)


def test_calibration_error_compares_stated_with_seen_in_bins_of_equal_mass() -> None:
    # Two bins: stated .15 seen 0, stated .85 seen .5 → (.15 + .35) / 2.
    assert calibration_error([0.9, 0.1, 0.8, 0.2], [True, False, False, False], bins=2) == pytest.approx(0.25)


def test_threshold_is_the_lowest_that_keeps_the_error() -> None:
    probabilities, labels = [0.9, 0.8, 0.7, 0.6, 0.5], [True, True, False, True, False]
    assert threshold_for(probabilities, labels, accepted_error=0.25, least=1) == Threshold(0.6, 0.8, 0.25)
    assert threshold_for(probabilities, labels, accepted_error=0.0, least=1) == Threshold(0.8, 0.4, 0.0)
    assert threshold_for(probabilities, labels, accepted_error=0.0, least=3) is None


def test_threshold_never_parts_equal_probabilities() -> None:
    assert threshold_for([0.9, 0.5, 0.5], [True, True, False], accepted_error=0.0, least=1) == Threshold(0.9, 1 / 3, 0)


def test_percentile_interpolates() -> None:
    assert percentile([10, 20, 30, 40, 50], 50) == 30
    assert percentile([10, 20], 95) == pytest.approx(19.5)
    assert percentile([], 50) is None
