"""What a release is warned of: near copies with other numbers, and floods of copies."""

from __future__ import annotations

import pytest
from ingest_world import World
from releases_world import FakeGate, breaking, gated, retire

from core.domain import Audience
from core.models import Json
from ingest.gate import gate_for

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)

WORDS = " ".join(f"word{number}" for number in "abcdefghijklmnopqrstuvwxyzabcdefghijklmnopqrstuvwxyz")
RETURNS = f"Goods come back within {{}} days to <PERSON_k3f9ab>. {' '.join(f'{word} goods' for word in WORDS.split())}"


async def told(world: World, **policy: float) -> Json:
    """What a dry run warns of."""
    done = await gated(world, FakeGate(), **policy).rehearse(world.tenant.id, actor="admin")
    found: Json = done.gate.get("suspicious", {})
    return found


async def test_a_near_copy_with_other_numbers_is_named_with_both(world: World) -> None:
    await world.upload("returns.md", RETURNS.format(30))
    await world.upload("returns-new.md", RETURNS.format(90))
    [found] = (await told(world))["altered"]
    assert (found["source"], found["original"]) == ("returns-new.md", "returns.md")
    assert (found["says"], found["original_says"]) == (("90",), ("30",))


@pytest.mark.parametrize(
    "other", [RETURNS.format(30), RETURNS.format(30) + " Until 2027.", "Another matter, in 14 days."]
)
async def test_what_says_the_same_or_more_or_something_else_is_not_named(world: World, other: str) -> None:
    await world.upload("returns.md", RETURNS.format(30))
    await world.upload("other.md", other)
    assert await told(world) == {}


async def test_numbers_are_told_to_those_alone_who_may_read_both_documents(world: World) -> None:
    await world.upload("returns.md", RETURNS.format(30))
    await world.upload("inside.md", RETURNS.format(90), audience="agent")
    gate = {"suspicious": await told(world)}
    assert gate_for(gate, Audience.AGENT)["suspicious"]["altered"][0]["says"] == ("90",)
    [hidden] = gate_for(gate, Audience.PARTNER)["suspicious"]["altered"]
    assert (hidden["source"], hidden["says"], hidden["original_says"]) == ("inside.md", [], [])


async def test_an_original_that_changes_under_its_copy_is_named(world: World) -> None:
    await world.upload("a.md", RETURNS.format(30))
    await world.upload("b.md", RETURNS.format(30))
    await world.publish()
    assert await told(world) == {}
    await world.upload("a.md", RETURNS.format(90))
    assert len((await told(world))["altered"]) == 1


async def test_what_is_live_already_is_not_named_again(world: World) -> None:
    await world.upload("a.md", RETURNS.format(30))
    await world.upload("b.md", RETURNS.format(90))
    await world.publish()
    await world.upload("c.md", "Tills restart at night.")
    assert await told(world) == {}


async def test_a_flood_is_counted_from_its_limit_on(world: World) -> None:
    for number in range(5):
        await world.upload(f"{number}.md", RETURNS.format(30))
    assert await told(world, flood=5) == {}
    assert (await told(world, flood=4))["floods"] == [{"original": "0.md", "documents": 4}]


async def test_no_more_pairs_are_compared_than_the_limit(world: World) -> None:
    for number in range(4):
        await world.upload(f"{number}.md", RETURNS.format(30 + number))
    assert len((await told(world, max_compared=2))["altered"]) == 2
    assert await told(world, max_compared=0) == {}


async def test_a_withdrawn_copy_is_not_named(world: World) -> None:
    await world.upload("a.md", RETURNS.format(30))
    await retire(world, await world.upload("b.md", RETURNS.format(90)))
    assert await told(world) == {}


async def test_the_warning_stays_with_the_release_whether_the_gate_lets_it_pass_or_not(world: World) -> None:
    await world.upload("a.md", RETURNS.format(30))
    await world.upload("b.md", RETURNS.format(90))
    done = await gated(world, FakeGate(breaking("q1"))).publish(world.tenant.id, actor="admin", override_reason="seen")
    assert done.gate["state"] == "overridden"
    assert done.gate["suspicious"]["altered"]
