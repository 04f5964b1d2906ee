"""Publish, block, crash, roll back, restore, withdraw and collect in any order, beside a model that keeps each release as a set."""

from __future__ import annotations

import asyncio
import shutil
from collections import Counter
from collections.abc import Coroutine
from pathlib import Path
from typing import Any, TypeVar, cast
from uuid import uuid4

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule, run_state_machine_as_test
from ingest_world import BUDGET, FaultyIndex, World
from releases_world import (
    FakeGate,
    breaking,
    garbage,
    gated,
    killed_at,
    killed_preparing,
    live,
    release_states,
    require_sound,
    retire,
)
from sqlalchemy import delete, select

from core.crossings import Crossing
from core.database import Database
from core.errors import ConflictError, InvalidRequestError
from core.models import Base, Document, PassageRow, Revision
from ingest.gate import GateFailedError
from ingest.revisions import Revisions
from ingest.staging import Staging
from retrieval.edge import EdgeIndex
from retrieval.index import VectorIndex
from tests.fakes import FakeEmbedder, trail

T = TypeVar("T")
Shown = frozenset[tuple[str, str]]

PATHS = st.sampled_from(["a.md", "b.md", "c.md"])
TEXTS = st.sampled_from([f"manual text {n}" for n in range(4)])
LONG = "\n\n" + "\n\n".join(f"more of the manual, part {n}: " + "words " * 25 for n in range(3))
KEEP_REVISIONS = 2
ACTS = [
    "change",
    "change",
    "prepare",
    "publish",
    "block",
    "crash",
    "roll_back",
    "retire",
    "withdraw",
    "restore",
    "collect",
    "look",
]


class ReleasesMachine(RuleBasedStateMachine):
    """`releases` is the model: number → what it shows, as `(path, first line)`. Collected numbers are no longer in it."""

    url: str
    folder: Path
    done: Counter[str]

    def __init__(self) -> None:
        super().__init__()
        self.runner = asyncio.Runner()
        self.database = Database(self.url, trail=trail())
        self.shards = self.folder / uuid4().hex
        self.index = EdgeIndex(self.shards, min_free_bytes=0)
        self.world = World(self.database, self.folder / "files", FaultyIndex(self.index))
        self.run(self.world.begin(f"t{uuid4().hex}"))
        self.now: dict[str, str] = {}
        self.releases: dict[int, Shown] = {0: frozenset()}
        self.live = 0
        self.highest = 0

    def run(self, work: Coroutine[Any, Any, T]) -> T:
        return self.runner.run(work)

    def teardown(self) -> None:
        try:
            self.everything_is_shown_as_it_was_published()
        finally:
            self.run(self.emptied())
            self.run(self.index.close())
            self.run(self.database.aclose())
            self.runner.close()
            shutil.rmtree(self.shards, ignore_errors=True)  # thousands of examples would fill a disk

    @rule(data=st.data())
    def act(self, data: st.DataObject) -> None:
        """One rule for all acts: of several, Hypothesis would leave out some in each example, and few examples do little then."""
        act = data.draw(st.sampled_from([act for act in ACTS if self.is_possible(act)]))
        getattr(self, act)(data)
        self.done[act] += 1

    def is_possible(self, act: str) -> bool:
        match act:
            case "crash" | "retire" | "withdraw":
                return bool(self.now)
            case "block":
                return bool(self.now) and frozenset(self.now.items()) != self.releases[self.live]
            case "roll_back":
                return len(self.releases) > 1
            case "restore":
                return bool(self.run(self.texts()))
            case _:
                return True

    def change(self, data: st.DataObject) -> None:
        path, text, long = data.draw(PATHS), data.draw(TEXTS), data.draw(st.booleans())
        self.run(self.world.upload(path, text + LONG if long else text))
        self.now[path] = f"{text} long" if long else text

    def publish(self, _data: st.DataObject) -> None:
        if not self.now and (not self.live or self.releases[self.live]):
            with pytest.raises(InvalidRequestError) as refused:
                self.run(self.world.publish())
            assert refused.value.code == "empty_release"
        else:
            self.published(self.run(self.world.publish()))

    def prepare(self, _data: st.DataObject) -> None:
        self.run(self.world.releases.prepare(self.world.tenant.id))

    def block(self, _data: st.DataObject) -> None:
        with pytest.raises(GateFailedError):
            self.run(gated(self.world, FakeGate(breaking("q1"))).publish(self.world.tenant.id, actor="admin"))
        self.note_numbers()

    def crash(self, data: st.DataObject) -> None:
        killed = data.draw(st.sampled_from([killed_at, killed_preparing]))
        self.run(killed(self.world, data.draw(st.integers(0, 18))))
        self.world = self.run(self.world.reopened())
        number = self.run(live(self.world))
        if number != self.live:
            self.published(number)
        self.note_numbers()

    def roll_back(self, data: st.DataObject) -> None:
        number = data.draw(st.sampled_from(sorted(set(self.releases) - {0})))
        self.run(self.world.releases.rollback(self.world.tenant.id, number, actor="admin"))
        self.live = number

    def retire(self, data: st.DataObject) -> None:
        path = data.draw(st.sampled_from(sorted(self.now)))
        self.run(retire(self.world, self.run(self.world.documents())[path].id))
        del self.now[path]

    def withdraw(self, data: st.DataObject) -> None:
        path = data.draw(st.sampled_from(sorted(self.now)))
        self.run(self.world.library.withdraw(self.world.principal(), self.run(self.world.documents())[path].id))
        del self.now[path]
        self.releases = {n: frozenset(e for e in shown if e[0] != path) for n, shown in self.releases.items()}

    def restore(self, data: st.DataObject) -> None:
        path = data.draw(st.sampled_from(sorted({self.paths[revision_id] for revision_id in self.run(self.texts())})))
        kept = self.run(self.texts(path))
        revision_id = data.draw(st.sampled_from(sorted(kept, key=lambda r: kept[r])))
        document = self.run(self.world.documents())[path]
        restoring = self.revisions().restore(self.world.principal(), document.id, revision_id)
        if self.now.get(path) == kept[revision_id]:
            with pytest.raises(ConflictError) as refused:
                self.run(restoring)
            assert refused.value.code == "already_newest"
        else:
            self.run(restoring)
            self.now[path] = kept[revision_id]

    def collect(self, data: st.DataObject) -> None:
        keep = data.draw(st.integers(1, 3))
        collector = garbage(self.world, keep=keep, keep_revisions=KEEP_REVISIONS)
        found = self.run(collector.collect(self.world.tenant.id, actor="admin"))
        numbers = sorted(set(self.releases) - {0})
        kept = {0, self.live, *numbers[-keep:]}
        assert list(found.releases) == [n for n in numbers if n not in kept]
        self.releases = {n: shown for n, shown in self.releases.items() if n in kept}
        for number in found.releases:
            with pytest.raises(ConflictError):
                self.run(self.world.releases.rollback(self.world.tenant.id, number, actor="admin"))

    def look(self, _data: st.DataObject) -> None:
        self.everything_is_shown_as_it_was_published()

    def everything_is_shown_as_it_was_published(self) -> None:
        self.run(require_sound(self.world))
        texts = self.run(self.texts())
        for number, expected in self.releases.items():
            if number:
                shown = {point.revision_id for point in self.run(self.world.visible(number))}
                assert {(self.paths[r], texts[r]) for r in shown} == set(expected), f"release {number}"
                assert len(shown) == len(expected), f"release {number} shows a document twice"

    @invariant()
    def live_release_is_what_is_found(self) -> None:
        assert self.run(live(self.world)) == self.live
        found = self.run(self.world.found())
        lines = {line.split("\n")[0] for line in found if "more of the manual" not in line.split("\n")[0]}
        expected = {f"{path}: {text.removesuffix(' long')}" for path, text in self.releases[self.live]}
        assert lines == expected

    def published(self, number: int) -> None:
        wanted = frozenset(self.now.items())
        if wanted == self.releases[self.live]:
            assert number == self.live
            return
        assert number > self.highest, "a number is never used twice"
        self.live, self.releases[number] = number, wanted
        self.note_numbers()

    def note_numbers(self) -> None:
        self.highest = max(self.run(release_states(self.world)), default=0)

    async def texts(self, path: str | None = None) -> dict[str, str]:
        """The first line of every revision that has its text still, marked where it is a long one."""
        query = (
            select(Revision.id, Revision.passages, PassageRow.text, Document.path)
            .join(PassageRow, PassageRow.revision_id == Revision.id)
            .join(Document, Document.id == Revision.document_id)
            .where(Revision.tenant_id == self.world.tenant.id, PassageRow.number == 0)
            .order_by(PassageRow.id)  # as they came: what is drawn must not depend on random ids
        )
        async with self.database.read(Crossing.UPKEEP) as session:
            rows = (await session.execute(query)).all()
        self.paths = {row[0]: row[3] for row in rows}
        return {
            row[0]: row[2].split("\n")[0] + (" long" if row[1] > 1 else "") for row in rows if path in (None, row[3])
        }

    async def emptied(self) -> None:
        """The next example begins with a database in which no tenant has anything. Tenants stay: their audit cannot be deleted."""
        async with self.database.write(Crossing.UPKEEP) as session:
            for table in reversed(Base.metadata.sorted_tables):
                if table.name not in ("audit", "tenants"):
                    await session.execute(delete(table))

    def revisions(self) -> Revisions:
        staging = Staging(
            database=self.database,
            index=cast(VectorIndex, self.world.index),
            embedder=FakeEmbedder(),
            tenants=self.world.tenants,
            budget=BUDGET,
        )
        return Revisions(database=self.database, staging=staging, page_size=50, max_diff_lines=100)


def _play(url: str, folder: Path, *, examples: int, steps: int) -> None:
    done: Counter[str] = Counter()
    machine = type("Machine", (ReleasesMachine,), {"url": url, "folder": folder, "done": done})
    run_state_machine_as_test(
        machine,
        settings=settings(
            max_examples=examples,
            stateful_step_count=steps,
            deadline=None,
            database=None,
            phases=[Phase.generate],  # an example takes seconds: to shrink one takes hours
            derandomize=examples < 10,
            suppress_health_check=list(HealthCheck),
        ),
    )
    print(f"{examples} examples of {steps} steps: {dict(done)}")
    assert done.keys() == set(ACTS)


def test_releases_equal_a_model_that_keeps_each_as_a_set(database_url: str, quick_folder: Path) -> None:
    quick = database_url.startswith("sqlite")
    _play(database_url, quick_folder, examples=6 if quick else 3, steps=25)


@pytest.mark.proof
@pytest.mark.timeout(3600)
def test_releases_equal_a_model_at_length(database_url: str, quick_folder: Path) -> None:
    quick = database_url.startswith("sqlite")
    _play(database_url, quick_folder, examples=100 if quick else 25, steps=50)
