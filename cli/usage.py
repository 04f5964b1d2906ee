"""Commands for usage: what was used, what may be used in a day, and prices that the provider told afterwards."""

from __future__ import annotations

import json
import sys
from collections.abc import Awaitable, Callable
from dataclasses import asdict
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, TypeVar

import typer
from rich.markup import escape

from cli.common import AsJson, Tenant, out, print_json, run, settings
from core.clock import today
from core.errors import InvalidRequestError
from core.usage import Price, UsageReport

if TYPE_CHECKING:
    from api.store import Store

usage = typer.Typer(invoke_without_command=True, help="Show what was used; set daily budgets; confirm prices.")
T = TypeVar("T")
Day = Annotated[str | None, typer.Option(help="YYYY-MM-DD, of UTC; today if absent.")]
Limit = Annotated[int | None, typer.Option(min=0, help="A day; 0 takes the tenant's own limit back.")]


@usage.callback()
def usage_show(
    context: typer.Context,
    tenant: Annotated[str | None, typer.Option("--tenant", "-t", help="The tenant's name.")] = None,
    since: Day = None,
    until: Day = None,
    as_json: AsJson = False,
) -> None:
    """Show questions and tokens by day, channel and model."""
    if context.invoked_subcommand is not None:
        return
    if tenant is None:
        raise typer.BadParameter("name the tenant with --tenant")
    first, last = _day(since or until), _day(until)
    report = run(_with(tenant, lambda store, tenant_id: store.usage.report(tenant_id, since=first, until=last)))
    print_json(asdict(report)) if as_json else _show(report)


@usage.command("budget")
def usage_budget(
    tenant: Tenant,
    questions: Limit = None,
    tokens: Limit = None,
    key_questions: Limit = None,
    key_tokens: Limit = None,
    as_json: AsJson = False,
) -> None:
    """Say what a tenant, and each of its keys, may use in a day. Without options, show it."""
    given = {"questions": questions, "tokens": tokens, "key_questions": key_questions, "key_tokens": key_tokens}
    changes = {name: value for name, value in given.items() if value is not None}
    budget = run(
        _with(
            tenant,
            lambda store, id_: store.budgets.change(id_, changes) if changes else store.budgets.of(id_),
        )
    )
    print_json(asdict(budget)) if as_json else _show_lines(asdict(budget))


@usage.command("confirm")
def usage_confirm(
    tenant: Tenant,
    file: Annotated[
        Path, typer.Argument(help="JSON lines {id, prompt_tokens, completion_tokens}; '-' for standard input.")
    ],
    as_json: AsJson = False,
) -> None:
    """Count what the provider's log says that unconfirmed calls cost."""
    text = sys.stdin.read() if str(file) == "-" else file.read_text("utf-8")
    prices = [_price(line) for line in text.splitlines() if line.strip()]
    done = run(_with(tenant, lambda store, tenant_id: store.usage.confirm(tenant_id, prices)))
    print_json(asdict(done)) if as_json else _show_lines(asdict(done))


async def _with(tenant: str, work: Callable[[Store, str], Awaitable[T]]) -> T:
    from api.store import open_store

    async with open_store(settings()) as store:
        return await work(store, (await store.tenants.by_slug(tenant)).id)


def _day(given: str | None) -> date:
    try:
        return date.fromisoformat(given) if given else today()
    except ValueError:
        raise InvalidRequestError(f"'{given}' is no day; write it as 2026-01-31", code="invalid_date") from None


def _price(line: str) -> Price:
    try:
        said = json.loads(line)
        price = Price(str(said["id"]), int(said["prompt_tokens"]), int(said["completion_tokens"]))
    except (ValueError, KeyError, TypeError):
        raise InvalidRequestError(
            "a line is no JSON object with id, prompt_tokens and completion_tokens", code="invalid_prices"
        ) from None
    if min(price.prompt_tokens, price.completion_tokens) < 0:
        raise InvalidRequestError("a price is no negative number", code="invalid_prices")
    return price


def _show(report: UsageReport) -> None:
    for line in report.lines:
        out.print(
            f"{line.day}  {line.channel}  {escape(line.model)}: {line.questions} questions,"
            f" {line.prompt_tokens} + {line.completion_tokens} tokens"
        )
    if not report.lines:
        out.print("nothing was used")
    if report.unconfirmed:
        out.print(
            f"{len(report.unconfirmed)} calls whose price nobody told yet: --json lists them, 'usage confirm' settles them"
        )


def _show_lines(values: dict[str, object]) -> None:
    for name, value in values.items():
        out.print(f"{name}: {'no limit' if value is None else value}")
