from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from ingest_world import FaultyIndex, World

from core.database import Database
from retrieval.edge import EdgeIndex


@pytest.fixture
async def world(database: Database, tmp_path: Path, quick_folder: Path) -> AsyncIterator[World]:
    index = EdgeIndex(quick_folder / "index", min_free_bytes=0)
    yield await World(database, tmp_path / "files", FaultyIndex(index)).begin()
    await index.close()
