"""Random writes and filters: the embedded index, the server's client and plain Python must agree on who sees what."""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest

from retrieval.edge import EdgeIndex
from retrieval.index import (
    OPEN_END,
    STAGED,
    Candidate,
    IndexFilter,
    IndexPoint,
    PayloadChanges,
    PointPayload,
    SparseVector,
    VectorIndex,
)
from tests.retrieval.conftest import LOCAL_MODE, memory_index
from tests.retrieval.index_points import EVERYBODY, point, point_id, unit, visible

pytestmark = pytest.mark.filterwarnings(LOCAL_MODE)
COLLECTION = "t_random"
NUMBERS = (0, 3, 5, 8)


@dataclass
class World:
    """Draws operations and keeps what the indexes should hold by now."""

    random: random.Random
    points: dict[str, IndexPoint] = field(default_factory=dict)
    release: int = 0
    drawn: int = 0

    def pick(self, *choices: object) -> object:
        return self.random.choice(choices)

    def revision(self) -> str:
        return f"r{self.random.randrange(8)}"

    def new_point(self) -> IndexPoint:
        self.drawn += 1
        revision = self.revision()
        low, high = sorted(self.random.sample(NUMBERS, 2))
        payload = PointPayload(
            document_id=f"d{int(revision[1:]) // 2}",
            revision_id=revision,
            corpus_id=str(self.pick("c1", "c2")),
            number=self.drawn,
            doc_type=str(self.pick("faq", "policy")),
            audience=str(self.pick(*EVERYBODY)),
            product=self.random.choice([None, None, "POS", "WMS"]),
            region=self.random.choice([None, None, "DACH"]),
            customer=self.random.choice([None, None, "Blume KG", "Roth AG"]),
            version_from=low,
            version_to=self.random.choice([high, OPEN_END]),
            effective_from=self.random.choice([0, low]),
            effective_to=self.random.choice([high, OPEN_END]),
        )
        terms = {term: self.random.uniform(0.1, 3) for term in self.random.sample(range(12), 4)}
        return point(self.drawn, payload, seed=self.drawn, terms=terms)

    def filter(self) -> IndexFilter:
        return IndexFilter(
            release=self.random.randrange(self.release + 2),
            audiences=tuple(self.random.sample(EVERYBODY, self.random.randrange(4))) or EVERYBODY,
            as_of=self.random.choice(NUMBERS),
            version=self.random.choice([None, None, *NUMBERS]),
            product=self.random.choice([None, None, "POS", "WMS"]),
            region=self.random.choice([None, None, "DACH"]),
            customer=self.random.choice([None, "Blume KG"]),
            doc_types=self.random.choice([(), (), ("faq",)]),
            corpus_ids=self.random.choice([(), (), ("c1",), ("c1", "c2")]),
        )

    def change(self, match: str, value: str, **changes: object) -> None:
        for id_, held in self.points.items():
            if getattr(held.payload, match) == value:
                self.points[id_] = replace(held, payload=replace(held.payload, **changes))  # type: ignore[arg-type]

    def mark(self, revision: str | None, name: str, old: int, new: int) -> None:
        for id_, held in self.points.items():
            if getattr(held.payload, name) == old and revision in (None, held.payload.revision_id):
                self.points[id_] = replace(held, payload=replace(held.payload, **{name: new}))  # type: ignore[arg-type]

    def remove(self, match: str, value: str) -> None:
        self.points = {id_: p for id_, p in self.points.items() if getattr(p.payload, match) != value}


async def step(world: World, indexes: list[VectorIndex]) -> None:
    operations = {upsert: 6, enter: 5, leave: 2, undo: 1, copy: 2, update: 2, delete: 1}
    (operation,) = world.random.choices(list(operations), list(operations.values()))
    await operation(world, indexes, world.revision())


async def upsert(world: World, indexes: list[VectorIndex], _: str) -> None:
    batch = [world.new_point() for _ in range(8)]
    world.points.update({p.id: p for p in batch})
    for index in indexes:
        await index.upsert(COLLECTION, batch)


async def enter(world: World, indexes: list[VectorIndex], revision: str) -> None:
    world.release += 1
    world.mark(revision, "added_in", STAGED, world.release)
    for index in indexes:
        await index.enter(COLLECTION, [revision], world.release)


async def leave(world: World, indexes: list[VectorIndex], revision: str) -> None:
    world.release += 1
    world.mark(revision, "removed_in", OPEN_END, world.release)
    for index in indexes:
        await index.leave(COLLECTION, [revision], world.release)


async def undo(world: World, indexes: list[VectorIndex], _: str) -> None:
    release = max(1, world.release)
    world.mark(None, "added_in", release, STAGED)
    world.mark(None, "removed_in", release, OPEN_END)
    for index in indexes:
        await index.undo(COLLECTION, release)


async def update(world: World, indexes: list[VectorIndex], _: str) -> None:
    document = f"d{world.random.randrange(4)}"
    changes = PayloadChanges(audience=str(world.pick(*EVERYBODY)), customer=world.random.choice([None, "Blume KG"]))
    world.change("document_id", document, **changes)
    for index in indexes:
        await index.update_payload(COLLECTION, document, changes)


async def delete(world: World, indexes: list[VectorIndex], revision: str) -> None:
    world.remove("revision_id", revision)
    for index in indexes:
        await index.delete_revisions(COLLECTION, [revision])


async def copy(world: World, indexes: list[VectorIndex], revision: str) -> None:
    world.release += 1
    old = [p for p in world.points.values() if p.payload.revision_id == revision][:5]
    ids = {p.id: point_id(f"{p.id}@{world.release}") for p in old}
    for held in old:
        payload = replace(held.payload, added_in=world.release, removed_in=OPEN_END)
        world.points[ids[held.id]] = replace(held, id=ids[held.id], payload=payload)
    for index in indexes:
        await index.copy(COLLECTION, revision, ids, world.release)


def ranked(candidates: list[Candidate]) -> dict[str, PointPayload]:
    return {c.id: c.payload for c in candidates}


def tied(world: World) -> Iterator[str]:
    """Copies share their original's vectors: which of the two makes a short list is nobody's promise."""
    seeds: dict[float, list[str]] = {}
    for held in world.points.values():
        seeds.setdefault(float(held.dense[0]), []).append(held.id)
    return (id_ for ids in seeds.values() if len(ids) > 1 for id_ in ids)


async def compare(world: World, indexes: list[VectorIndex]) -> None:
    within = world.filter()
    seen = {p.id: p for p in world.points.values() if visible(p.payload, within)}
    query, terms = unit(world.random.randrange(10**6)), SparseVector((1, 2, 40), (1.0, 2.5, 3.0))
    frequencies = {t: sum(t in p.sparse.indices for p in seen.values()) for t in (1, 2, 40)}
    short = []
    for index in indexes:
        assert await index.count(COLLECTION, within) == len(seen)
        assert await index.document_frequencies(COLLECTION, within, [1, 2, 40]) == frequencies
        everything = ranked(await index.candidates(COLLECTION, query, terms, within, 1_000))
        assert everything == {id_: p.payload for id_, p in seen.items()}
        short.append(set(ranked(await index.candidates(COLLECTION, query, terms, within, 5))) - set(tied(world)))
    assert all(found == short[0] for found in short)


@pytest.mark.parametrize("seed", range(6))
async def test_indexes_agree_after_any_writes_under_any_filter(seed: int, tmp_path: Path) -> None:
    edge, memory = EdgeIndex(tmp_path / "index", min_free_bytes=0), memory_index()
    indexes: list[VectorIndex] = [edge, memory]
    world = World(random.Random(seed))
    for index in indexes:
        await index.ensure(COLLECTION)
    for _ in range(30):
        await step(world, indexes)
        await compare(world, indexes)
    held: dict[str, int] = {}
    for p in world.points.values():
        held[p.payload.revision_id] = held.get(p.payload.revision_id, 0) + 1
    for index in indexes:
        assert await index.revisions(COLLECTION) == held
        await index.close()
    assert len(held) > 1
