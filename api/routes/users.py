"""A tenant's accounts, for platform admins."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Path

from api.deps import ServicesDep, allowed
from api.examples import PROBLEMS
from api.people.schemas import UserIn, UserOut, UserPatch, UsersOut, invited
from core.domain import Permission, Principal

router = APIRouter(prefix="/v1/users", responses=PROBLEMS, tags=["Users"])

Admin = Annotated[Principal, allowed(Permission.PEOPLE_WRITE)]
UserId = Annotated[str, Path(max_length=64)]


@router.get("")
async def every(services: ServicesDep, principal: Admin) -> UsersOut:
    """Who may sign in to this tenant."""
    return UsersOut(
        users=[UserOut.model_validate(each) for each in await services.people.accounts.of(principal.tenant_id)]
    )


@router.post("", status_code=201)
async def invite(body: UserIn, services: ServicesDep, principal: Admin) -> UserOut:
    """Invite an address: whoever the identity provider says it belongs to may sign in. Passwords are set on the command line."""
    made = await services.people.accounts.add(principal.tenant_id, invited(body), actor=principal.id)
    return UserOut.model_validate(made)


@router.patch("/{user_id}")
async def change(user_id: UserId, body: UserPatch, services: ServicesDep, principal: Admin) -> UserOut:
    """Change a role, or shut somebody out: their sessions end at once."""
    wanted = body.model_dump()
    changed = await services.people.accounts.change(principal.tenant_id, user_id, actor=principal.id, **wanted)
    return UserOut.model_validate(changed)
