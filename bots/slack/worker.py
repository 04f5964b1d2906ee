"""Runs stored events in this process: begun when they are stored, swept up when nobody works on them, stopped on demand."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine, Iterator
from contextlib import contextmanager, suppress
from datetime import timedelta

import structlog

from bots.slack.events import Claim, Events
from bots.slack.jobs import SlackJob
from bots.slack.responder import Responder
from bots.slack.web import SlackError

log = structlog.get_logger()

SWEEP_S = 30.0
"""Time between two looks for events that nobody works on, in seconds."""
LEASE = timedelta(minutes=6)
"""After so long another process may take a claimed event over: longer than an answer and its calls to Slack take."""

GIVES_WAY_S = 1.0
"""How long answers wait for deliveries that are not acknowledged yet, at most: longer, a flood of events would starve them."""

KEEP = timedelta(days=30)
"""How long an event's id is known: Slack redelivers within the hour, and people press a button twice within days."""


class Worker:
    def __init__(self, events: Events, responder: Responder, *, parallel: int = 8, sweep_s: float = SWEEP_S) -> None:
        """`parallel` events are worked on at once: the rest of the loop's time belongs to what has not been acknowledged."""
        self._events = events
        self._responder = responder
        self._slots = asyncio.Semaphore(parallel)
        self._sweep_s = sweep_s
        self._running: dict[str, asyncio.Task[None]] = {}
        self._asides: set[asyncio.Task[None]] = set()
        self._arriving = 0
        self._calm = asyncio.Event()
        self._calm.set()
        self._sweeper: asyncio.Task[None] | None = None

    @property
    def busy(self) -> bool:
        return bool(self._running or self._asides)

    async def start(self) -> None:
        """Take up what an earlier run left unfinished, and keep looking for what other processes leave."""
        await self._sweep(timedelta(0) if self._events.single_process else LEASE)
        self._sweeper = asyncio.create_task(self._keep_sweeping())

    async def aclose(self) -> None:
        """Events in work go back to the store, where the next start finds them."""
        tasks = [*self._running.values(), *self._asides, *([self._sweeper] if self._sweeper else [])]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    @contextmanager
    def arriving(self) -> Iterator[None]:
        """A delivery, until it is acknowledged: Slack waits three seconds for that, and nobody waits so strictly for an answer."""
        self._arriving += 1
        self._calm.clear()
        try:
            yield
        finally:
            self._arriving -= 1
            if not self._arriving:
                self._calm.set()

    async def take(self, event_id: str, tenant_id: str, job: SlackJob) -> bool:
        """Store first, then begin; False for a redelivery of a stored event, which begins nothing."""
        stored = await self._events.store(event_id, tenant_id, job)
        if stored:
            self._begin(event_id)
        return stored

    async def stop(self, tenant_id: str, channel: str, thread_ts: str) -> list[Claim]:
        """End what is worked on in a thread, here and in other processes; what was ended."""
        ended = await self._events.stop(tenant_id, channel, thread_ts)
        for claim in ended:
            if (task := self._running.get(claim.event_id)) is not None:
                task.cancel()
        return ended

    def aside(self, work: Coroutine[object, object, None]) -> None:
        """Short work after the acknowledgement that a crash may lose: the user can click again."""

        async def run() -> None:
            try:
                await work
            except SlackError as error:
                log.warning("slack_message_failed", reason=error.detail)
            except Exception as error:  # a click is a process edge
                log.error("slack_action_failed", exc_info=error)

        task = asyncio.create_task(run())
        self._asides.add(task)
        task.add_done_callback(self._asides.discard)

    def _begin(self, event_id: str) -> None:
        task = asyncio.create_task(self._respond(event_id))
        self._running[event_id] = task
        task.add_done_callback(lambda _task: self._running.pop(event_id, None))

    async def _respond(self, event_id: str) -> None:
        try:
            async with self._slots:
                await self._give_way()
                await self._responder.respond(event_id)
        except Exception as error:  # an event is a process edge; the sweep takes the event up again
            log.error("slack_event_failed", event_id=event_id, exc_info=error)

    async def _give_way(self) -> None:
        with suppress(TimeoutError):
            async with asyncio.timeout(GIVES_WAY_S):
                await self._calm.wait()

    async def _sweep(self, lease: timedelta) -> None:
        for event_id in await self._events.due(running=self._running, lease=lease):
            self._begin(event_id)

    async def _keep_sweeping(self) -> None:
        while True:
            await asyncio.sleep(self._sweep_s)
            try:
                await self._sweep(LEASE)
                await self._events.purge(keep=KEEP)
            except Exception as error:  # the database may be away for a while; the next look finds the events
                log.error("slack_sweep_failed", exc_info=error)
