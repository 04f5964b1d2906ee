"""How sure the copilot must be: the tenant's calibration, fitted on its golden questions, and the risk that it accepts."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter

from api.deps import ServicesDep, allowed
from api.examples import PROBLEMS
from api.schemas import CalibrationOut, RiskIn
from core.domain import Permission, Principal

router = APIRouter(prefix="/v1/confidence", responses=PROBLEMS, tags=["Confidence"])

Admin = Annotated[Principal, allowed(Permission.RELEASES_WRITE)]


@router.get("", response_model=CalibrationOut)
async def show(services: ServicesDep, principal: Admin) -> CalibrationOut:
    """The threshold in force, and the curve of risk against coverage that it was read off."""
    return CalibrationOut.of(await services.calibrations.of(principal.tenant_id))


@router.post("/fit", response_model=CalibrationOut)
async def fit(services: ServicesDep, principal: Admin) -> CalibrationOut:
    """Fit the confidence on the tenant's golden questions, against what is live. Takes about a tenth of a second a question."""
    return CalibrationOut.of(await services.calibrator.fit(principal))


@router.put("/risk", response_model=CalibrationOut)
async def accept(body: RiskIn, services: ServicesDep, principal: Admin) -> CalibrationOut:
    """Accept that this share of the answers may be wrong: the threshold follows from the fitted curve."""
    return CalibrationOut.of(await services.calibrations.accept(principal, body.accepted_risk))


@router.delete("", response_model=CalibrationOut)
async def reset(services: ServicesDep, principal: Admin) -> CalibrationOut:
    """Back to the shipped estimate and the installation's threshold."""
    return CalibrationOut.of(await services.calibrations.reset(principal))
