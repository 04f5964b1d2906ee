"""The adapter against a real language model under llama.cpp."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest

from core.errors import LLMError
from core.llm import Message, OpenAICompatibleLLM, estimate_tokens
from tests.servers.llm_server import LocalLLMServer, missing

pytestmark = pytest.mark.slow

ASKED = (Message("system", "You help with tills."), Message("user", "Write a long story about a shop with many tills."))
CORPORA = Path(__file__).parents[2] / "corpora"


@pytest.fixture
async def llm(llm_server: LocalLLMServer) -> AsyncIterator[OpenAICompatibleLLM]:
    adapter = OpenAICompatibleLLM(base_url=llm_server.base_url, model=llm_server.model)
    yield adapter
    await adapter.aclose()


async def test_it_streams_and_reports_exact_usage(llm: OpenAICompatibleLLM) -> None:
    pieces = [piece async for piece in llm.stream(ASKED, max_tokens=24, deadline_s=120)]
    assert len(pieces) > 10
    assert all(pieces)
    assert llm.usage is not None
    assert not llm.usage.estimated
    assert llm.usage.completion_tokens == 24
    assert llm.usage.finish_reason == "length"
    assert 20 < llm.usage.prompt_tokens < 100


async def test_the_deadline_ends_a_long_answer(llm: OpenAICompatibleLLM) -> None:
    began = time.monotonic()
    with pytest.raises(LLMError, match="deadline") as caught:
        await llm.complete(ASKED, max_tokens=3000, deadline_s=1.0)
    assert caught.value.transient
    assert 0.9 < time.monotonic() - began < 15


async def test_a_prompt_beyond_the_context_is_a_permanent_fault(llm: OpenAICompatibleLLM) -> None:
    with pytest.raises(LLMError, match="CONTEXT_TOKENS") as caught:
        await llm.complete([Message("user", "till " * 9000)], max_tokens=5, deadline_s=120)
    assert not caught.value.transient


def test_estimates_are_on_the_safe_side(llm_server: LocalLLMServer) -> None:
    """Budgets are made from estimates; one that is too low overflows the model's context."""
    documents = sorted(CORPORA.rglob("*.md"))[::5]
    assert documents
    url = llm_server.base_url.removesuffix("/v1") + "/tokenize"
    for document in documents:
        text = document.read_text("utf-8")[:4000]
        real = len(httpx.post(url, json={"content": text}, timeout=30, trust_env=False).json()["tokens"])
        assert 1.0 <= estimate_tokens(text) / real <= 2.0, f"{document}: {estimate_tokens(text)} for {real}"


async def test_a_server_killed_in_mid_stream_is_a_prompt_transient_fault() -> None:
    if reason := missing():
        pytest.skip(reason)
    with LocalLLMServer() as server:
        llm = OpenAICompatibleLLM(base_url=server.base_url, model=server.model)
        killed_at = 0.0

        async def read() -> None:
            nonlocal killed_at
            async for _ in llm.stream(ASKED, max_tokens=3000, deadline_s=120):
                if not killed_at:
                    await asyncio.to_thread(server.kill)
                    killed_at = time.monotonic()

        with pytest.raises(LLMError) as caught:
            await read()
        assert caught.value.transient
        assert time.monotonic() - killed_at < 15
        await llm.aclose()
