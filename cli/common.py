"""What the commands share: consoles, options, the event loop, settings with logging."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import sys
from collections.abc import Awaitable, Callable, Coroutine, Iterator, Sequence
from datetime import date
from typing import IO, TYPE_CHECKING, Annotated, Any, TypeVar

import typer
from rich.console import Console

from core.domain import Audience
from core.errors import InvalidRequestError
from core.settings import PREFIX, Settings, load_settings
from core.versions import version_key

if TYPE_CHECKING:
    from api.client import Client

out = Console(highlight=False, soft_wrap=True)
err = Console(stderr=True, highlight=False)
T = TypeVar("T")

Tenant = Annotated[str, typer.Option("--tenant", "-t", help="The tenant's name, as given to 'tenant create'.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON, one document a line.")]
AudienceOption = Annotated[Audience, typer.Option(help="Whose eyes to look with.")]
Words = Annotated[str, typer.Argument(help="The text, or '-' to read one a line from standard input.")]
Version = Annotated[str | None, typer.Option(help="Only what applies to this product version, such as 7.4.")]
Customer = Annotated[str | None, typer.Option(help="Also read this customer's configuration records.")]
AsOf = Annotated[str | None, typer.Option(help="Answer from what was in force on this day (YYYY-MM-DD).")]


def settings(changes: Sequence[str] = ()) -> Settings:
    """The settings, with logging set up by them. `changes` are `section.key=value` and overrule every source.

    Raises `InvalidRequestError` (`invalid_setting`) for a change of another form.
    """
    from core.logs import configure_logging
    from guardrails.patterns import redact_patterns

    found = load_settings({**os.environ, **dict(map(_variable, changes))})
    configure_logging(level=found.log.level, json=found.log.json_lines, scrub=redact_patterns)
    return found


def _variable(change: str) -> tuple[str, str]:
    key, equals, value = change.partition("=")
    if not (key and equals):
        raise InvalidRequestError(f"'{change}' is no setting; write it as answers.passages=8", code="invalid_setting")
    return PREFIX + key.strip().replace(".", "__").upper(), value


def run(work: Coroutine[Any, Any, T]) -> T:
    """In an event loop in which SIGTERM ends the work as ctrl-C does."""

    async def supervised() -> T:
        task = asyncio.ensure_future(work)
        asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, task.cancel)
        return await task

    try:
        return asyncio.run(supervised())
    except asyncio.CancelledError:
        raise KeyboardInterrupt from None


def with_client(tenant: str, work: Callable[[Client], Awaitable[T]]) -> T:
    """One client for all that a command asks: where no server runs, each one loads the models."""
    from api.client import client

    async def working() -> T:
        async with client(settings(), tenant=tenant, audience=Audience.AGENT) as copilot:
            return await work(copilot)

    return run(working())


def called(tenant: str, method: str, path: str, body: dict[str, Any] | None = None, *, patient: bool = False) -> Any:
    """One call. `patient`: the server bounds the time."""
    return with_client(tenant, lambda copilot: copilot.call(method, path, body, patient=patient))


def print_json(value: Any, *, file: IO[str] | None = None) -> None:
    print(json.dumps(value, ensure_ascii=False, default=str), flush=file is None, file=file)


def texts(given: str, *, blank: bool = False) -> Iterator[str]:
    """The argument, or the lines of standard input for '-', with `blank` the empty ones too.

    Raises `InvalidRequestError` (`not_utf8`).
    """
    try:
        for line in [given] if given != "-" else sys.stdin:
            line.encode()  # bytes that are no UTF-8 arrive as halves of characters, which nothing further on takes
            if given != "-" or blank or line.strip():
                yield line if given != "-" else line.removesuffix("\n").removesuffix("\r")
    except UnicodeError:
        raise InvalidRequestError("the text is not UTF-8", code="not_utf8") from None


def filters(version: str | None, customer: str | None, as_of: str | None) -> dict[str, Any]:
    """The filters that were given. Raises `InvalidRequestError` for a day or a version that is none, before anything is loaded."""
    if version:
        version_key(version)
    try:
        day = date.fromisoformat(as_of).isoformat() if as_of else None
    except ValueError:
        raise InvalidRequestError(f"'{as_of}' is no day; write it as 2026-01-31", code="invalid_date") from None
    return {k: v for k, v in (("version", version), ("customer", customer), ("as_of", day)) if v is not None}
