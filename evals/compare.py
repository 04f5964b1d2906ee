"""What changed since the last run of the same data set."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from core.models import Json
from evals.golden import Row
from evals.repository import StoredRun
from evals.summary import Metrics


@dataclass(frozen=True, slots=True)
class Flip:
    """A question that ended differently; `id` is unique within `tenant`."""

    tenant: str
    id: str
    before: str
    after: str


@dataclass(frozen=True, slots=True)
class Comparison:
    """`differences` by metric, now minus then; `changed` names what else was different about the run."""

    previous_id: str
    differences: Mapping[str, float]
    flips: Sequence[Flip]
    changed: Sequence[str]


def compare(previous: StoredRun, *, metrics: Metrics, context: Json, rows: Sequence[Row]) -> Comparison:
    """Figures and questions that only one of the two runs has are left out."""
    then: Mapping[str, Json] = previous.metrics.get("overall", {})
    differences = {
        name: estimate.value - float(then[name]["value"])
        for name, estimate in metrics.items()
        if estimate.value is not None and then.get(name, {}).get("value") is not None
    }
    outcomes = {(row["tenant"], row["id"]): str(row["outcome"]) for row in previous.rows}
    flips = [
        Flip(row.tenant, row.id, outcomes[key], row.outcome)
        for row in rows
        if (key := (row.tenant, row.id)) in outcomes and outcomes[key] != row.outcome
    ]
    changed = sorted(key for key in context if key != "date" and context[key] != previous.context.get(key))
    return Comparison(previous.id, differences, flips, changed)
