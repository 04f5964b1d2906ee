"""Commands for what a tenant rules on its answers: `policy …`, `prompt …`."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated, Any

import typer
import yaml

from cli.common import AsJson, Tenant, called, out, print_json
from core.errors import InvalidRequestError

policy = typer.Typer(no_args_is_help=True, help="Which topics only authoritative documents answer, version by version.")
prompt = typer.Typer(
    no_args_is_help=True, help="What a language model is told before the passages, version by version."
)

Json = dict[str, Any]
File = Annotated[str, typer.Argument(help="A file, or '-' for standard input.")]
Note = Annotated[str, typer.Option(help="Why, for whoever reads the versions.")]
Earlier = Annotated[int, typer.Argument(min=0, help="The version to say again; 0 is what the software brings.")]
Shown = Annotated[int | None, typer.Option("--version", min=0, help="As it was under this version.")]


@policy.command("show")
def policy_show(tenant: Tenant, version: Shown = None, as_json: AsJson = False) -> None:
    """Show the policy as a file that 'policy set' takes."""
    found = called(tenant, "GET", _path("policy", version))
    print_json(found) if as_json else typer.echo(_as_yaml(found), nl=False)


@policy.command("set")
def policy_set(file: File, tenant: Tenant, note: Note = "", as_json: AsJson = False) -> None:
    """Set the whole policy from a YAML file, as a new version."""
    stated = _yaml(_read(file))
    _told(
        called(tenant, "PUT", "/v1/policy", {"topics": stated.get("topics"), "note": note}), "policy", as_json=as_json
    )


@policy.command("versions")
def policy_versions(tenant: Tenant, as_json: AsJson = False) -> None:
    """List the policy's versions, newest first."""
    _list("policy", tenant, as_json=as_json)


@policy.command("rollback")
def policy_rollback(version: Earlier, tenant: Tenant, note: Note = "", as_json: AsJson = False) -> None:
    """Say an earlier version of the policy again."""
    sent = {"version": version, "note": note}
    _told(called(tenant, "POST", "/v1/policy/rollback", sent), "policy", as_json=as_json)


@prompt.command("show")
def prompt_show(tenant: Tenant, version: Shown = None, as_json: AsJson = False) -> None:
    """Show the prompt as a file that 'prompt set' takes."""
    found = called(tenant, "GET", _path("prompt", version))
    print_json(found) if as_json else typer.echo(found["text"].rstrip("\n"))


@prompt.command("set")
def prompt_set(file: File, tenant: Tenant, note: Note = "", as_json: AsJson = False) -> None:
    """Set the prompt from a text file, as a new version."""
    _told(called(tenant, "PUT", "/v1/prompt", {"text": _read(file), "note": note}), "prompt", as_json=as_json)


@prompt.command("versions")
def prompt_versions(tenant: Tenant, as_json: AsJson = False) -> None:
    """List the prompt's versions, newest first."""
    _list("prompt", tenant, as_json=as_json)


@prompt.command("rollback")
def prompt_rollback(version: Earlier, tenant: Tenant, note: Note = "", as_json: AsJson = False) -> None:
    """Say an earlier version of the prompt again."""
    sent = {"version": version, "note": note}
    _told(called(tenant, "POST", "/v1/prompt/rollback", sent), "prompt", as_json=as_json)


def _path(kind: str, version: int | None) -> str:
    return f"/v1/{kind}" if version is None else f"/v1/{kind}/versions/{version}"


def _list(kind: str, tenant: str, *, as_json: bool) -> None:
    found = called(tenant, "GET", f"/v1/{kind}/versions")["versions"]
    for each in found:
        print_json(each) if as_json else typer.echo(_line(each))
    if not found and not as_json:
        out.print(f"no versions: the {kind} is the one that the software brings")


def _line(version: Json) -> str:
    again = f"again version {version['restores']}" if version["restores"] is not None else ""
    return "\t".join([str(version["version"]), version["created_at"][:16], version["author"], again, version["note"]])


def _told(found: Json, kind: str, *, as_json: bool) -> None:
    print_json(found) if as_json else typer.echo(
        f"version {found['version']} of the {kind} holds from the next question on"
    )


def _read(file: str) -> str:
    """Raises `InvalidRequestError` (`unreadable_file`)."""
    try:
        return sys.stdin.read() if file == "-" else Path(file).read_text("utf-8")
    except (OSError, UnicodeError):
        raise InvalidRequestError(f"'{file}' cannot be read as UTF-8 text", code="unreadable_file") from None


def _yaml(text: str) -> Json:
    """Raises `InvalidRequestError` (`invalid_policy`)."""
    try:
        stated = yaml.safe_load(text)
    except yaml.YAMLError:
        stated = None
    if not isinstance(stated, dict):
        raise InvalidRequestError("write the policy as YAML: see 'partner-copilot policy show'", code="invalid_policy")
    return stated


def _as_yaml(found: Json) -> str:
    return yaml.safe_dump({"topics": found["topics"]}, allow_unicode=True, sort_keys=False, width=130)
