"""A tenant's widgets, for its admin."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Request

from api.deps import ServicesDep, allowed, own_origin
from api.examples import PROBLEMS
from api.widget.palette import variables
from api.widget.schemas import KeyIn, KeyOut, ThemeIn, ThemeOut, WidgetIn, WidgetOut, WidgetPatch, WidgetsOut
from core.domain import Permission, Principal

router = APIRouter(prefix="/v1/widgets", tags=["Widgets"], responses=PROBLEMS)

Admin = Annotated[Principal, allowed(Permission.TENANT_WRITE)]


@router.post("", status_code=201)
async def create(body: WidgetIn, request: Request, services: ServicesDep, principal: Admin) -> WidgetOut:
    """Register a widget: who may show it, what its visitors may read, how it looks."""
    made = await services.widgets.create(principal, body.to_domain())
    return WidgetOut.of(made, own=own_origin(request, services))


@router.get("")
async def every(request: Request, services: ServicesDep, principal: Admin) -> WidgetsOut:
    """This tenant's widgets."""
    found = await services.widgets.of(principal.tenant_id)
    return WidgetsOut(widgets=[WidgetOut.of(one, own=own_origin(request, services)) for one in found])


@router.post("/theme")
async def check_theme(body: ThemeIn, services: ServicesDep, _principal: Admin) -> ThemeOut:
    """Complete a theme, or refuse it with colours that can be read. Nothing is kept."""
    theme = services.widgets.theme(body.theme)
    return ThemeOut(theme=theme.model_dump(mode="json"), variables=variables(theme))


@router.get("/{widget_id}")
async def one(widget_id: str, request: Request, services: ServicesDep, principal: Admin) -> WidgetOut:
    """One widget, with its identity keys and the snippet for the page."""
    widget = await services.widgets.get(principal.tenant_id, widget_id)
    keys = await services.identities.of(widget)
    return WidgetOut.of(widget, own=own_origin(request, services), keys=keys)


@router.patch("/{widget_id}")
async def change(
    widget_id: str, body: WidgetPatch, request: Request, services: ServicesDep, principal: Admin
) -> WidgetOut:
    """Change a widget, or switch it off. Holds from its visitors' next request on."""
    changed = await services.widgets.change(principal, widget_id, body.to_domain())
    return WidgetOut.of(changed, own=own_origin(request, services))


@router.post("/{widget_id}/keys", status_code=201)
async def rotate_key(widget_id: str, body: KeyIn, services: ServicesDep, principal: Admin) -> KeyOut:
    """Register a key for identity tokens. Keys before it verify for a while longer."""
    widget = await services.widgets.get(principal.tenant_id, widget_id)
    return KeyOut.of(await services.identities.rotate(principal, widget, **body.model_dump()))


@router.delete("/{widget_id}/keys/{kid}", status_code=204)
async def revoke_key(widget_id: str, kid: str, services: ServicesDep, principal: Admin) -> None:
    """End a key at once."""
    widget = await services.widgets.get(principal.tenant_id, widget_id)
    await services.identities.revoke(principal, widget, kid)
