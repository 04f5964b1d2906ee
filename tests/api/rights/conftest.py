from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from rights_world import RightsWorld

from core.database import Database
from retrieval.edge import EdgeIndex
from tests.ingest.ingest_world import FaultyIndex, World


@pytest.fixture
async def rights(database: Database, tmp_path: Path, quick_folder: Path) -> AsyncIterator[RightsWorld]:
    index = EdgeIndex(quick_folder / "index", min_free_bytes=0)
    world = await World(database, tmp_path / "files", FaultyIndex(index)).begin()
    rights = RightsWorld(world, tmp_path / "home")
    yield await rights.begin()
    await rights.aclose()
    await index.close()
