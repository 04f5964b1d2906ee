"""PostgreSQL's row-level security: which rows a transaction may see and write, whatever its statements ask for.

`migrate` brings it to this code's state after each upgrade, so that a table that a later migration adds is covered too, and hands
the service's own role what it needs and no more. SQLite has no such thing; `enforce` does nothing there.

- A tenant's transaction sees and writes the tenant's rows.
- It may read what other tenants share with it by a grant that holds now: the corpus, its documents up to `GRANTED_AUDIENCE` without
  a customer's, and what belongs to those; never the original files, never a conversation. It writes nothing of theirs.
- A crossing (`core.crossings`) opens the tables that it names, and no others.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from sqlalchemy import Connection, Table, text

from core.crossings import OPENS, Access, Crossing
from core.database import CROSSING_SETTING, TENANT_SETTING, Database
from core.models import Base

_TENANT = f"(SELECT current_setting('{TENANT_SETTING}', true))"
_CROSSING = f"(SELECT current_setting('{CROSSING_SETTING}', true))"
# In a sub-select each is asked for once a statement, not once a row.

_GRANTED = f"SELECT corpus_id FROM corpus_grants WHERE grantee_id = {_TENANT}"  # noqa: S608 - of constants
_OWNERS = f"SELECT tenant_id FROM corpus_grants WHERE grantee_id = {_TENANT}"  # noqa: S608
_GRANTEES = f"SELECT grantee_id FROM corpus_grants WHERE tenant_id = {_TENANT}"  # noqa: S608

SHARED = {
    "tenants": f"id IN ({_OWNERS} UNION {_GRANTEES})",
    "corpus_grants": f"grantee_id = {_TENANT}",
    "corpora": f"id IN ({_GRANTED})",
    "documents": (
        "audience IN ('public', 'partner') AND customer IS NULL AND status <> 'withdrawn'"
        f" AND corpus_id IN ({_GRANTED} AND (expires_at IS NULL OR expires_at > now()))"
    ),
    "revisions": "EXISTS (SELECT FROM documents d WHERE d.id = document_id AND d.tenant_id = revisions.tenant_id)",
    "memberships": "EXISTS (SELECT FROM revisions r WHERE r.id = revision_id AND r.tenant_id = memberships.tenant_id)",
    "passages": "EXISTS (SELECT FROM revisions r WHERE r.id = revision_id AND r.tenant_id = passages.tenant_id)",
}
"""What of other tenants' rows a grantee may read. The sub-selects are themselves under these policies: a revision is shown where
its document is. A corpus' name stays readable while an expired grant is listed."""


@dataclass(frozen=True, slots=True)
class Policy:
    """`role` is who it is for; None: everybody."""

    table: str
    name: str
    access: Access
    rows: str
    role: str | None = None

    @property
    def statement(self) -> str:
        to = f'"{self.role}"' if self.role else "PUBLIC"
        return f"CREATE POLICY {self.name} ON {self.table} FOR {self.access} TO {to} USING ({self.rows})"


@dataclass(frozen=True, slots=True)
class Standing:
    """Of the role that a database is used as. `unprotected` are tables that hold tenants' rows without row-level security."""

    role: str
    owns: bool
    bypasses: bool
    unprotected: tuple[str, ...]

    @property
    def fault(self) -> str | None:
        """What is wrong and what to do; None where row-level security holds and cannot be switched off by the service."""
        if self.unprotected:
            return f"{', '.join(self.unprotected)} lack row-level security: run 'partner-copilot migrate' as the tables' owner"
        if self.bypasses:
            return f"the service runs as '{self.role}', to whom row-level security does not apply; {_REMEDY}"
        if self.owns:
            return f"the service runs as '{self.role}', the tables' owner, who could switch row-level security off; {_REMEDY}"
        return None


_REMEDY = "give it a role of its own (docs/operations.md, 'PostgreSQL roles')"


def tenant_tables() -> list[Table]:
    """Every table that holds tenants' rows."""
    return [table for table in Base.metadata.sorted_tables if tenant_column(table)]


def tenant_column(table: Table) -> str | None:
    """The column that says whose a row is; None where it is nobody's."""
    if table.name == "tenants":
        return "id"
    return "tenant_id" if "tenant_id" in table.columns else None


def policies(owner: str) -> Iterator[Policy]:
    """All of them. Permissive ones, which PostgreSQL joins with OR; `owner` alone may change every tenant's rows."""
    for table in tenant_tables():
        for crossing, opened in OPENS.items():
            if access := opened.get(table.name):
                yield Policy(table.name, f"crossing_{crossing}", access, f"{_CROSSING} = '{crossing}'")
        yield Policy(table.name, "own", Access.WRITE, f"{tenant_column(table)} = {_TENANT}")
        if rows := SHARED.get(table.name):
            yield Policy(table.name, "shared", Access.READ, rows)
        yield Policy(table.name, "upkeep", Access.WRITE, f"{_CROSSING} = '{Crossing.UPKEEP}'", owner)


def enforce(connection: Connection, *, service_role: str | None = None) -> None:
    """Switch it on for every tenant's table, with exactly these policies; `service_role` may then use the tables.

    To be run as the tables' owner, in the transaction of the migration.
    """
    if connection.dialect.name != "postgresql":
        return
    owner = str(connection.scalar(text("SELECT current_user")))
    _drop(connection)
    for table in tenant_tables():
        for clause in ("ENABLE", "FORCE"):
            connection.execute(text(f"ALTER TABLE {table.name} {clause} ROW LEVEL SECURITY"))
    for policy in policies(owner):
        connection.execute(text(policy.statement))
    if service_role is not None and service_role != owner:
        _admit(connection, service_role)


async def standing(database: Database) -> Standing | None:
    """None on SQLite."""
    if database.is_sqlite:
        return None
    wanted = [table.name for table in tenant_tables()]
    async with database.engine.connect() as connection:
        role, owns, bypasses = (await connection.execute(text(_ROLE))).one()
        protected = set((await connection.scalars(text(_PROTECTED))).all())
    return Standing(role, owns, bypasses, tuple(name for name in wanted if name not in protected))


_ROLE = """SELECT current_user, EXISTS (SELECT FROM pg_class c WHERE c.relnamespace = current_schema()::regnamespace
    AND c.relkind = 'r' AND pg_has_role(c.relowner, 'MEMBER')),
    rolsuper OR rolbypassrls FROM pg_roles WHERE rolname = current_user"""

_PROTECTED = """SELECT relname FROM pg_class WHERE relnamespace = current_schema()::regnamespace
    AND relkind = 'r' AND relrowsecurity AND relforcerowsecurity"""

_POLICIES = "SELECT tablename, policyname FROM pg_policies WHERE schemaname = current_schema()"


def _drop(connection: Connection) -> None:
    for table, name in connection.execute(text(_POLICIES)).all():
        connection.execute(text(f'DROP POLICY "{name}" ON "{table}"'))


def _admit(connection: Connection, role: str) -> None:
    """Rows, never the schema; of the audit not even a change of a row."""
    quoted = connection.dialect.identifier_preparer.quote_identifier(role)
    schema = connection.dialect.identifier_preparer.quote_identifier(
        str(connection.scalar(text("SELECT current_schema()")))
    )
    for statement in (
        f"GRANT USAGE ON SCHEMA {schema} TO {quoted}",
        f"GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA {schema} TO {quoted}",
        f"GRANT USAGE ON ALL SEQUENCES IN SCHEMA {schema} TO {quoted}",
        f"REVOKE INSERT, UPDATE, DELETE ON alembic_version FROM {quoted}",
        f"REVOKE UPDATE ON audit FROM {quoted}",
    ):
        connection.execute(text(statement))
