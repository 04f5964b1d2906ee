"""A publish that dies between any two of its steps leaves the old release or the new one, and the next start tidies up."""

from __future__ import annotations

import asyncio

import pytest
from ingest_world import World
from releases_world import Doom, Killed, doomed, killed_at, live, release_states, require_sound, retire, tidied_up
from sqlalchemy import select

from core.crossings import Crossing
from core.models import Document

STEPS = 18
"""Of a publish that enters, copies and takes away; its flip is the last three. A new step belongs into this count."""

ALL_MARKED = 15


def steps_of(world: World) -> tuple[int, int]:
    """First step and stride: PostgreSQL, which takes longer for each, is killed at every other one, and after the flip."""
    return (0, 1) if world.database.is_sqlite else ((STEPS - 1) % 2, 2)


async def edition(world: World, number: int) -> set[str]:
    """Documents that change, enter for the first time, come back, and leave; what is found once they are published."""
    texts = {"a.md": f"manual of edition {number}", "b.md": f"manual {'AB'[number % 2]}", f"c{number}.md": "manual new"}
    for path, text in texts.items():
        await world.upload(path, text)
    async with world.database.read(Crossing.UPKEEP) as session:
        gone = await session.scalars(select(Document.id).where(Document.path == f"c{number - 1}.md"))
    await retire(world, *gone)
    return {f"{path}: {text}" for path, text in texts.items()}


async def published(world: World) -> set[str]:
    """Two editions, so that the third brings something back."""
    await edition(world, 1)
    await world.publish()
    shown = await edition(world, 2)
    await world.publish()
    return shown


async def test_publish_killed_between_any_two_steps_shows_the_old_or_the_new_release(world: World) -> None:
    shown = await published(world)
    number, after_commit, (step, stride) = 3, 0, steps_of(world)
    wanted = await edition(world, number)
    while not await killed_at(world, step):
        again = await world.reopened()  # its start reconciles
        found = await again.found()
        assert found in (shown, wanted), f"killed at step {step}"
        await require_sound(again)
        if found == wanted:
            after_commit += 1
            number += 1
            shown, wanted = wanted, await edition(world, number)
        step += stride
    assert await world.found() == wanted
    assert step - stride < STEPS <= step
    assert after_commit >= 1, "no kill came after the flip"
    await require_sound(world)


async def test_start_killed_while_it_tidies_up_is_tidied_up_by_the_next(world: World) -> None:
    await published(world)
    wanted = await edition(world, 3)

    async def killed() -> None:
        assert not await killed_at(world, ALL_MARKED), "the publish ended before it was killed"

    await tidied_up(world, killed, stride=2 * steps_of(world)[1])
    await world.publish()
    assert await world.found() == wanted


async def test_publish_that_fails_at_any_step_and_lives_on_leaves_one_release_whole(world: World) -> None:
    """As when a connection breaks: also just after the flip's commit, when undoing it would leave neither release."""
    shown = await published(world)
    number, kept, (step, stride) = 3, 0, steps_of(world)
    wanted = await edition(world, number)
    while True:
        releases = doomed(world, Doom(step, once=True))
        try:
            await releases.publish(world.tenant.id, actor="admin")
        except Killed:
            found = await world.found()
            assert found in (shown, wanted), f"failed at step {step}"
            await world.releases.reconcile()
            assert await world.found() == found
            await require_sound(world)
        else:
            break
        finally:
            await releases.aclose()
        if found == wanted:
            kept += 1
            number += 1
            shown, wanted = wanted, await edition(world, number)
        step += stride
    assert await world.found() == wanted
    assert step - stride < STEPS <= step
    assert kept >= 1, "no fault came after the flip"


@pytest.mark.parametrize("times", [3])
async def test_cancelled_at_any_step_a_publish_leaves_one_release_whole(world: World, times: int) -> None:
    shown = await published(world)
    for number in range(3, 3 + times):
        wanted = await edition(world, number)
        publishing = asyncio.create_task(world.publish())
        await asyncio.sleep(0.004 * number)
        publishing.cancel()
        await asyncio.wait([publishing])
        await (await world.reopened()).releases.reconcile()
        found = await world.found()
        assert found in (shown, wanted)
        await require_sound(world)
        shown = found
    assert await live(world) in [n for n, status in (await release_states(world)).items() if status == "published"]
