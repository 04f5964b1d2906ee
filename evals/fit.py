"""The confidence's coefficients from labelled questions, and how good they are.

Every figure is cross-fitted: a question's probability comes from coefficients that saw neither it nor its group.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial

import numpy as np
from numpy.typing import NDArray

from answers.calibration import Fitted, Point, lowest
from answers.confidence import SHIPPED, Coefficients, confidence, inputs
from answers.extractive import extract
from core.clock import today
from core.domain import Passage, Scope
from core.errors import InvalidRequestError
from evals.labelled import LabelledQuestion
from evals.metrics import Floats
from evals.ports import Finder
from evals.sets.text import covered
from evals.stated import Stated
from retrieval.scoring import Signals

FOLDS = 5
LOOSE = 0.1
"""Strength of the prior where there are hundreds of labels: next to nothing, signals lie in 0…1."""
FIRM = 2.0
"""… and for a tenant's own few dozen: the shipped coefficients hold until about as many questions speak against them."""
STILL_ANSWERED = 0.8
"""Where this share of an answer's words stands in other documents' passages, they may answer, too."""
TWIN_WEIGHT = 0.3
"""Of a question that is asked again without its documents: askers mostly ask what somebody wrote down."""
LEAST_ANSWERED = 20
"""A share of wrong answers counted over fewer proves nothing."""


@dataclass(frozen=True, slots=True)
class LabelledSignals:
    """`right`: what an answer without a model would cite holds a document that answers. `weight`: what the row counts in a fit."""

    signals: Signals
    right: bool
    group: str
    weight: float = 1.0


def report(fitted: Fitted, accepted_risk: float, measured: Sequence[str]) -> str:
    """For a terminal; `measured` are lines about the estimate."""
    weights = ", ".join(f"{name}={value:.2f}" for name, value in fitted.coefficients.as_dict().items())
    point = lowest(fitted.curve, accepted_risk)
    wanted = f"for at most {accepted_risk:.0%} wrong"
    advice = (
        f"{wanted}: no threshold reaches it on these questions"
        if point is None
        else f"{wanted}: threshold {point.threshold:.2f} answers {point.coverage:.0%}, {point.risk:.1%} of it wrong"
    )
    found = f"{fitted.questions} questions, {fitted.right} with a right answer found"
    return "\n".join((found, *measured, f"Coefficients({weights})", advice))


async def collect(
    questions: Sequence[LabelledQuestion],
    finder: Finder,
    tenant_ids: Mapping[str, str],
    *,
    limit: int,
    note: Callable[[int], None],
    twins: bool = False,
) -> list[LabelledSignals]:
    """Search for each question as an answer would, reading `limit` passages; `tenant_ids` are by slug.

    `twins`: once more without the documents that answer it, which makes it one that nobody can answer. `note` is called with how
    many are done. Questions of tenants that are not named are left out.
    """
    rows: list[LabelledSignals] = []
    for question in questions:
        if question.tenant not in tenant_ids:
            continue
        filters = replace(question.filters, corpora=question.corpora or question.filters.corpora)
        scope = Scope(tenant_ids[question.tenant], question.audience, filters)
        search = partial(finder.search, scope, question.text, limit=limit, today=today(), whole_procedures=True)
        result = await search()
        rows.append(LabelledSignals(result.signals, _answers(question, result.passages), question.group))
        answering = frozenset(p.document_id for p in result.passages if p.source in question.sources)
        if twins and answering:
            left = await search(without=answering)
            if not _stands_in(question.references, left.passages):
                rows.append(LabelledSignals(left.signals, right=False, group=question.group, weight=TWIN_WEIGHT))
        note(len(rows))
    return rows


def _answers(question: LabelledQuestion, passages: Sequence[Passage]) -> bool:
    cited = {passages[n].source for unit in extract(question.text, passages) for n in unit.passages}
    return bool(cited & question.sources)


def _stands_in(references: Sequence[str], passages: Sequence[Passage]) -> bool:
    texts = [passage.text for passage in passages]
    return any(covered(reference, texts) > STILL_ANSWERED for reference in references)


def fit(
    rows: Sequence[LabelledSignals], *, prior: Coefficients = SHIPPED, strength: float = LOOSE, folds: int = FOLDS
) -> Fitted:
    """Raises `InvalidRequestError` (`too_few_rows`) where there are fewer than `folds` groups or only one kind of label."""
    stated = cross_fitted(rows, prior=prior, strength=strength, folds=folds)
    return Fitted(
        coefficients=_fitted(rows, prior, strength),
        curve=risk_coverage(stated.probabilities.tolist(), stated.right.tolist()),
        questions=len(rows),
        right=int(stated.right.sum()),
        auroc=stated.auroc,
        brier=stated.brier,
        calibration_error=stated.calibration_error,
    )


def cross_fitted(
    rows: Sequence[LabelledSignals], *, prior: Coefficients = SHIPPED, strength: float = LOOSE, folds: int = FOLDS
) -> Stated:
    """Each row by coefficients that saw neither it nor its group. Raises as `fit` does."""
    right, groups = _right(rows), tuple(row.group for row in rows)
    if len(set(groups)) < folds or len(set(right.tolist())) < 2:
        raise InvalidRequestError(
            f"{len(rows)} labelled questions in {len(set(groups))} groups are too few: {folds} groups, with right and wrong"
            " answers among them, are needed",
            code="too_few_rows",
        )
    probabilities = np.zeros(len(rows))
    for held in _folds(groups, folds):
        weights = _fitted([row for row, out in zip(rows, held, strict=True) if not out], prior, strength)
        probabilities[held] = [confidence(row.signals, weights) for row, out in zip(rows, held, strict=True) if out]
    return Stated(probabilities, right, groups)


def stated(rows: Sequence[LabelledSignals], weights: Coefficients) -> Stated:
    """By coefficients that were fitted without these rows."""
    probabilities = np.array([confidence(row.signals, weights) for row in rows])
    return Stated(probabilities, _right(rows), tuple(row.group for row in rows))


def _right(rows: Sequence[LabelledSignals]) -> NDArray[np.bool_]:
    return np.array([row.right for row in rows], dtype=bool)


def risk_coverage(
    probabilities: Sequence[float], labels: Sequence[bool], *, least: int = LEAST_ANSWERED
) -> tuple[Point, ...]:
    """One point for each threshold that answers another question, from the highest down; none answers fewer than `least`."""
    order = np.argsort(-np.asarray(probabilities), kind="stable")
    stated, right = np.asarray(probabilities)[order], np.asarray(labels, dtype=bool)[order]
    wrong = np.cumsum(~right)
    last_of_ties = np.append(stated[1:] != stated[:-1], True)
    return tuple(
        # Rounded down: the question that sets the threshold must reach it.
        Point(float(np.floor(stated[n] * 1e4) / 1e4), (n + 1) / len(stated), float(wrong[n] / (n + 1)))
        for n in range(len(stated))
        if last_of_ties[n] and n + 1 >= least
    )


def _fitted(rows: Sequence[LabelledSignals], prior: Coefficients, strength: float) -> Coefficients:
    """Maximum a posteriori of a logistic regression under a normal prior around `prior`."""
    from scipy.optimize import minimize  # type: ignore[import-untyped]

    features, right = np.array([inputs(row.signals) for row in rows]), _right(rows)
    counts, start = np.array([row.weight for row in rows]), np.array(list(prior.as_dict().values()))
    signs = np.where(right, 1.0, -1.0)

    def loss(weights: Floats) -> tuple[float, Floats]:
        logits, moved = features @ weights, weights - start
        gradient = features.T @ (counts * (_sigmoid(logits) - right)) + strength * moved
        return float(counts @ np.logaddexp(0.0, -signs * logits) + strength / 2 * moved @ moved), gradient

    return Coefficients(*map(float, minimize(loss, start, jac=True, method="L-BFGS-B").x))


def _sigmoid(logits: Floats) -> Floats:
    return np.asarray(1 / (1 + np.exp(-np.clip(logits, -30, 30))))


def _folds(groups: Sequence[str], folds: int) -> Iterator[NDArray[np.bool_]]:
    """Masks of the held-out rows; the largest groups are dealt out first, so that folds are of about one size."""
    sizes = Counter(groups)
    filled = [0] * folds
    fold_of: dict[str, int] = {}
    for group in sorted(sizes, key=lambda g: (-sizes[g], hashlib.sha256(g.encode()).digest())):
        smallest = filled.index(min(filled))
        fold_of[group] = smallest
        filled[smallest] += sizes[group]
    dealt = np.array([fold_of[group] for group in groups])
    return (dealt == fold for fold in range(folds))
