"""A tenant, and services of jobs over one database."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
from job_world import Open, new_tenant

from core.database import Database
from core.jobs import Handler, Jobs
from core.settings import JobSettings


@pytest.fixture
async def tenant(database: Database) -> str:
    return await new_tenant(database, "a")


@pytest.fixture
async def opened(database: Database) -> AsyncIterator[Open]:
    """Makes services over the same database, as a restart or another process does."""
    made: list[Jobs] = []

    def make(handler: Handler, *, on: Database = database, alone: bool = False, **settings: float) -> Jobs:
        stated = JobSettings.model_validate({"poll_s": 0.05, "backoff_s": 0.0, **settings})
        made.append(Jobs(on, {"work": handler}, settings=stated, alone=alone))
        return made[-1]

    yield make
    for jobs in made:
        await jobs.aclose()
