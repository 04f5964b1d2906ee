"""What the API's tests share: keys and tenants of a running demo, golden questions, the stream's events, the contract's shapes."""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import AsyncIterator, Iterable, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx

from core.audit import Trail
from core.auth import Keys, NewKey
from core.database import Database
from core.domain import Audience, Role
from core.keyring import Keyring
from core.settings import Settings
from core.tenancy import Tenants
from tests.servers.demo import Demo

Json = dict[str, Any]
CORPORA = Path(__file__).parents[2] / "corpora"
TENANTS = ("corvane", "larderworks", "stitchwell")
LEAKS = {
    "stitchwell": re.compile(r"LoomBridge|9 November 2026|\bSilk\b"),
    "larderworks": re.compile(r"CrateDesk|7 December 2026|\bHarvest\b"),
}
"""Words that stand in one tenant's documents alone."""


@dataclass(frozen=True, slots=True)
class GoldenQuestion:
    id: str
    tenant: str
    question: str
    kind: str
    audience: Audience
    sources: frozenset[str]
    filters: Json


@dataclass(frozen=True, slots=True)
class Lab:
    """An empty tenant of its own: its knowledge admin, and a partner's reading key."""

    tenant: str
    admin: httpx.Client
    partner: httpx.Client


def golden(kind: str) -> list[GoldenQuestion]:
    """Of all demo tenants, in the files' order."""
    found = [
        _golden(file.parent.name, json.loads(line))
        for file in sorted(CORPORA.glob("*/golden.jsonl"))
        for line in file.read_text("utf-8").splitlines()
    ]
    return [question for question in found if question.kind == kind]


def _golden(tenant: str, row: Json) -> GoldenQuestion:
    sources = frozenset(gold["source"] for gold in row["gold"])
    audience = Audience(row["audience"])
    return GoldenQuestion(row["id"], tenant, row["question"], row["kind"], audience, sources, row.get("filters", {}))


@dataclass(frozen=True, slots=True)
class _Desk:
    tenants: Tenants
    keys: Keys


@asynccontextmanager
async def _desk(home: Path) -> AsyncIterator[_Desk]:
    """The running demo's own database, beside it."""
    keyring = Keyring.open(home, None)
    database = Database(Settings(home=home).database_url, trail=Trail(keyring))
    tenants = Tenants(database, keyring, generation="unused")
    try:
        found = await tenants.all()
        yield _Desk(
            Tenants(database, keyring, generation=found[0].generation),
            Keys(database, keyring),
        )
    finally:
        await database.aclose()


def new_tenant(demo: Demo) -> str:
    """A fresh, empty tenant's slug."""
    slug = f"lab-{uuid4().hex[:8]}"

    async def create() -> None:
        async with _desk(demo.home) as desk:
            await desk.tenants.create(slug)

    asyncio.run(create())
    return slug


def new_key(
    demo: Demo,
    tenant: str,
    *,
    role: Role = Role.KNOWLEDGE_ADMIN,
    audience: Audience = Audience.AGENT,
    lifetime: timedelta | None = None,
) -> NewKey:
    async def create() -> NewKey:
        async with _desk(demo.home) as desk:
            info = await desk.tenants.by_slug(tenant)
            return await desk.keys.create(info.id, role=role, audience=audience, lifetime=lifetime)

    return asyncio.run(create())


def revoke(demo: Demo, tenant: str, key: NewKey) -> None:
    async def end() -> None:
        async with _desk(demo.home) as desk:
            await desk.keys.revoke((await desk.tenants.by_slug(tenant)).id, key.id)

    asyncio.run(end())


def calling(demo: Demo, token: str | None) -> httpx.Client:
    """For a `with` block."""
    headers = {} if token is None else {"Authorization": f"Bearer {token}"}
    return httpx.Client(base_url=demo.url, headers=headers, timeout=120.0, trust_env=False)


def ask(api: httpx.Client, question: str, **more: object) -> Json:
    """The answer's JSON."""
    response = api.post("/v1/ask", json={"question": question, **more})
    assert response.status_code == 200, response.text
    answer: Json = response.json()
    return answer


def ask_golden(api: httpx.Client, question: GoldenQuestion) -> Json:
    return ask(api, question.question, filters=question.filters)


def search(api: httpx.Client, query: str, **more: object) -> list[Json]:
    """The passages found."""
    response = api.post("/v1/search", json={"query": query, **more})
    assert response.status_code == 200, response.text
    passages: list[Json] = response.json()["passages"]
    return passages


def upload(api: httpx.Client, name: str, data: str | bytes, **form: str) -> httpx.Response:
    content = data.encode() if isinstance(data, str) else data
    return api.post("/v1/documents", data={"corpus": "notes", **form}, files={"file": (name, content)})


def problem(response: httpx.Response, status: int, code: str | None = None) -> Json:
    """The problem's JSON, which is complete and is what was expected."""
    assert response.status_code == status, f"{response.status_code}: {response.text[:300]}"
    assert response.headers["content-type"] == "application/problem+json"
    found: Json = response.json()
    assert {"type", "title", "status", "code", "detail"} <= found.keys()
    assert found["status"] == status
    assert found["detail"]
    assert code is None or found["code"] == code, found
    return found


def events(lines: Iterable[str]) -> Iterator[tuple[str, Json]]:
    """Name and data of each server-sent event; comments are passed over."""
    name = ""
    for line in lines:
        if line.startswith("event: "):
            name = line.removeprefix("event: ")
        elif line.startswith("data: "):
            yield name, json.loads(line.removeprefix("data: "))


def streamed(api: httpx.Client, question: str, **more: object) -> list[tuple[str, Json]]:
    with api.stream(
        "POST", "/v1/ask", json={"question": question, **more}, headers={"Accept": "text/event-stream"}
    ) as response:
        assert response.status_code == 200
        assert response.headers["content-type"].startswith("text/event-stream")
        return list(events(response.iter_lines()))
