import shutil
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from core.database import Database
from tests.fakes import trail


@pytest.fixture
async def database(sqlite_template: Path, tmp_path: Path) -> AsyncIterator[Database]:
    shutil.copyfile(sqlite_template, tmp_path / "copilot.db")
    database = Database(f"sqlite+aiosqlite:///{tmp_path / 'copilot.db'}", trail=trail())
    yield database
    await database.aclose()
