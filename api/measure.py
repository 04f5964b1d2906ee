"""Hands the real services to the evals."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path

from answers.calibration import Fitted
from api.bootstrap import Services, open_services
from core.auth import PERMISSIONS
from core.domain import Audience, Principal, Role
from core.errors import InvalidRequestError, NotFoundError
from core.settings import Settings
from evals.dataset import FILE, PLAIN_FILE, load_golden
from evals.fit import collect, cross_fitted, fit, stated
from evals.gates import load_gates
from evals.labelled import LabelledQuestion, from_golden, load_labelled
from evals.run import Parts, RunResult, run_golden

CHANNEL = "eval"


async def measure_golden(settings: Settings, folder: Path, *, note: Callable[[int, int], None]) -> RunResult:
    """Raises `NotFoundError` where a tenant of the questions does not exist, `ConflictError` while a server owns the index."""
    golden = load_golden(folder)
    total = sum(map(len, golden.values()))
    async with open_services(settings) as services:
        ids = {slug: (await services.tenants.by_slug(slug)).id for slug in golden}
        parts = Parts(
            asker=services.pipeline,
            finder=services.searcher,
            transcripts=services.conversations,
            database=services.database,
            tracer=services.tracer,
            settings=settings,
        )
        done = 0

        def count(_row: object) -> None:
            nonlocal done
            done += 1
            note(done, total)

        def principal(slug: str, audience: Audience) -> Principal:
            return Principal(ids[slug], CHANNEL, audience, PERMISSIONS[Role.SUPPORT_AGENT], CHANNEL)

        return await run_golden(golden, parts, principal, gates=load_gates(), note=count)


async def measure_fit(
    settings: Settings, data: Path, golden: Path, *, note: Callable[[int], None]
) -> tuple[Fitted, list[str]]:
    """The fit on the development sets, and lines that measure it, on questions that it never saw as well.

    Raises `InvalidRequestError` (`no_data`) where none of the development sets has been ingested.
    """
    seen = [*load_labelled(data), *_demo(golden, PLAIN_FILE.format(split="dev"))]
    unseen = [*_demo(golden, PLAIN_FILE.format(split="held")), *_demo(golden, FILE)]
    async with open_services(settings) as services:
        ids = await _known(services, {question.tenant for question in (*seen, *unseen)})
        if not ids:
            raise InvalidRequestError(
                "no tenant holds the development sets; take them in with 'partner-copilot eval run ax' and 'eval run"
                " mtrag-rewrite', and the demo with 'partner-copilot demo'",
                code="no_data",
            )
        gather = partial(collect, finder=services.searcher, tenant_ids=ids, limit=settings.answers.passages, twins=True)
        rows = await gather(seen, note=note)
        held = await gather(unseen, note=lambda done: note(len(rows) + done))
    fitted, cross = fit(rows), cross_fitted(rows)
    measured = [cross.line("cross-fitted")]
    if held:
        apart = stated(held, fitted.coefficients)
        measured += [apart.line("never seen"), (cross + apart).line("together")]
    return fitted, measured


def _demo(folder: Path, name: str) -> list[LabelledQuestion]:
    return [question for tenant, asked in load_golden(folder, name).items() for question in from_golden(tenant, asked)]


async def _known(services: Services, slugs: set[str]) -> dict[str, str]:
    found: dict[str, str] = {}
    for slug in slugs:
        try:
            tenant = await services.tenants.by_slug(slug)
        except NotFoundError:
            continue
        if tenant.live_release:
            found[slug] = tenant.id
    return found
