"""At start the index is brought to what the database says."""

from __future__ import annotations

import pytest
from ingest_world import World, raising
from releases_world import FakeGate, gated, require_sound, wanted_points
from sqlalchemy import delete, select, update

from core.crossings import Crossing
from core.errors import UnavailableError
from core.models import Document, Membership, Release, Revision
from ingest.reconcile import Reconciled
from ingest.repository import point_id

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


async def reconciled(world: World) -> Reconciled:
    [found] = await world.releases.reconcile()
    return found


async def published(world: World, count: int = 6) -> list[str]:
    """So many documents of two passages each; their revisions by path."""
    for n in range(count):
        await world.upload(f"{n}.md", "\n\n".join(f"manual {n}, part {part} " + "words " * 30 for part in range(2)))
    await world.publish()
    documents = await world.documents()
    return [str(documents[f"{n}.md"].revision_id) for n in range(count)]


async def test_sound_index_is_left_alone(world: World) -> None:
    await published(world)
    world.index.calls.clear()
    assert await reconciled(world) == Reconciled("acme")
    assert set(world.index.calls) == {"revisions"}, "one facet, however large the tenant"


async def test_points_of_nobody_are_deleted(world: World) -> None:
    first, second, *_ = await published(world)
    async with world.database.write(Crossing.UPKEEP) as session:  # a withdrawal that died before the index heard of it
        await session.execute(delete(Membership).where(Membership.revision_id == first))
        await session.execute(update(Revision).where(Revision.id == first).values(indexed=False))
    assert await reconciled(world) == Reconciled("acme", orphans=1)
    assert first not in await world.points()
    assert second in await world.points()
    await require_sound(world)


async def test_revision_that_lacks_points_leaves_the_releases_and_the_next_ingest_brings_it_back(world: World) -> None:
    first, *_ = await published(world)
    async with world.database.write(Crossing.UPKEEP) as session:
        await session.execute(update(Document).values(version_tag="seen"))
    await world.index.delete_points(world.tenant.collection, [point_id(first, 1)])
    assert await reconciled(world) == Reconciled("acme", missing=1, marked=1)
    await require_sound(world)
    assert len(await world.found()) == 10
    document = (await world.documents())["0.md"]
    assert (document.content_hash, document.version_tag) == ("", "")
    assert (await world.documents())["1.md"].version_tag == "seen"
    await world.upload("0.md", "\n\n".join(f"manual 0, part {part} " + "words " * 30 for part in range(2)))
    await world.publish()
    assert len(await world.found()) == 12
    await require_sound(world)


async def test_lost_index_is_told_and_no_release_is_forgotten(world: World) -> None:
    """To be made again from the database, which must still know what each release shows."""
    await published(world)
    before = await wanted_points(world)
    await world.index.drop(world.tenant.collection)
    assert await reconciled(world) == Reconciled("acme", missing=6, marked=0)
    assert await wanted_points(world) == before
    assert all(document.content_hash for document in (await world.documents()).values())


async def test_points_of_a_stay_that_never_came_about_are_deleted(world: World) -> None:
    first, *_ = await published(world)
    ids = {point_id(first, n): point_id(first, n, 1) for n in range(2)}
    await world.index.copy(world.tenant.collection, first, ids, 2)
    assert (await world.points())[first] == 4
    assert await reconciled(world) == Reconciled("acme", surplus=1)
    await require_sound(world)


async def test_marks_of_a_number_that_the_database_forgot_do_not_enter_its_next_release(world: World) -> None:
    """The database lost its last transactions with the power, the index did not."""
    first, *_ = await published(world)
    await world.upload("new.md", "manual of a lost release")
    new = str((await world.documents())["new.md"].revision_id)
    await world.index.enter(world.tenant.collection, [new], 2)
    await world.index.leave(world.tenant.collection, [first], 2)
    async with world.database.write(Crossing.UPKEEP) as session:
        await session.execute(update(Document).where(Document.path == "new.md").values(status="in_review"))
        await session.execute(update(Document).where(Document.path == "5.md").values(status="retired"))
    assert await world.publish() == 2
    assert len(await world.found()) == 10
    assert not any("lost release" in text for text in await world.found())


async def test_corpus_that_another_process_syncs_is_left_to_the_next_start(world: World) -> None:
    first, *_ = await published(world)
    await world.index.delete_points(world.tenant.collection, [point_id(first, 1)])
    async with world.database.read(Crossing.UPKEEP) as session:
        corpus_id = await session.scalar(select(Document.corpus_id).limit(1))
    releases = gated(world, FakeGate(), reconcile_wait_s=0.05)
    async with world.database.exclusive(f"corpus/{corpus_id}"):
        [found] = await releases.reconcile()
    assert found == Reconciled("acme", busy=1)
    [found] = await releases.reconcile()
    assert found == Reconciled("acme", missing=1, marked=1)


async def test_index_that_does_not_answer_stops_no_start(world: World) -> None:
    await published(world)
    other = await world.reopened()
    await other.begin("other")
    await other.upload("a.md", "manual one")
    await other.publish()
    world.index.before["revisions"] = raising(UnavailableError("away", code="index_unavailable"))
    found = await world.releases.reconcile()
    assert [one.tenant for one in found] == ["other"]


async def test_what_is_taken_in_meanwhile_is_no_orphan(world: World) -> None:
    """Points are written before their revision counts as indexed; the corpus' lock tells the two apart."""
    await published(world)
    other = await world.reopened()
    done: list[Reconciled] = []

    async def start() -> None:
        releases = gated(other, FakeGate(), reconcile_wait_s=0.05)
        done.extend(await releases.reconcile())

    world.index.after["upsert"] = start
    await world.upload("new.md", "manual new")
    assert [(one.orphans, one.busy) for one in done] == [(0, 1)]
    await world.publish()
    assert "new.md: manual new" in await world.found()
    await require_sound(world)


async def test_candidate_of_a_dead_process_is_undone_and_its_number_is_spent(world: World) -> None:
    await published(world)
    async with world.database.write(Crossing.UPKEEP) as session:
        session.add(Release(tenant_id=world.tenant.id, number=2, status="candidate"))
    await reconciled(world)
    await world.upload("new.md", "manual new")
    assert await world.publish() == 3
    assert world.index.calls["undo"] >= 2, "once for the dead candidate, once before the new one"
