"""Releases: numbers that are never reused, published behind a gate and rolled back by one pointer.

A release N shows the revisions with ``added_in <= N < removed_in``. Publishing marks what enters and leaves with N+1, which only
the gate searches, and then moves the tenant's live pointer in one transaction. The marks may be made beforehand (`prepare`): then a
publish of any size takes no longer than its gate. Design: docs/adr/0004 and docs/releases.md.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Coroutine
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass
from hashlib import sha256
from typing import Any

import structlog
from sqlalchemy import select, update

from core.database import Database, ReadSession, WriteSession
from core.errors import ConflictError, CopilotError, InvalidRequestError, NotFoundError
from core.jobs import Progress
from core.models import Corpus, Json, Release, Tenant
from core.tenancy import TenantInfo, Tenants
from ingest import release_rows as rows
from ingest.gate import Gate, GateFailedError, GateLimits, GateVerdict, NullGate
from ingest.reconcile import Reconciled, Reconciliation
from ingest.release_rows import Plan
from ingest.release_views import ReleaseChanges, changes
from ingest.repository import point_id
from ingest.suspicions import suspicious
from retrieval.index import VectorIndex

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class ReleasePolicy:
    """Seconds that a gate may take, and that a start waits for a corpus which somebody else is syncing; how many copies of one
    document make a flood, and how many near copies are compared for their numbers."""

    gate_timeout_s: float = 300.0
    reconcile_wait_s: float = 10.0
    max_listed: int = 500
    flood: int = 10
    max_compared: int = 200


@dataclass(frozen=True, slots=True)
class Published:
    """`entered` and `left` count documents' revisions."""

    release: int
    gate: Json
    entered: int
    left: int


@dataclass(frozen=True, slots=True)
class Rehearsal:
    """What a publish would do; its number is spent."""

    gate: Json
    entered: int
    left: int
    changes: ReleaseChanges
    release: None = None


class Releases:
    """Publishes one release at a time for each tenant; rolls back at any time."""

    def __init__(
        self,
        *,
        database: Database,
        index: VectorIndex,
        tenants: Tenants,
        gate: Gate | None = None,
        policy: ReleasePolicy | None = None,
    ) -> None:
        self._database = database
        self._index = index
        self._tenants = tenants
        self._gate = gate or NullGate()
        self._policy = policy or ReleasePolicy()
        self._upkeep: set[asyncio.Task[None]] = set()

    async def publish(
        self, tenant_id: str, *, actor: str, note: str = "", override_reason: str | None = None
    ) -> Published:
        """Make every approved document answerable.

        Raises `GateFailedError` where the gate blocks and there is no `override_reason`, `InvalidRequestError` (`empty_release`)
        where nothing would be shown, `ConflictError` (`live_changed`) where somebody rolled back meanwhile.
        """
        async with self._turn(tenant_id):
            tenant, plan = await self._begun(tenant_id, actor=actor, note=note, may_empty=bool(override_reason))
            if plan.unchanged:
                return Published(plan.live, {}, 0, 0)
            async with self._undone_on_failure(tenant, plan):
                await self._mark(tenant, plan)
                verdict = await self._examined(tenant, plan)
                gate = await self._told(tenant_id, plan, verdict.as_json(overridden=bool(override_reason)))
                used = override_reason if not verdict.passed else None
                if not verdict.passed and not used:
                    raise _blocked(plan.number, verdict, gate)
                await self._flip(tenant_id, plan, actor=actor, gate=gate, override=used)
        self._tidy(tenant.collection)
        return Published(plan.number, gate, len(plan.entering), len(plan.leaving))

    async def prepare(self, tenant_id: str) -> bool:
        """Mark the next release now, so that its publish has only the gate to ask and the pointer to move. Whether it is.

        What changes afterwards is marked by the publish, which trusts no plan but its own. Raises what index and database raise.
        """
        async with self._turn(tenant_id):
            async with self._planning(tenant_id) as (session, plan):
                if plan.unchanged or not plan.candidate or plan.marked:
                    return plan.marked
                await rows.begin(session, tenant_id, plan, actor="", note="")
            tenant = await self._tenants.get(tenant_id)
            async with self._undone_on_failure(tenant, plan):
                await self._mark(tenant, plan)
                async with self._database.write(tenant_id) as session:
                    await rows.keep_ready(session, tenant_id, plan.number)
        return True

    def prepare_soon(self, tenant_id: str) -> None:
        """`prepare` in the background, after a change of many documents."""
        self._behind(self._prepared(tenant_id))

    async def rehearse(self, tenant_id: str, *, actor: str) -> Rehearsal:
        """Everything that a publish does up to the pointer's move, then undone. Raises as `publish`, but for the gate."""
        async with self._turn(tenant_id):
            tenant, plan = await self._begun(tenant_id, actor=actor, note="dry run", may_empty=False)
            if plan.unchanged:
                return Rehearsal({}, 0, 0, ReleaseChanges())
            async with self._undone_on_failure(tenant, plan):
                await self._mark(tenant, plan)
                verdict = await self._examined(tenant, plan)
                gate = await self._told(tenant_id, plan, verdict.as_json(overridden=False))
                async with self._database.read(tenant_id) as session:
                    found = await changes(session, tenant_id, plan.live, plan.number, limit=self._policy.max_listed)
            await asyncio.shield(self._undo(tenant, plan.number, "abandoned", gate))
        return Rehearsal(gate, len(plan.entering), len(plan.leaving), found)

    async def rollback(self, tenant_id: str, number: int, *, actor: str) -> int:
        """Show release `number` again: moves the pointer only, so it waits for no publish.

        Raises `NotFoundError` (`unknown_release`) where it was never published, `ConflictError` (`release_collected`) where its
        passages are gone.
        """
        async with self._database.write(tenant_id) as session:
            tenant = await rows.locked_tenant(session, tenant_id)
            release = await rows.find(session, tenant_id, number)
            if release is None or release.status not in ("published", "collected"):
                raise NotFoundError(f"there is no published release {number}", code="unknown_release")
            if release.status == "collected":
                raise ConflictError(
                    f"release {number} was collected, its passages are gone; see 'partner-copilot release list'",
                    code="release_collected",
                )
            rows.audit(session, tenant_id, actor, "release.rollback", number, was=tenant.live_release)
            tenant.live_release = number
        return number

    async def reconcile(self) -> list[Reconciled]:
        """At start: undo the marks of publishes that a crash cut short, and bring each index to what the database says.

        An index that does not answer is told to the log: the service starts, and says that it cannot search.
        """
        found = []
        work = Reconciliation(self._database, self._index, wait_s=self._policy.reconcile_wait_s)
        for tenant in await self._tenants.all():
            try:
                # In turn: where another process publishes just now, there is nothing to undo when it has done.
                async with self._turn(tenant.id):
                    await self._undo_abandoned(tenant)
                    await self._undo_ready(tenant)
                found.append(await work.run(tenant))
            except CopilotError as fault:
                log.error("index_not_reconciled", tenant=tenant.slug, code=fault.code)
        return found

    async def aclose(self) -> None:
        for task in self._upkeep:
            task.cancel()
        await asyncio.gather(*self._upkeep, return_exceptions=True)

    def _turn(self, tenant_id: str) -> AbstractAsyncContextManager[None]:
        return self._database.exclusive(turn(tenant_id))

    async def _begun(self, tenant_id: str, *, actor: str, note: str, may_empty: bool) -> tuple[TenantInfo, Plan]:
        """The plan, and where it changes anything, its candidate in the database."""
        async with self._planning(tenant_id) as (session, plan):
            _require_content(plan, may_empty=may_empty)
            if plan.unchanged:
                await rows.set_published(session, tenant_id, plan.live)  # back at the bytes that are shown already
            else:
                await rows.begin(session, tenant_id, plan, actor=actor, note=note)
        return await self._tenants.get(tenant_id), plan

    @asynccontextmanager
    async def _planning(self, tenant_id: str) -> AsyncIterator[tuple[WriteSession, Plan]]:
        """A transaction with the plan of the next release, to which belongs all that stands ready."""
        await self._undo_abandoned(await self._tenants.get(tenant_id))
        while True:
            async with self._database.write(tenant_id) as session:
                plan = await rows.planned(session, await rows.locked_tenant(session, tenant_id))
                if plan.fits:
                    yield session, plan
                    return
            await self._undo_ready(await self._tenants.get(tenant_id))

    @asynccontextmanager
    async def _undone_on_failure(self, tenant: TenantInfo, plan: Plan) -> AsyncIterator[None]:
        """Whatever fails within leaves the live release as it was."""
        try:
            yield
        except BaseException as error:
            status, gate = ("blocked", error.gate) if isinstance(error, GateFailedError) else ("abandoned", {})
            try:
                await asyncio.shield(self._undo(tenant, plan.number, status, gate))
            except CopilotError as fault:  # the next publish, or the next start, takes it up again
                log.warning("release_not_undone", tenant=tenant.slug, release=plan.number, code=fault.code)
            raise

    async def _mark(self, tenant: TenantInfo, plan: Plan) -> None:
        """Prepare the points of the release, those that stand ready aside."""
        if plan.marked:
            return
        collection, number, rest = tenant.collection, plan.number, plan.rest
        if plan.ready is None:
            # A database that lost its last transactions with the power gives a number again whose marks the index still has.
            await self._index.undo(collection, number)
        await self._index.enter(collection, rest.first, number)
        async with self._database.read(tenant.id) as session:
            sizes = await rows.sizes(session, rest.sources)
        for revision_id, source in sorted(rest.sources.items()):
            copy = rest.entering[revision_id]
            ids = {point_id(revision_id, n, source): point_id(revision_id, n, copy) for n in range(sizes[revision_id])}
            await self._index.copy(collection, revision_id, ids, number)
        await self._index.leave(collection, sorted(rest.leaving), number)

    async def _examined(self, tenant: TenantInfo, plan: Plan) -> GateVerdict:
        """Closed: a gate that cannot ask, or not in time, blocks."""
        async with self._database.read(tenant.id) as session:
            settings = await session.scalar(select(Tenant.settings).where(Tenant.id == tenant.id))
        limits = GateLimits.of(settings or {})
        began, progress = time.perf_counter(), Progress(stage="asking golden questions")
        try:
            async with asyncio.timeout(self._policy.gate_timeout_s), self._reporting(tenant.id, plan.number, progress):
                report = await self._gate.ask(tenant, before=plan.live, after=plan.number, progress=progress)
        except TimeoutError:
            limit = f"more than {self._policy.gate_timeout_s:g} s (COPILOT_RELEASES__GATE_TIMEOUT_S)"
            return GateVerdict(None, limits, (f"asking {progress.total} times took {limit}",))
        except CopilotError as fault:
            return GateVerdict(
                None, limits, (f"the golden questions could not be asked: {fault.detail} [{fault.code}]",)
            )
        return GateVerdict(report, limits, tuple(limits.missed(report)), time.perf_counter() - began)

    async def _told(self, tenant_id: str, plan: Plan, gate: Json) -> Json:
        """With what looks wrong in the documents that come in, where anything does: for a person to look at, no reason to block."""
        async with self._database.read(tenant_id) as session:
            limits = {"flood": self._policy.flood, "compared": self._policy.max_compared}
            found = await suspicious(session, tenant_id, plan.entering, **limits)
        return gate | {"suspicious": found} if found else gate

    @asynccontextmanager
    async def _reporting(self, tenant_id: str, number: int, progress: Progress) -> AsyncIterator[None]:
        """Writes the gate's progress into the candidate's row meanwhile, for whoever looks at it."""
        task = asyncio.create_task(self._report(tenant_id, number, progress))
        try:
            yield
        finally:
            task.cancel()
            await asyncio.wait([task])

    async def _report(self, tenant_id: str, number: int, progress: Progress) -> None:
        while True:
            await asyncio.sleep(1)
            own = Release.tenant_id == tenant_id, Release.number == number, Release.status == "candidate"
            try:
                async with self._database.write(tenant_id) as session:
                    await session.execute(update(Release).where(*own).values(gate={"progress": progress.snapshot()}))
            except CopilotError as fault:
                log.warning("gate_progress_not_stored", release=number, code=fault.code)

    async def _flip(self, tenant_id: str, plan: Plan, *, actor: str, gate: Json, override: str | None) -> None:
        async with self._database.write(tenant_id) as session:
            tenant = await rows.locked_tenant(session, tenant_id)
            if tenant.live_release != plan.live:
                raise ConflictError(
                    f"release {tenant.live_release} was made live while release {plan.number} was prepared"
                    f" against {plan.live}; publish again if it is still wanted",
                    code="live_changed",
                )
            if not await rows.settle(session, tenant_id, plan, gate=gate, override=override):
                raise ConflictError(f"release {plan.number} was given up meanwhile; publish again", code="live_changed")
            rows.audit(session, tenant_id, actor, "release.publish", plan.number, was=plan.live)
            if override:
                # What a person wrote stays in the release's row, where it can be erased; the audit proves that it is unaltered.
                digest = sha256(override.encode()).hexdigest()
                told = {"reason_sha256": digest, "gate": gate.get("reasons", []), "broken": gate.get("broken", [])}
                rows.audit(session, tenant_id, actor, "release.override", plan.number, **told)

    async def _undo_abandoned(self, tenant: TenantInfo) -> None:
        async with self._database.read(tenant.id) as session:
            numbers = await rows.unfinished(session, tenant.id)
        for number in numbers:
            await self._undo(tenant, number, "abandoned", None)
            log.warning("release_abandoned", tenant=tenant.slug, release=number)

    async def _undo_ready(self, tenant: TenantInfo) -> None:
        """At a start, since an index and a database that lost power do not remember the same; and where it fits no longer."""
        async with self._database.read(tenant.id) as session:
            number = await rows.ready(session, tenant.id)
        if number is not None:
            await self._undo(tenant, number, None, None)

    async def _undo(self, tenant: TenantInfo, number: int, status: str | None, gate: Json | None) -> None:
        async with self._database.write(tenant.id) as session:
            if not await rows.give_up(session, tenant.id, number, gate):
                return
            copied = await rows.copied_points(session, tenant.id, number)
        await self._index.undo(tenant.collection, number)
        await self._index.delete_points(tenant.collection, copied)
        async with self._database.write(tenant.id) as session:
            await rows.undo(session, tenant.id, number, status)

    def _tidy(self, collection: str) -> None:
        """In the background: a release is answered from before its index is tidy."""
        self._behind(self._optimize(collection))

    def _behind(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(work)
        self._upkeep.add(task)
        task.add_done_callback(self._upkeep.discard)

    async def _prepared(self, tenant_id: str) -> None:
        try:
            await self.prepare(tenant_id)
        except CopilotError as fault:  # the publish does it then, and says what is wrong
            log.warning("release_not_prepared", tenant=tenant_id, code=fault.code)

    async def _optimize(self, collection: str) -> None:
        try:
            await self._index.optimize(collection)
        except CopilotError as fault:
            log.warning("index_not_tidied", collection=collection, code=fault.code)


def turn(tenant_id: str) -> str:
    """The lock of whoever changes a tenant's releases."""
    return f"releases/{tenant_id}"


async def require_publishable(session: ReadSession, tenant_id: str, corpus: str) -> None:
    """Raises `ConflictError` (`approval_required`) where the corpus' documents need a person's approval first."""
    query = select(Corpus.requires_approval).where(Corpus.tenant_id == tenant_id, Corpus.name == corpus)
    if await session.scalar(query):
        raise ConflictError(
            f"corpus '{corpus}' requires approval, so --publish is refused; approve its documents, then publish",
            code="approval_required",
        )


def _require_content(plan: Plan, *, may_empty: bool) -> None:
    if plan.candidate or (plan.live and not plan.shown_live):
        return
    if not plan.live:
        raise InvalidRequestError("there is no approved document to publish; ingest some first", code="empty_release")
    if not may_empty:
        raise InvalidRequestError(
            "the release would show no document at all; approve some, or give an override_reason to empty the answers",
            code="empty_release",
        )


def _blocked(number: int, verdict: GateVerdict, gate: Json) -> GateFailedError:
    return GateFailedError(
        f"release {number} is blocked: {'; '.join(verdict.missed)}."
        " Mend the documents, or publish with an override_reason",
        gate=gate | {"release": number},
    )
