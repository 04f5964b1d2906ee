"""A world of people: over SQLite, and over each kind of database where that makes a difference."""

from __future__ import annotations

import shutil
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from people_world import PeopleWorld

from core.database import Database
from tests.fakes import trail


@pytest.fixture
async def lite(sqlite_template: Path, tmp_path: Path) -> AsyncIterator[Database]:
    shutil.copyfile(sqlite_template, tmp_path / "copilot.db")
    database = Database(f"sqlite+aiosqlite:///{tmp_path / 'copilot.db'}", trail=trail())
    yield database
    await database.aclose()


@pytest.fixture
async def world(lite: Database, tmp_path: Path) -> PeopleWorld:
    return await PeopleWorld(lite, tmp_path).begin()


@pytest.fixture
async def any_world(database: Database, tmp_path: Path) -> PeopleWorld:
    return await PeopleWorld(database, tmp_path).begin()
