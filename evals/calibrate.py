"""A tenant's confidence, fitted on its own golden questions against what is live."""

from __future__ import annotations

from answers.calibration import Calibration, Calibrations
from core.domain import Principal
from core.errors import InvalidRequestError
from core.tenancy import Tenants
from evals.fit import FIRM, collect, fit
from evals.golden_store import GoldenStore
from evals.labelled import from_golden
from evals.ports import Finder

LEAST_QUESTIONS = 30


class Calibrator:
    """`passages` is how many an answer reads."""

    def __init__(
        self, golden: GoldenStore, finder: Finder, tenants: Tenants, calibrations: Calibrations, *, passages: int
    ) -> None:
        self._golden = golden
        self._finder = finder
        self._tenants = tenants
        self._calibrations = calibrations
        self._passages = passages

    async def fit(self, principal: Principal) -> Calibration:
        """Search for every golden question, fit, and use the result from the next question on.

        Raises `InvalidRequestError` (`too_few_golden`, `too_few_rows`), `ConflictError` (`risk_unreachable`).
        """
        tenant = await self._tenants.get(principal.tenant_id)
        questions = from_golden(tenant.slug, await self._golden.of(tenant.id))
        if len(questions) < LEAST_QUESTIONS:
            raise InvalidRequestError(
                f"{len(questions)} golden questions are too few to fit on: import at least {LEAST_QUESTIONS}, some of them"
                " unanswerable",
                code="too_few_golden",
            )
        rows = await collect(
            questions, self._finder, {tenant.slug: tenant.id}, limit=self._passages, note=lambda _done: None
        )
        return await self._calibrations.keep(principal, fit(rows, strength=FIRM))
