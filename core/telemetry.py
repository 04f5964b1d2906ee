"""Traces and scores. Telemetry fails open: whatever happens here, an answer is neither delayed nor changed."""

from __future__ import annotations

import asyncio
import re
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Protocol

from core.errors import ConfigurationError
from core.langfuse_client import connect, propagated, run_experiment
from core.llm import Completion
from core.telemetry_export import LostRecords, Scrub, ScrubbingExporter, clip, cut

FLUSH_TIMEOUT_S = 10.0
EXPERIMENT_TIMEOUT_S = 120.0
QUEUED_SCORES = 1_000

_ENVIRONMENT = re.compile(r"(?!langfuse)[a-z0-9_-]{1,40}")


class StageKind(StrEnum):
    """Langfuse's observation types."""

    SPAN = "span"
    RETRIEVER = "retriever"
    GENERATION = "generation"
    EMBEDDING = "embedding"
    GUARDRAIL = "guardrail"
    EVALUATOR = "evaluator"
    TOOL = "tool"


@dataclass(frozen=True, slots=True)
class ExperimentRow:
    """One golden question, asked and scored. `scores` by metric; texts are redacted."""

    id: str
    input: str
    output: str
    expected: str = ""
    scores: Mapping[str, float] = field(default_factory=dict)
    metadata: Mapping[str, str] = field(default_factory=dict)


class Span(Protocol):
    def update(
        self,
        *,
        output: object = None,
        metadata: Mapping[str, str] | None = None,
        model: str | None = None,
        usage: Completion | None = None,
    ) -> None:
        """Adds what is known by now; only redacted text. `model` and `usage` count in a generation only."""


class Tracer(Protocol):
    """Inputs and outputs are given already redacted. Nothing here raises; what cannot be sent is counted and lost."""

    def trace(
        self, name: str, *, trace_id_seed: str, tenant: str, session_id: str | None, metadata: Mapping[str, str]
    ) -> AbstractContextManager[Span]:
        """The root of one answer. The same seed (the answer's id) gives the same trace id, so that a score finds it."""
        ...

    def stage(self, name: str, kind: StageKind, *, input: object = None) -> AbstractContextManager[Span]:  # noqa: A002
        """A step within the current trace or stage, with its duration. A fault shows as the exception's class name."""
        ...

    def score(
        self,
        trace_id_seed: str,
        name: str,
        value: float | str,
        *,
        comment: str | None = None,
        score_id: str | None = None,
    ) -> None:
        """A number, or a category, for a whole trace. The same `score_id` again replaces the value."""

    async def experiment(
        self, name: str, run_name: str, rows: Sequence[ExperimentRow], *, totals: Mapping[str, float]
    ) -> None:
        """One run over the golden questions: a trace with scores for each row, and `totals` for the run as a whole."""

    async def flush(self) -> None: ...

    async def aclose(self) -> None: ...


class NullTracer:
    """Where no telemetry is configured."""

    @contextmanager
    def trace(
        self, name: str, *, trace_id_seed: str, tenant: str, session_id: str | None, metadata: Mapping[str, str]
    ) -> Iterator[Span]:
        yield _NullSpan()

    @contextmanager
    def stage(self, name: str, kind: StageKind, *, input: object = None) -> Iterator[Span]:  # noqa: A002
        yield _NullSpan()

    def score(
        self,
        trace_id_seed: str,
        name: str,
        value: float | str,
        *,
        comment: str | None = None,
        score_id: str | None = None,
    ) -> None:
        return None

    async def experiment(
        self, name: str, run_name: str, rows: Sequence[ExperimentRow], *, totals: Mapping[str, float]
    ) -> None:
        return None

    async def flush(self) -> None:
        return None

    async def aclose(self) -> None:
        return None


class _NullSpan:
    def update(
        self,
        *,
        output: object = None,
        metadata: Mapping[str, str] | None = None,
        model: str | None = None,
        usage: Completion | None = None,
    ) -> None:
        return None


class LangfuseTracer:
    """Langfuse 5 (server 4.59 or later). One project; the tenant is a tag and metadata.

    `scrub` is a second net under the caller's redaction; it runs in threads of its own. `on_drop` is called, from any
    thread, for each span or score that could not be sent. One instance for a public key at a time.
    """

    def __init__(
        self,
        *,
        public_key: str,
        secret_key: str,
        base_url: str,
        environment: str = "default",
        release: str = "",
        sample_rate: float = 1.0,
        scrub: Scrub,
        on_drop: Callable[[], None] = lambda: None,
    ) -> None:
        """Raises `ConfigurationError` where `environment` is none that Langfuse takes."""
        if not _ENVIRONMENT.fullmatch(environment):
            raise ConfigurationError(
                "COPILOT_LANGFUSE__ENVIRONMENT must be 1 to 40 of a-z, 0-9, - and _, and not begin with langfuse"
            )
        self.dropped = 0
        self._lock = threading.Lock()
        self._on_drop = on_drop
        self._scrub = scrub
        self._closed = False
        self._lost = LostRecords(self._drop)
        self._scores = ThreadPoolExecutor(1, thread_name_prefix="telemetry-scores")
        self._queued = 0
        self._connection = connect(
            public_key=public_key,
            secret_key=secret_key,
            base_url=base_url.rstrip("/"),
            environment=environment,
            release=release,
            sample_rate=sample_rate,
            wrap=lambda exporter: ScrubbingExporter(exporter, scrub=scrub, on_drop=self._drop),
        )
        self._client = self._connection.client
        self._lost.attach()

    @contextmanager
    def trace(
        self, name: str, *, trace_id_seed: str, tenant: str, session_id: str | None, metadata: Mapping[str, str]
    ) -> Iterator[Span]:
        def start(stack: ExitStack) -> Any:
            root = stack.enter_context(
                self._client.start_as_current_observation(
                    as_type="span", name=name, trace_context={"trace_id": self._trace_id(trace_id_seed)}
                )
            )
            attributes = propagated(
                name, session_id=session_id, tags=[f"tenant:{tenant}"], metadata={"tenant": tenant, **metadata}
            )
            stack.enter_context(attributes)
            return root

        with self._observed(start) as span:
            yield span

    @contextmanager
    def stage(self, name: str, kind: StageKind, *, input: object = None) -> Iterator[Span]:  # noqa: A002
        def start(stack: ExitStack) -> Any:
            return stack.enter_context(
                self._client.start_as_current_observation(as_type=kind.value, name=name, input=clip(input))
            )

        with self._observed(start) as span:
            yield span

    @contextmanager
    def _observed(self, start: Callable[[ExitStack], Any]) -> Iterator[_LangfuseSpan]:
        """The caller's block under an observation that never sees the exception: the SDK would send its message."""
        stack = ExitStack()
        span = _LangfuseSpan(self._guard(lambda: start(stack)), self._guard)
        try:
            yield span
        except BaseException as error:
            span.failed(error)
            raise
        finally:
            self._guard(stack.close)

    def score(
        self,
        trace_id_seed: str,
        name: str,
        value: float | str,
        *,
        comment: str | None = None,
        score_id: str | None = None,
    ) -> None:
        def send() -> None:
            with self._lock:
                self._queued -= 1
            self._client.create_score(
                trace_id=self._trace_id(trace_id_seed),
                name=self._scrub(name),
                value=self._scrub(cut(value, 200)) if isinstance(value, str) else float(value),
                data_type="CATEGORICAL" if isinstance(value, str) else "NUMERIC",
                comment=self._scrub(cut(comment, 500)) if comment else None,
                score_id=score_id,
            )

        if self._closed or self._queued >= QUEUED_SCORES:
            self._drop(1)
            return
        with self._lock:
            self._queued += 1
        self._guard(lambda: self._scores.submit(self._guard, send))

    async def experiment(
        self, name: str, run_name: str, rows: Sequence[ExperimentRow], *, totals: Mapping[str, float]
    ) -> None:
        """By Langfuse's `run_experiment` over local data: spans and scores alone, no data set on the server."""
        await self._off_loop(lambda: run_experiment(self._client, name, run_name, rows, totals), EXPERIMENT_TIMEOUT_S)

    async def flush(self) -> None:
        """Waits until what was recorded is sent or given up, at most `FLUSH_TIMEOUT_S`."""
        await self._off_loop(self._flush)

    async def aclose(self) -> None:
        if self._closed:
            return
        self._closed = True
        await self._off_loop(self._shut_down)
        self._lost.detach()

    def _flush(self) -> None:
        if not self._closed:
            self._scores.submit(lambda: None).result(FLUSH_TIMEOUT_S)
        self._client.flush()

    def _shut_down(self) -> None:
        self._scores.shutdown(wait=True)
        self._connection.close()

    async def _off_loop(self, action: Callable[[], None], timeout_s: float = FLUSH_TIMEOUT_S) -> None:
        """In a daemon thread, because the loop's executor would hold up the end of the process for a dead server."""
        loop, done = asyncio.get_running_loop(), asyncio.Event()

        def run() -> None:
            self._guard(action)
            with suppress(RuntimeError):  # the loop has been closed meanwhile
                loop.call_soon_threadsafe(done.set)

        threading.Thread(target=run, name="telemetry", daemon=True).start()
        try:
            async with asyncio.timeout(timeout_s):
                await done.wait()
        except TimeoutError:
            self._drop(1)

    def _trace_id(self, seed: str) -> str:
        return str(self._client.create_trace_id(seed=seed))

    def _guard(self, action: Callable[[], Any]) -> Any:
        """The edge where telemetry fails open: the result of `action`, or `None` and one more dropped."""
        try:
            return action()
        except Exception:
            self._drop(1)
            return None

    def _drop(self, count: int) -> None:
        with self._lock:
            self.dropped += count
        for _ in range(count):
            with suppress(Exception):
                self._on_drop()


class _LangfuseSpan:
    __slots__ = ("_guard", "_observation")

    def __init__(self, observation: Any, guard: Callable[[Callable[[], Any]], Any]) -> None:
        self._observation = observation
        self._guard = guard

    def update(
        self,
        *,
        output: object = None,
        metadata: Mapping[str, str] | None = None,
        model: str | None = None,
        usage: Completion | None = None,
    ) -> None:
        values: dict[str, object] = {
            "output": clip(output),
            "metadata": clip(metadata),
            "model": model,
        }
        if usage is not None:
            values["usage_details"] = {"input": usage.prompt_tokens, "output": usage.completion_tokens}
            if usage.estimated:
                values["metadata"] = {"usage": "estimated", **(metadata or {})}
        self._update({key: value for key, value in values.items() if value is not None})

    def failed(self, error: BaseException) -> None:
        level = "ERROR" if isinstance(error, Exception) else "WARNING"
        self._update({"level": level, "status_message": type(error).__name__})

    def _update(self, values: Mapping[str, object]) -> None:
        if self._observation is not None:
            self._guard(lambda: self._observation.update(**values))
