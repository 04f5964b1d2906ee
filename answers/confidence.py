"""How sure the copilot is, before it composes anything: a logistic estimate on the search's signals.

A first estimate, fitted once on development questions by `python -m evals.fit` and shipped with its coefficients; tenants' own
thresholds come from `answers.threshold`.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from retrieval.search import Signals


@dataclass(frozen=True, slots=True)
class Coefficients:
    """Weights of the signals and the intercept, on the logit scale."""

    intercept: float
    dense: float
    sentence: float
    coverage: float
    margin: float


SHIPPED = Coefficients(intercept=-4.2, dense=3.0, sentence=3.5, coverage=2.5, margin=1.0)


def confidence(signals: Signals, weights: Coefficients = SHIPPED) -> float:
    """The estimated probability, 0…1, that the found passages answer the question; 0 where nothing was found."""
    if signals.dense <= 0.0:
        return 0.0
    logit = (
        weights.intercept
        + weights.dense * signals.dense
        + weights.sentence * signals.sentence
        + weights.coverage * signals.coverage
        + weights.margin * signals.margin
    )
    return round(1 / (1 + math.exp(-logit)), 4)
