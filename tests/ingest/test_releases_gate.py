from __future__ import annotations

import asyncio
from hashlib import sha256
from typing import Any

import pytest
from ingest_world import World
from releases_world import (
    FakeGate,
    asked,
    breaking,
    gated,
    live,
    release_states,
    require_sound,
    retire,
    seen,
)
from sqlalchemy import select, update

from core.crossings import Crossing
from core.domain import Audience
from core.errors import ConflictError, InvalidRequestError, NotFoundError, UnavailableError
from core.models import AuditRow, Corpus, Json, Release, Tenant
from ingest.gate import Counts, GateFailedError, GateReport
from ingest.release_views import ReleaseCatalogue

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


async def changed(world: World) -> None:
    """One release, and a change that waits for the next."""
    await world.upload("a.md", "manual old")
    await world.publish()
    await world.upload("a.md", "manual new")


async def limit(world: World, gate: object) -> None:
    async with world.database.write(Crossing.UPKEEP) as session:
        await session.execute(update(Tenant).values(settings={"gate": gate}))


async def row(world: World, number: int) -> Release:
    async with world.database.read(Crossing.UPKEEP) as session:
        query = select(Release).where(Release.tenant_id == world.tenant.id, Release.number == number)
        return (await session.scalars(query)).one()


async def blocked(world: World, gate: FakeGate, **more: Any) -> GateFailedError:
    with pytest.raises(GateFailedError) as caught:
        await gated(world, gate).publish(world.tenant.id, actor="admin", **more)
    assert (caught.value.code, caught.value.status) == ("gate_failed", 409)
    return caught.value


async def test_release_that_breaks_golden_questions_is_blocked_and_undone(world: World) -> None:
    await changed(world)
    error = await blocked(world, FakeGate(breaking("q1", "q2", "q3")))
    assert "q1, q2, q3" in error.detail
    assert error.gate["broken"] == ["q1", "q2", "q3"]
    assert error.gate["state"] == "blocked"
    assert (error.gate["questions"], error.gate["passed_before"], error.gate["passed_after"]) == (3, 3, 0)
    assert error.members == {"gate": error.gate}
    assert await world.found() == {"a.md: manual old"}
    assert await release_states(world) == {1: "published", 2: "blocked"}
    assert (await row(world, 2)).gate["broken"] == ["q1", "q2", "q3"]
    await require_sound(world)


async def test_gate_compares_the_live_release_with_the_candidate_that_only_it_sees(world: World) -> None:
    await changed(world)
    shown = []

    class Looking(FakeGate):
        async def ask(self, tenant: Any, *, before: int, after: int, progress: Any) -> GateReport:
            shown.extend([await world.found(), await world.found(release=before), await world.found(release=after)])
            return await super().ask(tenant, before=before, after=after, progress=progress)

    gate = Looking()
    await gated(world, gate).publish(world.tenant.id, actor="admin")
    assert gate.asked == [(1, 2)]
    assert shown == [{"a.md: manual old"}, {"a.md: manual old"}, {"a.md: manual new"}]
    assert await world.found() == {"a.md: manual new"}


async def test_after_a_rollback_the_gate_compares_with_what_is_live(world: World) -> None:
    await changed(world)
    await world.publish()
    await world.releases.rollback(world.tenant.id, 1, actor="admin")
    gate = FakeGate()
    await gated(world, gate).publish(world.tenant.id, actor="admin")
    assert gate.asked == [(1, 3)]


async def test_override_publishes_what_the_gate_blocks_and_is_audited_with_its_reason(world: World) -> None:
    await changed(world)
    releases = gated(world, FakeGate(breaking("q1")))
    done = await releases.publish(world.tenant.id, actor="ann", override_reason="the old text was wrong")
    assert (done.release, done.gate["state"], done.gate["broken"]) == (2, "overridden", ["q1"])
    stored = await row(world, 2)
    assert (stored.override_reason, stored.published_by) == ("the old text was wrong", "ann")
    async with world.database.read(Crossing.UPKEEP) as session:
        query = select(AuditRow).where(AuditRow.action == "release.override")
        audit = (await session.scalars(query)).one()
    assert (audit.actor, audit.target) == ("ann", "2")
    told = sha256(b"the old text was wrong").hexdigest()
    assert (audit.details["reason_sha256"], audit.details["broken"]) == (told, ["q1"])


async def test_override_that_was_not_needed_leaves_no_trace(world: World) -> None:
    await changed(world)
    releases = gated(world, FakeGate(GateReport((asked("q1", seen(True, "a"), seen(True, "a")),))))
    done = await releases.publish(world.tenant.id, actor="ann", override_reason="just in case")
    assert done.gate["state"] == "passed"
    assert (await row(world, 2)).override_reason is None
    async with world.database.read(Crossing.UPKEEP) as session:
        assert (await session.scalars(select(AuditRow).where(AuditRow.action == "release.override"))).all() == []


@pytest.mark.parametrize("fault", [UnavailableError("no search"), TimeoutError()])
async def test_gate_that_cannot_ask_blocks_unless_it_is_overridden(world: World, fault: Exception) -> None:
    await changed(world)
    error = await blocked(world, FakeGate(fault=fault))
    assert error.gate["state"] == "failed"
    assert error.gate["reasons"]
    assert await live(world) == 1
    done = await gated(world, FakeGate(fault=fault)).publish(
        world.tenant.id, actor="ann", override_reason="search is being repaired"
    )
    assert (done.release, done.gate["state"]) == (3, "overridden")
    assert await world.found() == {"a.md: manual new"}


async def test_gate_that_takes_too_long_blocks_and_names_the_setting(world: World) -> None:
    await changed(world)

    class Slow(FakeGate):
        async def ask(self, *_args: object, **_more: object) -> GateReport:
            await asyncio.sleep(60)
            raise AssertionError

    with pytest.raises(GateFailedError, match="COPILOT_RELEASES__GATE_TIMEOUT_S"):
        await gated(world, Slow(), gate_timeout_s=0.05).publish(world.tenant.id, actor="admin")
    assert await release_states(world) == {1: "published", 2: "blocked"}


async def test_gate_that_breaks_down_publishes_nothing(world: World) -> None:
    await changed(world)
    with pytest.raises(RuntimeError):
        await gated(world, FakeGate(fault=RuntimeError("bug"))).publish(
            world.tenant.id, actor="admin", override_reason="whatever it says"
        )
    assert await release_states(world) == {1: "published", 2: "abandoned"}
    assert await world.found() == {"a.md: manual old"}


@pytest.mark.parametrize(
    ("gate", "passes"),
    [
        ({}, False),
        ({"max_broken": 1}, False),
        ({"max_broken": 2}, True),
        ({"max_broken": 9, "min_pass": 0.5}, True),
        ({"max_broken": 9, "min_pass": 0.6}, False),
    ],
)
async def test_each_tenant_sets_its_own_gate(world: World, gate: Json, passes: bool) -> None:
    await changed(world)
    await limit(world, gate)
    kept = tuple(asked(f"k{n}", seen(True, "a"), seen(True, "a")) for n in range(2))
    fake = FakeGate(GateReport((*breaking("q1", "q2").asked, *kept)))
    if passes:
        assert (await gated(world, fake).publish(world.tenant.id, actor="admin")).release == 2
    else:
        await blocked(world, fake)


@pytest.mark.parametrize("gate", [{"max_broken": "many"}, {"min_pass": 2}, {"max_broken": -1}, [], 3])
async def test_gate_that_cannot_be_read_is_no_open_one(world: World, gate: object) -> None:
    await changed(world)
    await limit(world, gate)
    with pytest.raises(InvalidRequestError) as caught:
        await gated(world, FakeGate()).publish(world.tenant.id, actor="admin", override_reason="now")
    assert caught.value.code == "invalid_gate"
    assert await live(world) == 1


async def test_without_golden_questions_there_is_nothing_to_say(world: World) -> None:
    await changed(world)
    await limit(world, {"min_pass": 1.0})
    assert (await gated(world, FakeGate()).publish(world.tenant.id, actor="admin")).gate == {"questions": 0}


async def test_partners_questions_count_and_are_told_in_counts_alone(world: World) -> None:
    await changed(world)
    error = await blocked(world, FakeGate(GateReport(partners={"stitchwell": Counts(5, 4, 2, 2)})))
    assert error.gate["partners"] == {
        "stitchwell": {"questions": 5, "passed_before": 4, "passed_after": 2, "broken": 2}
    }
    assert (error.gate["questions"], error.gate["changes"]) == (0, [])
    assert "2 of partners" in error.detail


async def test_dry_run_shows_the_gate_and_the_documents_and_publishes_nothing(world: World) -> None:
    await changed(world)
    gone = await world.upload("gone.md", "manual gone")
    await world.publish()
    await retire(world, gone)
    await world.upload("a.md", "manual newest")
    await world.upload("b.md", "manual more")
    found = await gated(world, FakeGate(breaking("q1"))).rehearse(world.tenant.id, actor="admin")
    assert (found.release, found.entered, found.left) == (None, 2, 2)
    assert (found.gate["state"], found.gate["broken"]) == ("blocked", ["q1"])
    names = {kind: [d.source for d in getattr(found.changes, kind)] for kind in ("entering", "leaving", "changed")}
    assert names == {"entering": ["b.md"], "leaving": ["gone.md"], "changed": ["a.md"]}
    assert found.changes.counts == {"entering": 1, "leaving": 1, "changed": 1}
    assert await release_states(world) == {1: "published", 2: "published", 3: "abandoned"}
    assert await world.found() == {"a.md: manual new", "gone.md: manual gone"}
    await require_sound(world)
    assert await world.publish() == 4


async def test_rollback_does_not_wait_for_a_gate_and_stops_its_publish(world: World) -> None:
    await changed(world)
    await world.publish()
    await world.upload("a.md", "manual newest")

    class Meanwhile(FakeGate):
        async def ask(self, *_args: object, **_more: object) -> GateReport:
            async with asyncio.timeout(60):
                await world.releases.rollback(world.tenant.id, 1, actor="admin")
            return GateReport()

    with pytest.raises(ConflictError) as caught:
        await gated(world, Meanwhile()).publish(world.tenant.id, actor="admin")
    assert caught.value.code == "live_changed"
    assert await world.found() == {"a.md: manual old"}
    await require_sound(world)


async def test_progress_of_a_gate_is_shown_with_its_candidate(world: World) -> None:
    await changed(world)
    told: list[Json] = []

    class Steady(FakeGate):
        async def ask(self, tenant: Any, *, before: int, after: int, progress: Any) -> GateReport:
            progress.total, progress.done = 8, 3
            async with asyncio.timeout(60):
                while not told:
                    await asyncio.sleep(0.05)
                    detail = await ReleaseCatalogue(world.database).show(tenant.id, after, audience=Audience.AGENT)
                    told.extend([detail.release.gate["progress"]] if detail.release.gate else [])
            return GateReport()

    done = await gated(world, Steady()).publish(world.tenant.id, actor="admin")
    assert (told[0]["done"], told[0]["total"]) == (3, 8)
    assert (await row(world, done.release)).gate == {"questions": 0}


async def test_unapproved_change_keeps_what_was_approved_before(world: World) -> None:
    await world.upload("a.md", "manual old")
    await world.publish()
    async with world.database.write(Crossing.UPKEEP) as session:
        await session.execute(update(Corpus).values(requires_approval=True))
    await world.upload("a.md", "manual unapproved")
    await world.upload("b.md", "manual unapproved too")
    assert await world.publish() == 1
    assert await world.found() == {"a.md: manual old"}


async def test_release_that_would_show_nothing_needs_a_reason(world: World) -> None:
    first = await world.upload("a.md", "manual old")
    await world.publish()
    await retire(world, first)
    with pytest.raises(InvalidRequestError) as caught:
        await world.publish()
    assert caught.value.code == "empty_release"
    assert await world.found() == {"a.md: manual old"}
    done = await world.releases.publish(world.tenant.id, actor="admin", override_reason="the product is discontinued")
    assert (done.release, done.left) == (2, 1)
    assert await world.found() == set()


async def test_catalogue_lists_releases_and_shows_what_each_would_change(world: World) -> None:
    await changed(world)
    await world.publish()
    await blocked_once(world)
    catalogue = ReleaseCatalogue(world.database)
    found = await catalogue.page(world.tenant.id)
    assert [(r.number, r.status, r.live, r.entered, r.left) for r in found] == [
        (3, "blocked", False, 0, 0),
        (2, "published", True, 1, 1),
        (1, "published", False, 1, 0),
    ]
    assert "changes" not in found[0].gate
    assert [r.number for r in await catalogue.page(world.tenant.id, before=3, limit=1)] == [2]
    first = await catalogue.show(world.tenant.id, 1, audience=Audience.AGENT)
    assert first.live_release == 2
    assert first.changes is not None
    assert [d.source for d in first.changes.changed] == ["a.md"]
    refused = await catalogue.show(world.tenant.id, 3, audience=Audience.AGENT)
    assert refused.changes is None
    assert refused.release.gate["changes"][0]["key"] == "q1"
    for tenant_id, number in ((world.tenant.id, 9), ((await world.tenants.create("other")).id, 1)):
        with pytest.raises(NotFoundError) as caught:
            await catalogue.show(tenant_id, number, audience=Audience.AGENT)
        assert caught.value.code == "unknown_release"


async def blocked_once(world: World) -> None:
    await world.upload("a.md", "manual broken")
    await blocked(world, FakeGate(breaking("q1")))
