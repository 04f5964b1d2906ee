"""Answers on their way, in the database: what one process writes, another can go on telling.

The process that writes an answer notes now and then what it has told and that it lives; one that a reader comes back to reads
that. Events are encrypted, and deleted when nobody can come back for them any more.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncGenerator, Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from pydantic import TypeAdapter
from sqlalchemy import ColumnElement, and_, delete, select, update

from answers.events import AnswerEvent, Cited, Done, Replaced, Sentence, Started, StatusChanged
from core.database import Database, insert_into
from core.domain import Principal
from core.errors import CopilotError, UnavailableError
from core.keyring import Keyring
from core.models import WidgetStream, now

NOTE_S = 0.25
"""What is told within it is noted at once; an extractive answer is whole by then."""
BEAT_S = 1.0
"""Between two signs of life of a process that has nothing to tell."""
LOST_S = 5 * BEAT_S
"""Without one for so long, the process that wrote an answer is dead."""

_KINDS: dict[str, TypeAdapter[Any]] = {
    kind.__name__: TypeAdapter(kind) for kind in (Started, StatusChanged, Sentence, Cited, Replaced, Done)
}


class StreamState(StrEnum):
    RUNNING = "running"
    ENDED = "ended"
    DROPPED = "dropped"
    """The visitor stopped it, in another process than the one that writes it."""


@dataclass(frozen=True, slots=True)
class Noted:
    """What is known of an answer. `fault` ended it before its time."""

    events: tuple[AnswerEvent, ...]
    state: StreamState
    beat_at: datetime
    fault: CopilotError | None = None

    def goes_beyond(self, count: int) -> bool:
        """Whether there are, or may yet be, more events than `count`."""
        told = len(self.events) + (self.fault is not None)
        return count < told or (count == told and self.state is StreamState.RUNNING)


class KeptAnswers:
    """One database's answers on their way, of all processes. Others' answers are as unknown ones."""

    def __init__(
        self, database: Database, keyring: Keyring, *, keep_s: float, clock: Callable[[], datetime] = now
    ) -> None:
        self._database = database
        self._keyring = keyring
        self._keep = timedelta(seconds=keep_s)
        self._clock = clock

    async def note(
        self,
        principal: Principal,
        answer_id: str,
        events: Sequence[AnswerEvent],
        *,
        ended: bool,
        fault: CopilotError | None = None,
    ) -> bool:
        """All that was told so far. False where the visitor has stopped it elsewhere."""
        at = self._clock()
        values = {
            "events": self._sealed(principal.tenant_id, answer_id, events, fault),
            "state": StreamState.ENDED if ended else StreamState.RUNNING,
            "beat_at": at,
            "expires_at": at + self._keep + timedelta(seconds=LOST_S),
        }
        row = {"answer_id": answer_id, "tenant_id": principal.tenant_id, "visitor": principal.id, **values}
        async with self._database.write(principal.tenant_id) as session:
            upsert = insert_into(session, WidgetStream).values(row).on_conflict_do_update(
                index_elements=[WidgetStream.answer_id], set_=values, where=WidgetStream.state != StreamState.DROPPED
            )  # fmt: skip
            noted = await session.execute(upsert.returning(WidgetStream.answer_id))
            return noted.first() is not None

    async def beat(self, tenant_id: str, answer_ids: Sequence[str]) -> set[str]:
        """These are still on their way here; those that are not to be any more, since their visitors stopped them elsewhere."""
        at = self._clock()
        mine = WidgetStream.tenant_id == tenant_id, WidgetStream.answer_id.in_(answer_ids)
        alive = update(WidgetStream).where(*mine, WidgetStream.state == StreamState.RUNNING)
        values = {"beat_at": at, "expires_at": at + self._keep + timedelta(seconds=LOST_S)}
        async with self._database.write(tenant_id) as session:
            known = await session.scalars(alive.values(values).returning(WidgetStream.answer_id))
            return set(answer_ids) - set(known)

    async def of(self, principal: Principal, answer_id: str) -> Noted | None:
        async with self._database.read(principal.tenant_id) as session:
            row = await session.scalar(select(WidgetStream).where(_mine(principal, answer_id)))
        if row is None or row.state == StreamState.DROPPED or row.expires_at <= self._clock():
            return None
        events, fault = self._opened(row)
        return Noted(events, StreamState(row.state), row.beat_at, fault)

    async def follow(self, principal: Principal, answer_id: str, *, after: int) -> AsyncGenerator[AnswerEvent]:
        """As another process writes it. Raises what ended it there, and `UnavailableError` (`connection_lost`) where that process
        is gone."""
        while noted := await self.of(principal, answer_id):
            for event in noted.events[after:]:
                yield event
            after = max(after, len(noted.events))
            if noted.fault is not None:
                raise noted.fault
            if noted.state is StreamState.ENDED:
                return
            if self._clock() - noted.beat_at > timedelta(seconds=LOST_S):
                break
            await asyncio.sleep(NOTE_S)
        raise UnavailableError("whoever wrote this answer is gone; ask again", code="connection_lost")

    async def drop(self, principal: Principal, answer_id: str) -> None:
        """Tell the process that writes it to stop."""
        stopped = update(WidgetStream).where(_mine(principal, answer_id)).values(state=StreamState.DROPPED, events=b"")
        async with self._database.write(principal.tenant_id) as session:
            await session.execute(stopped)

    async def forget(self, principal: Principal, answer_id: str) -> None:
        async with self._database.write(principal.tenant_id) as session:
            await session.execute(delete(WidgetStream).where(_mine(principal, answer_id)))

    def _sealed(
        self, tenant_id: str, answer_id: str, events: Sequence[AnswerEvent], fault: CopilotError | None
    ) -> bytes:
        told: list[Any] = [
            [type(one).__name__, _KINDS[type(one).__name__].dump_python(one, mode="json")] for one in events
        ]
        ended = {"detail": fault.detail, "code": fault.code, "status": fault.status} if fault else None
        data = json.dumps({"told": told, "fault": ended}).encode()
        return self._keyring.encrypt(data, context=_context(tenant_id, answer_id))

    def _opened(self, row: WidgetStream) -> tuple[tuple[AnswerEvent, ...], CopilotError | None]:
        kept = json.loads(self._keyring.decrypt(row.events, context=_context(row.tenant_id, row.answer_id)))
        events = tuple(_KINDS[name].validate_python(value) for name, value in kept["told"])
        fault = kept["fault"]
        return events, CopilotError(fault["detail"], code=fault["code"], status=fault["status"]) if fault else None


def _mine(principal: Principal, answer_id: str) -> ColumnElement[bool]:
    return and_(
        WidgetStream.answer_id == answer_id,
        WidgetStream.tenant_id == principal.tenant_id,
        WidgetStream.visitor == principal.id,
    )


def _context(tenant_id: str, answer_id: str) -> str:
    return f"{tenant_id}/widget_streams/{answer_id}"
