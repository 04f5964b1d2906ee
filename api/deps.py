"""What handlers are given: the services, and the principal behind the request's key."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Annotated, Any

from fastapi import Depends, Request, Security
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer

from api.bootstrap import Services
from core.auth import require
from core.domain import Permission, Principal
from core.errors import UnauthenticatedError, UnavailableError

_bearer = HTTPBearer(auto_error=False, description="An API key: `pc.<id>.<secret>`")


def services(request: Request) -> Services:
    """Raises `UnavailableError` (`not_ready`) while models are still being loaded."""
    found: Services | None = getattr(request.app.state, "services", None)
    if found is None:
        raise UnavailableError("the service is still starting; try again in a few seconds", code="not_ready")
    return found


ServicesDep = Annotated[Services, Depends(services)]


def allowed(permission: Permission, *, channel: str = "api") -> Any:
    """A dependency: the principal, who must hold `permission`. Their questions are metered under `channel`."""

    async def principal(
        given: ServicesDep, credentials: Annotated[HTTPAuthorizationCredentials | None, Security(_bearer)]
    ) -> Principal:
        if credentials is None:
            raise UnauthenticatedError("send a valid API key as 'Authorization: Bearer <key>'")
        found = await given.keys.authenticate(credentials.credentials, channel=channel)
        require(found, permission)
        return found

    check: Callable[..., Awaitable[Principal]] = principal
    return Depends(check)
