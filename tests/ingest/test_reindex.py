from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import cast

import numpy as np
import pytest
from ingest_world import BUDGET, TODAY, World, raising
from sqlalchemy import select, update

from core.crossings import Crossing
from core.database import Database
from core.domain import Audience
from core.errors import UnavailableError
from core.jobs import Jobs, JobStatus, Progress
from core.keyring import Keyring
from core.models import Job, Json, Tenant, now
from core.settings import JobSettings
from core.tenancy import Tenants
from ingest.reindex import DROP, Reindexer
from retrieval.embedding import Embedded, EmbedItem
from retrieval.index import DIMENSION, IndexFilter, PointPayload, SparseVector, VectorIndex
from tests.fakes import FakeEmbedder

sqlite_alone = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
"""What the kind of database makes no difference to."""

Change = Callable[[World, dict[str, str]], Awaitable[object]]


class CountingEmbedder(FakeEmbedder):
    """Remembers what it embedded."""

    def __init__(self) -> None:
        self.texts: list[str] = []

    async def embed_passages(self, items: Sequence[EmbedItem]) -> list[Embedded]:
        self.texts += [item.text for item in items]
        return await super().embed_passages(items)


class Moving:
    """A world whose tenant moves from the generation `fake` to `next`, which the same model makes."""

    def __init__(self, world: World, *, model: str = "same", grace_s: float = 60.0) -> None:
        self.world = world
        self.embedder = CountingEmbedder()
        same = model == "same"
        self.tenants = Tenants(
            world.database,
            Keyring(bytes(range(32))),
            generation="next",
            searchable=lambda name: same and name == "fake",
        )
        self.reindexer = Reindexer(
            database=world.database,
            index=cast(VectorIndex, world.index),
            embedder=self.embedder,
            tenants=self.tenants,
            budget=BUDGET,
            generation="next",
            grace_s=grace_s,
        )
        # Every part of the service is of the new version, as after an upgrade.
        for part in (world.library, world.releases, world.searcher):
            part._tenants = self.tenants  # type: ignore[attr-defined]
        self.old = f"t_{world.tenant.id}_fake"
        self.new = f"t_{world.tenant.id}_next"

    async def run(self) -> Json:
        return await self.reindexer.run(self.world.tenant.id, Progress())

    async def generation(self) -> tuple[str, str | None]:
        info = await self.tenants.get(self.world.tenant.id)
        return info.generation, info.building

    async def points(self, collection: str, release: int) -> dict[str, PointPayload]:
        """What a collection shows at a release: everything that is stored of each point, by id."""
        within = IndexFilter(release, tuple(Audience), TODAY.toordinal(), customer="Nord")
        direction = np.eye(1, DIMENSION, dtype=np.float32)[0]
        found = await self.world.index.candidates(collection, direction, SparseVector((), ()), within, 5000)
        return {c.id: c.payload for c in found}

    async def is_the_same(self, releases: int) -> None:
        """Both generations hold the same points, with the same payloads and vectors, in every release."""
        assert await self.world.index.revisions(self.new) == await self.world.index.revisions(self.old)
        for release in range(1, releases + 1):
            before = await self.points(self.old, release)
            assert await self.points(self.new, release) == before
            old, new = [await self.world.index.vectors(name, list(before)) for name in (self.old, self.new)]
            for id_, vectors in old.items():
                assert np.allclose(vectors.dense, new[id_].dense, atol=1e-6)
                assert np.allclose(vectors.sentences, new[id_].sentences, atol=1e-6)


async def eventful(world: World) -> tuple[int, dict[str, str]]:
    """A tenant with a past: how many releases, and the documents' ids by name."""
    ids = {
        name: await world.upload(
            name, f"# {name}\n\nThe manual tells about {name}.\n\n## More\n\nEven more of {name}.", **stated
        )
        for name, stated in {
            "plain.md": {},
            "ranged.md": {"versions": ">=7.2 <8.0", "product": "Till", "effective_from": "2026-01-01"},
            "nord.md": {"customer": "Nord", "doc_type": "config_record", "region": "DE"},
            "agents.md": {"audience": "agent"},
            "gone.md": {},
        }.items()
    }
    await world.publish()
    await world.upload("plain.md", "# Plain\n\nThe manual was written anew.")
    await world.library.withdraw(world.principal(), ids["gone.md"])
    await world.publish()
    await world.upload(
        "plain.md", "# plain.md\n\nThe manual tells about plain.md.\n\n## More\n\nEven more of plain.md."
    )
    await world.library.reclassify(world.principal(), ids["ranged.md"], audience=Audience.PUBLIC)
    await world.publish()  # the first text is back: a second copy of its points
    await world.upload("plain.md", "# Plain\n\nThe manual as nobody has published it.")
    return 3, ids


async def test_new_generation_is_the_old_one_made_again(world: World) -> None:
    releases, _ = await eventful(world)
    moving = Moving(world)
    before = [await world.found(release=release) for release in range(1, releases + 1)]
    report = await moving.run()
    assert (report["switched"], report["before"]) == (True, "fake")
    assert await moving.generation() == ("next", None)
    await moving.is_the_same(releases)
    assert [await world.found(release=release) for release in range(1, releases + 1)] == before
    assert len(moving.embedder.texts) == len(set(moving.embedder.texts)), "a text was embedded twice"
    number = await world.publish()  # and releases go on in it
    assert "plain.md: The manual as nobody has published it." in await world.found(release=number)


@sqlite_alone
async def test_second_run_at_the_same_generation_does_nothing(world: World) -> None:
    await eventful(world)
    moving = Moving(world)
    await moving.run()
    moving.embedder.texts.clear()
    assert (await moving.run())["switched"] is False
    assert moving.embedder.texts == []


async def uploaded(world: World, _ids: dict[str, str]) -> None:
    await world.upload("late.md", "The manual has a late page.")


async def published(world: World, _ids: dict[str, str]) -> None:
    await world.upload("late.md", "The manual has a late page.")
    await world.publish()


async def withdrawn(world: World, ids: dict[str, str]) -> None:
    await world.library.withdraw(world.principal(), ids["nord.md"])


async def widened(world: World, ids: dict[str, str]) -> None:
    await world.library.reclassify(world.principal(), ids["agents.md"], audience=Audience.PUBLIC)


async def narrowed(world: World, ids: dict[str, str]) -> None:
    await world.library.reclassify(world.principal(), ids["ranged.md"], audience=Audience.AGENT)


async def rolled_back(world: World, _ids: dict[str, str]) -> None:
    await world.releases.rollback(world.tenant.id, 1, actor="admin")


LOOKS = 5
"""How often a reindex in which nothing happens compares database and index: building, again, under its locks, after the switch,
and once more behind those who waited."""
TELLING = [(uploaded, 3), (published, 2), (withdrawn, 4), (widened, 3), (narrowed, 5), (rolled_back, 1)]


@pytest.mark.parametrize(("change", "when"), TELLING)
async def test_what_happens_meanwhile_is_right_in_the_new_generation(world: World, change: Change, when: int) -> None:
    await is_right_afterwards(world, change, when)


@pytest.mark.proof
@pytest.mark.parametrize("when", range(1, LOOKS + 1))
@pytest.mark.parametrize("change", [uploaded, published, withdrawn, widened, narrowed, rolled_back])
async def test_whatever_happens_at_any_moment_is_right_in_the_new_generation(
    world: World, change: Change, when: int
) -> None:
    await is_right_afterwards(world, change, when)


async def is_right_afterwards(world: World, change: Change, when: int) -> None:
    """The change begins at the worst moment: the reindex has read the database and is about to look at the index."""
    _, ids = await eventful(world)
    moving = Moving(world)
    looks = 0
    changing: list[asyncio.Task[object]] = []

    async def look() -> None:
        nonlocal looks
        looks += 1
        world.index.before["revisions"] = look
        if looks == when:
            changing.append(asyncio.create_task(change(world, ids)))  # type: ignore[arg-type]
            await asyncio.wait(changing, timeout=0.1)  # one that needs a lock goes on when it gets it

    world.index.before["revisions"] = look
    await moving.run()
    await asyncio.gather(*changing)
    world.index.before.clear()
    assert changing, "the reindex looked less often than was thought"
    seen = await shown(world)
    points = await world.index.revisions(moving.new)
    again = await rebuilt(world)
    assert seen == await shown(world)
    assert points == await again.world.index.revisions(again.new)
    await world.publish()
    assert ("late.md" in str(await world.found())) == (change in (uploaded, published))


async def shown(world: World) -> list[set[str]]:
    """What each audience finds in the live release."""
    return [await world.found(audience=audience) for audience in Audience]


async def rebuilt(world: World) -> Moving:
    """The vectors made once more, from nothing, while nothing happens."""
    async with world.database.write(Crossing.UPKEEP) as session:
        await session.execute(update(Tenant).values(generation="fake"))
    again = Moving(world)
    await world.index.drop(again.new)
    await again.run()
    return again


async def test_answers_go_on_without_an_error_and_without_a_change(world: World) -> None:
    releases, _ = await eventful(world)
    expected = await world.found()
    moving = Moving(world)
    asked = 0
    ended = asyncio.Event()

    async def ask() -> None:
        nonlocal asked
        while not ended.is_set():
            assert await world.found() == expected
            asked += 1
            await asyncio.sleep(0)

    async with asyncio.TaskGroup() as group:
        for _ in range(4):
            group.create_task(ask())
        await moving.run()
        at_switch = asked
        await moving.is_the_same(releases)
        while asked < at_switch + 20:
            await asyncio.sleep(0.01)
        ended.set()
    assert at_switch >= 4


@sqlite_alone
@pytest.mark.parametrize(
    ("place", "step"), [("after", "ensure"), ("before", "upsert"), ("after", "upsert"), ("after", "optimize")]
)
async def test_cut_short_anywhere_the_tenant_stays_whole_and_the_next_run_goes_on(
    world: World, place: str, step: str
) -> None:
    releases, _ = await eventful(world)
    moving = Moving(world)
    expected = await world.found()
    getattr(world.index, place)[step] = raising(asyncio.CancelledError())
    with pytest.raises(asyncio.CancelledError):
        await moving.run()
    assert await moving.generation() == ("fake", "next")
    assert await world.found() == expected
    done = list(moving.embedder.texts)
    await moving.run()
    await moving.is_the_same(releases)
    assert await world.found() == expected
    if (place, step) == ("after", "upsert"):
        assert moving.embedder.texts == done, "what was in the index was embedded again"


@sqlite_alone
async def test_half_built_vectors_of_a_past_attempt_are_brought_up_to_date(world: World) -> None:
    releases, ids = await eventful(world)
    first = Moving(world)
    world.index.after["optimize"] = raising(asyncio.CancelledError())
    with pytest.raises(asyncio.CancelledError):
        await first.run()
    await world.library.withdraw(world.principal(), ids["nord.md"])
    await world.library.reclassify(world.principal(), ids["agents.md"], audience=Audience.PUBLIC)
    await world.upload("late.md", "The manual has a late page.")
    releases = await world.publish()
    second = Moving(world)  # another process: it remembers nothing
    await second.run()
    await second.is_the_same(releases)
    assert [text for text in second.embedder.texts if "late page" not in text] == []


@sqlite_alone
async def test_vectors_of_another_model_are_never_searched_nor_mixed(world: World) -> None:
    await eventful(world)
    before = await world.found()
    moving = Moving(world, model="another")
    for attempt in (world.found(), world.upload("more.md", "The manual."), world.publish()):
        with pytest.raises(UnavailableError) as caught:
            await attempt
        assert caught.value.code == "reindex_needed"
        assert "partner-copilot reindex --tenant acme" in caught.value.detail
    assert [tenant.slug for tenant in await moving.reindexer.outdated()] == ["acme"]
    await moving.run()
    assert await world.found() == before
    assert await moving.reindexer.outdated() == []


@sqlite_alone
async def test_whoever_wrote_to_the_old_vectors_to_the_last_is_found_before_they_go(world: World) -> None:
    """An ingest that had looked up the old vectors' name long before the switch, and wrote long after it."""
    await eventful(world)
    moving = Moving(world)
    await moving.run()
    async with world.database.write(Crossing.UPKEEP) as session:
        await session.execute(update(Tenant).values(generation="fake"))
    await world.upload("late.md", "The manual has a late page.")
    async with world.database.write(Crossing.UPKEEP) as session:
        await session.execute(update(Tenant).values(generation="next"))
    await world.publish()
    await moving.reindexer.drop(world.tenant.id, "fake")
    assert "late.md: The manual has a late page." in await world.found()


async def test_old_vectors_are_dropped_by_a_job_after_the_grace(world: World, database: Database) -> None:
    await eventful(world)
    moving = Moving(world, grace_s=3600)
    await moving.run()
    async with database.read(Crossing.UPKEEP) as session:
        job = (await session.scalars(select(Job).where(Job.kind == DROP))).one()
    assert job.args == {"generation": "fake"}
    assert job.not_before is not None and 3500 < (job.not_before - now()).total_seconds() < 3600
    assert await world.index.revisions(moving.old)

    async def drop(tenant_id: str, args: Json, _progress: Progress) -> Json:
        return await moving.reindexer.drop(tenant_id, args["generation"])

    jobs = Jobs(database, {DROP: drop}, settings=JobSettings(poll_s=0.05))
    jobs.start()
    await jobs.retry(world.tenant.id, job.id, actor="admin")  # at once
    await jobs.wait(job.id)
    await jobs.aclose()
    assert (await jobs.get(world.tenant.id, job.id)).status is JobStatus.DONE
    with pytest.raises(UnavailableError):
        await world.index.revisions(moving.old)
    assert await world.found()


@sqlite_alone
async def test_live_vectors_are_never_dropped(world: World) -> None:
    await eventful(world)
    moving = Moving(world)
    assert await moving.reindexer.drop(world.tenant.id, "fake") == {"dropped": False}
    await moving.run()
    assert await moving.reindexer.drop(world.tenant.id, "next") == {"dropped": False}
    assert await world.found()


@sqlite_alone
async def test_lost_vectors_are_made_again(world: World) -> None:
    releases, _ = await eventful(world)
    moving = Moving(world)
    await moving.run()
    before = [await world.found(release=release) for release in range(1, releases + 1)]
    await world.index.drop(moving.new)
    report = await moving.run()
    assert report["switched"] is False
    assert [await world.found(release=release) for release in range(1, releases + 1)] == before
    await moving.is_the_same(releases)


@sqlite_alone
async def test_tenant_without_documents_is_switched(world: World) -> None:
    moving = Moving(world, model="another")
    assert (await moving.run())["passages"] == 0
    assert await moving.generation() == ("next", None)
    await world.upload("first.md", "The manual begins.")
    await world.publish()
    assert await world.found() == {"first.md: The manual begins."}


@sqlite_alone
async def test_more_than_one_batch_is_embedded_once_and_progress_is_told(world: World) -> None:
    names = [f"page{n}.md" for n in range(300)]
    for name in names:
        world.write(name, f"The manual, {name}.")
    await world.sync()
    await world.publish()
    moving, progress = Moving(world), Progress()
    await moving.reindexer.run(world.tenant.id, progress)
    assert progress.done == progress.total == len(moving.embedder.texts) == 300
    await moving.is_the_same(1)
