"""The adapter against servers that misbehave: what the caller gets, and how soon."""

from __future__ import annotations

import asyncio
import socket
import time
from collections.abc import AsyncIterator, Awaitable
from contextlib import aclosing, asynccontextmanager
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest

from core.breaker import Breaker, Circuit
from core.errors import LLMError
from core.llm import Completion, Message, OpenAICompatibleLLM, estimate_tokens
from tests.servers.llm_stub import Exchange, Script, StubLLM, answers, chunk, says, stub_llm

SECRET = "How do I reset till four?"
ASKED = (Message("system", "Answer."), Message("user", SECRET))


@pytest.fixture(scope="module", autouse=True)
def _sdk_loaded() -> None:
    """Its import takes seconds, which entry points spend before they serve."""
    OpenAICompatibleLLM(base_url="http://127.0.0.1:9/v1", model="none")


@asynccontextmanager
async def model(
    *scripts: Script, idle_s: float = 0.3, breaker: Breaker | None = None, api_key: str | None = None
) -> AsyncIterator[tuple[OpenAICompatibleLLM, StubLLM]]:
    async with stub_llm(*scripts) as stub:
        llm = OpenAICompatibleLLM(base_url=stub.base_url, model="stub", idle_s=idle_s, breaker=breaker, api_key=api_key)
        try:
            yield llm, stub
        finally:
            await llm.aclose()


async def ask(llm: OpenAICompatibleLLM, *, max_tokens: int = 50, deadline_s: float = 5.0) -> str:
    return await llm.complete(ASKED, max_tokens=max_tokens, deadline_s=deadline_s)


async def fault(call: Awaitable[object], *, within_s: float = 15.0) -> LLMError:
    began = time.monotonic()
    with pytest.raises(LLMError) as caught:
        await call
    assert time.monotonic() - began < within_s
    assert SECRET not in str(caught.value)
    return caught.value


async def test_pieces_arrive_as_they_are_sent_with_the_reported_usage() -> None:
    async with model(says("Restart ", "the ", "till."), api_key="sk-1") as (llm, stub):
        pieces = [piece async for piece in llm.stream(ASKED, max_tokens=50, deadline_s=5)]
        assert pieces == ["Restart ", "the ", "till."]
        assert llm.usage == Completion(7, 3, finish_reason="stop")
        sent = stub.requests[0]
        assert sent.headers["authorization"] == "Bearer sk-1"
        assert (sent.body["model"], sent.body["max_tokens"], sent.body["stream"]) == ("stub", 50, True)
        assert [m["role"] for m in sent.body["messages"]] == ["system", "user"]


async def test_usage_is_estimated_and_marked_where_the_server_reports_none() -> None:
    async with model(says("Restart the till.", usage=None)) as (llm, _):
        await ask(llm)
        assert llm.usage is not None
        assert llm.usage.estimated
        assert llm.usage.completion_tokens == estimate_tokens("Restart the till.")
        assert llm.usage.prompt_tokens > estimate_tokens(SECRET)


async def test_each_task_sees_its_own_usage() -> None:
    async with model(says("a", usage=(1, 1)), says("b", usage=(2, 2))) as (llm, _):

        async def one() -> int:
            await ask(llm)
            await asyncio.sleep(0.05)
            assert llm.usage is not None
            return llm.usage.prompt_tokens

        assert sorted(await asyncio.gather(one(), one())) == [1, 2]
        assert llm.usage is None


async def test_truncation_is_told_by_the_finish_reason() -> None:
    async with model(says("Restart the", reason="length")) as (llm, _):
        assert await ask(llm) == "Restart the"
        assert llm.usage is not None
        assert llm.usage.finish_reason == "length"


async def test_rate_limit_is_retried_after_the_time_that_the_server_names() -> None:
    async with model(answers(429, headers={"Retry-After": "1"}), says("Yes.")) as (llm, stub):
        began = time.monotonic()
        assert await ask(llm) == "Yes."
        assert time.monotonic() - began >= 1.0
        assert len(stub.requests) == 2


async def test_retry_after_may_be_a_date() -> None:
    when = format_datetime(datetime.now(UTC) + timedelta(seconds=2), usegmt=True)
    async with model(answers(503, headers={"Retry-After": when}), says("Yes.")) as (llm, _):
        began = time.monotonic()
        assert await ask(llm) == "Yes."
        assert time.monotonic() - began >= 0.5


async def test_a_retry_after_beyond_the_deadline_fails_at_once() -> None:
    async with model(answers(429, headers={"Retry-After": "30"}), says("Yes.")) as (llm, stub):
        error = await fault(ask(llm))
        assert error.transient
        assert "429" in str(error)
        assert len(stub.requests) == 1


async def test_a_server_that_flaps_is_retried() -> None:
    async with model(answers(500, f'{{"error":"{SECRET}"}}'), answers(502), says("Yes.")) as (llm, stub):
        assert await ask(llm) == "Yes."
        assert len(stub.requests) == 3


async def test_a_server_that_stays_down_fails_after_four_attempts() -> None:
    async with model(answers(500, f'{{"error":{{"message":"{SECRET}"}}}}')) as (llm, stub):
        error = await fault(ask(llm, deadline_s=60), within_s=45)
        assert error.transient
        assert len(stub.requests) == 4


@pytest.mark.parametrize(
    ("status", "remedy"),
    [(401, "API_KEY"), (403, "API_KEY"), (404, "BASE_URL"), (400, "CONTEXT_TOKENS"), (422, "MODEL")],
)
async def test_a_refusal_is_permanent_and_names_the_setting(status: int, remedy: str) -> None:
    async with model(answers(status, f'{{"error":{{"message":"{SECRET}"}}}}')) as (llm, stub):
        error = await fault(ask(llm))
        assert not error.transient
        assert remedy in str(error)
        assert len(stub.requests) == 1


async def test_nobody_listening_is_transient() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))  # bound, not listening: refused
        llm = OpenAICompatibleLLM(base_url=f"http://127.0.0.1:{taken.getsockname()[1]}/v1", model="stub")
        error = await fault(llm.complete(ASKED, max_tokens=5, deadline_s=3))
        assert error.transient
        assert llm.usage is None
        await llm.aclose()


async def stalls(exchange: Exchange) -> None:
    await exchange.begin()
    await exchange.piece("Restart ")
    await asyncio.sleep(30)


async def test_silence_between_pieces_ends_the_call_after_the_idle_time() -> None:
    async with model(stalls, idle_s=0.3) as (llm, stub):
        got: list[str] = []

        async def read() -> None:
            async for piece in llm.stream(ASKED, max_tokens=50, deadline_s=20):
                got.append(piece)

        error = await fault(read())
        assert error.transient
        assert "silent" in str(error)
        assert got == ["Restart "]
        assert len(stub.requests) == 1, "a piece had been given out: no retry"
        assert llm.usage is not None
        assert llm.usage.estimated


async def test_before_the_first_piece_only_the_deadline_counts() -> None:
    async def thinks(exchange: Exchange) -> None:
        await asyncio.sleep(0.6)
        await says("Yes.")(exchange)

    async with model(thinks, idle_s=0.2) as (llm, _):
        assert await ask(llm) == "Yes."


async def test_deadline_covers_the_whole_call() -> None:
    async def drips(exchange: Exchange) -> None:
        await exchange.begin()
        for _ in range(600):
            await exchange.piece("x ")
            await asyncio.sleep(0.05)

    async with model(drips) as (llm, stub):
        began = time.monotonic()
        error = await fault(ask(llm, max_tokens=500, deadline_s=0.8))
        assert 0.6 < time.monotonic() - began < 15, "the whole answer would have dripped for 30 s"
        assert error.transient
        assert "deadline" in str(error)
        await asyncio.wait_for(stub.hung_up.wait(), 60)


async def test_connection_broken_in_mid_stream_is_transient_and_prompt() -> None:
    async def breaks(exchange: Exchange) -> None:
        await exchange.begin()
        await exchange.piece("Restart ")

    async with model(breaks, idle_s=60) as (llm, stub):
        error = await fault(ask(llm, deadline_s=60))
        assert error.transient
        assert len(stub.requests) == 1


async def test_an_answer_that_merely_stops_is_not_taken_for_a_whole_one() -> None:
    async with model(says("Do not restart the", reason=None)) as (llm, _):
        error = await fault(ask(llm))
        assert error.transient


async def test_a_whole_answer_survives_a_missing_report() -> None:
    async def hangs_at_the_end(exchange: Exchange) -> None:
        await exchange.begin()
        await exchange.piece("Yes.")
        await exchange.event(chunk({}, finish_reason="stop"))

    async with model(hangs_at_the_end) as (llm, _):
        assert await ask(llm) == "Yes."
        assert llm.usage is not None
        assert llm.usage.estimated


@pytest.mark.parametrize(
    "event",
    [
        "{not json",
        '"a string"',
        '{"choices": 3}',
        '{"error": {"message": "' + SECRET + '"}}',
        '{"choices":[{}]}',
        "null",
    ],
)
async def test_malformed_events_become_our_error(event: str) -> None:
    async def garbage(exchange: Exchange) -> None:
        await exchange.begin()
        await exchange.piece("Restart ")
        await exchange.event(event)
        await exchange.raw(b"0\r\n\r\n")

    async with model(garbage) as (llm, _):
        error = await fault(ask(llm))
        assert error.transient


@pytest.mark.parametrize("script", [says(), answers(200, "<html>Log in</html>", headers={"Content-Type": "text/html"})])
async def test_an_empty_answer_is_a_fault(script: Script) -> None:
    async with model(script) as (llm, _):
        error = await fault(ask(llm))
        assert error.transient


async def test_a_server_that_ignores_max_tokens_is_cut_off_and_hung_up_on() -> None:
    async def babbles(exchange: Exchange) -> None:
        await exchange.begin()
        while True:
            await exchange.piece("word " * 100)

    async with model(babbles) as (llm, stub):
        text = await ask(llm, max_tokens=20)
        assert len(text) == 20 * 16
        assert llm.usage is not None
        assert llm.usage.finish_reason == "length"
        await asyncio.wait_for(stub.hung_up.wait(), 60)


async def test_one_endless_event_is_bounded() -> None:
    async def floods(exchange: Exchange) -> None:
        await exchange.begin()
        for _ in range(400):
            await exchange.raw(b"10000\r\n" + b"x" * 0x10000 + b"\r\n")

    async with model(floods) as (llm, _):
        error = await fault(ask(llm, deadline_s=20))
        assert "bytes" in str(error)


async def test_cancelling_hangs_up_and_is_not_swallowed() -> None:
    async def drips(exchange: Exchange) -> None:
        await exchange.begin()
        while True:
            await exchange.piece("x ")
            await asyncio.sleep(0.02)

    async with model(drips) as (llm, stub):
        task = asyncio.create_task(ask(llm, max_tokens=10_000, deadline_s=30))
        await asyncio.sleep(0.3)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        await asyncio.wait_for(stub.hung_up.wait(), 60)


async def test_leaving_a_stream_early_hangs_up() -> None:
    async def drips(exchange: Exchange) -> None:
        await exchange.begin()
        while True:
            await exchange.piece("x ")
            await asyncio.sleep(0.02)

    async with model(drips) as (llm, stub):
        async with aclosing(llm.stream(ASKED, max_tokens=10_000, deadline_s=30)) as pieces:
            async for _ in pieces:
                break
        await asyncio.wait_for(stub.hung_up.wait(), 60)


async def test_after_repeated_faults_calls_fail_at_once_until_a_probe_succeeds() -> None:
    now = [0.0]
    breaker = Breaker(failures=2, cooldown_s=10, clock=lambda: now[0])
    down = answers(500, headers={"Retry-After": "60"})
    async with model(down, down, says("Yes."), breaker=breaker) as (llm, stub):
        for _ in range(2):
            await fault(ask(llm))
        error = await fault(ask(llm, deadline_s=60))
        assert error.transient
        assert len(stub.requests) == 2, "the server was not asked"
        now[0] = 10.0
        assert await ask(llm) == "Yes."
        assert breaker.circuit is Circuit.CLOSED


async def test_a_wrong_request_does_not_open_the_circuit() -> None:
    breaker = Breaker(failures=1)
    async with model(answers(400), breaker=breaker) as (llm, _):
        await fault(ask(llm))
        assert breaker.circuit is Circuit.CLOSED
