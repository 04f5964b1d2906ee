"""The arithmetic of quality: ranking, ratios with intervals, discrimination, calibration. Pure functions."""

from __future__ import annotations

import math
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from itertools import accumulate

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

RESAMPLES = 1_000
SEED = 20_26


@dataclass(frozen=True, slots=True)
class Estimate:
    """A figure with its 95 % bootstrap interval over questions; `value` is None where nothing could be measured.

    `n` is how many questions it rests on.
    """

    value: float | None
    low: float | None = None
    high: float | None = None
    n: int = 0


def distinct(sources: Sequence[str]) -> list[str]:
    """Documents in the order of their best passage."""
    return list(dict.fromkeys(sources))


def gold_rank(ranked: Sequence[str], gold: Collection[str]) -> int | None:
    """The place, from 1, of the first gold document; None where there is none."""
    return next((rank for rank, source in enumerate(ranked, start=1) if source in gold), None)


def recall_at(k: int, ranked: Sequence[str], gold: Collection[str]) -> float:
    """The share of the gold documents among the first `k`. `ranked` holds each document once."""
    return len(set(ranked[:k]) & set(gold)) / len(set(gold))


def reciprocal_rank(ranked: Sequence[str], gold: Collection[str]) -> float:
    rank = gold_rank(ranked, gold)
    return 1 / rank if rank else 0.0


def ndcg_at(k: int, ranked: Sequence[str], gold: Collection[str]) -> float:
    """Binary relevance, discount log2(rank + 1) (Järvelin & Kekäläinen 2002)."""
    gain = sum(1 / math.log2(rank + 1) for rank, source in enumerate(ranked[:k], start=1) if source in gold)
    ideal = sum(1 / math.log2(rank + 1) for rank in range(1, min(k, len(set(gold))) + 1))
    return gain / ideal


def ratio(parts: Sequence[tuple[float, float]]) -> Estimate:
    """Σ numerators / Σ denominators, where each question adds one pair.

    Means, precision, recall and F1 (2·TP over 2·TP + FP + FN) all have this form, so that one resampling of the questions
    serves them all. Questions whose denominator is 0 count for nothing.
    """
    counted = np.array([part for part in parts if part[1]], dtype=np.float64).reshape(-1, 2)
    if not len(counted):
        return Estimate(None)
    draws = _draws(len(counted)) @ counted
    with np.errstate(invalid="ignore"):
        values = draws[:, 0] / draws[:, 1]
    return _estimate(float(counted[:, 0].sum() / counted[:, 1].sum()), values, len(counted))


def mean(values: Sequence[float]) -> Estimate:
    return ratio([(value, 1.0) for value in values])


def auroc(scores: Sequence[float], labels: Sequence[bool]) -> float | None:
    """The chance that a true one scores above a false one, ties counting half; None where one class is missing."""
    value = _auroc(np.asarray(scores, dtype=np.float64), np.asarray(labels, dtype=bool))
    return None if math.isnan(value) else value


def auroc_estimate(scores: Sequence[float], labels: Sequence[bool]) -> Estimate:
    value = auroc(scores, labels)
    if value is None:
        return Estimate(None, n=len(labels))
    score, label = np.asarray(scores, dtype=np.float64), np.asarray(labels, dtype=bool)
    picks = np.random.default_rng(SEED).integers(len(label), size=(RESAMPLES, len(label)))
    return _estimate(value, np.array([_auroc(score[pick], label[pick]) for pick in picks]), len(label))


def brier(probabilities: Sequence[float], labels: Sequence[bool]) -> float:
    """Mean squared error of the probabilities (Brier 1950)."""
    return float(np.mean((np.asarray(probabilities) - np.asarray(labels, dtype=np.float64)) ** 2))


def calibration_error(probabilities: Sequence[float], labels: Sequence[bool], *, bins: int = 5) -> float:
    """Expected calibration error over bins of equal mass: the mean gap between stated and seen frequency."""
    order = np.argsort(np.asarray(probabilities), kind="stable")
    stated = np.asarray(probabilities, dtype=np.float64)[order]
    seen = np.asarray(labels, dtype=np.float64)[order]
    parts = [part for part in np.array_split(np.arange(len(order)), bins) if len(part)]
    return float(sum(len(part) / len(order) * abs(stated[part].mean() - seen[part].mean()) for part in parts))


@dataclass(frozen=True, slots=True)
class Threshold:
    """Answering at `value` and above answers the share `coverage` of the questions, of which the share `error` is wrong."""

    value: float
    coverage: float
    error: float


def threshold_for(
    probabilities: Sequence[float], labels: Sequence[bool], *, accepted_error: float, least: int = 20
) -> Threshold | None:
    """The lowest threshold at which at most `accepted_error` of the answers are wrong; None where none does.

    At least `least` questions must lie above it, since fewer prove nothing.
    """
    pairs = sorted(zip(probabilities, labels, strict=True), key=lambda pair: -pair[0])
    wrong = accumulate(not label for _, label in pairs)
    best = None
    for answered, (bad, (probability, _)) in enumerate(zip(wrong, pairs, strict=True), start=1):
        tied = answered < len(pairs) and pairs[answered][0] == probability
        if not tied and answered >= least and bad / answered <= accepted_error:
            best = Threshold(probability, answered / len(pairs), bad / answered)
    return best


def percentile(values: Sequence[float], share: float) -> float | None:
    """`share` in 0…100; None for no values."""
    return float(np.percentile(np.asarray(values), share)) if values else None


def _auroc(scores: Floats, labels: NDArray[np.bool_]) -> float:
    positives = int(labels.sum())
    negatives = len(labels) - positives
    if not positives or not negatives:
        return math.nan
    _, inverse, counts = np.unique(scores, return_inverse=True, return_counts=True)
    ranks = (np.cumsum(counts) - (counts - 1) / 2)[inverse]
    return float((ranks[labels].sum() - positives * (positives + 1) / 2) / (positives * negatives))


def _draws(n: int) -> Floats:
    """(RESAMPLES, n): how often each question is drawn."""
    return np.random.default_rng(SEED).multinomial(n, np.full(n, 1 / n), size=RESAMPLES).astype(np.float64)


def _estimate(value: float, resampled: Floats, n: int) -> Estimate:
    low, high = np.nanpercentile(resampled, [2.5, 97.5])
    return Estimate(value, float(low), float(high), n)
