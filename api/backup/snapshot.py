"""The database's part of a backup: as it was at one moment, while others go on writing."""

from __future__ import annotations

import os
import shutil
import sqlite3
import subprocess
from pathlib import Path

from pydantic import SecretStr
from sqlalchemy.engine import URL, make_url

from core.errors import ConfigurationError, UnavailableError
from core.settings import Settings

_LIMIT_S = 6 * 3600


def sqlite_snapshot(database: Path, target: Path) -> None:
    """In one step of SQLite's backup API: readers and writers go on meanwhile, and what they write from its begin on is not in
    it. (In several steps it would begin anew whenever somebody writes.) Blocking."""
    source, copy = sqlite3.connect(database), sqlite3.connect(target)
    try:
        source.backup(copy)
        copy.execute("PRAGMA journal_mode=DELETE")  # one file, without a log beside it
        [(found,)] = copy.execute("PRAGMA quick_check(1)").fetchall()
    except sqlite3.Error as error:
        raise UnavailableError(f"the database could not be copied ({error})", code="database_unavailable") from error
    finally:
        copy.close()
        source.close()
    if found != "ok":
        raise UnavailableError("the database's file is damaged; restore it from a backup", code="database_damaged")


def postgres_snapshot(settings: Settings, target: Path) -> None:
    """`pg_dump` in its own format, in one transaction. Raises `ConfigurationError` (`pg_tools_missing`)."""
    _run(
        "pg_dump",
        _address(settings, settings.database.backup_url, settings.database.owner_url),
        "--format=custom",
        "--no-owner",
        "--no-acl",
        f"--file={target}",
    )


def postgres_restore(settings: Settings, dump: Path) -> None:
    """Into an empty database: all of it, or nothing. As the tables' owner, whom they belong to from then on: never as the role
    that may dump, which row-level security does not bind."""
    address = _address(settings, settings.database.owner_url)
    options = ("--no-owner", "--no-acl", "--single-transaction", "--exit-on-error")
    _run("pg_restore", address, *options, f"--dbname={_shown(address)}", str(dump), named=False)


def _address(settings: Settings, *preferred: SecretStr | None) -> URL:
    given = next((url for url in preferred if url), None)
    return make_url(given.get_secret_value() if given else settings.database_url)


def _shown(address: URL) -> str:
    """As libpq reads it, without the password: other users see a process' arguments."""
    shown = URL.create(
        "postgresql", address.username, None, address.host, address.port, address.database, address.query
    )
    return shown.render_as_string()


def _run(tool: str, address: URL, *options: str, named: bool = True) -> None:
    program = shutil.which(tool)
    if program is None:
        raise ConfigurationError(
            f"{tool} is not installed: install PostgreSQL's client programs of the server's version, or back the database "
            "up with your platform's own tools (docs/operations.md, 'Backup and restore')",
            code="pg_tools_missing",
        )
    environment = {**os.environ, "PGPASSWORD": address.password or ""}
    arguments = [program, *options, *([_shown(address)] if named else [])]
    done = subprocess.run(arguments, env=environment, capture_output=True, timeout=_LIMIT_S, check=False)  # noqa: S603
    if done.returncode:
        told = [line for line in done.stderr.decode("utf-8", "replace").splitlines() if "error:" in line]
        raise UnavailableError(f"{tool} failed: {told[0] if told else done.returncode}", code="database_unavailable")
