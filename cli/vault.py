"""Commands for the vault: `restore`, and `vault rotate`."""

from __future__ import annotations

from dataclasses import asdict
from typing import Annotated, Any

import typer

from cli.common import AsJson, Tenant, out, print_json, run, settings, texts, with_client
from core.audit import OPERATOR, record
from core.data_keys import Rotated
from core.errors import InvalidRequestError

vault = typer.Typer(no_args_is_help=True, help="Look after the keys of what redaction took out.")


def restore(
    tenant: Tenant,
    text: Annotated[str | None, typer.Argument(help="The text, or '-' to read one a line from standard input.")] = None,
    document: Annotated[str | None, typer.Option(help="A document's id, instead of a text.")] = None,
    answer: Annotated[str | None, typer.Option(help="An answer's id.")] = None,
    case: Annotated[str | None, typer.Option(help="A case's number, such as C-12.")] = None,
    as_json: AsJson = False,
) -> None:
    """Show what the placeholders of a text, document, answer or case stand for. Each call is audited."""
    things = {"document_id": document, "answer_id": answer, "case_id": case}
    named = [{name: value} for name, value in things.items() if value is not None]
    if (text is not None) + len(named) != 1:
        raise InvalidRequestError("give a text, or one of --document, --answer and --case", code="nothing_named")
    for found in with_client(
        tenant, lambda copilot: _restored(copilot, named or [{"text": t} for t in texts(text or "")])
    ):
        if as_json:
            print_json(found)
            continue
        for name, said in found["texts"].items():
            typer.echo(said if len(found["texts"]) == 1 else f"{name}: {said}")


async def _restored(copilot: Any, bodies: list[dict[str, str]]) -> list[dict[str, Any]]:
    return [await copilot.call("POST", "/v1/restore", body) for body in bodies]


@vault.command("rotate")
def vault_rotate(as_json: AsJson = False) -> None:
    """Change the master key: wrap every stored key with a new one. Goes on where it was interrupted; nothing becomes unreadable."""
    done = run(_rotated())
    if as_json:
        print_json(asdict(done))
    else:
        out.print(
            f"{done.rewrapped} keys are wrapped anew; master key {done.key_id} holds. Back it up apart from the data"
        )


@vault.command("sweep")
def vault_sweep(tenant: Tenant) -> None:
    """Delete values that no stored text stands for any more."""
    out.print(f"deleted {run(_swept(tenant))} values")


async def _swept(tenant: str) -> int:
    from api.store import open_store

    async with open_store(settings()) as store:
        info = await store.tenants.by_slug(tenant)
        async with store.database.write(info.id) as session:
            count = await store.vault.sweep(session, info.id)
            record(session, info.id, actor=OPERATOR, action="vault.sweep", target=info.slug, values=count)
        return count


async def _rotated() -> Rotated:
    from api.store import open_store
    from core.data_keys import rotate

    async with open_store(settings()) as store:
        return await rotate(store.database, store.keyring)
