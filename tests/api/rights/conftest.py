from __future__ import annotations

import shutil
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
from rights_world import RightsWorld

from core.database import Database
from retrieval.edge import EdgeIndex
from tests.ingest.ingest_world import FaultyIndex, World
from tests.servers.postgres import PostgresServer


@pytest.fixture
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """SQLite, where files can be swept; PostgreSQL for those that are marked with it: the statements are the same."""
    if request.node.get_closest_marker("parametrize") and "postgresql" in request.node.name:
        server: PostgresServer = request.getfixturevalue("postgres")
        name, url = server.create_fresh()
        yield url
        server.drop(name)
        return
    file = tmp_path / "copilot.db"
    shutil.copyfile(request.getfixturevalue("sqlite_template"), file)
    yield f"sqlite+aiosqlite:///{file}"


@pytest.fixture
async def rights(database: Database, tmp_path: Path, quick_folder: Path) -> AsyncIterator[RightsWorld]:
    index = EdgeIndex(quick_folder / "index", min_free_bytes=0)
    world = await World(database, tmp_path / "files", FaultyIndex(index)).begin()
    rights = RightsWorld(world, tmp_path / "home")
    yield await rights.begin()
    await rights.aclose()
    await index.close()
