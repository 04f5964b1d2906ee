"""Commands for what was handed over to people: `case list`, `show`, `claim`, `hand-back`, `resolve`, `route …`."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Any

import typer

from answers.case_notices import RouteKind
from answers.case_views import CaseStatus
from cli.common import AsJson, Tenant, called, out, print_json

cases = typer.Typer(no_args_is_help=True, help="See and work on what was handed over to people.")
routes = typer.Typer(no_args_is_help=True, help="Say where a tenant's cases are told: Slack, mail or a webhook.")
cases.add_typer(routes, name="route")

CaseId = Annotated[str, typer.Argument(help="The case's number, such as C-12.")]


@cases.command("list")
def case_list(
    tenant: Tenant,
    status: Annotated[CaseStatus | None, typer.Option(help="Only of this status.")] = None,
    limit: Annotated[int, typer.Option(min=1, max=1000)] = 50,
    as_json: AsJson = False,
) -> None:
    """List cases, newest first: number, status, severity, owner, since when, the question."""
    narrowed = f"&status={status}" if status else ""
    found = called(tenant, "GET", f"/v1/cases?limit={limit}{narrowed}")["cases"]
    for case in found:
        print_json(case) if as_json else typer.echo(_line(case))
    if not found and not as_json:
        out.print("no cases")


@cases.command("show")
def case_show(case_id: CaseId, tenant: Tenant, as_json: AsJson = False) -> None:
    """Show a case with its evidence: what was asked, tried, cited and missing, and where."""
    found = called(tenant, "GET", f"/v1/cases/{case_id}")
    if as_json:
        print_json(found)
        return
    for line in _packet(found):
        typer.echo(line)


@cases.command("claim")
def case_claim(case_id: CaseId, tenant: Tenant, as_json: AsJson = False) -> None:
    """Take a case: the copilot is silent where it was asked, until it is handed back or resolved."""
    _changed(tenant, f"/v1/cases/{case_id}/claim", as_json=as_json)


@cases.command("hand-back")
def case_hand_back(case_id: CaseId, tenant: Tenant, as_json: AsJson = False) -> None:
    """Give a claimed case back to whoever takes it next; the copilot answers again."""
    _changed(tenant, f"/v1/cases/{case_id}/hand-back", as_json=as_json)


@cases.command("resolve")
def case_resolve(
    case_id: CaseId,
    tenant: Tenant,
    resolution: Annotated[str | None, typer.Option(help="What helped.")] = None,
    as_json: AsJson = False,
) -> None:
    """End a case."""
    _changed(tenant, f"/v1/cases/{case_id}/resolve", {"resolution": resolution}, as_json=as_json)


@routes.command("list")
def route_list(tenant: Tenant, as_json: AsJson = False) -> None:
    """List where cases are told."""
    found = called(tenant, "GET", "/v1/case-routes")["routes"]
    for route in found:
        print_json(route) if as_json else typer.echo("\t".join([route["id"], route["kind"], route["target"]]))
    if not found and not as_json:
        out.print("cases are told nowhere; 'partner-copilot case route add' names a receiver")


@routes.command("add")
def route_add(
    kind: Annotated[RouteKind, typer.Argument(help="slack, smtp or webhook.")],
    target: Annotated[str, typer.Argument(help="T0123ABCD/C0123ABCD, an e-mail address, or an https:// address.")],
    tenant: Tenant,
    as_json: AsJson = False,
) -> None:
    """Tell cases there, too. A webhook's secret is shown this once."""
    made = called(tenant, "POST", "/v1/case-routes", {"kind": kind, "target": target})
    if as_json:
        print_json(made)
        return
    typer.echo(f"cases are told to {made['target']} ({made['id']})")
    if made["secret"]:
        typer.echo(f"its letters are signed with: {made['secret']}")


@routes.command("remove")
def route_remove(
    route_id: Annotated[str, typer.Argument(help="As 'case route list' shows it.")], tenant: Tenant
) -> None:
    """Tell cases there no more."""
    called(tenant, "DELETE", f"/v1/case-routes/{route_id}")
    out.print("removed")


def _changed(tenant: str, path: str, body: dict[str, Any] | None = None, *, as_json: bool) -> None:
    case = called(tenant, "POST", path, body)
    print_json(case) if as_json else typer.echo(_line(case))


def _line(case: dict[str, Any]) -> str:
    owner = case["owner"] or "nobody"
    question = " ".join(case["question"].split())
    return "\t".join([case["case_id"], case["status"], case["severity"], owner, case["opened_at"][:16], question])


def _packet(case: dict[str, Any]) -> Iterator[str]:
    yield _line(case)
    for name in ("note", "contact", "resolution"):
        if case[name]:
            yield f"{name}: {case[name]}"
    for tried in case["packet"].get("tried", ()):
        yield f"tried ({tried['outcome']}, {tried['confidence']:.2f}): {tried['question']}\n  {tried['text']}"
    for cited in case["packet"].get("cited", ()):
        yield f"cited: {cited['title']} ({cited['source']})"
    for missing in case["packet"].get("missing", ()):
        yield f"missing: {missing['question']} (nearest: {'; '.join(missing['closest']) or 'nothing'})"
    known = {name: value for name, value in case["packet"].get("environment", {}).items() if value not in (None, "")}
    if known:
        yield "environment: " + ", ".join(f"{name} {value}" for name, value in known.items())
