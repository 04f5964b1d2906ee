"""Commands for releases, and for the golden questions that gate them."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any
from urllib.parse import quote

import typer
from rich.markup import escape
from rich.progress import Progress

from cli.common import AsJson, Tenant, called, err, out, print_json, run, settings
from core.domain import Audience
from core.errors import CopilotError, InvalidRequestError

if TYPE_CHECKING:
    from api.client import Client

releases = typer.Typer(no_args_is_help=True, help="Publish, look at, roll back and collect releases.")
golden = typer.Typer(no_args_is_help=True, help="Keep the golden questions that a publish is gated by.")

POLL_S = 1.0
Json = dict[str, Any]
Number = Annotated[int, typer.Argument(help="The release's number.", min=1)]


@releases.command("publish")
def publish(
    tenant: Tenant,
    note: Annotated[str, typer.Option(help="What this release is about.")] = "",
    override_reason: Annotated[str | None, typer.Option(help="Publish although the gate blocks; audited.")] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Show what would change, publish nothing.")] = False,
    as_json: AsJson = False,
) -> None:
    """Make every approved document answerable at once, if the golden questions allow it.

    Shown are the answers that change, and the documents that come (+), go (-) and change (~).
    """
    body = {"note": note, "override_reason": override_reason, "dry_run": dry_run}
    try:
        done = run(_publish(tenant, {key: value for key, value in body.items() if value}))
    except CopilotError as error:
        if error.code == "gate_failed":
            gate: Any = error.members["gate"]
            print_json({"release": None, "gate": gate}) if as_json else _show_gate(gate)
        raise
    print_json(done) if as_json else _show_published(done)


@releases.command("list")
def list_releases(tenant: Tenant, as_json: AsJson = False) -> None:
    """List the releases, newest first; the live one has a star."""
    found = _pages(tenant, "/v1/releases?limit=200", "releases", cursor="before", key="number")
    if as_json:
        print_json(found)
        return
    for release in found:
        typer.echo(_line(release))
    if not found:
        out.print(
            "nothing was published yet; 'partner-copilot release publish' makes the approved documents answerable"
        )


@releases.command("show")
def show(number: Number, tenant: Tenant, as_json: AsJson = False) -> None:
    """Show what the gate saw, and in which documents a release differs from the live one: + would come, - go, ~ change."""
    found = called(tenant, "GET", f"/v1/releases/{number}")
    if as_json:
        print_json(found)
        return
    release = found["release"]
    typer.echo(_line(release))
    if release["override_reason"]:
        out.print(f"published although the gate blocked it: {escape(release['override_reason'])}")
    _show_gate(release["gate"])
    if any((found["changes"] or {}).get("counts", {}).values()):
        out.print(f"if it were live instead of release {found['live_release']}:")
    _show_changes(found["changes"])


@releases.command("rollback")
def rollback(number: Number, tenant: Tenant, as_json: AsJson = False) -> None:
    """Answer from an earlier release again, from the next question on."""
    done = called(tenant, "POST", f"/v1/releases/{number}/rollback")
    print_json(done) if as_json else out.print(f"release {done['release']} is live")


@releases.command("collect")
def collect(
    tenant: Tenant,
    keep: Annotated[int | None, typer.Option(min=1, help="Newest releases that stay; as configured if absent.")] = None,
    as_json: AsJson = False,
) -> None:
    """Delete what no kept release and no kept answer needs. A collected release cannot be rolled back to."""
    done = called(tenant, "POST", "/v1/releases/collect", {} if keep is None else {"keep": keep})
    print_json(done) if as_json else out.print(
        f"collected {len(done['releases'])} releases, {done['points']} points, the texts of {done['revisions']} revisions"
    )


@golden.command("import")
def import_golden(
    file: Annotated[Path, typer.Argument(help="A golden.jsonl: one question a line.", exists=True, dir_okay=False)],
    tenant: Tenant,
    replace: Annotated[bool, typer.Option("--replace", help="All other questions go.")] = False,
    as_json: AsJson = False,
) -> None:
    """Add golden questions; one whose id is known is replaced."""
    done = called(tenant, "POST", "/v1/golden", {"questions": _lines(file), "replace": replace})
    print_json(done) if as_json else out.print(
        f"{done['added']} added, {done['changed']} replaced, {done['removed']} removed; {done['total']} golden questions"
    )


@golden.command("list")
def list_golden(tenant: Tenant, as_json: AsJson = False) -> None:
    """List the golden questions by id."""
    found = _pages(tenant, "/v1/golden?limit=500", "questions", cursor="after", key="key")
    if as_json:
        print_json(found)
        return
    for question in found:
        typer.echo(f"{question['key']}\t{question['expectation']['kind']}\t{question['question']}")
    if not found:
        out.print("no golden questions yet, so nothing holds a publish up; 'partner-copilot golden import' adds some")


@golden.command("remove")
def remove_golden(key: Annotated[str, typer.Argument(help="The question's id.")], tenant: Tenant) -> None:
    """Remove a golden question."""
    called(tenant, "DELETE", f"/v1/golden/{quote(key)}")
    out.print("removed")


@golden.command("limits")
def limits(
    tenant: Tenant,
    max_broken: Annotated[
        int | None, typer.Option(min=0, help="Questions that pass now and may fail after a publish.")
    ] = None,
    min_pass: Annotated[float | None, typer.Option(min=0, max=1, help="Share (0…1) that must pass after it.")] = None,
    as_json: AsJson = False,
) -> None:
    """Say what the gate lets pass. Without options, show it."""
    changes = {k: v for k, v in (("max_broken", max_broken), ("min_pass", min_pass)) if v is not None}
    found = called(tenant, "PATCH" if changes else "GET", "/v1/golden/limits", changes or None)
    print_json(found) if as_json else out.print(
        f"a publish may break {found['max_broken']} golden questions at most; {found['min_pass']:.0%} at least must pass"
    )


async def _publish(tenant: str, body: Json) -> Json:
    """With the gate's progress, as the candidate's row tells it."""
    from api.client import client

    async with client(settings(), tenant=tenant, audience=Audience.AGENT) as copilot:
        with Progress(console=err, transient=True, disable=not err.is_terminal) as bar:
            watching = asyncio.create_task(_watch(copilot, bar))
            try:
                return await copilot.call("POST", "/v1/releases", body, patient=True)
            finally:
                watching.cancel()
                await asyncio.wait([watching])


async def _watch(copilot: Client, bar: Progress) -> None:
    task = bar.add_task("publishing", total=None)
    while True:
        await asyncio.sleep(POLL_S)
        newest = (await copilot.call("GET", "/v1/releases?limit=1"))["releases"]
        progress = newest[0]["gate"].get("progress") if newest else None
        if progress:
            bar.update(task, completed=progress["done"], total=progress["total"], description=progress["stage"])


def _pages(tenant: str, path: str, name: str, *, cursor: str, key: str) -> list[Json]:
    """All rows of a list that is given page by page; the last row's `key` is where the next page begins."""
    from api.client import client

    async def work() -> list[Json]:
        found: list[Json] = []
        async with client(settings(), tenant=tenant, audience=Audience.AGENT) as copilot:
            rows = (await copilot.call("GET", path))[name]
            while rows:
                found += rows
                rows = (await copilot.call("GET", f"{path}&{cursor}={quote(str(rows[-1][key]), safe='')}"))[name]
        return found

    return run(work())


def _lines(file: Path) -> list[Json]:
    """Raises `InvalidRequestError` (`invalid_golden`) naming the line that is no JSON object."""
    found = []
    try:
        lines = file.read_text("utf-8").split("\n")
    except UnicodeDecodeError:
        raise InvalidRequestError(f"{file} is not UTF-8", code="invalid_golden") from None
    for number, line in enumerate(lines, start=1):
        if not line.strip():
            continue
        try:
            value = json.loads(line)
        except ValueError:
            value = None
        if not isinstance(value, dict):
            raise InvalidRequestError(f"{file}, line {number}: no JSON object", code="invalid_golden")
        found.append(value)
    return found


def _line(release: Json) -> str:
    live = "*" if release["live"] else ""
    day = (release["published_at"] or release["created_at"])[:16].replace("T", " ")
    changed = f"+{release['entered']} -{release['left']}"
    return f"{release['number']}{live}\t{release['status']}\t{day}\t{changed}\t{release['note']}"


def _show_published(done: Json) -> None:
    _show_gate(done["gate"])
    _show_changes(done.get("changes"))
    if not done["entered"] and not done["left"]:
        out.print("nothing is approved that the live release does not show already")
    elif done["release"] is None:
        out.print("dry run: nothing was published")
    else:
        out.print(f"release {done['release']} is live: {done['entered']} in, {done['left']} out")


def _show_gate(gate: Json) -> None:
    for reason in gate.get("reasons", ()):
        out.print(f"[red]gate:[/red] {escape(reason)}")
    if gate.get("questions"):
        before, after = gate["passed_before"], gate["passed_after"]
        out.print(f"gate {gate['state']}: {after} of {gate['questions']} golden questions pass, {before} before")
    for change in gate.get("changes", ()):
        verdict = "broken" if change["key"] in gate["broken"] else "fixed" if change["key"] in gate["fixed"] else ""
        words = " ".join(filter(None, (change["change"], verdict, change["key"])))
        out.print(escape(f"  {words}: {change.get('question', '')}"))
        for side in ("before", "after"):
            told = change[side].get("text", change[side]["outcome"])
            out.print(f"    {side}: {escape(' '.join(told.split())[:300])}")
    for slug, counts in gate.get("partners", {}).items():
        told = f"{counts['passed_after']} of {counts['questions']} pass, {counts['passed_before']} before"
        out.print(f"  partner {escape(slug)}: {told}, {counts['broken']} broken")
    _show_suspicious(gate.get("suspicious", {}))


def _show_suspicious(found: Json) -> None:
    """What to look at before the release is trusted."""
    for one in found.get("altered", ()):
        says, other = ", ".join(one["says"]), ", ".join(one["original_says"])
        numbers = f"{says} where that one says {other}" if says else "other numbers"
        told = f"{one['source']} is much like {one['original']}, but says {numbers}"
        out.print(f"[yellow]look at:[/yellow] {escape(told)}")
    for one in found.get("floods", ()):
        out.print(f"[yellow]look at:[/yellow] {one['documents']} documents repeat {escape(one['original'])}")


def _show_changes(changes: Json | None) -> None:
    for kind, sign in (("entering", "+"), ("leaving", "-"), ("changed", "~")):
        documents = (changes or {}).get(kind, [])
        for document in documents:
            out.print(f"{sign} {escape(document['corpus'])}/{escape(document['source'])}  {escape(document['title'])}")
        more = (changes or {}).get("counts", {}).get(kind, 0) - len(documents)
        if more > 0:
            out.print(f"{sign} … {more} more")
