"""A tenant's own confidence: fitted on its golden questions, read by the next question, undone by a reset."""

from __future__ import annotations

import pytest
from eval_fakes import FakeFinder, passage
from sqlalchemy import select

from answers.calibration import Calibrations, Fitted, Point
from answers.confidence import SHIPPED, Coefficients
from core.crossings import Crossing
from core.database import Database
from core.domain import Audience, Permission, Principal
from core.errors import ConflictError, InvalidRequestError
from core.keyring import Keyring
from core.models import AuditRow
from core.tenancy import Tenants
from evals.calibrate import LEAST_QUESTIONS, Calibrator
from evals.golden_store import GoldenStore
from guardrails.vault import Vault
from retrieval.scoring import Signals


class Plain:
    async def redact_many(self, texts, profile):  # type: ignore[no-untyped-def]
        from core.domain import RedactedText

        return [RedactedText(text) for text in texts]


FITTED = Fitted(
    coefficients=Coefficients(-1.0, 2.0, 0.5, 3.0),
    curve=(Point(0.9, 0.2, 0.0), Point(0.7, 0.5, 0.04), Point(0.6, 0.6, 0.12), Point(0.5, 0.8, 0.1)),
    questions=50,
    right=30,
    auroc=0.8,
    brier=0.2,
    calibration_error=0.05,
)


@pytest.fixture
async def admin(database: Database) -> Principal:
    tenant = await Tenants(database, Keyring(b"m" * 32), generation="g").create("acme")
    return Principal(tenant.id, "k1", Audience.AGENT, frozenset({Permission.RELEASES_WRITE}), "api")


async def test_without_a_fit_the_shipped_estimate_and_the_installations_threshold_hold(
    database: Database, admin: Principal
) -> None:
    found = await Calibrations(database, threshold=0.42).of(admin.tenant_id)
    assert (found.threshold, found.coefficients, found.fitted) == (0.42, SHIPPED, None)
    with pytest.raises(ConflictError) as refused:
        await Calibrations(database, threshold=0.42).accept(admin, 0.1)
    assert refused.value.code == "not_fitted"


async def test_the_accepted_risk_picks_the_threshold_that_answers_most(database: Database, admin: Principal) -> None:
    calibrations = Calibrations(database, threshold=0.42)
    assert (await calibrations.keep(admin, FITTED)).threshold == 0.42
    assert (await calibrations.accept(admin, 0.05)).threshold == 0.7
    assert (await calibrations.accept(admin, 0.1)).threshold == 0.5
    found = await calibrations.of(admin.tenant_id)
    assert (found.accepted_risk, found.coefficients) == (0.1, FITTED.coefficients)
    assert found.fitted is not None and found.fitted.curve == FITTED.curve and found.fitted.fitted_at


async def test_a_risk_out_of_reach_changes_nothing(database: Database, admin: Principal) -> None:
    calibrations = Calibrations(database, threshold=0.42)
    hopeless = Fitted(SHIPPED, (Point(0.5, 1.0, 0.4),), 50, 30, None, 0.2, 0.1)
    await calibrations.keep(admin, FITTED)
    before = await calibrations.accept(admin, 0.05)
    with pytest.raises(ConflictError, match=r"least seen is 40\.0%") as refused:
        await calibrations.keep(admin, hopeless)
    assert refused.value.code == "risk_unreachable"
    assert await calibrations.of(admin.tenant_id) == before


async def test_every_change_leaves_an_audit_row(database: Database, admin: Principal) -> None:
    calibrations = Calibrations(database, threshold=0.42)
    await calibrations.keep(admin, FITTED)
    await calibrations.accept(admin, 0.05)
    assert (await calibrations.reset(admin)).fitted is None
    async with database.read(Crossing.UPKEEP) as session:
        mine = AuditRow.action.startswith("confidence")
        rows = (await session.scalars(select(AuditRow).where(mine).order_by(AuditRow.id))).all()
    assert [row.action for row in rows] == ["confidence.fit", "confidence.accept", "confidence.reset"]
    assert rows[1].details["threshold"] == 0.7


async def test_a_fit_asks_the_golden_questions_and_gates_from_then_on(database: Database, admin: Principal) -> None:
    tenants = Tenants(database, Keyring(b"m" * 32), generation="g")
    golden = GoldenStore(database, vault=Vault(Keyring(b"m" * 32)), tenants=tenants, redactor=Plain())
    calibrations = Calibrations(database, threshold=0.42)
    finder = FakeFinder(
        by_query={
            **{f"known {n}?": ([passage("a.md")], Signals(0.5, 0.9, 0.9, 0.3)) for n in range(25)},
            **{f"unknown {n}?": ([passage("a.md")], Signals(0.5, 0.2, 0.3, 0.0)) for n in range(25)},
        }
    )
    calibrator = Calibrator(golden, finder, tenants, calibrations, passages=6)
    gold = [{"source": "a.md", "quote": "One sentence"}]
    lines = [
        {"id": f"k{n}", "question": f"known {n}?", "kind": "answerable", "audience": "agent", "gold": gold}
        for n in range(25)
    ]
    await golden.put(admin, lines)
    with pytest.raises(InvalidRequestError, match=str(LEAST_QUESTIONS)):
        await calibrator.fit(admin)
    lines = [
        {"id": f"u{n}", "question": f"unknown {n}?", "kind": "unanswerable", "audience": "agent", "gold": []}
        for n in range(25)
    ]
    await golden.put(admin, lines)
    found = await calibrator.fit(admin)
    assert found.fitted is not None
    assert (found.fitted.questions, found.fitted.right, found.fitted.auroc) == (50, 25, 1.0)
    assert (await calibrations.accept(admin, 0.05)).threshold > 0.4
