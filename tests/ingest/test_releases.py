from __future__ import annotations

import asyncio
from collections import Counter
from functools import partial

import pytest
from ingest_world import Point, World, raising, statuses
from releases_world import Doom, Killed, doomed, live, release_states, retire
from sqlalchemy import select, update

from core.crossings import Crossing
from core.domain import Audience, DocumentStatus
from core.errors import ConflictError, InvalidRequestError, NotFoundError, StorageFullError
from core.models import AuditRow, Corpus
from ingest.releases import require_publishable


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
    await retire(world, first)
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
    async with world.database.read(Crossing.UPKEEP) as session:
        releases = AuditRow.action.startswith("release")
        rows = await session.scalars(select(AuditRow).where(releases).order_by(AuditRow.id))
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
    doom = Doom()
    world.index.after["leave"] = partial(_ends, doom)
    with pytest.raises(Killed):
        await doomed(world, doom).publish(world.tenant.id, actor="admin")
    assert "candidate" in (await release_states(world)).values()


async def _ends(doom: Doom) -> None:
    doom.at = 0


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
    await retire(world, second)
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
    async with world.database.write(Crossing.UPKEEP) as session:
        await session.execute(update(Corpus).values(requires_approval=True))
    async with world.database.read(Crossing.UPKEEP) as session:
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


async def test_audience_of_the_asker_holds_in_every_release(world: World) -> None:
    await world.upload("a.md", "manual internal", audience="agent")
    await world.upload("b.md", "manual shared", audience="partner")
    await world.publish()
    assert await world.found(audience=Audience.PARTNER) == {"b.md: manual shared"}
    assert await world.found(audience=Audience.PUBLIC) == set()
    assert len(await world.found(audience=Audience.AGENT)) == 2
