"""Commands that ask: `ask` and `search`."""

from __future__ import annotations

from typing import Annotated, Any

import typer
from rich.markdown import Markdown
from rich.markup import escape

from cli.common import (
    AsJson,
    AsOf,
    AudienceOption,
    Customer,
    Tenant,
    Version,
    Words,
    filters,
    out,
    print_json,
    run,
    settings,
    texts,
)
from core.domain import Audience


def ask(
    question: Words,
    tenant: Tenant,
    as_json: AsJson = False,
    audience: AudienceOption = Audience.AGENT,
    version: Version = None,
    customer: Customer = None,
    as_of: AsOf = None,
) -> None:
    """Ask a question and get a cited answer, or an honest no."""
    from api.client import client

    narrowed = filters(version, customer, as_of)

    async def work() -> None:
        async with client(settings(), tenant=tenant, audience=audience) as copilot:
            for text in texts(question):
                answer = await copilot.ask(text, filters=narrowed)
                print_json(answer) if as_json else _show_answer(answer)

    run(work())


def search(
    question: Words,
    tenant: Tenant,
    as_json: AsJson = False,
    limit: Annotated[int, typer.Option(min=1, max=50)] = 10,
    audience: AudienceOption = Audience.AGENT,
    version: Version = None,
    customer: Customer = None,
    as_of: AsOf = None,
) -> None:
    """Find the best passages for a question, without an answer."""
    from api.client import client

    narrowed = filters(version, customer, as_of)

    async def work() -> None:
        async with client(settings(), tenant=tenant, audience=audience) as copilot:
            for text in texts(question):
                found = await copilot.search(text, limit=limit, filters=narrowed)
                print_json(found) if as_json else _show_passages(found)

    run(work())


def _show_answer(answer: dict[str, Any]) -> None:
    out.print(Markdown(answer["text"]))
    for citation in answer["citations"]:
        place = " › ".join(citation["heading_path"])
        out.print(escape(f"  [{citation['n']}] {citation['title']} ({citation['source']}) {place}"))
    for near in answer["closest"]:
        out.print(escape(f"  nearest: {near['title']} {near['url'] or ''}"))
    if answer["handoff"]:
        out.print(f"[dim]{escape(answer['handoff']['message'])}[/dim]")
    degraded = " · without the language model" if answer["degraded"] else ""
    out.print(
        f"[dim]{answer['outcome']} · confidence {answer['confidence']:.2f} · release {answer['release']}{degraded}[/dim]"
    )


def _show_passages(found: dict[str, Any]) -> None:
    if not found["passages"]:
        out.print("Nothing found. Is anything published? See 'partner-copilot ingest --help'.")
    for number, passage in enumerate(found["passages"], 1):
        out.print(
            f"[bold]{number}. {escape(passage['title'])}[/bold] [dim]{passage['score']:.2f}  {escape(passage['source'])}[/dim]"
        )
        out.print(escape(passage["text"][:300]), style="dim")
