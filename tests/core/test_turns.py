"""Places for many tenants: a flood leaves one for whoever comes next."""

from __future__ import annotations

import asyncio

from hypothesis import given, settings
from hypothesis import strategies as st

from core.turns import Turns


async def test_who_comes_into_a_flood_waits_for_nobody() -> None:
    turns, release = Turns(2, lately_s=60), asyncio.Event()
    order: list[str] = []

    async def work(tenant: str, *, held: bool = True) -> None:
        async with turns.place(tenant):
            order.append(tenant)
            if held:
                await release.wait()

    async with asyncio.timeout(5), asyncio.TaskGroup() as group:
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

    await asyncio.wait_for(_once(turns, "small"), 1)
    await asyncio.sleep(0.1)  # long enough ago
    async with asyncio.timeout(5), asyncio.TaskGroup() as group:
        for _ in range(5):
            group.create_task(work("big"))
        await asyncio.sleep(0)
        assert held == 3
        release.set()
    assert held == 5


async def _once(turns: Turns, tenant: str) -> None:
    async with turns.place(tenant):
        pass


@given(st.data())
@settings(max_examples=60, deadline=None)
def test_shared_places_are_never_lost_and_nobody_waits_for_ever(data: st.DataObject) -> None:
    """Whoever is cancelled, while waiting or while holding."""
    places = data.draw(st.integers(1, 4))
    names = data.draw(st.lists(st.sampled_from("abc"), min_size=1, max_size=14))
    cancelled = data.draw(st.sets(st.integers(0, len(names) - 1)))

    async def play() -> None:
        turns, held, most, done = Turns(places, lately_s=60), 0, 0, 0

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
        async with asyncio.timeout(5):
            await asyncio.gather(*tasks, return_exceptions=True)
            assert done >= len(names) - len(cancelled)
            await _once(turns, "d")
        assert most <= places

    asyncio.run(play())
