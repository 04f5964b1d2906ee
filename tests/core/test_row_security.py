"""Row-level security on a real PostgreSQL, as the role that the service runs as."""

from __future__ import annotations

import ast
from collections.abc import AsyncIterator, Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import Table, delete, func, select, text, update
from sqlalchemy.exc import DBAPIError

from core.crossings import NO_TENANT, OPENS, Crossing
from core.database import Database
from core.domain import Audience, DocumentStatus
from core.migrate import downgrade, migrate
from core.models import (
    APIKey,
    AuditRow,
    Base,
    Conversation,
    Corpus,
    CorpusGrant,
    Document,
    Job,
    Membership,
    Original,
    PassageRow,
    Revision,
    Tenant,
    now,
)
from core.row_security import SHARED, policies, standing, tenant_column, tenant_tables
from tests.fakes import trail
from tests.servers.postgres import OWNER, SERVICE, PostgresServer
from tests.tenant_rows import fill

ROOT = Path(__file__).parents[2]
TABLES = {table.name: table for table in tenant_tables()}


@pytest.fixture
def addresses(postgres: PostgresServer) -> Iterator[tuple[str, str]]:
    """Of one database: as its owner, and as the service."""
    name, owner = postgres.create_fresh()
    yield owner, postgres.address(name, SERVICE)
    postgres.drop(name)


@pytest.fixture
async def owner(addresses: tuple[str, str]) -> AsyncIterator[Database]:
    database = Database(addresses[0], trail=trail())
    yield database
    await database.aclose()


@pytest.fixture
async def service(addresses: tuple[str, str]) -> AsyncIterator[Database]:
    """Of one connection, so that each session gets the one that the last left."""
    database = Database(addresses[1], pool_size=1, trail=trail())
    yield database
    await database.aclose()


@pytest.fixture
async def tenants(owner: Database) -> tuple[str, str]:
    """Two, each with a row in every table."""
    one, other = [await fill(owner, slug) for slug in ("one", "other")]
    return one, other


async def seen(database: Database, whose: str | Crossing, table: Table) -> set[str]:
    """The tenants whose rows an unfiltered statement returns."""
    column = table.c[str(tenant_column(table))]
    async with database.read(whose) as session:
        return set((await session.execute(select(column).select_from(table))).scalars())


async def test_every_table_that_holds_tenants_rows_is_protected(owner: Database) -> None:
    holding = {name for name, table in Base.metadata.tables.items() if "tenant_id" in table.columns} | {"tenants"}
    own = {policy.table for policy in policies(OWNER) if policy.name == "own"}
    assert own == holding
    async with owner.engine.connect() as connection:
        with_column = "SELECT table_name FROM information_schema.columns WHERE column_name = 'tenant_id'"
        in_schema = f"{with_column} AND table_schema = current_schema()"
        assert set((await connection.execute(text(in_schema))).scalars()) | {"tenants"} == holding
        forced = "SELECT relname FROM pg_class WHERE relrowsecurity AND relforcerowsecurity"
        assert set((await connection.execute(text(forced))).scalars()) == holding
        made = "SELECT tablename, policyname FROM pg_policies"
        found = {(row[0], row[1]) for row in await connection.execute(text(made))}
    assert found == {(policy.table, policy.name) for policy in policies(OWNER)}


async def test_a_tenants_session_sees_its_own_rows_alone_without_any_filter(
    service: Database, tenants: tuple[str, str]
) -> None:
    for name, table in TABLES.items():
        for tenant in tenants:
            assert await seen(service, tenant, table) == {tenant}, name
        for nobody in (NO_TENANT, "x' OR true --"):
            assert await seen(service, nobody, table) == set(), name


async def test_a_tenants_session_changes_and_deletes_nothing_of_another(
    owner: Database, service: Database, tenants: tuple[str, str]
) -> None:
    one, other = tenants
    for name, table in TABLES.items():
        if name == "audit":
            continue  # nobody may: see below
        column = table.c[str(tenant_column(table))]
        async with service.write(one) as session:
            changed = await session.execute(update(table).where(column == other).values({column.name: other}))
            deleted = await session.execute(delete(table).where(column == other))
            assert (changed.rowcount, deleted.rowcount) == (0, 0), name  # type: ignore[attr-defined]
        assert other in await seen(owner, Crossing.UPKEEP, table), name


async def test_a_row_is_neither_written_for_another_tenant_nor_given_to_one(
    service: Database, tenants: tuple[str, str]
) -> None:
    one, other = tenants
    with pytest.raises(DBAPIError, match="row-level security"):
        async with service.write(one) as session:
            session.add(Corpus(tenant_id=other, name="planted"))
    with pytest.raises(DBAPIError, match="row-level security"):
        async with service.write(one) as session:
            await session.execute(update(Corpus).values(tenant_id=other))


async def test_a_pooled_connection_remembers_nobody(service: Database, tenants: tuple[str, str]) -> None:
    assert await seen(service, tenants[0], Corpus.__table__) == {tenants[0]}  # type: ignore[arg-type]
    with pytest.raises(RuntimeError):
        async with service.write(tenants[0]):
            raise RuntimeError("half-way")
    async with service.engine.connect() as connection:
        assert await connection.scalar(select(func.count()).select_from(Corpus)) == 0


async def test_a_session_keeps_its_tenant_after_a_rollback(service: Database, tenants: tuple[str, str]) -> None:
    async with service.read(tenants[0]) as session:
        await session.rollback()
        assert set(await session.scalars(select(Corpus.tenant_id))) == {tenants[0]}


async def test_a_crossing_opens_the_tables_that_it_names_and_no_others(
    service: Database, tenants: tuple[str, str]
) -> None:
    for crossing, opened in OPENS.items():
        for name, table in TABLES.items():
            assert await seen(service, crossing, table) == (set(tenants) if name in opened else set()), (crossing, name)


async def test_a_crossing_that_reads_writes_nothing(service: Database, tenants: tuple[str, str]) -> None:
    async with service.write(Crossing.CREDENTIALS) as session:
        changed = await session.execute(update(APIKey).values(revoked_at=None))
    assert changed.rowcount == 0  # type: ignore[attr-defined]
    async with service.write(Crossing.JOBS) as session:
        changed = await session.execute(update(Job).values(status="failed"))
    assert changed.rowcount == 2  # type: ignore[attr-defined]


async def test_crossings_are_counted(service: Database) -> None:
    for _ in range(2):
        await seen(service, Crossing.DIRECTORY, Tenant.__table__)  # type: ignore[arg-type]
    await seen(service, "one", Tenant.__table__)  # type: ignore[arg-type]
    assert service.crossings == {Crossing.DIRECTORY: 2}


def test_upkeep_is_named_by_the_migration_alone_and_each_other_crossing_is_used() -> None:
    """A new crossing, and a new place that uses one, is a decision: it shows up here."""
    used: dict[str, set[str]] = {}
    for package in ("answers", "api", "bots", "cli", "core", "evals", "guardrails", "ingest", "retrieval"):
        for file in sorted((ROOT / package).rglob("*.py")):
            for node in ast.walk(ast.parse(file.read_text("utf-8"))):
                if isinstance(node, ast.Attribute) and ast.unparse(node.value) == "Crossing":
                    used.setdefault(node.attr, set()).add(str(file.relative_to(ROOT)))
    declared = {"core/crossings.py", "core/row_security.py"}
    assert {name: files - declared for name, files in used.items()} == {
        "ANCHORS": {"core/audit_anchors.py", "core/audit_book.py", "core/data_keys.py"},
        "CITED_RELEASES": {"ingest/garbage.py"},
        "CREDENTIALS": {
            "api/people/accounts.py",
            "api/people/sessions.py",
            "api/widget/registry.py",
            "api/widget/visits.py",
            "bots/slack/codes.py",
            "bots/slack/installs.py",
            "bots/slack/shares.py",
            "core/auth.py",
        },
        "DIRECTORY": {"core/grants.py", "core/retention_schedule.py", "core/tenancy.py"},
        "EVENTS": {"bots/slack/events.py"},
        "JOBS": {"core/jobs.py"},
        "KEYS": {"core/data_keys.py"},
        "METERING": {"core/metering.py"},
        "SCHEDULE": {"core/retention_schedule.py", "ingest/schedule.py"},
        "UPKEEP": {"core/migrate.py"},
    }


async def test_the_service_cannot_lift_what_confines_it(service: Database, tenants: tuple[str, str]) -> None:
    assert await seen(service, Crossing.UPKEEP, Corpus.__table__) == set()  # type: ignore[arg-type]
    for statement in (
        "ALTER TABLE corpora DISABLE ROW LEVEL SECURITY",
        "ALTER TABLE corpora NO FORCE ROW LEVEL SECURITY",
        "DROP POLICY own ON corpora",
        "CREATE POLICY mine ON corpora USING (true)",
        "ALTER TABLE audit DISABLE TRIGGER USER",
        "TRUNCATE corpora CASCADE",
        "UPDATE alembic_version SET version_num = '0000'",
        "UPDATE audit SET actor = 'x'",
        f"SET ROLE {OWNER}",
    ):
        with pytest.raises(DBAPIError, match=r"must be owner|permission denied"):
            async with service.write(tenants[0]) as session:
                await session.execute(text(statement))


class Shared:
    """A vendor's document that a partner reads by a grant."""

    def __init__(self, owner: Database, service: Database, vendor: str, partner: str) -> None:
        self._owner, self._service, self._vendor, self.partner = owner, service, vendor, partner

    async def grant(self, *, days: int | None = None) -> None:
        async with self._owner.write(self._vendor) as session:
            corpus_id = await session.scalar(select(Corpus.id))
            ends = None if days is None else now() + timedelta(days=days)
            session.add(
                CorpusGrant(
                    tenant_id=self._vendor,
                    corpus_id=corpus_id,
                    grantee_id=self.partner,
                    expires_at=ends,
                    created_by="k",
                )
            )

    async def change(self, **values: object) -> None:
        async with self._owner.write(self._vendor) as session:
            await session.execute(update(Document).values(**values))

    async def read(self) -> set[str]:
        """The tables of which the partner sees rows of the vendor."""
        tables = [table for table in TABLES.values() if table.name != "corpus_grants"]
        return {t.name for t in tables if self._vendor in await seen(self._service, self.partner, t)}


@pytest.fixture
async def shared(owner: Database, service: Database, tenants: tuple[str, str]) -> Shared:
    found = Shared(owner, service, *tenants)
    async with owner.write(Crossing.UPKEEP) as session:
        await session.execute(delete(CorpusGrant))
    await found.change(audience=Audience.PARTNER, customer=None, status=DocumentStatus.PUBLISHED)
    return found


TEXT = {"documents", "memberships", "passages", "revisions"}
NAMES = {"corpora", "tenants"}


async def test_a_grantee_reads_the_shared_documents_in_place_and_nothing_else(shared: Shared) -> None:
    assert await shared.read() == set()
    await shared.grant(days=1)
    assert await shared.read() == TEXT | NAMES == set(SHARED) - {"corpus_grants"}


@pytest.mark.parametrize(
    "change",
    [{"audience": Audience.AGENT}, {"customer": "Northgate"}, {"status": DocumentStatus.WITHDRAWN}],
    ids=["for agents", "a customer's", "withdrawn"],
)
async def test_a_grant_does_not_show_what_the_owner_keeps(shared: Shared, change: dict[str, str]) -> None:
    await shared.grant()
    await shared.change(**change)
    assert await shared.read() == NAMES


async def test_an_expired_grant_shows_names_alone(shared: Shared) -> None:
    await shared.grant(days=-1)
    assert await shared.read() == NAMES


async def test_a_grantee_writes_nothing_of_the_owners(shared: Shared, service: Database) -> None:
    await shared.grant()
    for model in (Corpus, Document, Revision, PassageRow, Membership, CorpusGrant, Tenant):
        column = model.id if model is Tenant else model.tenant_id
        async with service.write(shared.partner) as session:
            changed = await session.execute(
                update(model).where(column != shared.partner).values({column.key: shared.partner})
            )
            gone = await session.execute(delete(model).where(column != shared.partner))
            assert (changed.rowcount, gone.rowcount) == (0, 0)  # type: ignore[attr-defined]


async def test_originals_and_conversations_are_never_shared(shared: Shared, service: Database) -> None:
    await shared.grant()
    for model in (Original, Conversation, AuditRow):
        assert await seen(service, shared.partner, model.__table__) == {shared.partner}  # type: ignore[arg-type]


async def test_who_could_see_or_switch_off_too_much_is_told(
    addresses: tuple[str, str], owner: Database, service: Database
) -> None:
    found = await standing(service)
    assert found is not None and found.fault is None
    assert (found.role, found.unprotected) == (SERVICE, ())
    as_owner = await standing(owner)
    assert as_owner is not None and as_owner.fault is not None and "tables' owner" in as_owner.fault
    everything = Database(addresses[0].replace(f"//{OWNER}@", "//postgres@"))
    as_superuser = await standing(everything)
    await everything.aclose()
    assert as_superuser is not None and as_superuser.fault is not None and "does not apply" in as_superuser.fault


async def test_a_table_that_lost_its_protection_is_told_and_mended_by_migrate(
    owner: Database, service: Database, tenants: tuple[str, str]
) -> None:
    async with owner.engine.begin() as connection:
        await connection.execute(text("ALTER TABLE answers NO FORCE ROW LEVEL SECURITY"))
        await connection.execute(text("DROP POLICY own ON jobs"))
    found = await standing(service)
    assert found is not None and found.unprotected == ("answers",)
    assert "answers lack row-level security" in str(found.fault)
    await migrate(owner, service_role=SERVICE)
    found = await standing(service)
    assert found is not None and found.fault is None
    assert await seen(service, tenants[0], Job.__table__) == {tenants[0]}  # type: ignore[arg-type]


async def test_a_migration_below_takes_it_away_and_above_brings_it_back(owner: Database, service: Database) -> None:
    await downgrade(owner, revision="0008")
    async with owner.engine.connect() as connection:
        assert not (await connection.execute(text("SELECT 1 FROM pg_policies"))).all()
        assert not (await connection.execute(text("SELECT 1 FROM pg_class WHERE relrowsecurity"))).all()
    await migrate(owner, service_role=SERVICE)
    found = await standing(service)
    assert found is not None and found.fault is None
