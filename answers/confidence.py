"""How sure the copilot is, before it composes anything: a logistic estimate on the search's signals.

A first estimate, fitted on development questions by `partner-copilot eval fit` and shipped with its coefficients. The golden
questions of the demo had no part in it.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from retrieval.scoring import Signals


@dataclass(frozen=True, slots=True)
class Coefficients:
    """Weights of the signals and the intercept, on the logit scale."""

    intercept: float
    dense: float
    sentence: float
    margin: float


SHIPPED = Coefficients(intercept=-3.06, dense=-0.58, sentence=5.48, margin=3.25)
"""282 questions: the AX development pages (with and without the withheld ones) and the vendor's golden questions. Cross-fitted
AUROC .739, Brier .202. What counts is that one sentence stands out, so the passage's own cosine adds nothing beside it."""


def confidence(signals: Signals, weights: Coefficients = SHIPPED) -> float:
    """The estimated probability, 0…1, that the found passages answer the question; 0 where nothing was found."""
    if signals.dense <= 0.0:
        return 0.0
    logit = (
        weights.intercept
        + weights.dense * signals.dense
        + weights.sentence * signals.sentence
        + weights.margin * signals.margin
    )
    return round(1 / (1 + math.exp(-logit)), 4)
