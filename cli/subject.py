"""Commands for one person's rights, and for the end of a tenant."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.markup import escape

from cli.common import AsJson, Tenant, called, out, print_json, with_client
from cli.jobs import follow, require_done

if TYPE_CHECKING:
    from api.client import Client

subjects = typer.Typer(no_args_is_help=True, help="Export or erase one person's data over every store.")

Email = Annotated[list[str], typer.Option("--email", help="An e-mail address; may be repeated, as all of these.")]
Phone = Annotated[list[str], typer.Option("--phone", help="A telephone number, in each way that it is written.")]
Name = Annotated[list[str], typer.Option("--name", help="A full name.")]
External = Annotated[list[str], typer.Option("--external-id", help="The id that a portal signs as 'sub'.")]
SlackUser = Annotated[list[str], typer.Option("--slack-user", help="A Slack user's id.")]
PrincipalId = Annotated[list[str], typer.Option("--principal", help="An id as the audit or the usage shows it.")]
Json = dict[str, Any]


@subjects.command("erase")
def subject_erase(
    tenant: Tenant,
    email: Email = [],  # noqa: B006
    phone: Phone = [],  # noqa: B006
    name: Name = [],  # noqa: B006
    external_id: External = [],  # noqa: B006
    slack_user: SlackUser = [],  # noqa: B006
    principal: PrincipalId = [],  # noqa: B006
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
    as_json: AsJson = False,
) -> None:
    """Erase one person. It cannot be undone; export first where the person may want their data."""
    if not yes:
        typer.confirm(f"Erase this person from tenant '{tenant}' for good?", abort=True)
    who = _who(email, phone, name, external_id, slack_user, principal)
    found = with_client(tenant, lambda copilot: _done(copilot, "erase", who, as_json=False))
    print_json(found) if as_json else _show(found)


@subjects.command("export")
def subject_export(
    tenant: Tenant,
    to: Annotated[Path, typer.Option(help="The ZIP to write.")],
    email: Email = [],  # noqa: B006
    phone: Phone = [],  # noqa: B006
    name: Name = [],  # noqa: B006
    external_id: External = [],  # noqa: B006
    slack_user: SlackUser = [],  # noqa: B006
    principal: PrincipalId = [],  # noqa: B006
    as_json: AsJson = False,
) -> None:
    """Write all that is found about one person into a ZIP."""
    who = _who(email, phone, name, external_id, slack_user, principal)
    found = with_client(tenant, lambda copilot: _exported(copilot, who, to))
    print_json(found) if as_json else _show(found)


@subjects.command("list")
def subject_list(tenant: Tenant, as_json: AsJson = False) -> None:
    """List what was asked for, by keyed digests."""
    found = called(tenant, "GET", "/v1/subjects")
    for each in [] if as_json else found["requests"]:
        done = (each["finished_at"] or "not yet")[:19]
        out.print(f"{each['id']}  {each['kind']:<6}  {each['created_at'][:19]}Z  done {done}  {each['digest'][:12]}")
    if as_json:
        print_json(found)


def tenant_erase(
    slug: Annotated[str, typer.Argument(help="The tenant.")],
    confirm: Annotated[str, typer.Option(help="Its name once more.")],
    as_json: AsJson = False,
) -> None:
    """Erase a whole tenant: documents, vectors, conversations, keys, everything. It cannot be undone."""
    gone = called(slug, "DELETE", "/v1/tenant", {"confirm": confirm}, patient=True)
    print_json(gone) if as_json else out.print(f"erased tenant '{escape(slug)}': {sum(gone.values())} rows")


async def _done(copilot: Client, kind: str, who: Json, *, as_json: bool) -> Json:
    asked = await copilot.call("POST", f"/v1/subjects/{kind}", who)
    job = await copilot.call("GET", f"/v1/jobs/{asked['job_id']}")
    require_done(await follow(copilot, job, as_json=as_json))
    return await copilot.call("GET", f"/v1/subjects/{asked['id']}")


async def _exported(copilot: Client, who: Json, to: Path) -> Json:
    found = await _done(copilot, "export", who, as_json=False)
    data = await copilot.fetch(f"/v1/subjects/{found['id']}/export")
    to.touch(mode=0o600)
    to.write_bytes(data)
    return found


def _who(*given: list[str]) -> Json:
    fields = ("emails", "phones", "names", "external_ids", "slack_users", "principals")
    return {field: values for field, values in zip(fields, given, strict=True) if values}


def _show(found: Json) -> None:
    for what, counts in found["report"].items():
        if isinstance(counts, dict):
            told = ", ".join(f"{count} {table}" for table, count in sorted(counts.items()))
            out.print(f"{escape(what)}: {escape(told) or 'nothing'}")
        elif isinstance(counts, list):
            out.print(f"{escape(what)}: {escape(', '.join(counts)) or 'none'}")
