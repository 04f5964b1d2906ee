"""Every figure of a run, each a function of what its questions showed."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from evals.metrics import Estimate, Floats, auroc, brier, calibration_error, percentile
from evals.sets.bootstrap import Difference, Value, difference, estimate
from evals.sets.risk import ANSWERABLE, BINS, CONFIDENCE, RIGHT, wrong_share
from evals.sets.rows import BM25, HYBRID, OURS, Ranking, SetRow

RANKERS = (BM25, HYBRID, OURS)
Columns = tuple[float, ...]


@dataclass(frozen=True, slots=True)
class Figure:
    """`columns` of a question, None where it does not count; `value` of such columns, a row for each question."""

    name: str
    columns: Callable[[SetRow], Columns | None]
    value: Value

    def estimate(self, rows: Sequence[SetRow]) -> Estimate:
        counted = [(row.group, columns) for row in rows if (columns := self.columns(row)) is not None]
        return estimate(self.value, _array([columns for _, columns in counted]), [group for group, _ in counted])

    def difference(self, pairs: Sequence[tuple[SetRow, SetRow]], other: Figure | None = None) -> Difference | None:
        """Over (now, then) of the same questions; with `other`, that figure of "then" is compared with."""
        measured = [(now.group, self.columns(now), (other or self).columns(then)) for now, then in pairs]
        counted = [(group, a, b) for group, a, b in measured if a is not None and b is not None]
        groups = [group for group, _, _ in counted]
        return difference(self.value, _array([a for _, a, _ in counted]), _array([b for _, _, b in counted]), groups)


def ranking_figures(ranker: str) -> list[Figure]:
    """By document, over answerable questions."""
    return [
        _ranking(ranker, "recall@5", lambda ranking: ranking.recall_at_5),
        _ranking(ranker, "recall@10", lambda ranking: ranking.recall_at_10),
        _ranking(ranker, "nDCG@10", lambda ranking: ranking.ndcg_at_10),
        _ranking(ranker, "MRR", lambda ranking: ranking.mrr),
        _ranking(ranker, "answer-passage recall@5", lambda ranking: ranking.passage_at_5),
    ]


def answer_figures() -> list[Figure]:
    """A question is answered where the pipeline has an answer and its confidence reaches the tenant's threshold."""
    return [
        Figure("citation precision", _citation_precision, _ratio),
        Figure("citation recall", _citation_recall, _ratio),
        Figure("token F1", lambda row: _alike(row, "f1"), _ratio),
        Figure("ROUGE-L", lambda row: _alike(row, "rouge_l"), _ratio),
        Figure("answered of the answerable", _answered_answerable, _ratio),
        Figure("abstention AUROC", _stated, _abstention_auroc),
        Figure("abstention precision", _abstained_rightly, _abstention_precision),
        Figure("abstention recall", _abstention_recall, _ratio),
        Figure("wrong share at 80 % of the answerable", _stated, wrong_share),
        *calibration_figures(),
        Figure("answer latency p50, ms", _answer_ms, _percentile(50)),
        Figure("answer latency p95, ms", _answer_ms, _percentile(95)),
    ]


def calibration_figures() -> list[Figure]:
    """Of the confidence as the probability that there is an answer and it cites a document that answers."""
    return [
        Figure(f"ECE, {BINS} equal-mass bins", _stated, _calibration_error),
        Figure("Brier score", _stated, _brier),
    ]


def search_latencies() -> list[Figure]:
    return [
        Figure("search latency p50, ms", lambda row: (row.search_ms,), _percentile(50)),
        Figure("search latency p95, ms", lambda row: (row.search_ms,), _percentile(95)),
    ]


def figures(*, answers: bool) -> list[Figure]:
    """All of a run's own, in the order of reports."""
    return [*ranking_figures(OURS), *(answer_figures() if answers else ()), *search_latencies()]


@dataclass(frozen=True, slots=True)
class Summary:
    """`own` by figure; `baselines` by ranker and figure, `leads` of ours over each, by the same names."""

    own: Mapping[str, Estimate]
    baselines: Mapping[str, Mapping[str, Estimate]]
    leads: Mapping[str, Mapping[str, Difference]]


def summarise(rows: Sequence[SetRow], *, answers: bool) -> Summary:
    pairs = [(row, row) for row in rows]
    ours = ranking_figures(OURS)
    baselines, leads = {}, {}
    for ranker in (BM25, HYBRID):
        theirs = ranking_figures(ranker)
        baselines[ranker] = {figure.name: figure.estimate(rows) for figure in theirs}
        found = {a.name: a.difference(pairs, b) for a, b in zip(ours, theirs, strict=True)}
        leads[ranker] = {name: lead for name, lead in found.items() if lead is not None}
    own = {figure.name: figure.estimate(rows) for figure in figures(answers=answers)}
    return Summary(own, baselines, leads)


def _array(columns: Sequence[Columns]) -> Floats:
    return np.array(columns, dtype=np.float64)


def _ranking(ranker: str, name: str, part: Callable[[Ranking], float | None]) -> Figure:
    def columns(row: SetRow) -> Columns | None:
        value = part(row.rankings[ranker]) if ranker in row.rankings else None
        return None if value is None else (value, 1.0)

    return Figure(name, columns, _ratio)


def _ratio(sample: Floats) -> float:
    """Σ first column over Σ second: means, precision and recall alike."""
    numerator, denominator = sample.sum(axis=0)
    return float(numerator / denominator) if denominator else math.nan


def _percentile(share: float) -> Value:
    def value(sample: Floats) -> float:
        found = percentile(sample[:, 0].tolist(), share)
        return math.nan if found is None else found

    return value


def _citation_precision(row: SetRow) -> Columns | None:
    """Over the citations of answered answerable questions; answers that should not be are the wrong share's."""
    if row.spoken is None or not row.answerable:
        return None
    cited = row.spoken.cited if row.answered else ()
    return sum(source in row.gold for source in cited), len(cited)


def _citation_recall(row: SetRow) -> Columns | None:
    """The gold documents of answered questions that are cited."""
    if row.spoken is None or not row.answerable:
        return None
    counted = row.answered
    return counted * len(set(row.spoken.cited) & set(row.gold)), counted * len(row.gold)


def _alike(row: SetRow, name: str) -> Columns | None:
    if row.spoken is None or not row.answerable:
        return None
    value = getattr(row.spoken, name) if row.answered else None
    return (0.0, 0.0) if value is None else (value, 1.0)


def _answered_answerable(row: SetRow) -> Columns | None:
    return (row.answered, 1.0) if row.spoken is not None and row.answerable else None


def _abstained_rightly(row: SetRow) -> Columns | None:
    if row.spoken is None:
        return None
    abstained = not row.answered
    return abstained and not row.answerable, abstained, not row.answerable


def _abstention_recall(row: SetRow) -> Columns | None:
    return (not row.answered, 1.0) if row.spoken is not None and not row.answerable else None


def _stated(row: SetRow) -> Columns | None:
    """The columns of `evals.sets.risk`."""
    return None if row.spoken is None else (row.spoken.confidence, row.answerable, row.composed, row.right)


def _answer_ms(row: SetRow) -> Columns | None:
    return None if row.spoken is None else (row.spoken.latency_ms,)


def _abstention_precision(sample: Floats) -> float:
    """NaN where every question can be answered: there is nothing to be right about."""
    return _ratio(sample[:, :2]) if sample[:, 2].any() else math.nan


def _abstention_auroc(sample: Floats) -> float:
    found = auroc(sample[:, CONFIDENCE].tolist(), (sample[:, ANSWERABLE] == 1).tolist())
    return math.nan if found is None else found


def _calibration_error(sample: Floats) -> float:
    return calibration_error(sample[:, CONFIDENCE].tolist(), (sample[:, RIGHT] == 1).tolist(), bins=BINS)


def _brier(sample: Floats) -> float:
    return brier(sample[:, CONFIDENCE].tolist(), (sample[:, RIGHT] == 1).tolist())
