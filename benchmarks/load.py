"""`python -m benchmarks.load HOME FOLDER [TEXTS [TENANT]]`: ingest a folder into a new tenant (`ax`) by the product's own parts.

Prints one JSON object: seconds by step, counts, and a key to ask with. `TEXTS` is a file for the stored chunks' texts.
"""

from __future__ import annotations

import asyncio
import json
import sys
import time
from pathlib import Path
from typing import Any

from sqlalchemy import select

from api.bootstrap import Services, open_services
from core.domain import Audience, Permission, Principal, Role
from core.jobs import Progress
from core.models import PassageRow
from core.settings import load_settings


async def load(folder: Path, texts: Path | None, slug: str) -> dict[str, Any]:
    began = time.perf_counter()
    async with open_services(load_settings()) as services:
        ready = time.perf_counter()
        await _start_worker(services, slug)
        started = time.perf_counter()
        tenant = await services.tenants.create(slug)
        operator = Principal(tenant.id, "benchmark", Audience.AGENT, frozenset(Permission))
        source = await services.library.add_folder(operator, corpus="docs", path=folder)
        begun = time.perf_counter()
        report = await services.library.sync(tenant.id, source.id, Progress())
        indexed = time.perf_counter()
        await services.releases.publish(tenant.id, actor=operator.id)
        published = time.perf_counter()
        stored = await _stored(services, tenant.id)
        key = await services.keys.create(tenant.id, role=Role.PARTNER_USER, audience=Audience.AGENT)
    if texts:
        texts.write_text(json.dumps(stored), "utf-8")
    return {
        "open_s": ready - began,
        "worker_start_s": started - ready,
        "ingest_s": indexed - begun,
        "publish_s": published - indexed,
        "counts": report["counts"],
        "chunks": len(stored),
        "characters": sum(map(len, stored)),
        "collection": tenant.collection,
        "key": key.token,
    }


async def _start_worker(services: Services, slug: str) -> None:
    """Workers start with their first file; a short note of another tenant is that file here."""
    tenant = await services.tenants.create(f"warm-up-{slug}")
    principal = Principal(tenant.id, "benchmark", Audience.AGENT, frozenset(Permission))
    await services.library.upload(principal, corpus="docs", name="note.md", data=b"# Note\n\nWarm up.\n", metadata={})


async def _stored(services: Services, tenant_id: str) -> list[str]:
    query = select(PassageRow.text).where(PassageRow.tenant_id == tenant_id).order_by(PassageRow.id)
    async with services.database.read(tenant_id) as session:
        return list(await session.scalars(query))


if __name__ == "__main__":
    _, _home, folder_name, *rest = sys.argv
    texts_name, slug = (*rest, "", "")[:2]
    print(json.dumps(asyncio.run(load(Path(folder_name), Path(texts_name) if texts_name else None, slug or "ax"))))
