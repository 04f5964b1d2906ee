"""Processes that parse and redact: each can be killed, and none can take the service down with it.

A document is hostile until proven otherwise; native parsers hang, crash and eat memory. So each task runs in a child
that has a deadline, a memory limit and no way to outlive its parent.
"""

from __future__ import annotations

import asyncio
import contextlib
import ctypes
import logging
import multiprocessing
import os
import resource
import signal
import sys
import threading
import traceback
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from multiprocessing.connection import Connection
from multiprocessing.process import BaseProcess
from types import TracebackType
from typing import Any, Generic, Self, TypeVar, cast

from core.errors import DocumentError, UnavailableError

T = TypeVar("T")
R = TypeVar("R")

NOT_STARTED = "worker_not_started"
_PR_SET_PDEATHSIG = 1
_READY, _BEGUN = "ready", "begun"
_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class _Failure:
    """What a child sends back instead of a result. `spent` children are not used again."""

    code: str
    detail: str
    spent: bool = False


_CRASHED = _Failure(
    "crashed",
    "reading the file ended its process; the file may be damaged or too large to unpack; save it anew, or split it",
    True,
)


class Workers(Generic[T, R]):
    """A pool of `count` processes, each running `handler` on one task at a time.

    `handler`, `init` (run once in each child, to load models) and `furnish` (run before each task, to load what it alone takes) are
    module-level functions: they are pickled by name. `memory_bytes` is the address space that a task may take on top of what the
    child holds after `init`. `start_s` bounds `init` and `furnish`, which are on no task's clock: loading the redactor's language
    model takes 6 s on a quiet machine, and ten times that were seen on a loaded one.
    """

    def __init__(
        self,
        handler: Callable[[T], R],
        *,
        init: Callable[[], None] | None = None,
        furnish: Callable[[T], None] | None = None,
        count: int = 1,
        memory_bytes: int = 2 << 30,
        start_s: float = 120.0,
    ) -> None:
        self._make: Callable[[], _Child] = lambda: _Child(_Job(handler, init, furnish, memory_bytes))
        self._start_s = start_s
        self._children = [self._make() for _ in range(count)]
        self._idle: asyncio.LifoQueue[int] = asyncio.LifoQueue()
        for slot in range(count):
            self._idle.put_nowait(slot)
        # Own threads: a full default pool must not delay the kill of a runaway child.
        self._threads = ThreadPoolExecutor(count, thread_name_prefix="ingest-worker")
        self._closed = False

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()

    async def start(self) -> None:
        """Start every child now, so that the first document does not wait for models to load."""
        async with asyncio.TaskGroup() as group:
            for child in self._children:
                group.create_task(self._off_loop(child.ensure_started, self._start_s))

    async def run(self, task: T, *, timeout_s: float) -> R:
        """`handler(task)` in a child; waits for a free one first. `timeout_s` counts from when the handler begins.

        Raises the handler's `DocumentError`, or one with code `timeout` (the child was killed) or `crashed` (it died,
        ran out of memory or failed unexpectedly); `UnavailableError` where a child cannot start (`worker_not_started`) or the pool
        is closed.
        """
        slot = await self._idle.get()
        try:
            if self._closed:
                raise UnavailableError("the ingest workers are shut down", code="workers_closed")
            child = self._children[slot]
            await self._off_loop(child.ensure_started, self._start_s)
            answer = await self._exchanged(child, task, timeout_s)
        finally:
            self._idle.put_nowait(slot)
        if isinstance(answer, _Failure):
            raise DocumentError(answer.detail, code=answer.code)
        return answer

    async def close(self) -> None:
        """End every child; tasks that still run fail as `crashed`."""
        self._closed = True
        for child in self._children:
            child.kill()
        await asyncio.to_thread(self._threads.shutdown, wait=True)
        for child in self._children:
            child.discard()

    async def _exchanged(self, child: _Child, task: T, timeout_s: float) -> R | _Failure:
        loop = asyncio.get_running_loop()
        begun = asyncio.Event()
        exchange = loop.run_in_executor(
            self._threads, child.exchange, task, lambda: loop.call_soon_threadsafe(begun.set)
        )
        try:
            await self._furnished(exchange, begun)
            async with asyncio.timeout(timeout_s):
                # What the child sends is what its handler returned: pickle does not carry the type over.
                answer = cast("R | _Failure", await asyncio.shield(exchange))
        except TimeoutError:
            answer = _Failure(
                "timeout",
                f"reading the file took longer than {timeout_s:g} s and was stopped;"
                " split it, or allow more (COPILOT_INGEST__FILE_TIMEOUT_S)",
                True,
            )
        except BaseException:
            child.kill()
            raise
        if isinstance(answer, _Failure) and answer.spent:
            child.kill()  # the next task starts another; the pipe's end releases the thread
            await asyncio.wait([exchange])
        return answer

    async def _furnished(self, exchange: asyncio.Future[object], begun: asyncio.Event) -> None:
        """Until the handler begins, or the child is gone."""
        waiting = asyncio.ensure_future(begun.wait())
        either: set[asyncio.Future[Any]] = {exchange, waiting}
        try:
            done, _ = await asyncio.wait(either, timeout=self._start_s, return_when=asyncio.FIRST_COMPLETED)
        finally:
            waiting.cancel()
        if not done:
            raise _not_started(self._start_s)

    async def _off_loop(self, function: Callable[[float], None], argument: float) -> None:
        await asyncio.get_running_loop().run_in_executor(self._threads, function, argument)


@dataclass(frozen=True, slots=True)
class _Job:
    """What a child is told at its start."""

    handler: Callable[..., object]
    init: Callable[[], None] | None
    furnish: Callable[..., None] | None
    memory_bytes: int


def _not_started(seconds: float) -> UnavailableError:
    return UnavailableError(
        f"an ingest worker did not start within {seconds:g} s (COPILOT_INGEST__WORKER_START_S); its log says why",
        code=NOT_STARTED,
    )


class _Child:
    """The parent's end of one process.

    `kill` may be called from any thread at any time; the lock keeps the rest to one thread at a time, also where a
    cancelled task left its thread behind.
    """

    def __init__(self, job: _Job) -> None:
        self._job = job
        self._lock = threading.Lock()
        self._process: BaseProcess | None = None
        self._pipe: Connection | None = None

    def ensure_started(self, timeout_s: float) -> None:
        """Blocks until the child has run `init`. Raises `UnavailableError` where it does not come up."""
        with self._lock:
            if self._process and self._process.is_alive():
                return
            self._discard()
            context = multiprocessing.get_context("spawn")
            self._pipe, theirs = context.Pipe()
            self._process = context.Process(target=_serve, args=(theirs, self._job, os.getpid()), daemon=True)
            self._process.start()
            theirs.close()
            if self._is_ready(timeout_s):
                return
            self._discard()
        raise _not_started(timeout_s)

    def _is_ready(self, timeout_s: float) -> bool:
        try:
            return self._pipe is not None and self._pipe.poll(timeout_s) and self._pipe.recv() == _READY
        except (EOFError, OSError):
            return False

    def exchange(self, task: object, begun: Callable[[], object]) -> object:
        """Blocks until the child answers or is gone. Calls `begun` when its handler begins."""
        with self._lock:
            try:
                if self._pipe is None:
                    return _CRASHED
                self._pipe.send(task)
                answer = self._pipe.recv()
                if answer == _BEGUN:
                    begun()
                    answer = self._pipe.recv()
                return answer
            except (EOFError, OSError):
                return _CRASHED

    def kill(self) -> None:
        """End the process. Its pipe stays open for the thread that may be reading from it, and sees the end."""
        if process := self._process:
            with contextlib.suppress(ValueError):  # closed by `discard` in this moment
                process.kill()
                process.join()

    def discard(self) -> None:
        """Kill, and free what the process held."""
        self.kill()
        with self._lock:
            self._discard()

    def _discard(self) -> None:
        self.kill()
        if self._process:
            self._process.close()
        if self._pipe:
            self._pipe.close()
        self._process = self._pipe = None


def _serve(pipe: Connection, job: _Job, parent: int) -> None:
    """The child's life: load, say so, then answer tasks until the pipe ends."""
    _bind_to_parent(parent)
    _confine_output()
    if job.init:
        job.init()
    _limit_memory(job.memory_bytes)
    pipe.send(_READY)
    while True:
        try:
            task = pipe.recv()
        except (EOFError, OSError):
            return
        answer = _answered(job.furnish, task) if job.furnish else None
        if answer is None:
            pipe.send(_BEGUN)
            answer = _answered(job.handler, task)
        del task
        pipe.send(answer)
        if isinstance(answer, _Failure) and answer.spent:
            return


def _answered(handler: Callable[..., object], task: object) -> object:
    try:
        return handler(task)
    except DocumentError as error:
        return _Failure(error.code, error.detail)
    except MemoryError:
        return _Failure("crashed", "reading the file took more memory than a worker may use; split it", True)
    except Exception as error:  # the edge of a process: whatever it is, the parent must hear of it
        # Neither message nor values: both may quote the document.
        frame = traceback.extract_tb(error.__traceback__)[-1]
        _log.error("ingest worker: %s at %s:%s", type(error).__name__, frame.filename, frame.lineno)
        return _Failure(
            "crashed", f"reading the file failed unexpectedly ({type(error).__name__}); the service's log says where"
        )


def _bind_to_parent(parent: int) -> None:
    """Die with the parent, even in the middle of a task; leave Ctrl-C to it."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent:  # it died before the line above
        os._exit(1)


def _confine_output() -> None:
    """Libraries that print must not mix into the parent's stdout, which may be a JSON document."""
    os.dup2(2, 1)


def _limit_memory(extra_bytes: int) -> None:
    """Cap the address space at what is mapped now plus `extra_bytes`; no core dump, which would hold the document."""
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    if sys.platform != "linux":
        return
    with open("/proc/self/statm", encoding="ascii") as statm:  # noqa: PTH123
        mapped = int(statm.read().split()[0]) * resource.getpagesize()
    resource.setrlimit(resource.RLIMIT_AS, (mapped + extra_bytes, mapped + extra_bytes))
