"""What the tests of releases share: a process that dies at a chosen step, a gate that says what it is told, what is shown."""

from __future__ import annotations

from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass, field
from typing import Any, cast

from ingest_world import Point, World
from sqlalchemy import func, select

from core.crossings import Crossing
from core.database import Database, ReadSession, WriteSession
from core.domain import Audience, DocumentStatus, Outcome
from core.errors import CopilotError, UnavailableError
from core.jobs import Progress
from core.models import Membership, Release, Revision
from core.tenancy import TenantInfo
from core.versions import OPEN_END
from ingest import repository
from ingest.garbage import Garbage
from ingest.gate import Asked, Counts, GateReport, Seen
from ingest.releases import ReleasePolicy, Releases
from retrieval.index import VectorIndex


class Killed(Exception):
    """The process is gone: nothing that it would have done any more is done."""


@dataclass(slots=True)
class Doom:
    """The process dies at its step number `at`; `steps` counts those that it did. None: it lives. `once`: that step fails, and the
    process lives on."""

    at: int | None = None
    steps: int = 0
    once: bool = False

    def step(self) -> None:
        if self.at is not None and self.steps >= self.at:
            if self.once:
                self.at = None
            raise Killed
        self.steps += 1


class DoomedIndex:
    """Each call is two steps: before it, and after it, when its caller does not hear of it any more."""

    def __init__(self, inner: Any, doom: Doom) -> None:
        self._inner = inner
        self._doom = doom

    def __getattr__(self, name: str) -> Any:
        method = getattr(self._inner, name)

        async def watched(*args: object, **kwargs: object) -> object:
            self._doom.step()
            result = await method(*args, **kwargs)
            self._doom.step()
            return result

        return watched


class DoomedDatabase:
    """A write is three steps: before it, before its commit (which is then rolled back), after its commit."""

    def __init__(self, inner: Database, doom: Doom) -> None:
        self._inner = inner
        self._doom = doom

    def exclusive(self, name: str) -> AbstractAsyncContextManager[None]:
        return self._inner.exclusive(name)

    @asynccontextmanager
    async def read(self, whose: str | Crossing) -> AsyncIterator[ReadSession]:
        self._doom.step()
        async with self._inner.read(whose) as session:
            yield session

    @asynccontextmanager
    async def write(self, whose: str | Crossing) -> AsyncIterator[WriteSession]:
        self._doom.step()
        async with self._inner.write(whose) as session:
            yield session
            self._doom.step()
        self._doom.step()


def doomed(world: World, doom: Doom) -> Releases:
    """Releases of a process that dies."""
    database = cast(Database, DoomedDatabase(world.database, doom))
    return Releases(database=database, index=cast(VectorIndex, DoomedIndex(world.index, doom)), tenants=world.tenants)


async def killed_at(world: World, at: int | None) -> bool:
    """Whether a publish that dies at step `at` came to its end before."""
    releases = doomed(world, Doom(at))
    try:
        await releases.publish(world.tenant.id, actor="admin")
    except Killed:
        return False
    finally:
        await releases.aclose()
    return True


async def tidied_up(world: World, untidy: Callable[[], Awaitable[None]], *, stride: int = 1) -> None:
    """Before each start `untidy` leaves work for it. Killed at one step after another, none shows a difference, until one ends."""
    shown = await world.found()
    for step in range(0, 40, stride):
        await untidy()
        try:
            await doomed(world, Doom(step)).reconcile()
        except Killed:
            assert await world.found() == shown
            await require_sound(await world.reopened())
            continue
        await require_sound(world)
        return
    raise AssertionError("no start came to its end")


async def killed_preparing(world: World, at: int) -> bool:
    """Whether the marking of the next release, which dies at step `at`, came to its end before."""
    try:
        await doomed(world, Doom(at)).prepare(world.tenant.id)
    except Killed:
        return False
    return True


@dataclass
class FakeGate:
    """Says `report`, or raises `fault`; `asked` are the releases that it was shown."""

    report: GateReport = field(default_factory=GateReport)
    fault: BaseException | None = None
    asked: list[tuple[int, int]] = field(default_factory=list)

    async def ask(self, tenant: TenantInfo, *, before: int, after: int, progress: Progress) -> GateReport:
        self.asked.append((before, after))
        if self.fault:
            raise self.fault
        return self.report


def gated(world: World, gate: object, **policy: float) -> Releases:
    """The world's releases, behind this gate."""
    return Releases(
        database=world.database,
        index=cast(VectorIndex, world.index),
        tenants=world.tenants,
        gate=cast(Any, gate),
        policy=ReleasePolicy(**cast(Any, policy)),
    )


def garbage(world: World, *, keep: int = 20, keep_revisions: int = 1, grace_s: float = 0.0) -> Garbage:
    return Garbage(
        database=world.database,
        index=cast(VectorIndex, world.index),
        tenants=world.tenants,
        keep=keep,
        keep_revisions=keep_revisions,
        grace_s=grace_s,
    )


def seen(passed: bool, text: str = "", *sources: str) -> Seen:
    return Seen(passed, Outcome.ANSWERED if text else Outcome.ABSTAINED, text, sources, 0.8 if text else 0.1)


def asked(key: str, before: Seen, after: Seen, audience: Audience = Audience.PARTNER) -> Asked:
    return Asked(key, f"Question {key}?", audience, before, after)


def breaking(*keys: str, partners: Mapping[str, Counts] | None = None) -> GateReport:
    """Questions that pass now, and would not."""
    return GateReport(tuple(asked(key, seen(True, "So. [1]", "a.md"), seen(False)) for key in keys), partners or {})


async def retire(world: World, *document_ids: str) -> None:
    async with world.database.write(Crossing.UPKEEP) as session:
        await repository.set_status(session, document_ids, DocumentStatus.RETIRED)


async def release_states(world: World) -> dict[int, str]:
    async with world.database.read(Crossing.UPKEEP) as session:
        query = select(Release.number, Release.status).where(Release.tenant_id == world.tenant.id)
        return {row.number: row.status for row in await session.execute(query)}


async def live(world: World) -> int:
    return (await world.tenants.get(world.tenant.id)).live_release


async def manifest(world: World, release: int) -> Counter[Point]:
    """What the database says that a release shows."""
    query = (
        select(Membership.revision_id, Revision.passages)
        .join(Revision, Revision.id == Membership.revision_id)
        .where(Membership.tenant_id == world.tenant.id, Membership.added_in <= release, Membership.removed_in > release)
    )
    async with world.database.read(Crossing.UPKEEP) as session:
        return Counter(Point(r, n) for r, passages in await session.execute(query) for n in range(passages))


async def wanted_points(world: World) -> dict[str, int]:
    """Points by revision as the database says: one for each passage and stay, or one while it waits for its first."""
    stays = (
        select(Membership.revision_id, func.count().label("stays")).group_by(Membership.revision_id).subquery("stays")
    )
    query = (
        select(Revision.id, Revision.passages, stays.c.stays)
        .outerjoin(stays, stays.c.revision_id == Revision.id)
        .where(Revision.tenant_id == world.tenant.id, Revision.indexed)
    )
    async with world.database.read(Crossing.UPKEEP) as session:
        return {r: passages * (count or 1) for r, passages, count in await session.execute(query) if passages}


async def points(world: World) -> dict[str, int]:
    """Points by revision, whatever their state; a tenant that never had a document has no collection."""
    try:
        return await world.points()
    except UnavailableError as fault:
        if fault.code != "index_missing":
            raise
        return {}


async def require_sound(world: World) -> None:
    """Every release that can be shown is shown by the index as the database says, and no point is nobody's."""
    states = await release_states(world)
    for number in [n for n, status in states.items() if status == "published"]:
        assert await world.visible(number) == await manifest(world, number), f"release {number}"
    assert await points(world) == await wanted_points(world)
    assert not set(states.values()) & {"candidate", "undoing"}
    async with world.database.read(Crossing.UPKEEP) as session:
        own = Membership.tenant_id == world.tenant.id
        marks = (await session.execute(select(Membership.added_in, Membership.removed_in).where(own))).all()
    published = {n for n, status in states.items() if status in ("published", "collected", "ready")}
    assert {n for pair in marks for n in pair} <= published | {OPEN_END}


def problem(error: CopilotError) -> tuple[str, int]:
    return error.code, error.status
