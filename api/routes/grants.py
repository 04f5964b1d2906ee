"""What is shared with whom, and what this tenant runs."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter

from api.deps import ServicesDep, allowed
from api.examples import PROBLEMS
from api.schemas import GrantIn, GrantsOut, ProfilePatch
from core.domain import Permission, Principal
from core.grants import Grant
from core.profiles import Profile

router = APIRouter(prefix="/v1", responses=PROBLEMS)

Reader = Annotated[Principal, allowed(Permission.DOCUMENTS_READ)]
Granter = Annotated[Principal, allowed(Permission.GRANTS_WRITE)]
Admin = Annotated[Principal, allowed(Permission.TENANT_WRITE)]


@router.post("/grants", status_code=201, response_model=Grant, tags=["Grants"])
async def grant(body: GrantIn, services: ServicesDep, principal: Granter) -> Grant:
    """Let another tenant read a corpus, from its next question on. Once more: changes when the grant ends."""
    return await services.grants.grant(principal, corpus=body.corpus, grantee=body.grantee, expires_at=body.expires_at)


@router.get("/grants", response_model=GrantsOut, tags=["Grants"])
async def grants(services: ServicesDep, principal: Reader) -> GrantsOut:
    """The grants that this tenant gave, and those that it received."""
    given = await services.grants.given(principal.tenant_id)
    return GrantsOut(given=given, received=await services.grants.received(principal.tenant_id))


@router.delete("/grants/{grant_id}", status_code=204, tags=["Grants"])
async def revoke(grant_id: str, services: ServicesDep, principal: Granter) -> None:
    """Take a grant back: out of the other tenant's answers from its next question on, in every release."""
    await services.grants.revoke(principal, grant_id)


@router.get("/tenant/profile", response_model=Profile, tags=["Tenant"])
async def profile(services: ServicesDep, principal: Reader) -> Profile:
    """What this tenant runs: the product, version, module and region that its questions are about unless they say otherwise."""
    return await services.profiles.get(principal.tenant_id)


@router.patch("/tenant/profile", response_model=Profile, tags=["Tenant"])
async def change_profile(body: ProfilePatch, services: ServicesDep, principal: Admin) -> Profile:
    """Say what this tenant runs. Only the fields that are sent change."""
    return await services.profiles.change(principal, body.model_dump(exclude_unset=True))
