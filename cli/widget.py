"""Commands for the chat widgets of a tenant."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.markup import escape

from cli.common import AsJson, Tenant, called, out, print_json
from core.domain import Audience
from core.errors import InvalidRequestError

widgets = typer.Typer(no_args_is_help=True, help="Put a chat widget into a partner's own pages.")

WidgetId = Annotated[str, typer.Argument(help="The widget's id, as 'widget list' shows it.")]
Theme = Annotated[Path | None, typer.Option(help="A JSON file: name, colours, words (docs/white-label.md).")]
Origins = Annotated[
    list[str] | None, typer.Option("--origin", help="A page's origin, https://portal.example.com; again for another.")
]
Domain = Annotated[
    str | None, typer.Option(help="Your own address of this service, https://help.example.com; '' takes it away.")
]
Most = Annotated[
    Audience | None, typer.Option(help="The most that visitors with a signed identity read: public or partner.")
]


@widgets.command("create")
def widget_create(
    name: Annotated[str, typer.Argument(help="What you call it, such as 'Partner portal'.")],
    tenant: Tenant,
    origin: Origins = None,
    audience: Most = None,
    theme: Theme = None,
    domain: Domain = None,
    as_json: AsJson = False,
) -> None:
    """Register a widget and show the snippet for the page."""
    body = {"name": name, "origins": origin or [], "audience": audience, "theme": _theme(theme), "domain": domain}
    _show(called(tenant, "POST", "/v1/widgets", body), as_json=as_json)


@widgets.command("list")
def widget_list(tenant: Tenant, as_json: AsJson = False) -> None:
    """List a tenant's widgets."""
    found = called(tenant, "GET", "/v1/widgets")["widgets"]
    if as_json:
        print_json(found)
        return
    for one in found:
        state = "on" if one["enabled"] else "off"
        typer.echo(f"{one['id']}\t{state}\t{one['audience']}\t{one['name']}\t{' '.join(one['origins'])}")
    if not found:
        out.print("no widgets yet; 'partner-copilot widget create' makes one")


@widgets.command("show")
def widget_show(widget_id: WidgetId, tenant: Tenant, as_json: AsJson = False) -> None:
    """Show a widget: its origins, theme, identity keys and snippet."""
    _show(called(tenant, "GET", f"/v1/widgets/{widget_id}"), as_json=as_json)


@widgets.command("change")
def widget_change(
    widget_id: WidgetId,
    tenant: Tenant,
    name: Annotated[str | None, typer.Option(help="Another name.")] = None,
    origin: Origins = None,
    audience: Most = None,
    theme: Theme = None,
    domain: Domain = None,
    as_json: AsJson = False,
) -> None:
    """Change a widget. Origins that are given take the place of all before."""
    given = {"name": name, "origins": origin or None, "audience": audience, "theme": _theme(theme), "domain": domain}
    body = {key: value for key, value in given.items() if value is not None}
    _show(called(tenant, "PATCH", f"/v1/widgets/{widget_id}", body), as_json=as_json)


@widgets.command("rotate-key")
def widget_rotate_key(
    widget_id: WidgetId,
    tenant: Tenant,
    issuer: Annotated[str, typer.Option(help="The tokens' 'iss', such as portal.example.com.")],
    public_key: Annotated[
        Path | None, typer.Option(help="An Ed25519 public key (PEM) for EdDSA; without it HS256 and a new secret.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Register a key for visitors' identity tokens. The keys before it verify for another day."""
    body: dict[str, Any] = {"issuer": issuer, "algorithm": "HS256" if public_key is None else "EdDSA"}
    if public_key is not None:
        body["public_key"] = _text(public_key)
    key = called(tenant, "POST", f"/v1/widgets/{widget_id}/keys", body)
    if as_json:
        print_json(key)
        return
    out.print(f"kid: {key['kid']}\nalgorithm: {key['algorithm']}")
    if key["secret"]:
        out.print(f"secret: {key['secret']}  (shown this once; for the portal's backend alone)")


@widgets.command("disable")
def widget_disable(widget_id: WidgetId, tenant: Tenant) -> None:
    """Switch a widget off: its visitors' sessions end at once."""
    called(tenant, "PATCH", f"/v1/widgets/{widget_id}", {"enabled": False})
    out.print("switched off; 'partner-copilot widget enable' brings it back")


@widgets.command("enable")
def widget_enable(widget_id: WidgetId, tenant: Tenant) -> None:
    """Switch a widget on again."""
    called(tenant, "PATCH", f"/v1/widgets/{widget_id}", {"enabled": True})
    out.print("switched on")


def _theme(file: Path | None) -> dict[str, Any] | None:
    """Raises `InvalidRequestError` (`invalid_theme`) where the file holds no JSON object."""
    if file is None:
        return None
    try:
        found = json.loads(_text(file))
    except ValueError as error:
        raise InvalidRequestError(f"{file} is no JSON: {error}", code="invalid_theme") from None
    if not isinstance(found, dict):
        raise InvalidRequestError(f"{file} holds no JSON object", code="invalid_theme")
    return found


def _text(file: Path) -> str:
    try:
        return file.read_text("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise InvalidRequestError(f"{file} cannot be read: {error}", code="unreadable_file") from None


def _show(widget: dict[str, Any], *, as_json: bool) -> None:
    if as_json:
        print_json(widget)
        return
    out.print(f"{widget['id']}  {escape(widget['name'])}  ({'on' if widget['enabled'] else 'off'})")
    out.print(f"shown on: {' '.join(widget['origins']) or 'no page yet; add one with --origin'}")
    out.print(f"signed-in visitors read: {widget['audience']}; others: public")
    for key in widget["keys"]:
        ends = f"until {key['retires_at']}" if key["retires_at"] else "in force"
        out.print(f"key {key['kid']}  {key['algorithm']}  {escape(key['issuer'])}  {ends}")
    out.print(escape(widget["snippet"]))
