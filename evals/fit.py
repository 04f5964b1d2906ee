"""`partner-copilot eval fit`: the confidence's coefficients from labelled development questions, and how good they are.

Every figure is cross-fitted: a question's probability comes from coefficients that saw neither it nor its group.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass

import numpy as np

from answers.confidence import Coefficients
from core.clock import today
from core.domain import Audience, Filters, Scope
from core.errors import InvalidRequestError
from evals.labelled import LabelledQuestion
from evals.metrics import Floats, Threshold, auroc, brier, calibration_error, threshold_for
from evals.ports import Finder
from retrieval.scoring import Signals

FOLDS = 5
STRENGTH = 10.0
"""Inverse of the ridge penalty: signals lie in 0…1, so that a stronger one would flatten the coefficients."""


@dataclass(frozen=True, slots=True)
class LabelledSignals:
    """`found`: a document that answers is among the passages that an answer would read."""

    signals: Signals
    found: bool
    group: str


@dataclass(frozen=True, slots=True)
class Fit:
    """Coefficients from all rows; the figures beside them are cross-fitted. `threshold` is None where no error is low enough."""

    coefficients: Coefficients
    questions: int
    found: int
    auroc: float | None
    brier: float
    calibration_error: float
    accepted_error: float
    threshold: Threshold | None

    def __str__(self) -> str:
        weights = ", ".join(f"{name}={value:.2f}" for name, value in asdict(self.coefficients).items())
        area = "–" if self.auroc is None else f"{self.auroc:.3f}"
        return "\n".join(
            (
                f"{self.questions} questions, {self.found} with a document found that answers",
                f"cross-fitted: AUROC {area}, Brier {self.brier:.3f}, calibration error {self.calibration_error:.3f}",
                f"Coefficients({weights})",
                self._advice(),
            )
        )

    def _advice(self) -> str:
        wanted = f"for at most {self.accepted_error:.0%} wrong"
        if self.threshold is None:
            return f"{wanted}: no threshold reaches it on these questions"
        t = self.threshold
        return (
            f"{wanted}: threshold {t.value:.2f} answers {t.coverage:.0%} of the questions, {t.error:.1%} of them wrong"
        )


async def collect(
    questions: Sequence[LabelledQuestion],
    finder: Finder,
    tenant_ids: Mapping[str, str],
    *,
    limit: int,
    note: Callable[[int], None],
) -> list[LabelledSignals]:
    """Search for each question as an answer would, reading `limit` passages; `tenant_ids` are by slug.

    `note` is called with how many are done. Questions of tenants that are not named are left out.
    """
    rows: list[LabelledSignals] = []
    for question in questions:
        if question.tenant not in tenant_ids:
            continue
        scope = Scope(tenant_ids[question.tenant], Audience.AGENT, Filters(corpora=question.corpora))
        result = await finder.search(scope, question.text, limit=limit, today=today())
        found = any(passage.source in question.sources for passage in result.passages)
        rows.append(LabelledSignals(result.signals, found, question.group))
        note(len(rows))
    return rows


def fit(rows: Sequence[LabelledSignals], *, accepted_error: float = 0.1, folds: int = FOLDS) -> Fit:
    """Raises `InvalidRequestError` (`too_few_rows`) where there are fewer than `folds` groups or only one kind of label."""
    labels = [row.found for row in rows]
    groups = len({row.group for row in rows})
    if groups < folds or len(set(labels)) < 2:
        raise InvalidRequestError(
            f"{len(rows)} labelled questions in {groups} groups are too few: {folds} groups with found and not found are needed",
            code="too_few_rows",
        )
    features = np.array([_features(row.signals) for row in rows])
    probabilities = _cross_fitted(features, labels, [row.group for row in rows], folds)
    return Fit(
        coefficients=_coefficients(*_logistic(features, labels)),
        questions=len(rows),
        found=sum(labels),
        auroc=auroc(probabilities, labels),
        brier=brier(probabilities, labels),
        calibration_error=calibration_error(probabilities, labels),
        accepted_error=accepted_error,
        threshold=threshold_for(probabilities, labels, accepted_error=accepted_error),
    )


def _features(signals: Signals) -> list[float]:
    """Coverage is left out: on questions in other words than the documents' it says the opposite of what it says elsewhere."""
    return [signals.dense, signals.sentence, signals.margin]


def _coefficients(intercept: float, weights: Floats) -> Coefficients:
    dense, sentence, margin = (float(weight) for weight in weights)
    return Coefficients(intercept=intercept, dense=dense, sentence=sentence, margin=margin)


def _logistic(features: Floats, labels: Sequence[bool]) -> tuple[float, Floats]:
    from sklearn.linear_model import LogisticRegression  # type: ignore[import-untyped]

    model = LogisticRegression(C=STRENGTH, max_iter=1000).fit(features, np.asarray(labels))
    return float(model.intercept_[0]), np.asarray(model.coef_[0], dtype=np.float64)


def _cross_fitted(features: Floats, labels: Sequence[bool], groups: Sequence[str], folds: int) -> list[float]:
    from sklearn.model_selection import StratifiedGroupKFold  # type: ignore[import-untyped]

    known = np.asarray(labels)
    probabilities = np.zeros(len(known))
    splits = StratifiedGroupKFold(folds, shuffle=True, random_state=0).split(features, known, groups)
    for train, check in splits:
        intercept, weights = _logistic(features[train], list(known[train]))
        probabilities[check] = 1 / (1 + np.exp(-(intercept + features[check] @ weights)))
    return [float(p) for p in probabilities]
