"""How sure the copilot is, before it composes anything: a logistic estimate on the search's signals.

The shipped coefficients were fitted on development questions by `partner-copilot eval fit`; a tenant with golden questions fits
its own, with the shipped ones as the prior (`answers.calibration`).
"""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass

from retrieval.scoring import Signals


@dataclass(frozen=True, slots=True)
class Coefficients:
    """Weights of the signals and the intercept, on the logit scale. A tenant's older fit knows nothing of the last two."""

    intercept: float
    sentence: float
    coverage: float
    gap: float
    agreement: float = 0.0
    sentence_gap: float = 0.0

    def as_dict(self) -> dict[str, float]:
        return asdict(self)


SHIPPED = Coefficients(intercept=-4.58, sentence=3.23, coverage=0.39, gap=6.86, agreement=0.92, sentence_gap=2.31)
"""AX development pages, MTRAG cloud and the demo's plain questions, each again without its documents (ADR 14; docs/quality.md has
the figures). Where askers avoid the documents' words a tenant's own fit is worth its golden questions."""


def confidence(signals: Signals, weights: Coefficients = SHIPPED) -> float:
    """The estimated probability, 0…1, that an answer from the found passages is right; 0 where nothing was found."""
    if signals.dense <= 0.0:
        return 0.0
    logit = sum(weight * value for weight, value in zip(weights.as_dict().values(), inputs(signals), strict=True))
    return round(1 / (1 + math.exp(-logit)), 4)


def inputs(signals: Signals) -> tuple[float, ...]:
    """What the coefficients weigh, in their order; the first is the intercept's."""
    return 1.0, signals.sentence, signals.coverage, signals.gap, signals.agreement, signals.sentence_gap
