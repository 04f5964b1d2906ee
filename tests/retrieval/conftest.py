from __future__ import annotations

import os
import uuid
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from qdrant_client import AsyncQdrantClient

from retrieval.edge import EdgeIndex
from retrieval.index import VectorIndex
from retrieval.server import ServerIndex

LOCAL_MODE = "ignore:Payload indexes have no effect in the local Qdrant"


def memory_index() -> ServerIndex:
    return ServerIndex(AsyncQdrantClient(":memory:"))


@pytest.fixture(params=["edge", "memory", "server"])
async def index(request: pytest.FixtureRequest, quick_folder: Path) -> AsyncIterator[VectorIndex]:
    made: VectorIndex
    match request.param:
        case "edge":
            made = EdgeIndex(quick_folder / "index", min_free_bytes=0)
        case "memory":
            made = memory_index()
        case _:
            url = os.environ.get("QDRANT_TEST_URL")
            if not url:
                pytest.skip("QDRANT_TEST_URL is not set: no Qdrant server was tested")
            made = ServerIndex.connect(url, os.environ.get("QDRANT_TEST_API_KEY"))
    yield made
    await made.close()


@pytest.fixture
async def collection(index: VectorIndex) -> AsyncIterator[str]:
    name = f"t_{uuid.uuid4().hex}_test"
    await index.ensure(name)
    yield name
    await index.drop(name)
