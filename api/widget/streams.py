"""Visitors' answers go on for a while when the network takes their reader away, so that a lost stream is gone on with, not asked
again: from this process's memory where it wrote the answer, else from the database.
"""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Sequence
from contextlib import aclosing

import structlog

from answers.events import AnswerEvent, Started
from api.widget.kept import BEAT_S, NOTE_S, KeptAnswers
from api.widget.visits import CHANNEL
from core.domain import Principal
from core.errors import CopilotError, NotFoundError
from core.settings import WidgetSettings

log = structlog.get_logger()


class Streams:
    """Keeps an answer's events until COPILOT_WIDGET__RESUME_S after its last reader left. Close it when the process ends."""

    def __init__(self, settings: WidgetSettings, answers: KeptAnswers) -> None:
        self._keep_s = settings.resume_s
        self._most = settings.max_kept_answers
        self._answers = answers
        self._kept: dict[str, _Stream] = {}
        self._notes: set[asyncio.Task[None]] = set()
        self._running: dict[str, tuple[Principal, _Stream]] = {}
        """Answers that the database knows to be on their way."""
        self._beating: asyncio.Task[None] | None = None

    async def kept(self, principal: Principal, events: AsyncIterator[AnswerEvent]) -> AsyncIterator[AnswerEvent]:
        """The same events. Of others than a widget's visitors, and above COPILOT_WIDGET__MAX_KEPT_ANSWERS, nothing is kept: there
        the work ends with its reader."""
        if principal.channel != CHANNEL or not self._keep_s or len(self._kept) >= self._most:
            return events
        stream = _Stream(principal, events, self._keep_s, self._forget)
        answer_id = await stream.begin()
        if answer_id is not None:
            self._kept[answer_id] = stream
            note = asyncio.create_task(self._note(principal, answer_id, stream))
            self._notes.add(note)
            note.add_done_callback(self._notes.discard)
        return stream.read(0)

    async def again(self, principal: Principal, answer_id: str, *, after: int) -> AsyncIterator[AnswerEvent]:
        """The events after the first `after`. Raises `NotFoundError`, for another visitor's answer as for an unknown one."""
        here = self._of(principal, answer_id)
        found = here or await self._answers.of(principal, answer_id)
        if found is None or not found.goes_beyond(after):
            raise NotFoundError("this answer is no longer kept; ask again", code="answer_not_kept")
        return here.read(after) if here else self._answers.follow(principal, answer_id, after=after)

    async def drop(self, principal: Principal, answer_id: str) -> None:
        """End an answer that nobody waits for; nothing where there is none."""
        if stream := self._of(principal, answer_id):
            await stream.aclose()
        else:
            await self._answers.drop(principal, answer_id)

    async def aclose(self) -> None:
        """Answers that have ended stay in the database for their time: another process can tell them."""
        for note in (notes := [*self._notes, *filter(None, [self._beating])]):
            note.cancel()
        await asyncio.gather(*notes, return_exceptions=True)
        for stream in list(self._kept.values()):
            await stream.aclose()

    async def _note(self, principal: Principal, answer_id: str, stream: _Stream) -> None:
        """Until it is closed: into the database what another process needs to go on with it."""
        try:
            await self._note_down(principal, answer_id, stream)
            await stream.closed.wait()
            await self._answers.forget(principal, answer_id)
        except asyncio.CancelledError:
            if not stream.ended:  # nobody will write the rest
                await self._answers.forget(principal, answer_id)
            raise
        except CopilotError as error:  # visitors of this process are told all the same
            log.warning("widget_answer_not_kept", code=error.code, reason=error.detail)

    async def _note_down(self, principal: Principal, answer_id: str, stream: _Stream) -> None:
        told = 0
        while True:
            await stream.ends_within(NOTE_S)  # what comes close upon another is noted with it
            if stream.closed.is_set():
                return
            ended, told = stream.ended, stream.count
            if not await self._answers.note(principal, answer_id, stream.told(told), ended=ended, fault=stream.fault):
                await stream.aclose()
            if ended:
                return
            self._running[answer_id] = (principal, stream)
            if self._beating is None or self._beating.done():
                self._beating = asyncio.create_task(self._beat())
            try:
                await stream.goes_beyond_or_ends(told)
            finally:
                self._running.pop(answer_id, None)

    async def _beat(self) -> None:
        """While there are answers on their way: one word for all of a tenant's, since a crowd waits at the worst of times."""
        while self._running:
            await asyncio.sleep(BEAT_S)
            tenants: defaultdict[str, list[str]] = defaultdict(list)
            for answer_id, (principal, _) in self._running.items():
                tenants[principal.tenant_id].append(answer_id)
            for tenant_id, ids in tenants.items():
                await self._beat_for(tenant_id, ids)

    async def _beat_for(self, tenant_id: str, ids: Sequence[str]) -> None:
        try:
            dropped = await self._answers.beat(tenant_id, ids)
        except CopilotError as error:  # the next one may be heard
            log.warning("widget_answers_not_kept", code=error.code, reason=error.detail)
            return
        for answer_id in dropped:
            if answer_id in self._running:
                await self._running[answer_id][1].aclose()

    def _of(self, principal: Principal, answer_id: str) -> _Stream | None:
        stream = self._kept.get(answer_id)
        return stream if stream and stream.belongs_to(principal) else None

    def _forget(self, stream: _Stream) -> None:
        self._kept = {key: kept for key, kept in self._kept.items() if kept is not stream}


class _Stream:
    """One answer on its way: read by one task of its own, followed by any number of readers."""

    def __init__(
        self,
        principal: Principal,
        events: AsyncIterator[AnswerEvent],
        keep_s: float,
        ended: Callable[[_Stream], None],
    ) -> None:
        self.closed = asyncio.Event()
        """Nobody can come back for it any more."""
        self._owner = (principal.tenant_id, principal.id)
        self._keep_s = keep_s
        self._forget = ended
        self._told: list[AnswerEvent] = []
        self._news = asyncio.Event()
        self._readers = 0
        self._timer: asyncio.TimerHandle | None = None
        self._task = asyncio.create_task(self._listen(events))
        self._task.add_done_callback(self._finished)

    @property
    def ended(self) -> bool:
        return self._task.done()

    @property
    def count(self) -> int:
        return len(self._told)

    @property
    def fault(self) -> CopilotError | None:
        """What ended it before its time; a crash says nothing of its reason."""
        error = self._task.exception() if self._task.done() and not self._task.cancelled() else None
        return (
            error
            if error is None or isinstance(error, CopilotError)
            else CopilotError("something went wrong; ask again")
        )

    def told(self, count: int) -> list[AnswerEvent]:
        return self._told[:count]

    async def ends_within(self, seconds: float) -> None:
        await asyncio.wait({self._task}, timeout=seconds)

    async def goes_beyond_or_ends(self, count: int) -> None:
        while self.count <= count and not self.ended:
            await self._news.wait()

    def belongs_to(self, principal: Principal) -> bool:
        return self._owner == (principal.tenant_id, principal.id)

    def goes_beyond(self, count: int) -> bool:
        """Whether there are, or may yet be, more events than `count`."""
        return count < len(self._told) or (count == len(self._told) and not self._task.done())

    async def begin(self) -> str | None:
        """The answer's id, once it is known. Raises what ends the answer before its first event."""
        try:
            async with aclosing(self.read(0)) as events:
                first = await anext(events, None)
        except BaseException:
            await self.aclose()
            raise
        return first.answer_id if isinstance(first, Started) else None

    async def read(self, after: int) -> AsyncGenerator[AnswerEvent]:
        """Raises what ended the answer; ends early where it was dropped."""
        self._arrive()
        try:
            while True:
                while after < len(self._told):
                    yield self._told[after]
                    after += 1
                if self._task.done():
                    if not self._task.cancelled():
                        self._task.result()
                    return
                await self._news.wait()
        finally:
            self._leave()

    async def aclose(self) -> None:
        self._arrive()  # no timer is left behind
        self._task.cancel()
        await asyncio.wait({self._task})
        self._end()

    async def _listen(self, events: AsyncIterator[AnswerEvent]) -> None:
        async for event in events:
            self._told.append(event)
            self._wake()

    def _finished(self, task: asyncio.Task[None]) -> None:
        if not task.cancelled():
            task.exception()  # heard; whoever reads is told
        self._wake()

    def _wake(self) -> None:
        news, self._news = self._news, asyncio.Event()
        news.set()

    def _arrive(self) -> None:
        self._readers += 1
        if self._timer is not None:
            self._timer.cancel()

    def _leave(self) -> None:
        self._readers -= 1
        if not self._readers and not self._task.cancelled():
            self._timer = asyncio.get_running_loop().call_later(self._keep_s, self._expire)

    def _expire(self) -> None:
        self._task.cancel()
        self._end()

    def _end(self) -> None:
        self.closed.set()
        self._forget(self)
