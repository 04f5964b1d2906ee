"""Places for many tenants: a flood leaves one for whoever comes next."""

from __future__ import annotations

import asyncio

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.turns import Turns

DEADLINE_S = 60


async def test_tenants_take_turns_however_many_files_one_has() -> None:
    turns = Turns(1)
    order: list[str] = []
    begin = asyncio.Event()

    async def work(tenant: str) -> None:
        async with turns.place(tenant):
            await begin.wait()
            order.append(tenant)

    async with asyncio.TaskGroup() as group:
        for tenant in ["big"] * 5 + ["small", "other"]:
            group.create_task(work(tenant))
        await asyncio.sleep(0)
        begin.set()
    assert order == ["big", "big", "small", "other", "big", "big", "big"]


async def test_who_comes_into_a_flood_waits_for_nobody() -> None:
    turns, release = Turns(2, lately_s=60), asyncio.Event()
    order: list[str] = []

    async def work(tenant: str, *, held: bool = True) -> None:
        async with turns.place(tenant):
            order.append(tenant)
            if held:
                await release.wait()

    async with asyncio.timeout(DEADLINE_S), asyncio.TaskGroup() as group:
        await work("small", held=False)  # was here lately
        for _ in range(20):
            group.create_task(work("big"))
        await asyncio.sleep(0)
        assert order == ["small", "big"], "one place is left free"
        await work("small", held=False)
        assert order == ["small", "big", "small"]
        release.set()
    assert order.count("big") == 20


async def test_a_tenant_that_is_alone_has_every_place() -> None:
    turns, release = Turns(3, lately_s=0.05), asyncio.Event()
    held = 0

    async def work(tenant: str) -> None:
        nonlocal held
        async with turns.place(tenant):
            held += 1
            await release.wait()

    await asyncio.wait_for(_once(turns, "small"), DEADLINE_S)
    await asyncio.sleep(0.1)  # long enough ago
    async with asyncio.timeout(DEADLINE_S), asyncio.TaskGroup() as group:
        for _ in range(5):
            group.create_task(work("big"))
        await asyncio.sleep(0)
        assert held == 3
        release.set()
    assert held == 5


async def _once(turns: Turns, tenant: str) -> None:
    async with turns.place(tenant):
        pass


@pytest.mark.parametrize("lately_s", [0.0, 60.0])
@given(data=st.data())
@settings(max_examples=60, deadline=None)
def test_places_are_never_lost_nor_given_twice(lately_s: float, data: st.DataObject) -> None:
    """Whoever is cancelled, while waiting or while holding; and nobody waits for ever."""
    places = data.draw(st.integers(1, 4))
    names = data.draw(st.lists(st.sampled_from("abc"), min_size=1, max_size=14))
    cancelled = data.draw(st.sets(st.integers(0, len(names) - 1)))

    async def play() -> None:
        turns, held, most, done = Turns(places, lately_s=lately_s), 0, 0, 0

        async def work(name: str) -> None:
            nonlocal held, most, done
            async with turns.place(name):
                held += 1
                most = max(most, held)
                try:
                    await asyncio.sleep(0)
                finally:
                    held -= 1
            done += 1

        tasks = [asyncio.create_task(work(name)) for name in names]
        await asyncio.sleep(0)
        for number in cancelled:
            tasks[number].cancel()
            await asyncio.sleep(0)
        async with asyncio.timeout(DEADLINE_S):
            await asyncio.gather(*tasks, return_exceptions=True)
            assert done >= len(names) - len(cancelled)
            # A tenant of its own for each, so that none is asked to leave one free.
            holders = [turns.place(f"later {number}") for number in range(places if lately_s == 0 else 1)]
            for holder in holders:
                await holder.__aenter__()
        assert most <= places

    asyncio.run(play())
