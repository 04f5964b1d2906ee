"""`partner-copilot eval golden`: ask, sum up, compare with the last run, keep, send to the tracer, check the gates."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass

from core.database import Database
from core.models import Json
from core.settings import Settings
from core.telemetry import ExperimentRow, Tracer
from evals.compare import Comparison, compare
from evals.context import run_context
from evals.dataset import GoldenSet
from evals.gates import Gates, Verdict, check
from evals.golden import GoldenRun, Row
from evals.metrics import Estimate
from evals.ports import Asker, Finder, Principals, Transcripts
from evals.repository import CitationCheck, EvalRuns
from evals.summary import as_json, summarise, summarise_by_tenant


@dataclass(frozen=True, slots=True)
class Parts:
    """What a run uses of the product."""

    asker: Asker
    finder: Finder
    transcripts: Transcripts
    database: Database
    tracer: Tracer
    settings: Settings


@dataclass(frozen=True, slots=True)
class RunResult:
    """A finished run. `comparison` is None for the first of its data set."""

    id: str
    dataset: str
    context: Json
    overall: Mapping[str, Estimate]
    tenants: Mapping[str, Mapping[str, Estimate]]
    rows: Sequence[Row]
    comparison: Comparison | None
    verdicts: Sequence[Verdict]

    @property
    def passed(self) -> bool:
        return all(verdict.passed for verdict in self.verdicts)


async def run_golden(
    golden: GoldenSet, parts: Parts, principals: Principals, *, gates: Gates, note: Callable[[Row], None]
) -> RunResult:
    """Faults of the product (`CopilotError`) are raised, and nothing is kept of a run that met one."""
    check(gates, summarise([]))  # a misspelt gate is refused before the long part
    asking = GoldenRun(
        asker=parts.asker,
        finder=parts.finder,
        transcripts=parts.transcripts,
        citations=CitationCheck(parts.database),
        principals=principals,
    )
    rows = await asking.ask_all(golden, note)
    overall, tenants = summarise(rows), summarise_by_tenant(rows)
    verdicts = check(gates, overall)
    context = await run_context(parts.settings, golden, rows)
    runs, dataset = EvalRuns(parts.database), dataset_name(golden)
    previous = await runs.last(dataset)
    kept = await runs.keep(
        dataset,
        metrics={"overall": as_json(overall), "tenants": {slug: as_json(m) for slug, m in tenants.items()}},
        context=context,
        rows=[asdict(row) for row in rows],
    )
    await parts.tracer.experiment(dataset, kept.id, [_traced(row) for row in rows], totals=_measured(overall))
    comparison = compare(previous, metrics=overall, context=context, rows=rows) if previous else None
    return RunResult(kept.id, dataset, context, overall, tenants, rows, comparison, verdicts)


def dataset_name(golden: GoldenSet) -> str:
    """Names the tenants, so that a run over one is never compared with a run over all; fits the table's 100 characters."""
    name = "golden/" + "+".join(sorted(golden))
    return name if len(name) <= 100 else f"golden/{hashlib.sha256(name.encode()).hexdigest()[:16]}"


def _measured(metrics: Mapping[str, Estimate]) -> dict[str, float]:
    return {name: estimate.value for name, estimate in metrics.items() if estimate.value is not None}


def _traced(row: Row) -> ExperimentRow:
    """The row's own figures are those of a run over it alone."""
    return ExperimentRow(
        id=f"{row.tenant}/{row.id}",
        input=row.question,
        output=row.answer,
        expected=", ".join(row.gold) or "no answer",
        scores={"confidence": row.confidence, **_measured(summarise([row]))},
        metadata={"tenant": row.tenant, "kind": row.kind, "outcome": row.outcome},
    )
