"""The vault: what placeholders stand for, for those who may see it."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Response

from api.deps import ServicesDep, allowed
from api.examples import PROBLEMS
from api.schemas import RestorationIn
from core.domain import Permission, Principal
from guardrails.restoring import Restoration

router = APIRouter(prefix="/v1", responses=PROBLEMS, tags=["Vault"])


@router.post("/restore", response_model=Restoration)
async def restore(
    body: RestorationIn,
    response: Response,
    services: ServicesDep,
    principal: Annotated[Principal, allowed(Permission.VAULT_RESTORE)],
) -> Restoration:
    """A text, document, answer or case with personal data in place of its placeholders. Each call is audited."""
    response.headers["Cache-Control"] = "no-store"
    if body.text is not None:
        return await services.restorer.text(principal, body.text)
    return await services.restorer.thing(principal, *body.thing)
