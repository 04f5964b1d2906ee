"""One prepared home folder for all journeys: ingesting takes seconds, copying none."""

from __future__ import annotations

import asyncio

import pytest
from journey_world import Prepared, furnish

from api.bootstrap import open_services
from core.settings import Settings


@pytest.fixture(scope="session")
def prepared(tmp_path_factory: pytest.TempPathFactory) -> Prepared:
    folder = tmp_path_factory.mktemp("journeys")

    async def prepare() -> str:
        async with open_services(Settings(home=folder / "home")) as services:
            return await furnish(services, folder / "docs")

    return Prepared(folder / "home", asyncio.run(prepare()))
