"""How long another tenant's id takes to be refused, beside one that never was: what could be told apart by the clock."""

from __future__ import annotations

import argparse
import asyncio
import random
import statistics
import tempfile
import time
from pathlib import Path

from core.audit import Trail
from core.database import Database
from core.domain import Audience, Permission, Principal
from core.errors import NotFoundError
from core.keyring import Keyring
from core.migrate import migrate
from core.models import Corpus, Document, Revision, new_id
from core.tenancy import Tenants
from ingest.catalogue import Catalogue

DOCUMENTS = 2000


async def measure(url: str, calls: int) -> dict[str, list[float]]:
    """Seconds of each call: of ids of another tenant's documents, and of unknown ones, in random order."""
    keyring = Keyring(bytes(32))
    database = Database(url, trail=Trail(keyring))
    try:
        await migrate(database)
        tenants = Tenants(database, keyring, generation="none")
        owner, asker = [(await tenants.create(f"{name}-{new_id()[:8]}")).id for name in ("owner", "asker")]
        theirs = await _filled(database, owner)
        await _filled(database, asker)
        catalogue = Catalogue(database, page_size=50)
        principal = Principal(asker, "benchmark", Audience.AGENT, frozenset(Permission))
        asked = [("foreign", random.choice(theirs)) for _ in range(calls)]
        asked += [("unknown", new_id()) for _ in range(calls)]
        random.shuffle(asked)
        found: dict[str, list[float]] = {"foreign": [], "unknown": []}
        for kind, document_id in asked:
            began = time.perf_counter()
            try:
                await catalogue.document(principal, document_id)
            except NotFoundError:
                found[kind].append(time.perf_counter() - began)
        return found
    finally:
        await database.aclose()


async def _filled(database: Database, tenant_id: str) -> list[str]:
    async with database.write(tenant_id) as session:
        corpus = Corpus(id=new_id(), tenant_id=tenant_id, name="docs")
        session.add(corpus)
        await session.flush()
        rows = [_document(tenant_id, corpus.id, number) for number in range(DOCUMENTS)]
        session.add_all(rows)
        await session.flush()
        session.add_all(
            Revision(id=row.revision_id, tenant_id=tenant_id, document_id=row.id, content_hash="0" * 64) for row in rows
        )
    return [row.id for row in rows]


def _document(tenant_id: str, corpus_id: str, number: int) -> Document:
    return Document(
        id=new_id(),
        tenant_id=tenant_id,
        corpus_id=corpus_id,
        path=f"{number}.md",
        status="published",
        audience="partner",
        revision_id=new_id(),
    )


def main() -> int:
    parser = argparse.ArgumentParser(prog="benchmarks ids", description=__doc__)
    parser.add_argument("--calls", type=int, default=1000, help="of each kind")
    parser.add_argument(
        "--url", help="a database of its own, which is written to; SQLite in a temporary folder if absent"
    )
    parser.add_argument("--data", help="not needed")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        url = given.url or f"sqlite+aiosqlite:///{Path(folder) / 'ids.db'}"
        found = asyncio.run(measure(url, given.calls))
    for kind, seconds in found.items():
        ms = sorted(1000 * each for each in seconds)
        low, high = ms[len(ms) // 20], ms[-len(ms) // 20]
        print(f"{kind:8} median {statistics.median(ms):.3f} ms, 5-95 %: {low:.3f}-{high:.3f} ms ({len(ms)} calls)")
    return 0
