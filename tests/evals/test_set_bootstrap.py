"""Intervals and differences whose answers are known without the code."""

import numpy as np
import pytest

from evals.metrics import Floats
from evals.sets.bootstrap import difference, estimate


def mean(sample: Floats) -> float:
    return float(sample[:, 0].mean())


def column(values: list[float]) -> Floats:
    return np.array(values).reshape(-1, 1)


def test_questions_of_one_group_are_drawn_together() -> None:
    # 40 groups of 10 equal coins hold 40 coins, not 400: 1.96 × .5 / √40 = .155 either way, against .049.
    values = [float(group % 2) for group in range(40) for _ in range(10)]
    together = estimate(mean, column(values), [f"g{n // 10}" for n in range(400)])
    apart = estimate(mean, column(values), [f"g{n}" for n in range(400)])
    assert together.value == apart.value == 0.5
    assert together.high is not None and apart.high is not None
    assert together.high - 0.5 == pytest.approx(0.155, abs=0.03)
    assert apart.high - 0.5 == pytest.approx(0.049, abs=0.01)
    assert together.n == 400


def test_one_group_has_a_figure_and_no_interval() -> None:
    found = estimate(mean, column([1.0, 0.0]), ["g", "g"])
    assert (found.value, found.low, found.high) == (0.5, None, None)


def test_what_cannot_be_had_is_no_figure() -> None:
    assert estimate(lambda _: float("nan"), column([1.0]), ["g"]).value is None
    assert estimate(mean, column([]), []).value is None
    assert difference(mean, column([]), column([]), []) is None
    assert difference(lambda _: float("nan"), column([1.0, 1.0]), column([0.0, 0.0]), ["a", "b"]) is None


def test_a_steady_gain_is_significant_and_chance_is_not() -> None:
    random = np.random.default_rng(5)
    then = random.random(60)
    groups = [f"g{n // 2}" for n in range(60)]
    gain = difference(mean, column(list(then + 0.05)), column(list(then)), groups)
    assert gain is not None
    assert (gain.value, gain.low, gain.high) == (pytest.approx(0.05), pytest.approx(0.05), pytest.approx(0.05))
    assert gain.p < 0.01
    noise = difference(mean, column(list(then + random.normal(0, 0.2, 60))), column(list(then)), groups)
    assert noise is not None
    assert noise.low < 0 < noise.high
    assert noise.p > 0.05


def test_equal_runs_differ_by_nothing() -> None:
    same = difference(mean, column([0.1, 0.9, 0.4]), column([0.1, 0.9, 0.4]), ["a", "b", "c"])
    assert same is not None
    assert (same.value, same.p) == (0.0, 1.0)


def test_significance_counts_groups_not_questions() -> None:
    # All gains lie in 3 groups: of the 8 ways to swap them, 2 are as far from nothing, so that p is about 1/4 …
    gain, none = column([1.0] * 30), column([0.0] * 30)
    few = difference(mean, gain, none, [f"g{n // 10}" for n in range(30)])
    assert few is not None
    assert few.p == pytest.approx(0.25, abs=0.05)
    # … while 30 groups leave next to nothing to chance.
    many = difference(mean, gain, none, [f"g{n}" for n in range(30)])
    assert many is not None
    assert many.p < 0.002
