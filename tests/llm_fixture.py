"""The fixture `llm_server`: one real local language model for the whole test session."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.servers.llm_server import LocalLLMServer, missing


@pytest.fixture(scope="session")
def llm_server() -> Iterator[LocalLLMServer]:
    if reason := missing():
        pytest.skip(reason)
    with LocalLLMServer() as server:
        yield server
