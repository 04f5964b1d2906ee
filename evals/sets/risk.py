"""What a threshold on the confidence buys: how much is answered, and how much of that is wrong.

An answer is wrong where nobody can answer, or where it cites no document that does. Samples have a row for each question and the
columns CONFIDENCE, ANSWERABLE, COMPOSED and RIGHT, the last three 0 or 1.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from evals.metrics import Floats
from evals.sets.rows import SetRow

CONFIDENCE, ANSWERABLE, COMPOSED, RIGHT = range(4)
COVERED = 0.8
"""Share of the answerable questions that the operating point of the wrong share answers."""
BINS = 5


@dataclass(frozen=True, slots=True)
class Point:
    """Answering at `threshold` and above answers the share `coverage` of all questions; the share `risk` of these is wrong."""

    threshold: float
    coverage: float
    risk: float


@dataclass(frozen=True, slots=True)
class Bin:
    """The mean of the confidences stated, and the share of the `questions` answered right."""

    stated: float
    seen: float
    questions: int


def sample(rows: Sequence[SetRow]) -> Floats:
    """Of rows that were asked of the whole pipeline."""
    found = [(r.spoken.confidence, r.answerable, r.composed, r.right) for r in rows if r.spoken is not None]
    return np.array(found, dtype=np.float64).reshape(-1, 4)


def threshold_covering(sample: Floats, share: float = COVERED) -> float | None:
    """The highest threshold that answers this share of the answerable; None where so many are never answered."""
    wanted = math.ceil(share * sample[:, ANSWERABLE].sum() - 1e-9)
    confidences = np.sort(sample[(sample[:, ANSWERABLE] == 1) & (sample[:, COMPOSED] == 1), CONFIDENCE])[::-1]
    return float(confidences[wanted - 1]) if 0 < wanted <= len(confidences) else None


def wrong_share(sample: Floats) -> float:
    """Of all that is answered at the threshold that answers `COVERED` of the answerable; NaN where none does."""
    threshold = threshold_covering(sample)
    if threshold is None:
        return math.nan
    answered = sample[(sample[:, COMPOSED] == 1) & (sample[:, CONFIDENCE] >= threshold)]
    return float(1 - answered[:, RIGHT].mean())


def curve(sample: Floats) -> list[Point]:
    """From the surest answer to all of them; equal confidences are answered together."""
    answered = sample[sample[:, COMPOSED] == 1]
    answered = answered[np.argsort(-answered[:, CONFIDENCE], kind="stable")]
    wrong = np.cumsum(1 - answered[:, RIGHT])
    lasts = np.flatnonzero(np.diff(answered[:, CONFIDENCE], append=-math.inf))
    return [
        Point(float(answered[i, CONFIDENCE]), (i + 1) / len(sample), float(wrong[i] / (i + 1))) for i in lasts.tolist()
    ]


def bins(sample: Floats, count: int = BINS) -> list[Bin]:
    """Of equal mass, by rising confidence."""
    ordered = sample[np.argsort(sample[:, CONFIDENCE], kind="stable")]
    parts = [part for part in np.array_split(ordered, count) if len(part)]
    return [Bin(float(p[:, CONFIDENCE].mean()), float(p[:, RIGHT].mean()), len(p)) for p in parts]
