"""A tenant's own confidence: coefficients fitted on its golden questions, a threshold that follows from the risk it accepts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

from answers.confidence import SHIPPED, Coefficients
from core.audit import record
from core.database import Database, WriteSession
from core.domain import Principal
from core.errors import ConflictError, NotFoundError
from core.models import Tenant, now
from core.tenancy import TenantInfo

KEY = "confidence"
"""Where the tenant's settings hold it."""


@dataclass(frozen=True, slots=True)
class Point:
    """Answering at `threshold` and above answers the share `coverage` of the questions, of which the share `risk` is wrong."""

    threshold: float
    coverage: float
    risk: float


@dataclass(frozen=True, slots=True)
class Fitted:
    """What a fit found, its figures cross-fitted; `curve` from the highest threshold down."""

    coefficients: Coefficients
    curve: tuple[Point, ...]
    questions: int
    right: int
    auroc: float | None
    brier: float
    calibration_error: float
    fitted_at: str = ""


@dataclass(frozen=True, slots=True)
class Calibration:
    """What gates a tenant's answers. Without `fitted` the shipped estimate and the installation's threshold do."""

    threshold: float
    coefficients: Coefficients = SHIPPED
    accepted_risk: float | None = None
    fitted: Fitted | None = None


class Calibrations:
    """Reads and changes calibrations; `threshold` is the installation's, for tenants that chose none."""

    def __init__(self, database: Database, *, threshold: float) -> None:
        self._database = database
        self._threshold = threshold

    async def of(self, tenant_id: str) -> Calibration:
        async with self._database.read(tenant_id) as session:
            row = await session.get(Tenant, tenant_id)
        if row is None:
            raise NotFoundError("no such tenant", code="unknown_tenant")
        return self._stated(row.settings)

    def given(self, tenant: TenantInfo) -> Calibration:
        """As `of`, of a tenant that was read already."""
        return self._stated(tenant.settings)

    async def keep(self, principal: Principal, fitted: Fitted) -> Calibration:
        """Take a new fit. An accepted risk holds on: its threshold is read off the new curve.

        Raises `ConflictError` (`risk_unreachable`), and nothing changes.
        """
        async with self._database.write(principal.tenant_id) as session:
            row = await _locked(session, principal)
            risk = self._stated(row.settings).accepted_risk
            dated = replace(fitted, fitted_at=now().isoformat())
            threshold = _threshold_for(dated, risk) if risk is not None else None
            return self._put(session, principal, row, "confidence.fit", dated, risk, threshold)

    async def accept(self, principal: Principal, risk: float) -> Calibration:
        """Answer wherever at most the share `risk` of the answers is wrong. Raises `ConflictError` (`not_fitted`,
        `risk_unreachable`)."""
        async with self._database.write(principal.tenant_id) as session:
            row = await _locked(session, principal)
            fitted = self._stated(row.settings).fitted
            if fitted is None:
                raise ConflictError(
                    "this tenant's confidence is not fitted: import golden questions and run 'partner-copilot confidence fit'",
                    code="not_fitted",
                )
            threshold = _threshold_for(fitted, risk)
            return self._put(session, principal, row, "confidence.accept", fitted, risk, threshold)

    async def reset(self, principal: Principal) -> Calibration:
        """Back to the shipped estimate and the installation's threshold."""
        async with self._database.write(principal.tenant_id) as session:
            row = await _locked(session, principal)
            row.settings = {name: value for name, value in row.settings.items() if name != KEY}
            _record(session, principal, row, "confidence.reset")
            return self._stated(row.settings)

    def _put(
        self,
        session: WriteSession,
        principal: Principal,
        row: Tenant,
        action: str,
        fitted: Fitted,
        risk: float | None,
        threshold: float | None,
    ) -> Calibration:
        row.settings = {
            **row.settings,
            KEY: {"fitted": asdict(fitted), "accepted_risk": risk, "threshold": threshold},
        }
        coefficients = fitted.coefficients.as_dict()
        _record(session, principal, row, action, coefficients=coefficients, accepted_risk=risk, threshold=threshold)
        return self._stated(row.settings)

    def _stated(self, settings: Mapping[str, Any]) -> Calibration:
        stored: dict[str, Any] | None = settings.get(KEY)
        if stored is None:
            return Calibration(self._threshold)
        raw = stored["fitted"]
        coefficients = Coefficients(**raw["coefficients"])
        fitted = Fitted(
            **{**raw, "coefficients": coefficients, "curve": tuple(Point(**point) for point in raw["curve"])}
        )
        threshold = stored["threshold"]
        return Calibration(
            self._threshold if threshold is None else threshold, coefficients, stored["accepted_risk"], fitted
        )


def lowest(curve: Sequence[Point], risk: float) -> Point | None:
    """The point that answers most while at most the share `risk` of the answers is wrong."""
    return max((point for point in curve if point.risk <= risk), key=lambda point: point.coverage, default=None)


def _threshold_for(fitted: Fitted, risk: float) -> float:
    point = lowest(fitted.curve, risk)
    if point is None:
        best = min((point.risk for point in fitted.curve), default=1.0)
        raise ConflictError(
            f"no threshold keeps wrong answers at {risk:.1%} on this tenant's golden questions; the least seen is {best:.1%}."
            " Accept more, or improve the documents",
            code="risk_unreachable",
        )
    return point.threshold


async def _locked(session: WriteSession, principal: Principal) -> Tenant:
    row = await session.get(Tenant, principal.tenant_id, with_for_update=True, populate_existing=True)
    if row is None:
        raise NotFoundError("no such tenant", code="unknown_tenant")
    return row


def _record(session: WriteSession, principal: Principal, row: Tenant, action: str, **details: object) -> None:
    record(session, row.id, actor=principal.id, action=action, target=row.slug, **details)
