"""One town on each database; they are built once, for loading the models takes seconds."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from town import Town, built

from tests.servers.postgres import SERVICE, PostgresServer


@pytest.fixture(scope="session")
def sqlite_town(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Town]:
    with built(tmp_path_factory.mktemp("town") / "home") as town:
        yield town


@pytest.fixture(scope="session")
def postgres_town(tmp_path_factory: pytest.TempPathFactory, postgres: PostgresServer) -> Iterator[Town]:
    """As the service's own role: row-level security holds."""
    name, _ = postgres.create_fresh()
    with built(tmp_path_factory.mktemp("pg-town") / "home", url=postgres.address(name, SERVICE)) as town:
        yield town
    postgres.drop(name)
