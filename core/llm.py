"""The language model port and its OpenAI-compatible adapter. The only importer of LlamaIndex' models.

A model that is not configured is `None`, and the answers are extracts; there is no null model.
"""

from __future__ import annotations

import asyncio
import email.utils
import random
import re
import time
from collections.abc import AsyncGenerator, AsyncIterator, Sequence
from contextlib import aclosing
from contextvars import ContextVar
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Literal, Protocol
from urllib.parse import urlsplit

import httpx
import stamina

from core.breaker import Breaker
from core.errors import LLMError

RETRY_WINDOW_S = 20.0
"""Retries of one call end this long after it began, whatever its deadline."""
RETRY_ATTEMPTS = 4

_LONGEST_WAIT_S = 1.5
_AFTER_END_S = 2.0
# No tokenizer in use makes longer tokens on average; a server that sends more ignores `max_tokens`.
_MOST_CHARS_PER_TOKEN = 16
# A token costs about 300 bytes on the wire. A tight bound matters: the SDK's work on one endless event grows with its square.
_MOST_BYTES_PER_TOKEN = 2_048
_BYTES_BESIDE = 262_144

_TOKENS_PER_MESSAGE = 4  # what chat templates put around one
_TICK_S = 0.01

_TRANSIENT_STATUS = frozenset({408, 425, 429})
_REMEDIES = {
    401: "check COPILOT_LLM__API_KEY",
    403: "check COPILOT_LLM__API_KEY",
    404: "check COPILOT_LLM__BASE_URL and COPILOT_LLM__MODEL",
}
_REQUEST_REMEDY = "check COPILOT_LLM__MODEL, and that COPILOT_LLM__CONTEXT_TOKENS is no more than the model takes"
_TOKEN = re.compile(r"[^\W\d_]+|\d|\n+|[^\w\s]|_", re.UNICODE)


@dataclass(frozen=True, slots=True)
class Message:
    role: Literal["system", "user", "assistant"]
    content: str


@dataclass(frozen=True, slots=True)
class Completion:
    """What one call cost, in tokens. `estimated` where the server reported nothing, or the call was cut short.

    `finish_reason` is the server's word (`stop`, `length`, `content_filter`); empty where the call was cut short.
    """

    prompt_tokens: int
    completion_tokens: int
    estimated: bool = False
    finish_reason: str = ""


class LLM(Protocol):
    """Raises `LLMError` for every fault. A stream that is left early is to be closed (`contextlib.aclosing`)."""

    @property
    def name(self) -> str: ...

    @property
    def usage(self) -> Completion | None:
        """What this task's last call cost; `None` before the first. Each asyncio task sees its own calls only."""

    def stream(self, messages: Sequence[Message], *, max_tokens: int, deadline_s: float) -> AsyncGenerator[str, None]:
        """Pieces of text, none of them empty. `deadline_s` covers the whole call, retries included."""
        ...

    async def complete(self, messages: Sequence[Message], *, max_tokens: int, deadline_s: float) -> str: ...

    async def aclose(self) -> None: ...


def estimate_tokens(text: str) -> int:
    """Tokens of `text`, rather too many than too few: one for four bytes of a word, for a digit, for a sign."""
    return sum(-(-len(piece.encode()) // 4) if piece[0].isalpha() else 1 for piece in _TOKEN.findall(text))


def estimate_prompt(messages: Sequence[Message]) -> int:
    """Tokens of a whole prompt, rather too many than too few."""
    return sum(estimate_tokens(message.content) + _TOKENS_PER_MESSAGE for message in messages)


REQUEST_ID: ContextVar[str | None] = ContextVar("llm_request_id", default=None)
"""What this task's next call is told to the server as, in the header ``X-Client-Request-Id``: its log then knows the call."""


class OpenAICompatibleLLM:
    """Any server that speaks OpenAI's chat completions: a vendor's, vLLM, Ollama, llama.cpp.

    `idle_s` bounds the silence between two pieces; before the first, while a slow machine reads the prompt, only the
    deadline counts. Nothing is retried once a piece has been given out, or the asker would read it twice.
    """

    def __init__(
        self,
        *,
        base_url: str,
        model: str,
        api_key: str | None = None,
        connect_s: float = 5.0,
        idle_s: float = 10.0,
        temperature: float = 0.0,
        breaker: Breaker | None = None,
    ) -> None:
        from llama_index.llms.openai_like import OpenAILike

        self.name = model
        self._it = f"the language model at {urlsplit(base_url).netloc.rpartition('@')[2]}"
        self._connect_s = connect_s
        self._idle_s = idle_s
        self._breaker = breaker or Breaker()
        self._usage: ContextVar[Completion | None] = ContextVar("llm_usage", default=None)
        self._http = httpx.AsyncClient(event_hooks={"response": [_bound]})
        self._llm = OpenAILike(
            model=model,
            api_base=base_url,
            api_key=api_key or "none",
            is_chat_model=True,
            temperature=temperature,
            max_retries=0,  # ours know the deadline and Retry-After
            async_http_client=self._http,
        )

    @property
    def usage(self) -> Completion | None:
        return self._usage.get()

    async def aclose(self) -> None:
        await self._http.aclose()

    async def complete(self, messages: Sequence[Message], *, max_tokens: int, deadline_s: float) -> str:
        async with aclosing(self.stream(messages, max_tokens=max_tokens, deadline_s=deadline_s)) as pieces:
            return "".join([piece async for piece in pieces])

    async def stream(
        self, messages: Sequence[Message], *, max_tokens: int, deadline_s: float
    ) -> AsyncGenerator[str, None]:
        self._usage.set(None)
        permit = self._breaker.acquire()
        if permit is None:
            raise LLMError(f"{self._it} failed repeatedly and is left alone for some seconds", transient=True)
        call = _Call(messages, max_tokens, time.monotonic() + deadline_s)
        try:
            async with aclosing(self._pieces(call)) as pieces:
                async for piece in pieces:
                    yield piece
            permit.succeeded()
        except LLMError as error:
            if error.transient:
                permit.failed()
            raise
        finally:
            permit.abandoned()  # left early, cancelled or refused; without effect where settled above
            self._usage.set(call.completion())
            await call.close()

    async def _pieces(self, call: _Call) -> AsyncGenerator[str, None]:
        piece = await self._first(call)
        room = call.max_tokens * _MOST_CHARS_PER_TOKEN
        while piece is not None:
            call.said.append(piece[:room])
            yield piece[:room]
            room -= len(piece)
            if room <= 0:
                call.finish_reason = "length"
                return
            piece = await self._next(call)
        if not call.finish_reason:
            raise LLMError(f"{self._it} stopped in the middle of its answer", transient=True)

    async def _first(self, call: _Call) -> str | None:
        """The first piece. Raises `LLMError` where there is none."""
        window_s = min(RETRY_WINDOW_S, call.left_s())
        until = time.monotonic() + window_s
        attempts = stamina.retry_context(
            on=lambda error: _wait(error, until),
            attempts=RETRY_ATTEMPTS,
            timeout=window_s,
            wait_initial=0.2,
            wait_max=1.0,
            wait_jitter=0.5,
        )
        piece: str | None = None
        async for attempt in attempts:
            with attempt:
                piece = await self._open(call)
        if piece is None:
            filtered = call.finish_reason == "content_filter"
            raise LLMError(f"{self._it} gave an empty answer", transient=not filtered)
        return piece

    async def _open(self, call: _Call) -> str | None:
        from llama_index.core.base.llms.types import ChatMessage

        await call.close()
        token = _CALL.set(call)
        try:
            call.chunks = await self._llm.astream_chat(
                [ChatMessage(role=message.role, content=message.content) for message in call.messages],
                max_tokens=call.max_tokens,
                stream_options={"include_usage": True},
                extra_headers={"X-Client-Request-Id": REQUEST_ID.get()} if REQUEST_ID.get() else None,
                timeout=httpx.Timeout(call.left_s(), connect=self._connect_s),
            )
            return await self._next(call)
        finally:
            _CALL.reset(token)

    async def _next(self, call: _Call) -> str | None:
        """The next piece, `None` at the end. Raises `LLMError`."""
        try:
            async with asyncio.timeout(self._patience(call)):
                async for chunk in call.chunks:
                    call.note(chunk)
                    if chunk.delta:
                        return str(chunk.delta)
            return None
        except TimeoutError:
            fault = LLMError(
                f"{self._it} {'missed its deadline' if call.left_s() <= _TICK_S else 'fell silent'}", transient=True
            )
        except Exception as error:  # what a vendor raises on a malformed answer includes TypeError and AttributeError
            fault = self._fault(error)
        if call.finish_reason and call.said:
            return None  # the answer is whole; only the report of its cost is missing
        raise fault

    def _patience(self, call: _Call) -> float:
        silence = _AFTER_END_S if call.finish_reason else self._idle_s
        return min(silence, call.left_s()) if call.said else call.left_s()

    def _fault(self, error: Exception) -> LLMError:
        """A vendor's error as ours. Its message is left out: servers quote the prompt in it."""
        import openai

        match error:
            case openai.APIStatusError(status_code=status) if status in _TRANSIENT_STATUS or status >= 500:
                return _RetryableError(
                    f"{self._it} answered {status}", _retry_after_s(error.response.headers.get("retry-after"))
                )
            case openai.APIStatusError(status_code=status):
                return LLMError(
                    f"{self._it} answered {status}; {_REMEDIES.get(status, _REQUEST_REMEDY)}", transient=False
                )
            case openai.APIConnectionError():
                return _RetryableError(f"{self._it} cannot be reached; check COPILOT_LLM__BASE_URL", None)
            case _OversizedError():
                return LLMError(f"{self._it} sent far more bytes than COPILOT_LLM__MAX_TOKENS allows", transient=False)
            case httpx.TransportError():
                return LLMError(f"{self._it} broke the connection", transient=True)
            case _:
                return LLMError(
                    f"{self._it} answered with something else than a completion ({type(error).__name__})",
                    transient=True,
                )


@dataclass(slots=True)
class _Call:
    """One call under way. `chunks` are LlamaIndex' `ChatResponse`s; `deadline` is of the monotonic clock."""

    messages: Sequence[Message]
    max_tokens: int
    deadline: float
    chunks: Any = None
    response: httpx.Response | None = None
    said: list[str] = field(default_factory=list)
    finish_reason: str = ""
    reported: tuple[int, int] | None = None

    def left_s(self) -> float:
        return max(_TICK_S, self.deadline - time.monotonic())

    def note(self, chunk: Any) -> None:
        usage = getattr(chunk.raw, "usage", None)
        if usage is not None:
            self.reported = (int(usage.prompt_tokens), int(usage.completion_tokens))
        for choice in getattr(chunk.raw, "choices", None) or ():
            self.finish_reason = choice.finish_reason or self.finish_reason

    def completion(self) -> Completion | None:
        """`None` where no server took the call."""
        if self.response is None or not self.response.is_success:
            return None
        if self.reported is not None:
            return Completion(*self.reported, finish_reason=self.finish_reason)
        asked = estimate_prompt(self.messages)
        return Completion(asked, estimate_tokens("".join(self.said)), estimated=True, finish_reason=self.finish_reason)

    async def close(self) -> None:
        """Hangs up, so that the server stops; closing LlamaIndex' generator would leave that to the collector."""
        if self.response is not None:
            await self.response.aclose()


_CALL: ContextVar[_Call | None] = ContextVar("llm_call", default=None)


async def _bound(response: httpx.Response) -> None:
    """An httpx hook: ties a response to its call and limits its size."""
    if (call := _CALL.get()) is not None:
        call.response = response
        response.stream = _Capped(response.stream, call.max_tokens * _MOST_BYTES_PER_TOKEN + _BYTES_BESIDE)


class _OversizedError(Exception):
    pass


class _Capped(httpx.AsyncByteStream):
    def __init__(self, stream: Any, limit: int) -> None:
        self._stream = stream
        self._limit = limit

    async def __aiter__(self) -> AsyncIterator[bytes]:
        size = 0
        async for data in self._stream:
            size += len(data)
            if size > self._limit:
                raise _OversizedError
            yield data

    async def aclose(self) -> None:
        await self._stream.aclose()


class _RetryableError(LLMError):
    def __init__(self, detail: str, retry_after_s: float | None) -> None:
        super().__init__(detail, transient=True)
        self.retry_after_s = retry_after_s


def _wait(error: Exception, until: float) -> bool | float:
    """Seconds to wait before trying again; true for the usual ones, false where it's no use or would end too late."""
    if not isinstance(error, _RetryableError):
        return False
    left = until - time.monotonic()
    if error.retry_after_s is None:
        return left > _LONGEST_WAIT_S
    wait = error.retry_after_s + random.uniform(0.0, 0.25)  # noqa: S311
    return wait if wait < left else False


def _retry_after_s(header: str | None) -> float | None:
    """RFC 9110, section 10.2.3: seconds or a date."""
    if not header:
        return None
    try:
        return max(0.0, float(header))
    except ValueError:
        pass
    try:
        return max(0.0, (email.utils.parsedate_to_datetime(header) - datetime.now(UTC)).total_seconds())
    except (TypeError, ValueError):
        return None
