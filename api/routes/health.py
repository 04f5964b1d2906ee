"""Is it alive, is it ready, what does it count."""

from __future__ import annotations

from fastapi import APIRouter, Request
from fastapi.responses import PlainTextResponse
from sqlalchemy import text

from api.bootstrap import Services
from api.deps import ServicesDep
from api.examples import PROBLEMS, Responses
from core.crossings import NO_TENANT
from core.errors import UnavailableError

router = APIRouter(tags=["Health"])

NOT_READY: Responses = {503: PROBLEMS[503]}


@router.head("/healthz", include_in_schema=False)
@router.get("/healthz")
async def alive() -> dict[str, str]:
    """The process runs."""
    return {"status": "ok"}


@router.head("/readyz", include_in_schema=False)
@router.get("/readyz", responses=NOT_READY)
async def ready(request: Request) -> dict[str, str]:
    """Models are loaded and the database answers: the next question pays for neither."""
    services: Services | None = getattr(request.app.state, "services", None)
    if services is None or getattr(request.app.state, "draining", False):
        raise UnavailableError("starting or stopping; try again in a few seconds", code="not_ready")
    async with services.database.read(NO_TENANT) as session:
        await session.execute(text("SELECT 1"))
    return {"status": "ready"}


@router.get("/metrics", response_class=PlainTextResponse, responses=NOT_READY)
async def metrics(services: ServicesDep) -> PlainTextResponse:
    """Prometheus' text format; holds no tenant's text."""
    return PlainTextResponse(services.metrics.render(), media_type="text/plain; version=0.0.4")
