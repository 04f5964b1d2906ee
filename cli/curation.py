"""Commands for the life of documents: what waits, what changed, who decides; and which corpora ask for a second person."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING, Annotated, Any, TypeVar
from urllib.parse import quote, urlencode

import typer

from cli.common import AsJson, Tenant, called, out, print_json, with_client
from core.domain import Audience, DocumentStatus
from core.errors import ConflictError, InvalidRequestError

if TYPE_CHECKING:
    from api.client import Client

documents = typer.Typer(no_args_is_help=True, help="List, review, compare, restore and withdraw documents.")
corpora = typer.Typer(no_args_is_help=True, help="List a tenant's corpora, and say which ask for approval.")

Json = dict[str, Any]
T = TypeVar("T")
Id = Annotated[str, typer.Argument(metavar="DOCUMENT", help="The document's id, as 'document list' shows it.")]
Named = Annotated[
    str,
    typer.Argument(metavar="DOCUMENT[@REVISION]", help="With the revision that was read; else the newest is meant."),
]
_PAGE = 200


@documents.command("list")
def document_list(
    tenant: Tenant,
    corpus: Annotated[str | None, typer.Option("--corpus", "-c", help="Only this corpus.")] = None,
    status: Annotated[DocumentStatus | None, typer.Option(help="Only those in this state.")] = None,
    text: Annotated[str | None, typer.Option("--search", help="Only those with these words in title or path.")] = None,
    due: Annotated[bool, typer.Option("--due", help="Only those whose review-by date has passed.")] = False,
    duplicates: Annotated[bool, typer.Option("--duplicates", help="Only those that repeat another.")] = False,
    as_json: AsJson = False,
) -> None:
    """List documents by path, each with its newest revision."""
    wanted = {"corpus": corpus, "status": status, "q": text, "due": due or None, "duplicates": duplicates or None}
    found = _pages(tenant, "/v1/documents", "documents", {k: v for k, v in wanted.items() if v is not None})
    if as_json:
        print_json(found)
        return
    for row in found:
        _say(_line(row))
    if not found:
        out.print("no such documents; 'partner-copilot ingest' takes some in")


@documents.command("show")
def document_show(document_id: Id, tenant: Tenant, as_json: AsJson = False) -> None:
    """Show a document with its stored, redacted text, and what can be done with it now."""
    path = f"/v1/documents/{quote(document_id, '')}"

    async def work(copilot: Client) -> tuple[Json, Json]:
        return await copilot.call("GET", path), (await copilot.call("GET", f"{path}/revisions?limit=1"))["document"]

    view, row = with_client(tenant, work)
    if as_json:
        print_json({**view, **row})
        return
    facts = (
        "title",
        "source",
        "corpus",
        "status",
        "audience",
        "revision_id",
        "published_revision_id",
        "owner",
        "review_by",
    )
    for name in facts:
        _say(f"{name.replace('_', ' ')}: {row[name] or '-'}")
    typer.echo(f"possible: {', '.join(row['acts']) or 'nothing'}\n\n{view['text']}")


@documents.command("authority")
def document_authority(
    document_id: Id,
    tenant: Tenant,
    authoritative: Annotated[
        bool, typer.Option("--yes/--no", help="Whether high-impact questions are answered from it.")
    ],
    as_json: AsJson = False,
) -> None:
    """Say whether prices, refunds and other high-impact topics are answered from a document: at once, in every release."""
    view = called(tenant, "PATCH", f"/v1/documents/{quote(document_id, '')}", {"authoritative": authoritative})
    print_json(view) if as_json else _say(f"{view['title']}\tauthoritative: {view['authoritative']}")


@documents.command("submit")
def document_submit(document_id: Id, tenant: Tenant, as_json: AsJson = False) -> None:
    """Ask for a review of a draft."""
    _act(tenant, document_id, "submit", None, as_json)


@documents.command("approve")
def document_approve(
    named: Annotated[list[str], typer.Argument(metavar="DOCUMENT[@REVISION]…", help="As 'document list' shows them.")],
    tenant: Tenant,
    as_json: AsJson = False,
) -> None:
    """Approve revisions: the next release takes them. Named with the revision that was read, a newer one is not approved unseen.

    The command line is one person: what it brought into a corpus that asks for approval, somebody else approves with a key of
    their own, on the review page (/review) or by POST /v1/documents/ID/approve.
    """

    async def work(copilot: Client) -> list[Json]:
        body = {"documents": [await _split(copilot, each) for each in named]}
        found: list[Json] = (await copilot.call("POST", "/v1/documents/approve", body))["results"]
        return found

    results = with_client(tenant, work)
    if as_json:
        print_json(results)
    for each in [] if as_json else results:
        _say(f"{each['id']}\t{each.get('status') or each['detail'] + ' [' + each['code'] + ']'}")
    refused = [each for each in results if "status" not in each]
    if refused:
        raise ConflictError(f"{len(refused)} of {len(results)} were not approved", code=refused[0]["code"])


@documents.command("reject")
def document_reject(
    named: Named,
    tenant: Tenant,
    comment: Annotated[str, typer.Option("--comment", "-m", help="Why, for its author.")],
    as_json: AsJson = False,
) -> None:
    """Send a revision back to draft, approved or not, with the reason for its author."""

    async def work(copilot: Client) -> Json:
        of = await _split(copilot, named)
        body = {"revision_id": of["revision_id"], "comment": comment}
        return await copilot.call("POST", f"/v1/documents/{quote(of['document_id'], '')}/reject", body)

    row = with_client(tenant, work)
    print_json(row) if as_json else _say(_line(row))


@documents.command("retire")
def document_retire(document_id: Id, tenant: Tenant, as_json: AsJson = False) -> None:
    """Take an uploaded document out of the answers with the next release. A source's documents retire when they leave it."""
    _act(tenant, document_id, "retire", None, as_json)


@documents.command("withdraw")
def document_withdraw(document_id: Id, tenant: Tenant) -> None:
    """Take a document out of every answer and every release at once; its source does not bring it back, 'restore' does."""
    called(tenant, "DELETE", f"/v1/documents/{quote(document_id, '')}")
    out.print("withdrawn")


@documents.command("audience")
def document_audience(
    document_id: Id,
    audience: Annotated[Audience, typer.Argument(help="Who may read it, whatever the document states.")],
    tenant: Tenant,
    as_json: AsJson = False,
) -> None:
    """Say who may read a document, at once and in every release."""
    view = called(tenant, "PATCH", f"/v1/documents/{quote(document_id, '')}", {"audience": audience})
    print_json(view) if as_json else _say(f"{view['id']}\t{view['audience']}\t{view['source']}\t{view['title']}")


@documents.command("comment")
def document_comment(
    document_id: Id,
    tenant: Tenant,
    text: Annotated[str | None, typer.Argument(help="What to say; without it, what was said is listed.")] = None,
    as_json: AsJson = False,
) -> None:
    """Say something about a document, or list what was said."""
    path = f"/v1/documents/{quote(document_id, '')}/comments"
    found = _pages(tenant, path, "comments") if text is None else [called(tenant, "POST", path, {"text": text})]
    if as_json:
        print_json(found)
        return
    for each in found:
        _say(f"{each['created_at'][:19]}\t{each['author_name'] or each['author']}\t{each['text']}")
    if not found:
        out.print("nothing was said yet")


@documents.command("assign")
def document_assign(
    document_id: Id,
    tenant: Tenant,
    owner: Annotated[str | None, typer.Option(help="Who answers for it; '' for nobody.")] = None,
    review_by: Annotated[str | None, typer.Option(help="When to look at it again (YYYY-MM-DD); '' for never.")] = None,
    as_json: AsJson = False,
) -> None:
    """Say who answers for a document, and by when it is to be looked at again."""
    body: Json = {} if owner is None else {"owner": owner or None}
    if review_by is not None:
        body["review_by"] = _day(review_by)
    _act(tenant, document_id, "assign", body, as_json)


@documents.command("history")
def document_history(document_id: Id, tenant: Tenant, as_json: AsJson = False) -> None:
    """List a document's revisions, newest first."""
    found = _pages(tenant, f"/v1/documents/{quote(document_id, '')}/revisions", "revisions")
    if as_json:
        print_json(found)
        return
    for each in found:
        marks = [name for name in ("newest", "published") if each[name]] + ([] if each["kept"] else ["collected"])
        author, approver = each["author_name"] or each["author"], each["approved_by_name"] or each["approved_by"] or "-"
        _say(f"{each['id']}\t{each['created_at'][:19]}\tby {author}\tapproved by {approver}\t{', '.join(marks)}")


@documents.command("diff")
def document_diff(
    document_id: Id,
    tenant: Tenant,
    before: Annotated[str | None, typer.Option("--from", help="A revision; what is published if absent.")] = None,
    after: Annotated[str | None, typer.Option("--to", help="A revision; the newest if absent.")] = None,
    as_json: AsJson = False,
) -> None:
    """Show what changed between two revisions, as a unified diff of the redacted texts."""
    query = urlencode({key: value for key, value in (("from", before), ("to", after)) if value})
    found = called(tenant, "GET", f"/v1/documents/{quote(document_id, '')}/diff?{query}")
    if as_json:
        print_json(found)
        return
    for change in found["metadata"]:
        _say(f"{change['field']}: {change['before'] or '-'} -> {change['after'] or '-'}")
    typer.echo(found["unified"].rstrip("\n") or "the texts are the same")
    if found["left_out"]:
        out.print(f"{found['left_out']} more lines (COPILOT_CURATION__MAX_DIFF_LINES)")


@documents.command("restore")
def document_restore(
    document_id: Id,
    revision: Annotated[str, typer.Argument(help="One of its revisions, as 'document history' shows them.")],
    tenant: Tenant,
    as_json: AsJson = False,
) -> None:
    """Make an earlier revision the newest again; its corpus decides whether it waits for approval."""
    _act(tenant, document_id, "restore", {"revision_id": revision}, as_json)


@corpora.command("list")
def corpus_list(tenant: Tenant, as_json: AsJson = False) -> None:
    """List the corpora, with their documents counted by status."""
    found = called(tenant, "GET", "/v1/corpora")["corpora"]
    if as_json:
        print_json(found)
        return
    for each in found:
        _say(_corpus_line(each))
    if not found:
        out.print("no corpora yet; 'partner-copilot ingest' makes one")


@corpora.command("set")
def corpus_set(
    name: Annotated[str, typer.Argument(help="The corpus.")],
    tenant: Tenant,
    approval: Annotated[
        bool, typer.Option("--approval/--no-approval", help="Whether revisions wait for a second person.")
    ],
    as_json: AsJson = False,
) -> None:
    """Say whether revisions that arrive from now on wait for a second person's approval."""
    done = called(tenant, "PATCH", f"/v1/corpora/{quote(name, '')}", {"requires_approval": approval})
    print_json(done) if as_json else _say(_corpus_line(done))


def _act(tenant: str, document_id: str, act: str, body: Json | None, as_json: bool) -> None:
    row = called(tenant, "POST", f"/v1/documents/{quote(document_id, '')}/{act}", body)
    print_json(row) if as_json else _say(_line(row))


async def _split(copilot: Client, named: str) -> dict[str, str]:
    """Document and revision: the newest, where none is named."""
    document_id, _, revision_id = named.partition("@")
    if not revision_id:
        found = await copilot.call("GET", f"/v1/documents/{quote(document_id, '')}/revisions?limit=1")
        revision_id = found["document"]["revision_id"]
    return {"document_id": document_id, "revision_id": revision_id}


def _pages(tenant: str, path: str, key: str, query: Json | None = None) -> list[Json]:
    async def work(copilot: Client) -> list[Json]:
        found: list[Json] = []
        wanted = {**(query or {}), "limit": _PAGE}
        while True:
            page = await copilot.call("GET", f"{path}?{urlencode(wanted)}")
            found += page[key]
            if not page["next_cursor"]:
                return found
            wanted["cursor"] = page["next_cursor"]

    return with_client(tenant, work)


def _say(line: str) -> None:
    """Without what would steer the terminal: titles and comments are other people's words."""
    typer.echo("".join(char if char.isprintable() or char == "\t" else " " for char in line))


def _day(text: str) -> str | None:
    try:
        return date.fromisoformat(text).isoformat() if text else None
    except ValueError:
        raise InvalidRequestError(f"'{text}' is no day; write it as 2026-01-31", code="invalid_date") from None


def _line(row: Json) -> str:
    """One document on one line, its fields apart by tabs; the first is what 'document approve' takes."""
    notes = [f"review by {row['review_by']}"] if row["review_by"] else []
    notes += [f"{row['duplicate_kind']} duplicate of {row['duplicate_of']}"] if row["duplicate_of"] else []
    named = f"{row['id']}@{row['revision_id']}"
    return "\t".join([named, row["status"], row["corpus"], row["source"], row["title"], *notes])


def _corpus_line(row: Json) -> str:
    counts = ", ".join(f"{count} {status}" for status, count in sorted(row["documents"].items())) or "empty"
    return f"{row['name']}\t{'asks for approval' if row['requires_approval'] else 'no approval'}\t{counts}"
