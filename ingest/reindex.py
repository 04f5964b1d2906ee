"""Another model, the same answers: a tenant's vectors are made anew beside the live ones, from stored, redacted text.

Answers go on from the live generation meanwhile. Then one transaction moves the tenant to the new one; whatever was ingested,
published, re-classified or withdrawn on the way is in it. Cut short, the next run goes on with what is in the index.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Collection
from contextlib import AsyncExitStack, asynccontextmanager

import structlog
from sqlalchemy import select, update

from core import job_rows
from core.audit import record
from core.database import Database
from core.jobs import Progress
from core.models import Corpus, Json, Tenant
from core.tenancy import TenantInfo, Tenants
from ingest.chunk import TokenBudget
from ingest.generation import Generation
from ingest.releases import turn
from ingest.repository import batches
from retrieval.embedding import Embedder
from retrieval.index import VectorIndex

log = structlog.get_logger()

ROUNDS = 8
"""Catching up ends when nothing has changed during a round; a tenant that never rests is switched under its locks all the same."""

REINDEX, DROP = "reindex", "drop_vectors"
"""Kinds of jobs."""


class Reindexer:
    """Brings tenants to `generation`, the name of what `embedder` makes. `grace_s` is how long the old vectors stay for questions
    that are being answered from them."""

    def __init__(
        self,
        *,
        database: Database,
        index: VectorIndex,
        embedder: Embedder,
        tenants: Tenants,
        budget: TokenBudget,
        generation: str,
        grace_s: float = 300.0,
    ) -> None:
        self._database = database
        self._index = index
        self._embedder = embedder
        self._tenants = tenants
        self._budget = budget
        self._generation = generation
        self._grace_s = grace_s

    async def outdated(self) -> list[TenantInfo]:
        """Tenants whose vectors another model or chunker made."""
        return [tenant for tenant in await self._tenants.all() if not tenant.current]

    async def run(self, tenant_id: str, progress: Progress) -> Json:
        """A tenant that is at this generation already gets the vectors that it lacks, so that a lost index is made again.

        Raises what index, embedder and database raise; the tenant is at one generation or the other then, and whole.
        """
        async with self._database.exclusive(f"reindex/{tenant_id}"):
            tenant = await self._tenants.get(tenant_id)
            if tenant.current:
                return await self._mended(tenant, progress)
            made = await self._made(tenant, progress)
            progress.stage = "switching"
            async with self._at_rest(tenant_id):
                await made.catch_up()
                await self._switch(tenant)
                await made.settle()
            # Once more, behind those who had looked up the old vectors' name and were waiting for a lock.
            async with self._at_rest(tenant_id):
                await made.settle()
        log.info("reindexed", tenant=tenant.slug, generation=self._generation, passages=progress.done)
        return {
            "generation": self._generation,
            "switched": True,
            "before": tenant.generation,
            "passages": progress.done,
        }

    async def renew(self, tenant_id: str, revision_ids: Collection[str], progress: Progress) -> None:
        """Vectors of stored text that has changed are made anew, and what they were is gone from the disk.

        Where another model made the tenant's vectors, the revisions' points go: the reindex that is due makes them again.
        """
        async with self._database.exclusive(f"reindex/{tenant_id}"), self._at_rest(tenant_id):
            tenant = await self._tenants.get(tenant_id)
            collection = tenant.collection_of(tenant.generation)
            await self._index.ensure(collection)
            if tenant.current:
                await self._of(tenant, progress).renew(revision_ids)
            else:
                for batch in batches(revision_ids, 500):
                    await self._index.delete_revisions(collection, batch)
            await self._index.purge(collection)

    async def align(self, tenant_id: str, progress: Progress) -> None:
        """Whatever the index holds, afterwards it holds what the database says: for an index of another moment, or none."""
        async with self._database.exclusive(f"reindex/{tenant_id}"), self._at_rest(tenant_id):
            tenant = await self._tenants.get(tenant_id)
            live = self._of(tenant, progress)
            await self._index.ensure(live.collection)
            await live.settle()

    async def drop(self, tenant_id: str, generation: str) -> Json:
        """Delete the vectors of a generation that is neither live nor being built."""
        async with self._database.exclusive(f"reindex/{tenant_id}"):
            tenant = await self._tenants.get(tenant_id)
            if generation in (tenant.generation, tenant.building):
                return {"dropped": False}
            if tenant.current:
                async with self._at_rest(tenant_id):
                    await self._of(tenant, Progress()).mend()
            await self._index.drop(tenant.collection_of(generation))
        return {"dropped": True}

    async def _mended(self, tenant: TenantInfo, progress: Progress) -> Json:
        """In place, so nobody publishes meanwhile: marks of a release must not be written over by what was read before them."""
        progress.stage = "mending"
        live = self._of(tenant, progress)
        await self._index.ensure(live.collection)
        async with self._at_rest(tenant.id):
            await live.mend()
        return {"generation": tenant.generation, "switched": False, "passages": progress.done}

    async def _made(self, tenant: TenantInfo, progress: Progress) -> Generation:
        """The new generation as of a moment ago, while everything else goes on."""
        if tenant.building not in (None, tenant.generation, self._generation):
            await self._index.drop(tenant.collection_of(tenant.building))
        async with self._database.write(tenant.id) as session:
            await session.execute(update(Tenant).where(Tenant.id == tenant.id).values(building=self._generation))
        made = self._of(tenant, progress)
        await self._index.ensure(made.collection)
        progress.stage = "embedding"
        await made.catch_up()
        progress.stage = "tidying"
        await self._index.optimize(made.collection)
        progress.stage = "catching up"
        for _ in range(ROUNDS):
            if not await made.catch_up():
                break
        return made

    def _of(self, tenant: TenantInfo, progress: Progress) -> Generation:
        return Generation(
            database=self._database,
            index=self._index,
            embedder=self._embedder,
            budget=self._budget,
            tenant_id=tenant.id,
            collection=tenant.collection_of(self._generation),
            progress=progress,
        )

    async def _switch(self, tenant: TenantInfo) -> None:
        async with self._database.write(tenant.id) as session:
            moved = update(Tenant).where(Tenant.id == tenant.id)
            await session.execute(moved.values(generation=self._generation, building=None))
            switched = {"target": self._generation, "before": tenant.generation}
            record(session, tenant.id, actor="reindex", action="index.switch", **switched)
            await job_rows.enqueue(session, tenant.id, DROP, {"generation": tenant.generation}, after_s=self._grace_s)

    @asynccontextmanager
    async def _at_rest(self, tenant_id: str) -> AsyncIterator[None]:
        """Nobody ingests into the tenant's corpora or publishes. Corpora before releases: the order of all who take both."""
        async with AsyncExitStack() as stack:
            held: set[str] = set()
            while new := await self._corpora(tenant_id) - held:
                for corpus_id in sorted(new):
                    await stack.enter_async_context(self._database.exclusive(f"corpus/{corpus_id}"))
                held |= new
            await stack.enter_async_context(self._database.exclusive(turn(tenant_id)))
            yield

    async def _corpora(self, tenant_id: str) -> set[str]:
        async with self._database.read(tenant_id) as session:
            return set(await session.scalars(select(Corpus.id).where(Corpus.tenant_id == tenant_id)))
