from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from core.database import Database
from core.migrate import migrate
from tests.fakes import trail


@pytest.fixture
async def database(tmp_path: Path) -> AsyncIterator[Database]:
    database = Database(f"sqlite+aiosqlite:///{tmp_path / 'copilot.db'}", trail=trail())
    await migrate(database)
    yield database
    await database.aclose()
