"""Commands for people's accounts. A password is typed or piped in, never an argument: those are in every list of processes."""

from __future__ import annotations

import sys
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Annotated

import typer

from cli.common import AsJson, Tenant, out, print_json, run, settings
from core.domain import Audience, Role
from core.errors import InvalidRequestError

if TYPE_CHECKING:
    from api.people.accounts import Account, Accounts
    from api.store import Store

users = typer.Typer(no_args_is_help=True, help="Make, list and change the accounts of people who sign in.")

Email = Annotated[str, typer.Argument(help="The person's e-mail address.")]
Piped = Annotated[bool, typer.Option("--password-stdin", help="Read the password from standard input.")]


@users.command("add")
def user_add(
    email: Email,
    tenant: Tenant,
    role: Annotated[Role, typer.Option(help="What they may do; platform_admin works in every tenant.")],
    audience: Annotated[Audience | None, typer.Option(help="Whose eyes they look with; as the role asks.")] = None,
    name: Annotated[str, typer.Option(help="Shown beside what they write.")] = "",
    invite: Annotated[bool, typer.Option("--invite", help="No password: the identity provider vouches.")] = False,
    password_stdin: Piped = False,
    as_json: AsJson = False,
) -> None:
    """Make an account. The first one is a platform admin: `user add YOU@EXAMPLE.COM --tenant T --role platform_admin`."""
    from api.people.accounts import NewAccount

    new = NewAccount(email, role, audience, name, None if invite else _password(piped=password_stdin))

    async def work(store: Store) -> None:
        account = await store.people.accounts.add((await store.tenants.by_slug(tenant)).id, new)
        print_json(_shown(account)) if as_json else out.print(f"{account.id}: sign in at /sign-in")

    _with_store(work)


@users.command("list")
def user_list(tenant: Tenant, as_json: AsJson = False) -> None:
    """List who may sign in to a tenant."""

    async def work(store: Store) -> None:
        for account in await store.people.accounts.of((await store.tenants.by_slug(tenant)).id):
            print_json(_shown(account)) if as_json else typer.echo("\t".join(map(str, _shown(account).values())))

    _with_store(work)


@users.command("disable")
def user_disable(email: Email) -> None:
    """Shut somebody out: their sessions end at once, in every process."""
    _with_account(email, lambda of, it: of.change(it.tenant_id, it.id, disabled=True), said="disabled")


@users.command("enable")
def user_enable(email: Email) -> None:
    """Let a disabled account in again."""
    _with_account(email, lambda of, it: of.change(it.tenant_id, it.id, disabled=False), said="enabled")


@users.command("role")
def user_role(
    email: Email,
    role: Role,
    audience: Annotated[Audience | None, typer.Option(help="Whose eyes they look with; as the role asks.")] = None,
) -> None:
    """Change what somebody may do, from their next request on."""
    _with_account(
        email, lambda of, it: of.change(it.tenant_id, it.id, role=role, audience=audience), said=f"now {role}"
    )


@users.command("password")
def user_password(email: Email, password_stdin: Piped = False) -> None:
    """Set a new password; all sessions of the account end."""
    password = _password(piped=password_stdin)
    _with_account(email, lambda of, it: of.set_password(it.tenant_id, it.id, password), said="changed")


def _password(*, piped: bool) -> str:
    """Raises `InvalidRequestError` (`no_password`) where nobody is there to type and nothing is piped in."""
    if piped:
        return sys.stdin.readline().rstrip("\r\n")
    if not sys.stdin.isatty():
        raise InvalidRequestError("pipe the password in with --password-stdin, or type it", code="no_password")
    return str(typer.prompt("Password", hide_input=True, confirmation_prompt=True))


def _with_store(work: Callable[[Store], Awaitable[None]]) -> None:
    from api.store import open_store

    async def working() -> None:
        async with open_store(settings()) as store:
            await work(store)

    run(working())


def _with_account(email: str, act: Callable[[Accounts, Account], Awaitable[object]], *, said: str) -> None:
    async def work(store: Store) -> None:
        await act(store.people.accounts, await store.people.accounts.named(email))
        out.print(said)

    _with_store(work)


def _shown(account: Account) -> dict[str, object]:
    state = "disabled" if account.disabled else "live"
    return {"id": account.id, "state": state, "role": account.role, "email": account.email, "name": account.name}
