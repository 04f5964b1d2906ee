"""Hands the real services to the evals."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from answers.calibration import Fitted
from api.bootstrap import Services, open_services
from core.auth import PERMISSIONS
from core.domain import Audience, Principal, Role
from core.errors import InvalidRequestError, NotFoundError
from core.settings import Settings
from evals.dataset import PLAIN_FILE, load_golden
from evals.fit import collect, fit
from evals.gates import load_gates
from evals.labelled import from_golden, load_labelled
from evals.run import Parts, RunResult, run_golden

CHANNEL = "eval"
FITTED_TENANT = "corvane"
"""The one demo tenant whose golden questions the confidence is fitted on, each tenant's plain development questions besides; the
others only measure it."""


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


async def measure_fit(settings: Settings, data: Path, golden: Path, *, note: Callable[[int], None]) -> Fitted:
    """Raises `InvalidRequestError` (`no_data`) where none of the development sets has been ingested."""
    plain = load_golden(golden, PLAIN_FILE.format(split="dev"))
    questions = [
        *load_labelled(data),
        *from_golden(FITTED_TENANT, load_golden(golden).get(FITTED_TENANT, [])),
        *(question for tenant, asked in plain.items() for question in from_golden(tenant, asked)),
    ]
    async with open_services(settings) as services:
        ids = await _known(services, {question.tenant for question in questions})
        if not ids:
            raise InvalidRequestError(
                "no tenant holds the development sets; take them in with 'partner-copilot eval run ax' and 'eval run"
                " mtrag-rewrite'",
                code="no_data",
            )
        rows = await collect(questions, services.searcher, ids, limit=settings.answers.passages, note=note, twins=True)
    return fit(rows)


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
