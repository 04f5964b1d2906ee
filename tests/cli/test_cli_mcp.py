"""`partner-copilot mcp` as an MCP client starts it: a child process that talks on standard input and output."""

from __future__ import annotations

import os
import signal
import subprocess
from typing import Any

import pytest
from cli_runs import COMMAND, ROOT, Home, Served
from mcp import Client, StdioServerParameters
from mcp_types import CallToolResult

pytestmark = pytest.mark.slow

RESET = "How is a dock scanner reset?"


def new_key(home: Home, *words: str) -> dict[str, Any]:
    [key] = home.run("key", "create", "--tenant", "acme", "--json", *words).done().json_lines()
    return key


def started(home: Home, key: str, *words: str) -> StdioServerParameters:
    environment = home.environment({"COPILOT_API_KEY": key})
    return StdioServerParameters(command=COMMAND[0], args=[*COMMAND[1:], "mcp", *words], env=environment, cwd=ROOT)


def text(result: CallToolResult) -> str:
    [block] = result.content
    assert block.type == "text"
    return block.text


async def test_the_tools_answer_through_the_running_server_with_the_keys_view(served: Served) -> None:
    key = new_key(served.home, "--audience", "partner", "--role", "support_agent")
    async with Client(started(served.home, key["key"])) as client:
        answer = await client.call_tool("ask", {"question": RESET})
        assert "eleven seconds" in text(answer)
        [cited] = answer.structured_content["citations"]
        document = await client.call_tool("get_document", {"document_id": cited["document_id"]})
        assert cited["quote"] in document.structured_content["text"]
        found = await client.call_tool("search_kb", {"query": "Who signs returns above 400 euros?"})
        sources = {passage["source"] for passage in found.structured_content["passages"]}
        assert sources and "policies/returns.md" not in sources, "a partner was shown what is for agents"
        odd = await client.call_tool("get_document", {"document_id": "../models"})
        assert text(odd).endswith("[not_found]")

        served.home.run("key", "revoke", key["id"], "--tenant", "acme").done()
        dead = await client.call_tool("ask", {"question": RESET})
        assert dead.is_error
        assert "COPILOT_API_KEY" in text(dead)


async def test_a_server_elsewhere_is_named_by_its_address(served: Served, home: Home) -> None:
    key = new_key(served.home)["key"]
    async with Client(started(home, key, "--url", served.url)) as client:
        assert "eleven seconds" in text(await client.call_tool("ask", {"question": RESET}))
    async with Client(started(home, key, "--url", "http://127.0.0.1:9")) as client:
        nobody = await client.call_tool("ask", {"question": RESET})
        assert nobody.is_error
        assert "server_unreachable" in text(nobody)


async def test_without_a_server_the_tools_answer_in_process(shop: Home) -> None:
    key = new_key(shop)["key"]
    async with Client(started(shop, key)) as client:
        assert "eleven seconds" in text(await client.call_tool("ask", {"question": RESET}))


def test_without_a_key_it_says_how_to_get_one(home: Home) -> None:
    assert "key create" in home.run("mcp").failed("unauthenticated")


@pytest.mark.parametrize("end", ["stdin closed", "SIGTERM"])
def test_it_ends_when_its_client_does(served: Served, end: str) -> None:
    environment = served.home.environment({"COPILOT_API_KEY": new_key(served.home)["key"]})
    with subprocess.Popen(
        [*COMMAND, "mcp"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        cwd=ROOT,
        env=environment,
    ) as process:
        assert process.stdin and process.stdout and process.stderr
        process.stdin.write('{"jsonrpc": "2.0", "id": 1, "method": "ping"}\n')
        process.stdin.flush()
        assert '"id":1' in process.stdout.readline()
        if end == "SIGTERM":
            os.kill(process.pid, signal.SIGTERM)
        else:
            process.stdin.close()
        status = process.wait(20)
        said = process.stderr.read()
        assert "Traceback" not in said
        assert status == (-signal.SIGTERM if end == "SIGTERM" else 0), said
        assert process.stdout.read() == ""
