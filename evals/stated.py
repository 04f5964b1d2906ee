"""Probabilities that an estimate stated of labelled questions, beside what was right."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from evals.metrics import Floats, auroc, brier, calibration_error
from evals.sets.bootstrap import estimate


@dataclass(frozen=True, slots=True)
class Stated:
    """One row a question, whose estimate never saw it nor its group."""

    probabilities: Floats
    right: NDArray[np.bool_]
    groups: tuple[str, ...]

    def __add__(self, other: Stated) -> Stated:
        return Stated(
            np.concatenate([self.probabilities, other.probabilities]),
            np.concatenate([self.right, other.right]),
            self.groups + other.groups,
        )

    @property
    def auroc(self) -> float | None:
        return auroc(self.probabilities.tolist(), self.right.tolist())

    @property
    def brier(self) -> float:
        return brier(self.probabilities.tolist(), self.right.tolist())

    @property
    def calibration_error(self) -> float:
        return calibration_error(self.probabilities.tolist(), self.right.tolist())

    def calibration_range(self) -> tuple[float, float]:
        """A 95 % interval, by resampling groups; NaN where there are not two."""
        sample = np.column_stack([self.probabilities, self.right])
        found = estimate(lambda s: calibration_error(s[:, 0].tolist(), (s[:, 1] > 0).tolist()), sample, self.groups)
        return (math.nan, math.nan) if found.low is None or found.high is None else (found.low, found.high)

    def line(self, name: str) -> str:
        """For a terminal."""
        area = "–" if self.auroc is None else f"{self.auroc:.3f}"
        error = "{:.3f} ({:.3f}–{:.3f})".format(self.calibration_error, *self.calibration_range())
        return f"{name}: {len(self.right)} questions, AUROC {area}, Brier {self.brier:.3f}, calibration error {error}"
