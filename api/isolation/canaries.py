"""A canary for each tenant: a document with a word that stands nowhere else, there for as long as the check lasts."""

from __future__ import annotations

import secrets
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

import httpx

from api.store import Store
from core.domain import Audience, Role
from core.errors import CopilotError
from core.tenancy import TenantInfo

CORPUS = "isolation-check"
QUESTION = "What is the word of the isolation check?"
LIFETIME = timedelta(hours=2)


@dataclass(slots=True)
class Suspect:
    """One tenant under examination. `number` stands for it in the report; the probes learn the ids of its things."""

    number: int
    tenant: TenantInfo
    word: str
    token: str
    http: httpx.AsyncClient
    ids: dict[str, str] = field(default_factory=dict)
    answerable: bool = False
    seen: bool = False

    async def send(self, method: str, path: str, **sent: Any) -> httpx.Response:
        """With the tenant's key. Publishing waits for as long as the server lets it."""
        headers = {"Authorization": f"Bearer {self.token}", **sent.pop("headers", {})}
        return await self.http.request(method, path, headers=headers, timeout=None, **sent)


@asynccontextmanager
async def suspects(
    store: Store, tenants: Sequence[TenantInfo], http: httpx.AsyncClient
) -> AsyncIterator[list[Suspect]]:
    """Each with a key of its own and its canary planted; at the end the canary is withdrawn and the key revoked."""
    found: list[Suspect] = []
    keys: list[tuple[str, str]] = []
    try:
        for number, tenant in enumerate(tenants, start=1):
            key = await store.keys.create(
                tenant.id, role=Role.OPERATOR, audience=Audience.AGENT, name="isolation check", lifetime=LIFETIME
            )
            keys.append((tenant.id, key.id))
            suspect = Suspect(number, tenant, f"zq{secrets.token_hex(8)}", key.token, http)
            found.append(suspect)
            await _plant(suspect)
        yield found
    finally:
        for suspect in found:
            await _withdraw(suspect)
        for tenant_id, key_id in keys:
            await store.keys.revoke(tenant_id, key_id)


async def _plant(suspect: Suspect) -> None:
    """Published only where nothing else would be: a check must not make a tenant's drafts public."""
    text = f"# Isolation check {suspect.word}\n\nThe word of the isolation check is {suspect.word}.\n"
    files = {"file": ("isolation-check.md", text.encode())}
    response = await suspect.send("POST", "/v1/documents", data={"corpus": CORPUS, "audience": "public"}, files=files)
    if response.is_error:
        raise CopilotError(f"the canary was not taken in: {response.json()['detail']}", code=response.json()["code"])
    suspect.ids["document"] = response.json()["id"]
    rehearsed = await suspect.send("POST", "/v1/releases", json={"dry_run": True})
    if rehearsed.is_success and rehearsed.json()["entered"] == 1 and rehearsed.json()["left"] <= 1:
        published = await suspect.send("POST", "/v1/releases", json={"note": f"isolation check {suspect.word}"})
        suspect.answerable = published.is_success  # else the gate blocks, or somebody rolled back


async def _withdraw(suspect: Suspect) -> None:
    if document_id := suspect.ids.get("document"):
        await suspect.send("DELETE", f"/v1/documents/{document_id}")
