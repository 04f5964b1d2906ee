"""Commands for sources: where a corpus' documents come from."""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.markup import escape

from cli.common import AsJson, Tenant, called, out, print_json, run, settings
from cli.documents import progress_bar, require_settled, show_report
from core.domain import Audience
from core.errors import InvalidRequestError

sources = typer.Typer(
    no_args_is_help=True,
    help="Where the documents of a tenant's corpora come from: add a source, sync it, then 'release publish' what came in.",
)

_EXAMPLES = """Add a source, or change the one of the same corpus, kind and address. It must answer.

Examples, each with --tenant T --corpus C:

\b
  source add ./handbook
  source add https://git.example.com/docs.git --kind git --config branch=main --credential password=token.txt
  source add https://docs.example.com/ --kind web --config 'include=["/guide/"]' --schedule 6h
  source add s3://bucket/docs --kind bucket --config region=eu-central-1 --credential key=k.txt --credential secret=s.txt
  source add ./export.zip --kind archive

'source kinds' lists every key and credential.
"""

SourceId = Annotated[str, typer.Argument(help="The source's id, as 'source list' shows it.")]


@sources.command("add", help=_EXAMPLES)
def source_add(
    uri: Annotated[str, typer.Argument(help="A path, https://…, git@host:…, s3://bucket/prefix.")],
    tenant: Tenant,
    corpus: Annotated[str, typer.Option("--corpus", "-c", help="The corpus to bring up to date; made if it is new.")],
    kind: Annotated[str, typer.Option(help="files, git, web, bucket, archive, or one that was installed.")] = "files",
    config: Annotated[list[str], typer.Option(help="key=value, such as branch=main; again for another.")] = [],  # noqa: B006
    credential: Annotated[list[str], typer.Option(help="name=FILE: the secret is that file's text.")] = [],  # noqa: B006
    schedule: Annotated[str | None, typer.Option(help="Sync by itself every 15m, 6h, 1d, …; 'never' ends it.")] = None,
    as_json: AsJson = False,
) -> None:
    body: dict[str, Any] = {"corpus": corpus, "uri": _absolute(uri), "kind": kind}
    if config:
        body["config"] = {key: _value(value) for key, value in _pairs(config)}
    if credential:
        body["credentials"] = {name: _secret(file) for name, file in _pairs(credential)}
    if schedule is not None:
        body["schedule"] = schedule
    source = called(tenant, "POST", "/v1/sources", body)
    if as_json:
        print_json(source)
        return
    _show(source)
    out.print(f"next: partner-copilot source sync {source['id']} --tenant {escape(tenant)}")


@sources.command("list")
def source_list(tenant: Tenant, as_json: AsJson = False) -> None:
    """List a tenant's sources, never their secrets."""
    found = called(tenant, "GET", "/v1/sources")["sources"]
    if as_json:
        print_json(found)
        return
    for source in found:
        typer.echo(_line(source))
    if not found:
        out.print("no sources yet; 'partner-copilot source add' adds one")


@sources.command("show")
def source_show(source_id: SourceId, tenant: Tenant, as_json: AsJson = False) -> None:
    """Show a source: its configuration, its schedule, how its last sync went. Its secrets are shown nowhere."""
    source = called(tenant, "GET", f"/v1/sources/{source_id}")
    print_json(source) if as_json else _show(source)


@sources.command("kinds")
def source_kinds(tenant: Tenant, as_json: AsJson = False) -> None:
    """List the kinds of source, with the keys of --config and the names of --credential that each takes."""
    found = called(tenant, "GET", "/v1/source-kinds")["kinds"]
    if as_json:
        print_json(found)
        return
    for kind in found:
        out.print(f"[bold]{escape(kind['name'])}[/bold]")
        for key, about in kind["config"].items():
            default = f" (default {json.dumps(about['default'])})" if about.get("default") not in (None, "", []) else ""
            out.print(escape(f"  --config {key}=…  {about.get('description', '')}{default}".rstrip()))
        for name in kind["credentials"]:
            out.print(escape(f"  --credential {name}=FILE"))


@sources.command("sync")
def source_sync(
    source_id: SourceId,
    tenant: Tenant,
    confirm_retire: Annotated[
        bool, typer.Option("--confirm-retire", help="Retire what is gone from the source, however much that is.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Bring the corpus to the state of its source, and wait for that: new and changed documents in, vanished ones retired.

    Where much would be retired it changes nothing, fails and asks for --confirm-retire."""
    from api.client import client

    async def work() -> dict[str, Any]:
        async with client(settings(), tenant=tenant, audience=Audience.AGENT) as copilot:
            with progress_bar("source") as show:
                return await copilot.sync(source_id, watch=show, confirm_retire=confirm_retire)

    report = run(work())["result"]
    print_json(report) if as_json else show_report(report)
    require_settled(report)


@sources.command("remove")
def source_remove(
    source_id: SourceId,
    tenant: Tenant,
    keep: Annotated[bool, typer.Option("--keep-documents", help="Leave its documents as they are.")] = False,
) -> None:
    """Forget a source and its credentials; its documents are retired with the next release.

    Another source of the same files that is added and synced before that release keeps them."""
    called(tenant, "DELETE", f"/v1/sources/{source_id}?documents={'keep' if keep else 'retire'}")
    out.print("removed" if keep else "removed; its documents go with the next release")


@sources.command("pause")
def source_pause(source_id: SourceId, tenant: Tenant) -> None:
    """Let no sync begin until the source is resumed; one that runs goes on."""
    called(tenant, "POST", f"/v1/sources/{source_id}/pause")
    out.print(f"paused; 'partner-copilot source resume {source_id} --tenant {escape(tenant)}' ends that")


@sources.command("resume")
def source_resume(source_id: SourceId, tenant: Tenant) -> None:
    """Let syncs begin again, whether somebody paused the source or repeated faults let it rest."""
    source = called(tenant, "POST", f"/v1/sources/{source_id}/resume")
    out.print(f"resumed; synced {_when(source)}")


def _line(source: dict[str, Any]) -> str:
    """One source on one line, its fields apart by tabs; of what went wrong the code, the sentence is in 'source show'."""
    synced = f"synced {source['synced_at'][:19]}Z" if source["synced_at"] else "never synced"
    fault = f"[{source['last_error']['code']}]" if source["last_error"] else ""
    fields = [source["id"], source["kind"], source["corpus"], source["uri"], _when(source), synced, fault]
    return "\t".join(fields).rstrip()


def _when(source: dict[str, Any]) -> str:
    if source["paused"]:
        return "paused"
    if source["paused_until"]:
        return f"resting until {source['paused_until'][:16]}Z"
    return f"every {source['schedule']}" if source["schedule"] else "by hand"


def _show(source: dict[str, Any]) -> None:
    rows = {
        "id": source["id"],
        "kind": source["kind"],
        "corpus": source["corpus"],
        "address": source["uri"],
        "config": json.dumps(source["config"], ensure_ascii=False) if source["config"] else "",
        "credentials": "stored, encrypted" if source["has_credentials"] else "",
        "synced": f"{_when(source)}, last {source['synced_at'][:19]}Z"
        if source["synced_at"]
        else f"{_when(source)}, never yet",
        "last fault": f"{source['last_error']['detail']} [{source['last_error']['code']}]"
        if source["last_error"]
        else "",
    }
    for name, value in rows.items():
        if value:
            out.print(f"{name:<12}{escape(value)}")


def _absolute(uri: str) -> str:
    """A path of this machine, whose server may run in another folder."""
    return str(Path(uri).resolve()) if "://" not in uri and Path(uri).exists() else uri


def _pairs(given: Iterable[str]) -> Iterable[tuple[str, str]]:
    for pair in given:
        key, sign, value = pair.partition("=")
        if not sign or not key.strip():
            raise InvalidRequestError("write the option as key=value", code="invalid_option")
        yield key.strip(), value


def _value(text: str) -> Any:
    """Numbers, booleans and lists as JSON; everything else is text."""
    try:
        return json.loads(text)
    except ValueError:
        return text


def _secret(file: str) -> str:
    """From a file, since every user of the machine sees a command's words."""
    try:
        return Path(file).read_text("utf-8").strip()
    except (OSError, UnicodeError):
        raise InvalidRequestError(f"the credential's file {file} cannot be read", code="invalid_credentials") from None
