"""From the rows of a run to its figures."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict

from core.models import Json
from evals.golden import Row
from evals.metrics import Estimate, auroc_estimate, mean, percentile, ratio

Metrics = Mapping[str, Estimate]

RANKING = ("recall_at_1", "recall_at_5", "ndcg_at_10", "passage_at_5")

LOWER_IS_BETTER = frozenset({"foreign_citations", "answered_unanswerable", "latency_p50_ms", "latency_p95_ms"})


def summarise(rows: Sequence[Row]) -> dict[str, Estimate]:
    """Every figure by name. Whatever ends without an answer (abstained, refused, escalated) counts as an abstention."""
    metrics = {name: _ranking(rows, name) for name in RANKING}
    metrics["mrr"] = _ranking(rows, "reciprocal")
    metrics |= {name: ratio([part(row) for row in rows]) for name, part in _PARTS.items()}
    metrics["confidence_auroc"] = auroc_estimate([r.confidence for r in rows], [r.answerable for r in rows])
    metrics["foreign_citations"] = Estimate(float(sum(r.foreign_citations for r in rows)), n=len(rows))
    latencies = [r.latency_ms for r in rows]
    for share in (50, 95):
        metrics[f"latency_p{share}_ms"] = Estimate(percentile(latencies, share), n=len(rows))
    return metrics


def summarise_by_tenant(rows: Sequence[Row]) -> dict[str, dict[str, Estimate]]:
    return {tenant: summarise([r for r in rows if r.tenant == tenant]) for tenant in sorted({r.tenant for r in rows})}


def as_json(metrics: Metrics) -> Json:
    return {name: asdict(estimate) for name, estimate in metrics.items()}


def _ranking(rows: Sequence[Row], name: str) -> Estimate:
    return mean([float(getattr(r.ranking, name)) for r in rows if r.ranking is not None])


Part = tuple[float, float]


def _citation_precision(row: Row) -> Part:
    counted = row.cited if row.answered and row.answerable else ()
    return sum(source in row.gold for source in counted), len(counted)


def _gold_cited(row: Row) -> Part:
    counted = row.answered and row.answerable
    return float(counted and bool(set(row.cited) & set(row.gold))), counted


def _abstention(row: Row) -> tuple[bool, bool]:
    """(should have been without an answer, was)."""
    return not row.answerable, not row.answered


def _abstention_precision(row: Row) -> Part:
    should, did = _abstention(row)
    return should and did, did


def _abstention_recall(row: Row) -> Part:
    should, did = _abstention(row)
    return should and did, should


def _abstention_f1(row: Row) -> Part:
    should, did = _abstention(row)
    return 2 * (should and did), should + did


_PARTS: Mapping[str, Callable[[Row], Part]] = {
    "citation_precision": _citation_precision,
    "gold_cited": _gold_cited,
    "quote_integrity": lambda row: (len(row.cited) - row.broken_quotes, len(row.cited)),
    "abstention_precision": _abstention_precision,
    "abstention_recall": _abstention_recall,
    "abstention_f1": _abstention_f1,
    "answered": lambda row: (row.answered, 1),
    "answered_answerable": lambda row: (row.answered and row.answerable, row.answerable),
    "answered_unanswerable": lambda row: (row.answered and not row.answerable, not row.answerable),
}
