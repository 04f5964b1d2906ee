from __future__ import annotations

import asyncio
import random
from collections import Counter

import pytest
from ingest_world import Point, World, raising, statuses
from sqlalchemy import select, update

from core.domain import Audience, DocumentStatus
from core.errors import ConflictError, InvalidRequestError, NotFoundError, StorageFullError, UnavailableError
from core.models import AuditRow, Corpus, Release
from ingest.releases import require_publishable


async def release_states(world: World) -> dict[int, str]:
    async with world.database.read() as session:
        query = select(Release.number, Release.status).where(Release.tenant_id == world.tenant.id)
        return {row.number: row.status for row in await session.execute(query)}


async def live(world: World) -> int:
    return (await world.tenants.get(world.tenant.id)).live_release


async def test_nothing_to_publish_is_refused_and_leaves_no_number(world: World) -> None:
    for _ in range(2):
        with pytest.raises(InvalidRequestError) as caught:
            await world.publish()
        assert caught.value.code == "empty_release"
    assert await release_states(world) == {}
    assert await live(world) == 0


async def test_publish_without_changes_makes_no_release(world: World) -> None:
    await world.upload("a.md", "manual one")
    assert await world.publish() == 1
    assert await world.publish() == 1
    assert await release_states(world) == {1: "published"}


async def test_publish_counts_what_enters_and_leaves(world: World) -> None:
    first = await world.upload("a.md", "manual one")
    await world.upload("b.md", "manual two")
    published = await world.releases.publish(world.tenant.id, actor="admin")
    assert (published.release, published.entered, published.left) == (1, 2, 0)
    await world.upload("b.md", "manual two changed")
    await world.pipeline.retire([first])
    published = await world.releases.publish(world.tenant.id, actor="admin")
    assert (published.release, published.entered, published.left) == (2, 1, 2)


async def test_rollback_shows_the_earlier_release_and_publish_the_newest_again(world: World) -> None:
    await world.upload("a.md", "manual old")
    await world.publish()
    await world.upload("a.md", "manual new")
    await world.publish()
    assert await world.releases.rollback(world.tenant.id, 1, actor="admin") == 1
    assert await world.found() == {"a.md: manual old"}
    assert await world.publish() == 3
    assert await world.found() == {"a.md: manual new"}
    assert [await world.found(release=n) for n in (1, 2)] == [{"a.md: manual old"}, {"a.md: manual new"}]


@pytest.mark.parametrize("number", [0, 2, -1, 99])
async def test_rollback_to_a_release_that_never_was_is_refused(world: World, number: int) -> None:
    await world.upload("a.md", "manual one")
    await world.publish()
    with pytest.raises(NotFoundError) as caught:
        await world.releases.rollback(world.tenant.id, number, actor="admin")
    assert caught.value.code == "unknown_release"
    assert await live(world) == 1


async def test_rollback_to_another_tenants_release_is_refused(world: World) -> None:
    await world.upload("a.md", "manual one")
    await world.publish()
    other = await world.tenants.create("other")
    with pytest.raises(NotFoundError):
        await world.releases.rollback(other.id, 1, actor="admin")


async def test_every_move_is_audited_with_its_actor(world: World) -> None:
    await world.upload("a.md", "manual one")
    await world.publish()
    await world.releases.rollback(world.tenant.id, 1, actor="operator")
    async with world.database.read() as session:
        rows = await session.scalars(select(AuditRow).order_by(AuditRow.id))
        found = [(row.actor, row.action, row.target) for row in rows]
    assert found == [("admin", "release.publish", "1"), ("operator", "release.rollback", "1")]


async def test_publishes_at_once_take_turns(world: World) -> None:
    await world.upload("a.md", "manual one")
    other = await world.reopened()
    numbers = await asyncio.gather(*(each.publish() for each in (world, other, world, other)))
    assert set(numbers) == {1}
    assert await release_states(world) == {1: "published"}
    assert await world.visible(1) == Counter({Point(r, 0): 1 for r in await world.points()})


async def test_search_during_a_publish_sees_the_old_release_whole(world: World) -> None:
    await world.upload("a.md", "manual old")
    await world.publish()
    await world.upload("a.md", "manual new")
    seen = []

    async def look() -> None:
        seen.append(await world.found())

    world.index.after["enter"] = look
    world.index.after["leave"] = look
    await world.publish()
    assert seen == [{"a.md: manual old"}] * 2


async def test_failed_publish_leaves_the_old_release_and_burns_its_number(world: World) -> None:
    await world.upload("a.md", "manual old")
    await world.publish()
    await world.upload("a.md", "manual new")
    world.index.before["leave"] = raising(StorageFullError("full"))
    with pytest.raises(StorageFullError):
        await world.publish()
    assert await world.found() == {"a.md: manual old"}
    assert await release_states(world) == {1: "published", 2: "abandoned"}
    assert await world.publish() == 3
    assert await world.found() == {"a.md: manual new"}
    assert await world.found(release=1) == {"a.md: manual old"}


async def crashed(world: World) -> None:
    """A publish that ends between marking and the pointer's move, as a killed process leaves it."""
    world.index.after["leave"] = raising(UnavailableError("gone"))
    world.index.before["undo"] = raising(UnavailableError("gone"))
    with pytest.raises(UnavailableError):
        await world.publish()
    assert "candidate" in (await release_states(world)).values()


async def test_crash_before_the_pointer_moves_leaves_the_old_release_and_restart_tidies_up(world: World) -> None:
    await world.upload("a.md", "manual old")
    await world.publish()
    old = await world.visible(1)
    await world.upload("a.md", "manual new")
    await crashed(world)
    assert await world.found() == {"a.md: manual old"}
    again = await world.reopened()
    assert await release_states(again) == {1: "published", 2: "abandoned"}
    assert await again.visible(1) == old
    assert await again.visible(2) == old
    assert await again.publish() == 3
    assert await again.found() == {"a.md: manual new"}


async def test_next_publish_undoes_an_abandoned_one_without_a_restart(world: World) -> None:
    await world.upload("a.md", "manual one")
    await world.publish()
    second = await world.upload("b.md", "manual never approved")
    await crashed(world)
    await world.pipeline.retire([second])
    await world.upload("c.md", "manual three")
    assert await world.publish() == 3
    assert await world.found() == {"a.md: manual one", "c.md: manual three"}


async def test_cancelled_publish_leaves_the_old_release(world: World) -> None:
    await world.upload("a.md", "manual old")
    await world.publish()
    await world.upload("a.md", "manual new")
    reached = asyncio.Event()

    async def stop() -> None:
        reached.set()
        await asyncio.Event().wait()

    world.index.after["enter"] = stop
    publishing = asyncio.create_task(world.publish())
    await reached.wait()
    publishing.cancel()
    with pytest.raises(asyncio.CancelledError):
        await publishing
    assert await world.found() == {"a.md: manual old"}
    assert await world.publish() == 3
    assert await world.found() == {"a.md: manual new"}


async def test_document_changed_during_a_publish_waits_for_the_next(world: World) -> None:
    await world.upload("a.md", "manual old")

    async def change() -> None:
        await world.upload("a.md", "manual new")

    world.index.after["enter"] = change
    await world.publish()
    assert await world.found() == {"a.md: manual old"}
    assert (await world.documents())["a.md"].status == DocumentStatus.APPROVED
    assert await world.publish() == 2
    assert await world.found() == {"a.md: manual new"}


async def test_document_withdrawn_during_a_publish_is_not_shown(world: World) -> None:
    await world.upload("a.md", "manual one")
    document_id = await world.upload("b.md", "manual secret")

    async def withdraw() -> None:
        await world.library.withdraw(world.principal(), document_id)

    world.index.after["enter"] = withdraw
    await world.publish()
    assert await world.found() == {"a.md: manual one"}
    await world.upload("b.md", "manual secret")
    await world.publish()
    assert await world.found() == {"a.md: manual one", "b.md: manual secret"}


async def test_corpus_that_requires_approval_is_not_published_past_a_person(world: World) -> None:
    await world.upload("a.md", "manual one")
    async with world.database.write() as session:
        await session.execute(update(Corpus).values(requires_approval=True))
    async with world.database.read() as session:
        with pytest.raises(ConflictError) as caught:
            await require_publishable(session, world.tenant.id, "docs")
        await require_publishable(session, world.tenant.id, "another")
        await require_publishable(session, "another", "docs")
    assert caught.value.code == "approval_required"
    await world.publish()
    world.write("b.md", "manual two")
    assert statuses(await world.sync())["b.md"] == "indexed"
    assert (await world.documents())["b.md"].status == DocumentStatus.IN_REVIEW
    await world.publish()
    assert await world.found() == {"a.md: manual one"}


async def test_one_tenants_publish_touches_no_other(world: World) -> None:
    await world.upload("a.md", "manual one")
    await world.publish()
    other = await world.reopened()
    await other.begin("other")
    await other.upload("a.md", "manual of the other")
    await other.publish()
    assert await world.found() == {"a.md: manual one"}
    assert await other.found() == {"a.md: manual of the other"}
    assert await live(world) == 1


class Model:
    """What releases mean, in plain Python: number → what it shows, as `path/text`."""

    def __init__(self) -> None:
        self.now: dict[str, str] = {}
        self.releases: dict[int, frozenset[tuple[str, str]]] = {0: frozenset()}
        self.highest = 0
        self.live = 0

    def publish(self) -> int:
        wanted = frozenset(self.now.items())
        if self.live == self.highest and wanted == self._newest():
            return self.highest
        self.highest += 1
        self.live = self.highest
        self.releases[self.highest] = wanted
        return self.highest

    def abandon(self) -> None:
        shown = self._newest()
        self.highest += 1
        self.releases[self.highest] = shown

    def withdraw(self, path: str) -> None:
        self.now.pop(path, None)
        self.releases = {n: frozenset(e for e in shown if e[0] != path) for n, shown in self.releases.items()}

    def _newest(self) -> frozenset[tuple[str, str]]:
        return self.releases[self.highest]


class Play:
    """The world and the model, moved alike."""

    def __init__(self, world: World, seed: int) -> None:
        self.world = world
        self.model = Model()
        self.random = random.Random(seed)
        self.ids: dict[str, str] = {}

    async def step(self) -> str:
        move = self.random.choice(
            ["change"] * 5 + ["publish"] * 4 + ["rollback", "retire", "withdraw", "crash", "fail"]
        )
        await getattr(self, move)()
        return move

    async def change(self) -> None:
        path, text = f"{self.random.randrange(5)}.md", f"manual text {self.random.randrange(3)}"
        if self.random.random() < 0.3:
            text += "\n\n" + "\n\n".join(f"more words about the manual part {n} " * 5 for n in range(4))
        self.ids[path] = await self.world.upload(path, text)
        self.model.now[path] = text

    async def publish(self) -> None:
        if not self.model.now and not self.model.live:
            with pytest.raises(InvalidRequestError):
                await self.world.publish()
        else:
            assert await self.world.publish() == self.model.publish()

    async def rollback(self) -> None:
        states = await release_states(self.world)
        published = [number for number, status in states.items() if status == "published"]
        if published:
            self.model.live = self.random.choice(published)
            await self.world.releases.rollback(self.world.tenant.id, self.model.live, actor="admin")

    async def retire(self) -> None:
        if self.model.now:
            path = self.random.choice(sorted(self.model.now))
            await self.world.pipeline.retire([self.ids[path]])
            del self.model.now[path]

    async def withdraw(self) -> None:
        if self.ids:
            path = self.random.choice(sorted(self.ids))
            await self.world.library.withdraw(self.world.principal(), self.ids[path])
            self.model.withdraw(path)

    async def crash(self) -> None:
        if await self._would_publish():
            await crashed(self.world)
            self.world = await self.world.reopened()
            self.model.abandon()

    async def fail(self) -> None:
        if await self._would_publish():
            self.world.index.after["leave"] = raising(UnavailableError("away"))
            with pytest.raises(UnavailableError):
                await self.world.publish()
            self.model.abandon()

    async def _would_publish(self) -> bool:
        nothing = not self.model.now and not self.model.live
        same = self.model.live == self.model.highest and frozenset(self.model.now.items()) == self.model._newest()
        return not nothing and not same

    async def check(self) -> None:
        assert await live(self.world) == self.model.live
        sizes = await self.world.sizes()
        texts = await self._texts()
        for number, expected in self.model.releases.items():
            if number:
                points = await self.world.visible(number)
                assert set(points.values()) <= {1}, f"release {number} shows a passage twice"
                revisions = Counter(point.revision_id for point in points)
                assert revisions == {r: sizes[r] for r in revisions}, f"release {number} shows part of a document"
                assert sorted(texts[r] for r in revisions) == sorted(expected), f"release {number}"

    async def _texts(self) -> dict[str, tuple[str, str]]:
        """Revision → path and text, noted when the revision first appeared."""
        self._known: dict[str, tuple[str, str]] = getattr(self, "_known", {})
        for path, row in (await self.world.documents()).items():
            if row.revision_id and path in self.model.now:
                self._known.setdefault(row.revision_id, (path, self.model.now[path]))
        return self._known


@pytest.mark.parametrize("seed", [1, pytest.param(2, marks=pytest.mark.slow), pytest.param(3, marks=pytest.mark.slow)])
async def test_every_release_shows_exactly_what_it_was_published_with_whatever_happens_later(
    world: World, seed: int
) -> None:
    play = Play(world, seed)
    history = []
    for _ in range(50 if seed == 1 else 200):
        history.append(await play.step())
        try:
            await play.check()
        except AssertionError as error:
            raise AssertionError(f"after {history}: {error}") from error
    assert play.model.highest > 5


async def test_audience_of_the_asker_holds_in_every_release(world: World) -> None:
    await world.upload("a.md", "manual internal", audience="agent")
    await world.upload("b.md", "manual shared", audience="partner")
    await world.publish()
    assert await world.found(audience=Audience.PARTNER) == {"b.md: manual shared"}
    assert await world.found(audience=Audience.PUBLIC) == set()
    assert len(await world.found(audience=Audience.AGENT)) == 2
