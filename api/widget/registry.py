"""The widgets of a tenant: registered, changed and switched off by its admin, and found by the id that stands in public pages."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, select

from api.widget.origins import checked, checked_domain
from api.widget.theme import Theme
from api.widget.theming import theme_of
from core.audit import record
from core.database import Database, WriteSession
from core.domain import Audience, Principal
from core.errors import InvalidRequestError, NotFoundError
from core.models import Json, WidgetRow
from core.settings import WidgetSettings


@dataclass(frozen=True, slots=True)
class Widget:
    """`origins` may frame it; `domain` serves it under the tenant's own name; `audience` is the most that a visitor with a signed
    identity may read."""

    id: str
    tenant_id: str
    name: str
    origins: tuple[str, ...]
    audience: Audience
    enabled: bool
    theme: Theme
    domain: str | None
    created_at: datetime

    def served_by(self, own_origin: str) -> tuple[str, ...]:
        """The origins that its panel has: the service's, and its tenant's own domain."""
        return (own_origin, self.domain) if self.domain else (own_origin,)


@dataclass(frozen=True, slots=True)
class WidgetChange:
    """Fields that are None stay; an empty `domain` takes it away."""

    name: str | None = None
    origins: Sequence[str] | None = None
    audience: Audience | None = None
    enabled: bool | None = None
    theme: Json | None = None
    domain: str | None = None


class Widgets:
    """Creates, reads and changes widgets."""

    def __init__(self, database: Database, settings: WidgetSettings) -> None:
        self._database = database
        self._settings = settings

    async def create(self, principal: Principal, given: WidgetChange) -> Widget:
        """Raises `InvalidRequestError` for a bad origin, audience, theme or logo, and above the tenant's limit."""
        async with self._database.write() as session:
            await self._require_room(session, principal.tenant_id)
            row = WidgetRow(
                tenant_id=principal.tenant_id, name="", origins=[], theme={}, audience=Audience.PARTNER, enabled=True
            )
            self._apply(row, given)
            session.add(row)
            await session.flush()
            _record(session, principal, "widget.create", row)
        return self._widget(row)

    async def change(self, principal: Principal, widget_id: str, given: WidgetChange) -> Widget:
        """Holds from the next request of a visitor on. Raises as `create`, and `NotFoundError` as `get`."""
        async with self._database.write() as session:
            row = _owned(await session.get(WidgetRow, widget_id), principal.tenant_id)
            self._apply(row, given)
            _record(session, principal, "widget.change", row)
        return self._widget(row)

    async def of(self, tenant_id: str) -> list[Widget]:
        query = select(WidgetRow).where(WidgetRow.tenant_id == tenant_id).order_by(WidgetRow.created_at)
        async with self._database.read() as session:
            return [self._widget(row) for row in await session.scalars(query)]

    async def get(self, tenant_id: str, widget_id: str) -> Widget:
        """Raises `NotFoundError` for another tenant's widget as for an unknown one."""
        async with self._database.read() as session:
            return self._widget(_owned(await session.get(WidgetRow, widget_id), tenant_id))

    async def shown(self, widget_id: str) -> Widget:
        """For its visitors. Raises `NotFoundError` where it is unknown or switched off."""
        async with self._database.read() as session:
            row = await session.get(WidgetRow, widget_id)
        if row is None or not row.enabled:
            raise NotFoundError("no such widget, or it is switched off", code="unknown_widget")
        return self._widget(row)

    def theme(self, given: Json) -> Theme:
        """Raises as `theme_of`."""
        return theme_of(given, max_logo_bytes=self._settings.max_logo_bytes)

    def _apply(self, row: WidgetRow, given: WidgetChange) -> None:
        if given.name is not None:
            row.name = given.name
        if given.origins is not None:
            row.origins = checked(given.origins, most=self._settings.max_origins)
        if given.domain is not None:
            row.domain = checked_domain(given.domain)
        if given.audience is not None:
            row.audience = _audience(given.audience)
        if given.enabled is not None:
            row.enabled = given.enabled
        if given.theme is not None:
            row.theme = self.theme(given.theme).model_dump(mode="json", exclude_defaults=True)

    async def _require_room(self, session: WriteSession, tenant_id: str) -> None:
        most = self._settings.max_per_tenant
        count = await session.scalar(select(func.count()).where(WidgetRow.tenant_id == tenant_id))
        if (count or 0) >= most:
            raise InvalidRequestError(
                f"a tenant has at most {most} widgets (COPILOT_WIDGET__MAX_PER_TENANT)", code="too_many_widgets"
            )

    def _widget(self, row: WidgetRow) -> Widget:
        return Widget(
            row.id,
            row.tenant_id,
            row.name,
            tuple(row.origins),
            Audience(row.audience),
            row.enabled,
            Theme.model_validate(row.theme),
            row.domain,
            row.created_at,
        )


def _audience(audience: Audience) -> Audience:
    if audience is Audience.AGENT:
        raise InvalidRequestError(
            "a widget's visitors are 'public' or 'partner'; agents ask in Slack or on the chat page",
            code="invalid_audience",
        )
    return audience


def _owned(row: WidgetRow | None, tenant_id: str) -> WidgetRow:
    if row is None or row.tenant_id != tenant_id:
        raise NotFoundError("no such widget; 'partner-copilot widget list' shows yours")
    return row


def _record(session: WriteSession, principal: Principal, action: str, row: WidgetRow) -> None:
    record(
        session,
        principal.tenant_id,
        actor=principal.id,
        action=action,
        target=row.id,
        origins=row.origins,
        domain=row.domain,
        audience=row.audience,
        enabled=row.enabled,
    )
