"""The chained audit, on SQLite and PostgreSQL: what is recorded, that it stays, and that every change to it is found."""

from __future__ import annotations

import asyncio
import json
import random
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from job_world import new_tenant
from sqlalchemy import select, text
from sqlalchemy.exc import DBAPIError

from core.audit import GENESIS, OPERATOR, PRUNE, Trail, record
from core.audit_anchors import Anchors
from core.audit_book import AuditBook, Verdict
from core.audit_prune import prune
from core.crossings import Crossing
from core.database import Database
from core.errors import ConfigurationError
from core.keyring import Keyring
from core.migrate import downgrade, migrate
from core.models import AuditRow, Tenant, now
from tests.fakes import as_administrator, trail

KEYRING = Keyring(b"audit" * 6 + b"##")
ROWS = 12


@dataclass(frozen=True, slots=True)
class World:
    database: Database
    book: AuditBook
    anchors: Anchors
    tenant: str
    file: Path

    async def act(self, count: int = 1, *, tenant: str | None = None) -> None:
        for number in range(count):
            async with self.database.write(Crossing.UPKEEP) as session:
                record(session, tenant or self.tenant, actor="key-1", action="test.act", target=str(number), n=number)

    async def rows(self) -> list[AuditRow]:
        async with self.database.read(Crossing.UPKEEP) as session:
            return list(await session.scalars(select(AuditRow).order_by(AuditRow.tenant_id, AuditRow.number)))

    async def verify(self) -> Verdict:
        return await self.book.verify(self.tenant)

    async def tamper(self, *statements: str) -> None:
        """As a database administrator can: the triggers off, the key unknown."""
        async with as_administrator(self.database) as connection:
            if self.database.is_sqlite:
                await connection.execute(text("DROP TRIGGER audit_no_update"))
                await connection.execute(text("DROP TRIGGER audit_no_delete"))
                await connection.execute(text("DROP INDEX ix_audit_chain"))
            else:
                await connection.execute(text("ALTER TABLE audit DISABLE TRIGGER USER"))
                await connection.execute(text("DROP INDEX ix_audit_chain"))
            for statement in statements:
                await connection.execute(text(statement))


@pytest.fixture
async def world(database: Database, tmp_path: Path) -> World:
    file = tmp_path / "anchors.jsonl"
    anchors = Anchors(database, KEYRING, file=file)
    return World(database, AuditBook(database, trail(), anchors), anchors, await new_tenant(database, "a"), file)


async def test_an_act_is_a_row_of_its_transaction_chained_to_the_one_before(world: World) -> None:
    await world.act(3)
    rows = await world.rows()
    assert [row.number for row in rows] == [1, 2, 3]
    assert [row.previous for row in rows] == [GENESIS, rows[0].hash, rows[1].hash]
    assert len({row.hash for row in rows}) == 3
    assert (await world.verify()).whole


async def test_an_act_that_is_undone_leaves_no_row(world: World) -> None:
    await world.act()

    async def fail() -> None:
        async with world.database.write(Crossing.UPKEEP) as session:
            record(session, world.tenant, actor="key-1", action="test.act")
            session.add(Tenant(slug="b", name="b"))
            raise RuntimeError("half-way")

    with pytest.raises(RuntimeError, match="half-way"):
        await fail()
    await world.act()
    assert [row.number for row in await world.rows()] == [1, 2]
    assert (await world.verify()).whole


async def test_without_a_trail_nothing_privileged_is_done(database_url: str) -> None:
    bare = Database(database_url)

    async def act() -> None:
        async with bare.write(Crossing.UPKEEP) as session:
            session.add(Tenant(id="t", slug="t", name="t"))
            record(session, "t", actor="key-1", action="tenant.create")

    with pytest.raises(ConfigurationError) as caught:
        await act()
    assert caught.value.code == "no_audit"
    async with bare.read(Crossing.UPKEEP) as session:
        assert (await session.scalars(select(Tenant))).all() == []
    await bare.aclose()


async def test_an_act_cannot_be_recorded_in_a_part_that_may_be_undone_alone(world: World) -> None:
    async with world.database.write(Crossing.UPKEEP) as session, session.begin_nested():
        with pytest.raises(RuntimeError, match="undone alone"):
            record(session, world.tenant, actor="key-1", action="test.act")


async def test_writers_at_the_same_moment_make_one_chain_each_tenant(
    world: World, database: Database, database_url: str
) -> None:
    other = await new_tenant(database, "b")
    second = Database(database_url, trail=trail())
    draw = random.Random(7)

    async def in_both(on: Database, first: str, then: str) -> None:
        for _ in range(6):
            async with on.write(Crossing.UPKEEP) as session:
                record(session, first, actor="w", action="test.act")
                await asyncio.sleep(draw.random() / 200)
                record(session, then, actor="w", action="test.act")

    async def under_lock(on: Database, tenant: str, _other: str) -> None:
        for _ in range(6):
            async with on.write(Crossing.UPKEEP) as session:
                record(session, tenant, actor="w", action="test.act")
                await session.execute(select(Tenant).where(Tenant.id == tenant).with_for_update())
                await asyncio.sleep(draw.random() / 200)

    pairs = [(world.tenant, other), (other, world.tenant)]
    async with asyncio.timeout(60):
        await asyncio.gather(
            *(
                writer((database, second)[n % 2], *pairs[n // 2 % 2])
                for n in range(4)
                for writer in (in_both, under_lock)
            )
        )
    for tenant_id in (world.tenant, other):
        found = await world.book.verify(tenant_id)
        assert (found.whole, found.rows, found.last) == (True, 36, 36), found
    await second.aclose()


@pytest.mark.parametrize(
    "statement",
    ["UPDATE audit SET actor = 'me' WHERE number = 2", "DELETE FROM audit WHERE number = 3", "DELETE FROM audit"],
)
async def test_the_database_refuses_to_change_or_delete_a_row(world: World, statement: str) -> None:
    await world.act(3)
    with pytest.raises(DBAPIError, match="audit rows are"):
        async with as_administrator(world.database) as connection:
            await connection.execute(text(statement))
    assert len(await world.rows()) == 3


async def test_postgresql_refuses_to_truncate(world: World) -> None:
    if world.database.is_sqlite:
        return  # it has no TRUNCATE
    await world.act()
    with pytest.raises(DBAPIError, match="audit rows are"):
        async with as_administrator(world.database) as connection:
            await connection.execute(text("TRUNCATE audit"))


TAMPERED = {
    "altered actor": ("UPDATE audit SET actor = 'x' WHERE number = 5", (5, "altered")),
    "altered action": ("UPDATE audit SET action = 'x' WHERE number = 1", (1, "altered")),
    "altered target": ("UPDATE audit SET target = 'x' WHERE number = 12", (12, "altered")),
    "altered details": ("UPDATE audit SET details = '{\"n\": 99}' WHERE number = 7", (7, "altered")),
    "a detail's type": ('UPDATE audit SET details = \'{"n": "6"}\' WHERE number = 7', (7, "altered")),
    "altered hash": (f"UPDATE audit SET hash = '{'0' * 64}' WHERE number = 4", (4, "altered")),
    "deleted in between": ("DELETE FROM audit WHERE number = 6", (6, "deleted")),
    "several deleted": ("DELETE FROM audit WHERE number IN (3, 4, 9)", (3, "deleted")),
    "the first deleted": ("DELETE FROM audit WHERE number = 1", (1, "deleted")),
    "all deleted": ("DELETE FROM audit", (1, "truncated")),
    "cut behind the anchor": ("DELETE FROM audit WHERE number > 9", (10, "truncated")),
    "closed up": (
        "DELETE FROM audit WHERE number = 6; UPDATE audit SET number = number - 1 WHERE number > 6",
        (6, "altered"),
    ),
    "moved": ("UPDATE audit SET number = CASE number WHEN 4 THEN 8 ELSE 4 END WHERE number IN (4, 8)", (4, "altered")),
    "inserted": (
        "INSERT INTO audit (tenant_id, number, actor, action, target, details, at, previous, hash)"
        " SELECT tenant_id, 13, actor, action, target, details, at, hash, hash FROM audit WHERE number = 12",
        (13, "altered"),
    ),
    "written twice": (
        "INSERT INTO audit (tenant_id, number, actor, action, target, details, at, previous, hash)"
        " SELECT tenant_id, number, actor, action, target, details, at, previous, hash FROM audit WHERE number = 5",
        (5, "inserted"),
    ),
    "a tombstone of one's own": (
        "DELETE FROM audit WHERE number < 4;"
        "UPDATE audit SET action = 'audit.prune', details = '{\"through\": 3}' WHERE number = 4",
        (4, "altered"),
    ),
}


@pytest.mark.parametrize("case", TAMPERED)
async def test_whoever_has_the_database_and_no_key_is_found_out(world: World, case: str) -> None:
    await world.act(ROWS)
    await world.anchors.append()
    assert (await world.verify()).whole
    statements, (number, code) = TAMPERED[case]
    await world.tamper(*statements.split(";"))
    fault = (await world.verify()).fault
    assert fault is not None
    assert (fault.number, fault.code) == (number, code), fault


async def test_a_chain_forged_with_another_key_is_found_out(world: World) -> None:
    await world.act(3)
    await world.anchors.append()
    await world.tamper("DELETE FROM audit")
    stranger = Trail(Keyring(b"x" * 32))
    forged, world.database.trail = world.database.trail, stranger
    await world.act(3)
    world.database.trail = forged
    fault = (await world.verify()).fault
    assert fault is not None and (fault.number, fault.code) == (1, "altered")


async def test_a_chain_that_was_written_anew_with_the_key_is_not_the_anchored_one(world: World) -> None:
    """As after restoring an old backup: everything is genuine, and yet not what was there."""
    await world.act(5)
    await world.anchors.append()
    await world.tamper("DELETE FROM audit WHERE number > 3")
    await world.act(4)
    fault = (await world.verify()).fault
    assert fault is not None and (fault.number, fault.code) == (5, "rewritten")


async def test_what_no_reader_can_read_is_named(world: World) -> None:
    await world.act(ROWS)
    if not world.database.is_sqlite:
        return  # JSONB takes nothing else
    await world.tamper("UPDATE audit SET details = '{' WHERE number = 8")
    fault = (await world.verify()).fault
    assert fault is not None and (fault.number, fault.code) == (8, "altered")


@pytest.mark.parametrize("seed", range(3))
async def test_any_one_changed_character_of_a_row_is_found(world: World, seed: int) -> None:
    draw = random.Random(seed)
    await world.act(ROWS)
    columns = ("actor", "action", "target", "previous", "hash")
    column, number = draw.choice(columns), draw.randint(1, ROWS)
    await world.tamper(
        f"UPDATE audit SET {column} = replace({column}, substr({column}, 1, 1), '~') WHERE number = {number}"
    )
    fault = (await world.verify()).fault
    assert fault is not None and fault.number == number, (column, number, fault)


async def test_one_tenants_chain_says_nothing_about_anothers(world: World, database: Database) -> None:
    other = await new_tenant(database, "b")
    await world.act(3)
    await world.act(3, tenant=other)
    await world.tamper(f"DELETE FROM audit WHERE number = 2 AND tenant_id = '{other}'")
    assert (await world.verify()).whole
    assert [verdict.whole for verdict in await world.book.verify_all()] == [True, False]


async def test_anchors_are_appended_where_chains_grew(world: World) -> None:
    assert await world.anchors.append() == 0
    await world.act(2)
    assert (await world.anchors.append(), await world.anchors.append()) == (1, 0)
    await world.act()
    assert await world.anchors.append() == 1
    lines = [json.loads(line) for line in world.file.read_text().splitlines()]
    assert [(line["tenant"], line["rows"]) for line in lines] == [(world.tenant, 2), (world.tenant, 3)]
    assert world.file.stat().st_mode & 0o777 == 0o600
    assert (await world.verify()).anchors == 2


async def test_anchors_that_somebody_else_wrote_are_told(world: World) -> None:
    await world.act(2)
    await world.anchors.append()
    [line] = world.file.read_text().splitlines()
    forged = json.dumps({**json.loads(line), "rows": 1})
    world.file.write_text(f"{line}\n{forged}\nno JSON\n[]\n")
    assert world.book.forged_anchors() == (2, 3, 4)
    assert (await world.verify()).whole


async def test_anchors_are_appended_at_intervals(world: World) -> None:
    await world.act()
    often = Anchors(world.database, KEYRING, file=world.file, every_s=0.02)
    async with often.running():
        await _until(lambda: _lines(world.file, 1))
        await world.act()
        await _until(lambda: _lines(world.file, 2))


async def test_a_file_that_cannot_be_written_ends_nothing(world: World, tmp_path: Path) -> None:
    await world.act()
    nowhere = Anchors(world.database, KEYRING, file=tmp_path)  # a folder
    await nowhere.try_append()
    assert tmp_path.is_dir()


async def _lines(file: Path, count: int) -> bool:
    return file.exists() and len(file.read_text().splitlines()) >= count


async def _until(true: Callable[[], Awaitable[bool]]) -> None:
    async with asyncio.timeout(60):
        while not await true():
            await asyncio.sleep(0.01)


async def test_texts_are_scrubbed_before_they_are_chained(database_url: str, world: World) -> None:
    scrubbing = Database(
        database_url, trail=Trail(KEYRING, scrub=lambda told: told.replace("ann@example.com", "<EMAIL>"))
    )
    async with scrubbing.write(Crossing.UPKEEP) as session:
        record(
            session,
            world.tenant,
            actor="k",
            action="test.act",
            note=["from ann@example.com"],
            deep={"x": "ann@example.com"},
        )
    [row] = await world.rows()
    assert row.details == {"note": ["from <EMAIL>"], "deep": {"x": "<EMAIL>"}}
    assert (await world.verify()).whole
    await scrubbing.aclose()


SCALARS = (
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=20)
)
JSON = SCALARS | st.lists(SCALARS, max_size=3) | st.dictionaries(st.text(max_size=8), SCALARS, max_size=3)


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    details=st.dictionaries(st.text("abc", min_size=1, max_size=5), JSON, max_size=3),
    target=st.text("äb€😀'", max_size=9),
)
async def test_whatever_is_recorded_verifies_when_it_is_read_again(
    world: World, details: dict[str, object], target: str
) -> None:
    async with world.database.write(Crossing.UPKEEP) as session:
        record(session, world.tenant, actor="k", action="test.act", target=target, said=details)
    assert (await world.verify()).whole


async def test_rows_from_before_the_chain_become_its_beginning(database: Database, tmp_path: Path) -> None:
    tenant = await new_tenant(database, "a")
    await downgrade(database, revision="0003")
    async with as_administrator(database) as connection:
        for number in range(3):
            statement = "INSERT INTO audit (tenant_id, actor, action, target, details, at) VALUES (:t, 'k', 'old.act', :n, :d, :at)"
            at = (now() - timedelta(days=number)).isoformat(sep=" ", timespec="microseconds").removesuffix("+00:00")
            values = {"t": tenant, "n": str(number), "d": '{"rate": 0.25}', "at": at}
            await connection.execute(text(_typed(statement, database)), values)
    await migrate(database)
    book = AuditBook(database, trail(), Anchors(database, KEYRING, file=tmp_path / "anchors"))
    found = await book.verify(tenant)
    assert (found.whole, found.rows) == (True, 3), found


def _typed(statement: str, database: Database) -> str:
    if database.is_sqlite:
        return statement
    return statement.replace(":d", "CAST(:d AS jsonb)").replace(":at)", "CAST(:at || '+00' AS timestamptz))")


async def test_pages_go_back_from_the_newest(world: World) -> None:
    await world.act(5)
    first = await world.book.page(world.tenant, limit=2)
    second = await world.book.page(world.tenant, before=first[-1].number, limit=2)
    assert [act.number for act in first + second] == [5, 4, 3, 2]
    assert await world.book.page(world.tenant, action="other.act") == []
    assert [act.number async for act in world.book.export(world.tenant)] == [1, 2, 3, 4, 5]


def test_nothing_but_the_writer_makes_rows_of_the_audit() -> None:
    root = Path(__file__).parents[2]
    packages = ("core", "ingest", "retrieval", "guardrails", "answers", "api", "bots", "evals", "cli")
    makers = [
        str(file.relative_to(root))
        for package in packages
        for file in (root / package).rglob("*.py")
        if "AuditRow(" in file.read_text("utf-8").replace("class AuditRow(", "")
    ]
    assert sorted(makers) == ["core/audit.py", "core/migrations/versions/0006_governance.py"]


async def test_retention_deletes_the_beginning_and_leaves_a_tombstone(world: World) -> None:
    await world.act(4)
    await world.anchors.append()
    boundary = now()
    await world.act(3)
    assert await prune(world.database, world.tenant, before=boundary) == 4
    rows = await world.rows()
    assert [(row.number, row.action) for row in rows][-1] == (8, PRUNE)
    assert [row.number for row in rows] == [5, 6, 7, 8]
    found = await world.verify()
    assert (found.whole, found.first, found.rows) == (True, 5, 4), found
    await world.act(2)
    assert (
        await prune(world.database, world.tenant, before=now()) == 6
    )  # the first tombstone goes, its rows' is no more needed
    assert (await world.verify()).whole
    assert await prune(world.database, world.tenant, before=now()) == 0
    assert (await world.verify()).whole


async def test_what_retention_deleted_covers_nothing_else(world: World) -> None:
    await world.act(4)
    boundary = now()
    await world.act(4)
    await prune(world.database, world.tenant, before=boundary)
    with pytest.raises(DBAPIError, match="audit rows are"):
        async with as_administrator(world.database) as connection:
            await connection.execute(text("DELETE FROM audit WHERE number = 5"))
    await world.tamper("DELETE FROM audit WHERE number = 5")
    fault = (await world.verify()).fault
    assert fault is not None and (fault.number, fault.code) == (1, "deleted")


async def test_retention_that_was_cut_short_is_finished_by_the_next(world: World) -> None:
    await world.act(3)
    rows = await world.rows()
    async with world.database.write(Crossing.UPKEEP) as session:  # and here it died
        record(session, world.tenant, actor=OPERATOR, action=PRUNE, through=2, hash=rows[1].hash)
    assert (await world.verify()).whole
    assert await prune(world.database, world.tenant, before=now() - timedelta(days=1)) == 2
    found = await world.verify()
    assert (found.whole, found.first) == (True, 3)
