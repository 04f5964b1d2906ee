"""Intervals and differences by resampling groups: questions of one page or conversation stand or fall together.

A figure is a function of its sample: an array with a row for each question that counts. Every figure is resampled the same way.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from evals.metrics import RESAMPLES, SEED, Estimate, Floats

Value = Callable[[Floats], float]
"""(questions, columns) → the figure; NaN where it cannot be had, such as an AUROC of one class."""


@dataclass(frozen=True, slots=True)
class Difference:
    """Now minus then over the questions that both have, with a 95 % paired bootstrap interval.

    `p` is two-sided: how often a difference at least as large shows when each group's two results are swapped by a coin.
    """

    now: float
    then: float
    low: float
    high: float
    p: float
    questions: int

    @property
    def value(self) -> float:
        return self.now - self.then


def estimate(value: Value, sample: Floats, groups: Sequence[str]) -> Estimate:
    """With the 95 % percentile interval over resampled groups, of which there must be two; no figure where `value` gives none."""
    measured = value(sample) if len(sample) else math.nan
    if math.isnan(measured):
        return Estimate(None, n=len(sample))
    members = _members(groups)
    if len(members) < 2:
        return Estimate(measured, n=len(sample))
    drawn = np.array([value(sample[pick]) for pick in _resamples(members)])
    low, high = np.nanpercentile(drawn, [2.5, 97.5])
    return Estimate(measured, float(low), float(high), len(sample))


def difference(value: Value, now: Floats, then: Floats, groups: Sequence[str]) -> Difference | None:
    """Row by row the same questions. None where either figure cannot be had, or there are not two groups."""
    members = _members(groups)
    if len(members) < 2 or math.isnan(ours := value(now)) or math.isnan(theirs := value(then)):
        return None
    drawn = np.array([value(now[pick]) - value(then[pick]) for pick in _resamples(members)])
    low, high = np.nanpercentile(drawn, [2.5, 97.5])
    by_chance = np.array([value(a) - value(b) for a, b in _swapped(now, then, members)])
    # 1e-12: sums in another order differ in their last bits, and must count as equal.
    reached = np.sum(np.abs(by_chance) >= abs(ours - theirs) - 1e-12)
    p = (1 + float(reached)) / (1 + RESAMPLES)
    return Difference(ours, theirs, float(low), float(high), p, len(now))


def _members(groups: Sequence[str]) -> list[NDArray[np.intp]]:
    """The rows of each group."""
    rows: dict[str, list[int]] = {}
    for row, group in enumerate(groups):
        rows.setdefault(group, []).append(row)
    return [np.array(found, dtype=np.intp) for found in rows.values()]


def _resamples(members: Sequence[NDArray[np.intp]]) -> list[NDArray[np.intp]]:
    random = np.random.default_rng(SEED)
    picks = random.integers(len(members), size=(RESAMPLES, len(members)))
    return [np.concatenate([members[group] for group in pick]) for pick in picks]


def _swapped(now: Floats, then: Floats, members: Sequence[NDArray[np.intp]]) -> list[tuple[Floats, Floats]]:
    random = np.random.default_rng(SEED + 1)
    swapped = []
    for coins in random.random((RESAMPLES, len(members))) < 0.5:
        rows = np.zeros((len(now), 1), dtype=bool)
        for group in np.flatnonzero(coins).tolist():
            rows[members[group]] = True
        swapped.append((np.where(rows, then, now), np.where(rows, now, then)))
    return swapped
