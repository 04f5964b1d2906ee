from __future__ import annotations

import shutil
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from slack_stub import SlackStub
from slack_world import World

from tests.servers.browser import chromium

__all__ = ["chromium"]


@pytest.fixture
async def slack() -> AsyncIterator[SlackStub]:
    stub = SlackStub()
    await stub.start()
    yield stub
    await stub.stop()


@pytest.fixture
async def world(slack: SlackStub, sqlite_template: Path, tmp_path: Path) -> AsyncIterator[World]:
    shutil.copyfile(sqlite_template, tmp_path / "copilot.db")
    world = World(tmp_path, slack)
    await world.prepare()
    yield world
    await world.close()
