"""The ways in. Each probe sends what a curious tenant could send; whatever comes back may hold no other tenant's word."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from typing import Any

import httpx

from api.isolation.canaries import QUESTION, Suspect
from api.isolation.report import Channel, Finding

Json = dict[str, Any]
UNKNOWN = "0" * 32
NEIGHBOURS = 3
"""Of how many others each tenant tries the ids: with many tenants, all pairs would take hours."""

ASKING: dict[str, tuple[str, str, dict[str, Any]]] = {
    "answers": ("POST", "/v1/ask", {"json": {"question": QUESTION}}),
    "answers, streamed": (
        "POST",
        "/v1/ask",
        {"json": {"question": QUESTION}, "headers": {"Accept": "text/event-stream"}},
    ),
    "chat completions": (
        "POST",
        "/v1/chat/completions",
        {"json": {"model": "partner-copilot", "messages": [{"role": "user", "content": QUESTION}]}},
    ),
    "search": ("POST", "/v1/search", {"json": {"query": QUESTION, "limit": 50}}),
    "MCP": (
        "POST",
        "/mcp",
        {
            "json": {
                "jsonrpc": "2.0",
                "id": 1,
                "method": "tools/call",
                "params": {"name": "search_kb", "arguments": {"query": QUESTION, "limit": 10}},
            },
            "headers": {"Accept": "application/json, text/event-stream", "MCP-Protocol-Version": "2025-11-25"},
        },
    ),
}
"""Asked of every tenant in turn, twice, so that a cache would have its chance. All but the channel itself are alike."""

LISTS = {
    "documents": ("/v1/documents?limit=200", "/v1/documents?q=isolation", "/v1/corpora"),
    "releases": ("/v1/releases", "/v1/golden", "/v1/confidence"),
    "sources and jobs": ("/v1/sources", "/v1/jobs?limit=200", "/v1/failures"),
    "gaps and usage": ("/v1/gaps", "/v1/usage"),
    "audit": ("/v1/audit?limit=1000", "/v1/audit/verify"),
    "grants, widgets, metrics": ("/v1/grants", "/v1/widgets", "/v1/tenant/profile", "/metrics"),
}

READS = ("/v1/documents/{}", "/v1/documents/{}/revisions", "/v1/documents/{}/diff", "/v1/documents/{}/comments")


@dataclass(frozen=True, slots=True)
class Said:
    """An answer to `asker`; `about` is the owner of the id that was sent, of which `unknown` is the answer to no one's id."""

    asker: Suspect
    response: httpx.Response
    about: Suspect | None = None
    unknown: httpx.Response | None = None


async def probe(suspects: Sequence[Suspect]) -> list[Channel]:
    """Every channel; the suspects learn whether their own word was found."""
    channels = [await _tried(name, suspects, _asked(name, suspects)) for name in ASKING]
    channels += [await _tried(name, suspects, _listed(paths, suspects)) for name, paths in LISTS.items()]
    channels.append(await _tried("ids of documents", suspects, _read(suspects)))
    channels.append(await _tried("ids of conversations", suspects, _continued(suspects)))
    channels.append(await _tried("ids, to change things", suspects, _changed(suspects)))
    return channels


async def _tried(name: str, suspects: Sequence[Suspect], answers: AsyncIterator[Said]) -> Channel:
    channel = Channel(name)
    async for said in answers:
        channel.probes += 1
        channel.findings += _findings(name, suspects, said)
    return channel


def _findings(channel: str, suspects: Sequence[Suspect], said: Said) -> list[Finding]:
    text, asker = said.response.text + repr(said.response.headers.raw), said.asker
    found = [
        Finding(channel, asker.number, other.number, "its word was in the answer")
        for other in suspects
        if other is not asker and other.word in text
    ]
    if said.about is not None and said.unknown is not None and not _alike(said.response, said.unknown, said.about):
        what = f"its id answered {said.response.status_code}, an unknown one {said.unknown.status_code}"
        found.append(Finding(channel, asker.number, said.about.number, what))
    return found


def _alike(one: httpx.Response, other: httpx.Response, owner: Suspect) -> bool:
    text = one.text
    for known in owner.ids.values():
        text = text.replace(known, UNKNOWN)
    return one.status_code == other.status_code == 404 and text == other.text


async def _asked(name: str, suspects: Sequence[Suspect]) -> AsyncIterator[Said]:
    method, path, sent = ASKING[name]
    for suspect in [*suspects, *suspects]:
        response = await suspect.send(method, path, **sent)
        if suspect.word in response.text:
            suspect.seen = True
        if name == "answers" and response.is_success:
            suspect.ids.update({key: response.json()[f"{key}_id"] for key in ("answer", "conversation")})
        yield Said(suspect, response)


async def _listed(paths: Sequence[str], suspects: Sequence[Suspect]) -> AsyncIterator[Said]:
    for suspect in suspects:
        for path in paths:
            yield Said(suspect, await suspect.send("GET", path))


async def _read(suspects: Sequence[Suspect]) -> AsyncIterator[Said]:
    for asker, owner in _pairs(suspects):
        for path in READS:
            response = await asker.send("GET", path.format(owner.ids["document"]))
            yield Said(asker, response, owner, await asker.send("GET", path.format(UNKNOWN)))


async def _continued(suspects: Sequence[Suspect]) -> AsyncIterator[Said]:
    ways: tuple[tuple[str, str, Json], ...] = (
        ("/v1/ask", "conversation", {"question": QUESTION}),
        ("/v1/feedback", "answer", {"vote": "up"}),
        ("/v1/handoffs", "answer", {}),
        ("/v1/handoffs", "conversation", {}),
    )
    for asker, owner in _pairs(suspects):
        for path, thing, more in ways:
            if thing in owner.ids:
                response = await asker.send("POST", path, json={f"{thing}_id": owner.ids[thing], **more})
                unknown = await asker.send("POST", path, json={f"{thing}_id": UNKNOWN, **more})
                yield Said(asker, response, owner, unknown)


async def _changed(suspects: Sequence[Suspect]) -> AsyncIterator[Said]:
    """A change that got through would show in the owner's document, too; the status tells already."""
    for asker, owner in _pairs(suspects):
        for method, path, body in (
            ("PATCH", "/v1/documents/{}", {"audience": "public"}),
            ("POST", "/v1/documents/{}/retire", None),
            ("POST", "/v1/documents/{}/comments", {"text": "hello"}),
            ("DELETE", "/v1/documents/{}", None),
        ):
            response = await asker.send(method, path.format(owner.ids["document"]), json=body)
            yield Said(asker, response, owner, await asker.send(method, path.format(UNKNOWN), json=body))


def _pairs(suspects: Sequence[Suspect]) -> list[tuple[Suspect, Suspect]]:
    """Each with the next few, in a ring."""
    count = len(suspects)
    return [
        (asker, suspects[(place + step) % count])
        for place, asker in enumerate(suspects)
        for step in range(1, min(NEIGHBOURS, count - 1) + 1)
    ]
