"""A release that is marked before anybody asks for it: nobody sees it, and its publish has only the pointer to move."""

from __future__ import annotations

import asyncio

import pytest
from ingest_world import World, raising
from releases_world import (
    FakeGate,
    breaking,
    garbage,
    gated,
    killed_at,
    killed_preparing,
    release_states,
    require_sound,
    retire,
    tidied_up,
)

from api.wiring.knowledge import sync_source
from core.domain import Audience
from core.errors import NotFoundError, UnavailableError
from core.jobs import Progress
from ingest.gate import GateFailedError
from ingest.release_views import ReleaseCatalogue

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
"""PostgreSQL prepares releases in test_releases_machine."""

MARKING = ("undo", "enter", "copy", "leave", "delete_points")


async def prepared(world: World) -> None:
    assert await world.releases.prepare(world.tenant.id)


async def two_editions(world: World) -> set[str]:
    """Published, and a third that changes one document, brings one, takes one away, and brings one back."""
    await world.upload("a.md", "manual a one")
    gone = await world.upload("back.md", "manual back")
    await world.publish()
    await retire(world, gone)
    leaving = await world.upload("leaving.md", "manual leaving")
    await world.publish()
    await world.upload("a.md", "manual a two")
    await world.upload("new.md", "manual new")
    await world.upload("back.md", "manual back")
    await retire(world, leaving)
    return {"a.md: manual a two", "new.md: manual new", "back.md: manual back"}


async def test_publish_of_what_stands_ready_marks_nothing(world: World) -> None:
    wanted = await two_editions(world)
    await prepared(world)
    world.index.calls.clear()
    assert await world.publish() == 3
    assert not set(world.index.calls) & set(MARKING)
    assert await world.found() == wanted
    await require_sound(world)


async def test_what_stands_ready_is_seen_by_nobody(world: World) -> None:
    await two_editions(world)
    before = await world.found()
    await prepared(world)
    assert await world.found() == before
    catalogue = ReleaseCatalogue(world.database)
    assert [each.number for each in await catalogue.page(world.tenant.id)] == [2, 1]
    with pytest.raises(NotFoundError):
        await catalogue.show(world.tenant.id, 3, audience=Audience.AGENT)
    with pytest.raises(NotFoundError):
        await world.releases.rollback(world.tenant.id, 3, actor="admin")
    await require_sound(world)


async def test_what_comes_afterwards_is_marked_beside_it(world: World) -> None:
    wanted = await two_editions(world)
    await prepared(world)
    await world.upload("late.md", "manual late")
    world.index.calls.clear()
    assert await world.publish() == 3
    assert (world.index.calls["undo"], world.index.calls["copy"]) == (0, 0)
    assert await world.found() == wanted | {"late.md: manual late"}
    await require_sound(world)


@pytest.mark.parametrize("again", [True, False])
async def test_what_changes_afterwards_is_published_as_it_is_then(world: World, again: bool) -> None:
    wanted = await two_editions(world)
    await prepared(world)
    await world.upload("a.md", "manual a three")
    await retire(world, (await world.documents())["new.md"].id)
    await world.library.withdraw(world.principal(), (await world.documents())["back.md"].id)
    if again:
        await prepared(world)
    assert await world.publish() == 3, "nobody has seen the number, so that it is free again"
    assert await world.found() == wanted - {"a.md: manual a two", "new.md: manual new", "back.md: manual back"} | {
        "a.md: manual a three"
    }
    assert await world.found(release=1) == {"a.md: manual a one"}
    await require_sound(world)


async def test_rollback_before_the_publish_is_published_over(world: World) -> None:
    wanted = await two_editions(world)
    await prepared(world)
    await world.releases.rollback(world.tenant.id, 1, actor="admin")
    assert await world.found() == {"a.md: manual a one", "back.md: manual back"}
    assert await world.publish() == 3
    assert await world.found() == wanted
    await require_sound(world)


async def test_nothing_stands_ready_where_nothing_would_change(world: World) -> None:
    assert not await world.releases.prepare(world.tenant.id)
    gone = await world.upload("a.md", "manual one")
    await world.publish()
    assert not await world.releases.prepare(world.tenant.id)
    await retire(world, gone)
    assert not await world.releases.prepare(world.tenant.id), "an empty release needs a reason"
    assert await release_states(world) == {1: "published"}
    assert await world.found() == {"a.md: manual one"}


async def test_blocked_release_that_stood_ready_is_undone(world: World) -> None:
    wanted = await two_editions(world)
    await prepared(world)
    with pytest.raises(GateFailedError):
        await gated(world, FakeGate(breaking("q1"))).publish(world.tenant.id, actor="admin")
    assert await release_states(world) == {1: "published", 2: "published", 3: "blocked"}
    await require_sound(world)
    assert await world.publish() == 4
    assert await world.found() == wanted


async def test_start_gives_up_what_stands_ready(world: World) -> None:
    """An index and a database that lost power need not remember the same."""
    wanted = await two_editions(world)
    await prepared(world)
    again = await world.reopened()
    assert await release_states(again) == {1: "published", 2: "published"}
    await require_sound(again)
    assert await again.publish() == 3
    assert await again.found() == wanted


async def test_collection_leaves_what_stands_ready_and_what_was_before_it(world: World) -> None:
    wanted = await two_editions(world)
    await prepared(world)
    assert (await garbage(world, keep=1).collect(world.tenant.id, actor="admin")).releases == (1,)
    await require_sound(world)
    again = await world.reopened()
    await require_sound(again)
    assert await again.publish() == 3
    assert await again.found() == wanted
    await require_sound(again)


async def test_preparing_killed_between_any_two_steps_shows_the_old_release(world: World) -> None:
    wanted = await two_editions(world)
    shown, step = await world.found(), 0
    while not await killed_preparing(world, step):
        assert await world.found() == shown
        world = await world.reopened()
        assert await world.found() == shown
        await require_sound(world)
        step += 1
    assert step >= 12
    await world.publish()
    assert await world.found() == wanted


async def test_publish_of_what_stands_ready_killed_between_any_two_steps_shows_one_release_whole(world: World) -> None:
    wanted = await two_editions(world)
    shown, step = await world.found(), 0
    await prepared(world)
    while not await killed_at(world, step):
        world = await world.reopened()
        found = await world.found()
        assert found in (shown, wanted), f"killed at step {step}"
        await require_sound(world)
        if found == wanted:
            break
        await prepared(world)
        step += 1
    assert step >= 6
    assert await world.found() == wanted


async def test_giving_it_up_may_die_at_any_step_and_is_taken_up_again(world: World) -> None:
    wanted = await two_editions(world)
    await tidied_up(world, lambda: prepared(world))
    await world.publish()
    assert await world.found() == wanted


async def test_in_the_background_it_fails_unseen_and_the_publish_does_it(world: World) -> None:
    wanted = await two_editions(world)
    world.index.before["enter"] = raising(UnavailableError("the index is away", code="index_unavailable"))
    world.releases.prepare_soon(world.tenant.id)
    async with asyncio.timeout(20):
        while "abandoned" not in (await release_states(world)).values():
            await asyncio.sleep(0.01)
    assert await world.publish() == 4
    assert await world.found() == wanted
    await require_sound(world)


async def test_end_of_a_sync_has_the_next_release_marked(world: World) -> None:
    world.write("a.md", "manual one")
    source = await world.library.add_folder(world.principal(), corpus="docs", path=world.folder)
    asked = {"source_id": source.id, "actor": "admin"}
    await sync_source(world.library, world.releases, world.tenant.id, asked, Progress())
    async with asyncio.timeout(20):
        while await release_states(world) != {1: "ready"}:
            await asyncio.sleep(0.01)
    world.index.calls.clear()
    report = await sync_source(world.library, world.releases, world.tenant.id, {**asked, "publish": True}, Progress())
    assert report["release"] == 1
    assert not world.index.calls["enter"]
    assert await world.found() == {"a.md: manual one"}
