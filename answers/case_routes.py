"""Where a tenant's cases are told of: Slack channels, e-mail addresses, web addresses."""

from __future__ import annotations

import base64
import re
import secrets
from dataclasses import dataclass
from urllib.parse import urlsplit

from sqlalchemy import func, select
from sqlalchemy.exc import IntegrityError

from answers.case_notices import RouteKind, secret_context
from core.audit import record
from core.database import Database
from core.domain import Principal
from core.errors import ConflictError, InvalidRequestError, NotFoundError, TooLargeError
from core.keyring import Keyring
from core.models import CaseRoute, new_id
from core.settings import CaseSettings

_SLACK = re.compile(r"[TE][A-Z0-9]{2,30}/[CGD][A-Z0-9]{2,30}")
_MAIL = re.compile(r"[^@\s<>,;:\"\\]{1,64}@[A-Za-z0-9.-]{1,190}\.[A-Za-z]{2,24}")


@dataclass(frozen=True, slots=True)
class Route:
    """`secret` is shown once, when a webhook is made: what its letters are signed with."""

    id: str
    kind: RouteKind
    target: str
    secret: str | None = None


class CaseRoutes:
    def __init__(self, database: Database, keyring: Keyring, settings: CaseSettings) -> None:
        self._database = database
        self._keyring = keyring
        self._settings = settings

    async def of(self, tenant_id: str) -> list[Route]:
        query = select(CaseRoute).where(CaseRoute.tenant_id == tenant_id).order_by(CaseRoute.created_at, CaseRoute.id)
        async with self._database.read(tenant_id) as session:
            return [Route(row.id, RouteKind(row.kind), row.target) for row in await session.scalars(query)]

    async def add(self, principal: Principal, kind: RouteKind, target: str) -> Route:
        """Raises `InvalidRequestError` (`invalid_route`), `ConflictError` (`route_exists`), `TooLargeError` (`too_many_routes`)."""
        self._check(kind, target)
        row = CaseRoute(id=new_id(), tenant_id=principal.tenant_id, kind=kind, target=target)
        secret = secrets.token_bytes(32) if kind is RouteKind.WEBHOOK else None
        row.secret = self._keyring.encrypt(secret, context=secret_context(row)) if secret else None
        try:
            async with self._database.write(principal.tenant_id) as session:
                own = select(func.count()).select_from(CaseRoute).where(CaseRoute.tenant_id == principal.tenant_id)
                if (await session.scalar(own) or 0) >= self._settings.max_routes:
                    raise TooLargeError(
                        f"a tenant has at most {self._settings.max_routes} routes (COPILOT_CASES__MAX_ROUTES)",
                        code="too_many_routes",
                    )
                session.add(row)
                await session.flush()
                record(session, row.tenant_id, actor=principal.id, action="case.route.add", target=row.id, kind=kind)
        except IntegrityError:
            raise ConflictError("cases are told there already", code="route_exists") from None
        shown = "whsec_" + base64.b64encode(secret).decode() if secret else None
        return Route(row.id, kind, target, shown)

    async def remove(self, principal: Principal, route_id: str) -> None:
        """What was not delivered there yet is not any more. Raises `NotFoundError`."""
        async with self._database.write(principal.tenant_id) as session:
            row = await session.get(CaseRoute, route_id)
            if row is None or row.tenant_id != principal.tenant_id:
                raise NotFoundError("no such route")
            record(session, row.tenant_id, actor=principal.id, action="case.route.remove", target=row.id, kind=row.kind)
            await session.delete(row)

    def _check(self, kind: RouteKind, target: str) -> None:
        match kind:
            case RouteKind.SLACK:
                _require(
                    _SLACK.fullmatch(target) is not None, "a Slack route is workspace/channel, T0123ABCD/C0123ABCD"
                )
            case RouteKind.SMTP:
                _require(_MAIL.fullmatch(target) is not None, "an SMTP route is one e-mail address")
                _require(
                    self._settings.smtp_host is not None, "this server sends no mail: set COPILOT_CASES__SMTP_HOST"
                )
            case RouteKind.WEBHOOK:
                _require(_is_web_address(target), "a webhook is an https:// address without user, password or fragment")
            case RouteKind.ASKER:
                _require(False, "whoever asked is told by the surface they asked in; that takes no route")


def _is_web_address(target: str) -> bool:
    """Plain HTTP is for hosts that the operator lists: the courier refuses it elsewhere."""
    try:
        parts = urlsplit(target)
        port_fits = parts.port is None or parts.port > 0
    except ValueError:
        return False
    plain = not (parts.username or parts.password or parts.fragment) and target.isascii() and " " not in target
    return parts.scheme in ("https", "http") and bool(parts.hostname) and port_fits and plain and len(target) <= 500


def _require(holds: bool, remedy: str) -> None:
    if not holds:
        raise InvalidRequestError(remedy, code="invalid_route")
