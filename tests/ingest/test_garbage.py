from __future__ import annotations

import asyncio
from datetime import timedelta

import pytest
from ingest_world import World, raising
from releases_world import FakeGate, garbage, gated, live, release_states, require_sound, retire
from sqlalchemy import func, select, update
from sqlalchemy import text as sql

from core.crossings import Crossing
from core.errors import ConflictError, UnavailableError
from core.models import AnswerRow, AuditRow, Conversation, Document, Membership, Original, PassageRow, Revision, now
from ingest.garbage import Collected


async def edit(world: World, *texts: str, path: str = "a.md") -> list[str]:
    """Publish each text as a release of its own; the revisions."""
    revisions = []
    for text in texts:
        await world.upload(path, text)
        await world.publish()
        revisions.append(str((await world.documents())[path].revision_id))
    return revisions


async def collect(world: World, **limits: int | float) -> Collected:
    return await garbage(world, **limits).collect(world.tenant.id, actor="ann")  # type: ignore[arg-type]


async def stored(world: World) -> dict[str, tuple[int, int]]:
    """Passages and originals by revision."""
    async with world.database.read(Crossing.UPKEEP) as session:
        found = {}
        for revision in await session.scalars(select(Revision).where(Revision.tenant_id == world.tenant.id)):
            counts = [
                await session.scalar(select(func.count()).select_from(table).where(table.revision_id == revision.id))
                for table in (PassageRow, Original)
            ]
            found[revision.id] = (counts[0] or 0, counts[1] or 0)
    return found


async def answered(world: World, release: int, tenant_id: str | None = None) -> None:
    """A kept answer that names a release of the world's tenant."""
    owner = tenant_id or world.tenant.id
    async with world.database.write(Crossing.UPKEEP) as session:
        session.add(Conversation(id=f"c{release}", tenant_id=owner, principal_id="key"))
        await session.flush()
        session.add(
            AnswerRow(
                id=f"a{release}", tenant_id=owner, conversation_id=f"c{release}", principal_id="key", channel="api",
                question="q", query="q", outcome="answered",
                answer={"text": "so", "releases": {world.tenant.id: release, "another": 1}},
            )
        )  # fmt: skip


async def test_only_the_newest_releases_stay_and_what_they_need(world: World) -> None:
    one, two, three, four = await edit(world, "manual one", "manual two", "manual three", "manual four")
    assert await collect(world, keep=2) == Collected((1, 2), points=2, revisions=2)
    assert await release_states(world) == {1: "collected", 2: "collected", 3: "published", 4: "published"}
    assert set(await world.points()) == {three, four}
    assert {r: counts for r, counts in (await stored(world)).items() if any(counts)} == {three: (1, 1), four: (1, 1)}
    assert {one, two} <= set(await stored(world)), "who wrote a revision, and when, is history"
    assert await world.found() == {"a.md: manual four"}
    assert await world.found(release=3) == {"a.md: manual three"}
    await require_sound(world)
    assert await collect(world, keep=2) == Collected()


async def test_rollback_to_a_collected_release_is_refused(world: World) -> None:
    await edit(world, "manual one", "manual two", "manual three")
    await collect(world, keep=1)
    with pytest.raises(ConflictError) as caught:
        await world.releases.rollback(world.tenant.id, 1, actor="ann")
    assert caught.value.code == "release_collected"
    assert await live(world) == 3


async def test_live_release_stays_however_old_it_is(world: World) -> None:
    await edit(world, "manual one", "manual two", "manual three")
    await world.releases.rollback(world.tenant.id, 1, actor="ann")
    assert (await collect(world, keep=1)).releases == (2,)
    assert await world.found() == {"a.md: manual one"}
    assert await world.publish() == 4
    assert await world.found() == {"a.md: manual three"}
    await require_sound(world)


async def test_release_that_a_kept_answer_names_stays_whoever_was_answered(world: World) -> None:
    await edit(world, "manual one", "manual two", "manual three", "manual four")
    partner = await world.tenants.create("partner")
    await answered(world, 1)
    await answered(world, 2, partner.id)
    assert (await collect(world, keep=1)).releases == (3,)
    assert await world.found(release=1) == {"a.md: manual one"}
    assert await world.found(release=2) == {"a.md: manual two"}


async def test_release_that_was_live_a_moment_ago_stays(world: World) -> None:
    """A question that was admitted before the flip is still being answered from it."""
    await edit(world, "manual one", "manual two", "manual three", "manual four")
    async with world.database.write(Crossing.UPKEEP) as session:
        hour_ago = now() - timedelta(hours=1)
        off = "DROP TRIGGER audit_no_update" if world.database.is_sqlite else "ALTER TABLE audit DISABLE TRIGGER USER"
        await session.execute(sql(off))
        await session.execute(update(AuditRow).where(AuditRow.target.in_(["1", "2"])).values(at=hour_ago))
    # 2 was live until 3 was published, a moment ago
    assert (await collect(world, keep=1, grace_s=600)).releases == (1,)


async def test_newest_revisions_of_a_document_stay_restorable(world: World) -> None:
    one, two, three, four = await edit(world, "manual one", "manual two", "manual three", "manual four")
    found = await collect(world, keep=1, keep_revisions=3)
    assert (found.releases, found.revisions) == ((1, 2, 3), 1)
    kept = {r for r, counts in (await stored(world)).items() if any(counts)}
    assert (kept, set(await world.points())) == ({two, three, four}, {two, three, four})
    assert (await stored(world))[one] == (0, 0)
    async with world.database.write(Crossing.UPKEEP) as session:
        await session.execute(update(Document).values(revision_id=two, status="approved"))
    await world.publish()
    assert await world.found() == {"a.md: manual two"}
    await require_sound(world)


async def test_bytes_that_come_back_after_their_collection_are_taken_in_anew(world: World) -> None:
    text = "\n\n".join(f"manual part {n} " + "words " * 30 for n in range(4))
    await edit(world, text, "manual two", "manual three")
    await collect(world, keep=1)
    await edit(world, text)
    assert len(await world.found()) == 4
    await world.upload("a.md", "manual last")
    await world.publish()
    await world.upload("a.md", text)  # and again, from the points that are there
    await world.publish()
    assert len(await world.found()) == 4
    await require_sound(world)


async def test_copies_of_past_stays_go_and_those_of_kept_ones_remain(world: World) -> None:
    """A document that comes and goes has points for each stay."""
    other = await world.upload("b.md", "manual b")
    [revision] = await edit(world, "manual one")
    for _ in range(3):
        await retire(world, (await world.documents())["a.md"].id)
        await world.publish()
        await world.upload("a.md", "manual one")
        await world.publish()
    assert (await world.points())[revision] == 4
    await collect(world, keep=3)  # 5 shows it, 6 does not, 7 shows it
    assert (await world.points())[revision] == 2
    assert [await world.found(release=n) for n in (5, 6, 7)] == [
        {"a.md: manual one", "b.md: manual b"},
        {"b.md: manual b"},
        {"a.md: manual one", "b.md: manual b"},
    ]
    await require_sound(world)
    await retire(world, (await world.documents())["a.md"].id)
    await world.publish()
    await collect(world, keep=1)
    assert (await world.points())[revision] == 1, "what it would be copied from, should it come back"
    await world.upload("a.md", "manual one")
    await world.publish()
    assert await world.found() == {"a.md: manual one", "b.md: manual b"}
    assert other in {d.id for d in (await world.documents()).values()}
    await require_sound(world)


async def test_draft_that_was_replaced_before_it_was_published_goes(world: World) -> None:
    await edit(world, "manual one")
    await world.upload("a.md", "manual never published")
    draft = str((await world.documents())["a.md"].revision_id)
    await edit(world, "manual two")
    assert (await collect(world, keep=9)).revisions == 1
    assert draft not in await world.points()
    assert await world.found(release=1) == {"a.md: manual one"}


async def test_what_waits_for_its_first_release_stays(world: World) -> None:
    await edit(world, "manual one", "manual two")
    await world.upload("b.md", "manual b")
    await collect(world, keep=1)
    await world.publish()
    assert await world.found() == {"a.md: manual two", "b.md: manual b"}


async def test_collection_waits_for_a_publish_and_takes_nothing_from_it(world: World) -> None:
    await edit(world, "manual one", "manual two")
    await world.upload("a.md", "manual three")
    collecting: list[asyncio.Task[Collected]] = []

    class Meanwhile(FakeGate):
        async def ask(self, *_args: object, **_more: object):  # type: ignore[no-untyped-def]
            collecting.append(asyncio.create_task(collect(world, keep=1)))
            await asyncio.sleep(0.1)
            assert not collecting[0].done()
            assert await release_states(world) == {1: "published", 2: "published", 3: "candidate"}
            return self.report

    assert (await gated(world, Meanwhile()).publish(world.tenant.id, actor="ann")).release == 3
    assert (await collecting[0]).releases == (1, 2)
    assert await world.found() == {"a.md: manual three"}


async def test_collection_that_dies_before_the_index_is_finished_by_the_next_start(world: World) -> None:
    await edit(world, "manual one", "manual two", "manual three")
    world.index.before["delete_revisions"] = raising(UnavailableError("gone"))
    with pytest.raises(UnavailableError):
        await collect(world, keep=1)
    assert len(await world.points()) == 3
    await world.reopened()
    assert len(await world.points()) == 1
    assert await world.found() == {"a.md: manual three"}
    await require_sound(world)


async def test_one_tenants_collection_touches_no_other(world: World) -> None:
    await edit(world, "manual one", "manual two")
    other = await world.reopened()
    await other.begin("other")
    await edit(other, "manual uno", "manual due")
    await collect(world, keep=1)
    assert await release_states(other) == {1: "published", 2: "published"}
    assert await other.found(release=1) == {"a.md: manual uno"}


async def test_collection_is_audited_with_what_it_took(world: World) -> None:
    await edit(world, "manual one", "manual two")
    await collect(world, keep=1)
    async with world.database.read(Crossing.UPKEEP) as session:
        audit = (await session.scalars(select(AuditRow).where(AuditRow.action == "release.collect"))).one()
        assert (await session.scalar(select(func.count()).select_from(Membership))) == 1
    assert (audit.actor, audit.details) == ("ann", {"keep": 1, "collected": [1]})
