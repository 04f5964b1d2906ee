"""How sure the copilot is, before it composes anything: a logistic estimate on the search's signals.

A first estimate, fitted on development questions by `partner-copilot eval fit` and shipped with its coefficients. The golden
questions of the demo had no part in it.
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


SHIPPED = Coefficients(intercept=-9.25, dense=0.68, sentence=5.69, coverage=5.92, margin=4.61)
"""218 questions on the AX development pages, 69 of them with their pages withheld: cross-fitted AUROC .844, Brier .140."""


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
