"""The command that other programs start: `mcp`."""

from __future__ import annotations

import asyncio
import signal
from typing import Annotated

import typer

from cli.common import settings
from core.errors import UnauthenticatedError


def mcp(
    key: Annotated[
        str, typer.Option(envvar="COPILOT_API_KEY", help="Better in the variable: options show in process lists.")
    ] = "",
    url: Annotated[
        str | None, typer.Option(help="A server elsewhere; else the one that runs on this data folder, else none.")
    ] = None,
) -> None:
    """Serve the tools search_kb, ask and get_document to an MCP client, over standard input and output."""
    from api.mcp_stdio import serve_stdio

    if not key:
        raise UnauthenticatedError("set COPILOT_API_KEY to an API key; make one with 'partner-copilot key create'")
    for number in (signal.SIGINT, signal.SIGTERM):
        # At once: a thread waits for input, which only the input's end could stop. What is open in process survives any kill.
        signal.signal(number, signal.SIG_DFL)
    asyncio.run(serve_stdio(settings(), key=key, url=url))
