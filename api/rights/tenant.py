"""Erases a whole tenant: rows, vectors, what its sources keep on the disk. What stays is a tombstone without a name, and the
audit's row that tells of it: so that the chain still proves that nothing else was done.
"""

from __future__ import annotations

import asyncio
import shutil
from pathlib import Path

from sqlalchemy import delete, select, tuple_

from api.rights.ledger import Erasure, Ledger
from core.audit import record
from core.audit_prune import prune
from core.database import Database
from core.errors import InvalidRequestError
from core.models import APIKey, AuditRow, Base, Source, Tenant, new_id, now
from core.tenancy import ERASED
from retrieval.index import VectorIndex

_KEPT = frozenset({Tenant.__tablename__, AuditRow.__tablename__, APIKey.__tablename__})
_BATCH = 500


class TenantEraser:
    """`sources` is the folder below which sources keep copies between syncs."""

    def __init__(self, database: Database, index: VectorIndex, ledger: Ledger, *, sources: Path) -> None:
        self._database = database
        self._index = index
        self._ledger = ledger
        self._sources = sources

    async def run(self, tenant_id: str, *, confirm: str, actor: str) -> dict[str, int]:
        """How many rows went, by table. Again after a crash it goes on where it was.

        Raises `InvalidRequestError` (`not_confirmed`) where `confirm` is not the tenant's name.
        """
        async with self._database.read(tenant_id) as session:
            tenant = await session.get(Tenant, tenant_id)
        if tenant is None or confirm != tenant.slug:
            raise InvalidRequestError("to erase a tenant, confirm with its name", code="not_confirmed")
        erasure = Erasure(new_id(), tenant_id, now(), actor, None)
        await asyncio.to_thread(self._ledger.append, erasure)
        async with self._database.write(tenant_id) as session:
            await session.execute(delete(APIKey).where(APIKey.tenant_id == tenant_id, APIKey.id != actor))
        await self._copies(tenant_id)
        for generation in {tenant.generation, tenant.building} - {None, ""}:
            await self._index.drop(f"t_{tenant_id}_{generation}")
        gone = await self._rows(tenant_id)
        gone["audit"] = await prune(self._database, tenant_id, before=now(), actor=actor)
        await self._bury(tenant_id, actor, gone)
        await self._database.scour()
        return gone

    async def _rows(self, tenant_id: str) -> dict[str, int]:
        """Those that name others first."""
        gone: dict[str, int] = {}
        for table in reversed(Base.metadata.sorted_tables):
            if "tenant_id" not in table.columns or table.name in _KEPT:
                continue
            key = list(table.primary_key)
            while True:
                async with self._database.write(tenant_id) as session:
                    some = select(*key).where(table.c.tenant_id == tenant_id).limit(_BATCH)
                    rows = [tuple(row) for row in await session.execute(some)]
                    if rows:
                        await session.execute(delete(table).where(tuple_(*key).in_(rows)))
                if not rows:
                    break
                gone[table.name] = gone.get(table.name, 0) + len(rows)
        return gone

    async def _copies(self, tenant_id: str) -> None:
        async with self._database.read(tenant_id) as session:
            sources = list(await session.scalars(select(Source.id).where(Source.tenant_id == tenant_id)))
        for source_id in sources:
            await asyncio.to_thread(shutil.rmtree, self._sources / source_id, True)

    async def _bury(self, tenant_id: str, actor: str, gone: dict[str, int]) -> None:
        async with self._database.write(tenant_id) as session:
            row = await session.get(Tenant, tenant_id, with_for_update=True)
            assert row is not None
            row.slug = row.name = f"{ERASED}-{tenant_id}"
            row.settings = {ERASED: now().isoformat()}
            row.live_release, row.building = 0, None
            record(session, tenant_id, actor=actor, action="tenant.erase", target=tenant_id, rows=sum(gone.values()))
