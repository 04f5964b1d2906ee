"""One run over a data set: ask, sum up, keep, compare with an earlier run."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path

from core.clock import today
from core.errors import InvalidRequestError
from core.jobs import Progress
from core.models import Json
from core.settings import Settings
from evals.context import code_revision, settings_hash
from evals.repository import EvalRuns, StoredRun
from evals.sets.asking import SetRun
from evals.sets.bootstrap import Difference
from evals.sets.figures import Summary, figures, summarise
from evals.sets.form import EvalSet
from evals.sets.rows import SetRow, as_json, from_json

LAST = "last"
KIND = "set"
_TOLD = {"kind", "date", "documents", "model"}
"""Of a run's context: what a comparison does not name as changed, since something else does or it says nothing."""


@dataclass(frozen=True, slots=True)
class SetComparison:
    """`differences` by figure, over the questions that both runs asked; `changed` is what else was different."""

    run_id: str
    dataset: str
    questions: int
    changed: tuple[str, ...]
    differences: Mapping[str, Difference]


@dataclass(frozen=True, slots=True)
class SetResult:
    """A finished run, and what it is compared with."""

    id: str
    dataset: str
    title: str
    context: Json
    rows: Sequence[SetRow]
    summary: Summary
    comparison: SetComparison | None = None

    @property
    def thresholds(self) -> list[float]:
        """Of its tenants, each once."""
        return sorted({row.spoken.threshold for row in self.rows if row.spoken is not None})

    @property
    def answers(self) -> bool:
        return bool(self.context["answers"])


async def ask_all(asked: EvalSet, run: SetRun, progress: Progress) -> list[SetRow]:
    """In order. The first question is asked once more beforehand, unmeasured: what loads at first use is no latency."""
    progress.total = len(asked.questions)
    if asked.questions:
        await run.ask(asked.questions[0])
    rows = []
    for question in asked.questions:
        rows.append(await run.ask(question))
        progress.done += 1
    return rows


async def context(asked: EvalSet, settings: Settings, rows: Sequence[SetRow], *, answers: bool, stated: Json) -> Json:
    """What the run was a run of; `stated` are `documents` and `corpus` (see `Holdings.fingerprint`) and `confidence`, what gates
    each tenant's answers."""
    return {
        "kind": KIND,
        "date": today().isoformat(),
        "revision": await code_revision(Path(__file__).parent),
        "settings": settings_hash(settings),
        "questions": hashlib.sha256(repr(list(asked.questions)).encode()).hexdigest()[:16],
        "model": ", ".join(sorted({row.spoken.model for row in rows if row.spoken})),
        "answers": answers,
        **stated,
    }


async def keep(
    runs: EvalRuns, asked: EvalSet, rows: Sequence[SetRow], *, split: str, stated: Json, compare: str | None
) -> SetResult:
    """Store the run, and compare it with `compare`: an id, its beginning, or `last` for the one before of the same set.

    Raises `NotFoundError` (`unknown_run`) and `InvalidRequestError` (`not_comparable`).
    """
    dataset = f"{asked.name}@{split}"
    before = await _before(runs, dataset, compare)
    # A thousand resamples of every figure take seconds.
    summary = await asyncio.to_thread(summarise, rows, answers=bool(stated["answers"]))
    metrics = {"overall": {name: asdict(estimate) for name, estimate in summary.own.items()}}
    kept = await runs.keep(dataset, metrics=metrics, context=stated, rows=[as_json(row) for row in rows])
    result = SetResult(kept.id, dataset, asked.title, stated, rows, summary)
    return replace(result, comparison=await asyncio.to_thread(compared, result, before)) if before else result


def compared(now: SetResult, then: StoredRun) -> SetComparison:
    """Each run's answers are counted at the thresholds that it had. Raises `InvalidRequestError` (`not_comparable`)."""
    earlier = {row.key: row for row in map(from_json, then.rows)}
    pairs = [(row, earlier[row.key]) for row in now.rows if row.key in earlier]
    if not pairs:
        raise InvalidRequestError(f"run {then.id[:8]} asked none of these questions", code="not_comparable")
    both = figures(answers=now.answers and bool(then.context["answers"]))
    found = {figure.name: figure.difference(pairs) for figure in both}
    changed = sorted(
        key for key in now.context.keys() - _TOLD if now.context[key] != then.context.get(key)
    )  # fmt: skip
    return SetComparison(
        then.id, then.dataset, len(pairs), tuple(changed), {name: d for name, d in found.items() if d is not None}
    )


async def require_comparable(runs: EvalRuns, compare: str | None) -> None:
    """Before the long part. Raises as `keep` does."""
    if compare not in (None, LAST):
        await _before(runs, "", compare)


async def _before(runs: EvalRuns, dataset: str, compare: str | None) -> StoredRun | None:
    if compare is None:
        return None
    found = await runs.last(dataset) if compare == LAST else await runs.one(compare)
    if found is not None and found.context.get("kind") != KIND:
        raise InvalidRequestError(f"run {found.id[:8]} is of another kind: {found.dataset}", code="not_comparable")
    return found
