"""Delivered events as rows: stored before they are acknowledged, worked on once, taken up again after a crash.

A worker claims an event by changing its row, and shows with the attempt's number that it still holds it: one whose event
was taken over finds that out before it replies. Payloads are encrypted, and dropped with the last step.
"""

from __future__ import annotations

import asyncio
import dataclasses
import json
from collections.abc import AsyncIterator, Collection
from contextlib import asynccontextmanager, nullcontext
from datetime import datetime, timedelta
from enum import StrEnum

from sqlalchemy import ColumnElement, and_, delete, select, update

from bots.slack.jobs import JobKind, SlackJob
from core.crossings import Crossing
from core.database import Database, WriteSession, insert_into
from core.keyring import Keyring
from core.models import SlackEvent, now


class EventStatus(StrEnum):
    RECEIVED = "received"
    WORKING = "working"
    DONE = "done"
    FAILED = "failed"
    STOPPED = "stopped"
    """Whoever asked pressed stop."""


@dataclasses.dataclass(frozen=True, slots=True)
class Claim:
    """One attempt at one event. `reply_ts` is the message that an earlier attempt began its reply with."""

    event_id: str
    tenant_id: str
    attempt: int
    job: SlackJob
    reply_ts: str | None = None


@dataclasses.dataclass(frozen=True, slots=True)
class _Payload:
    job: SlackJob
    reply_ts: str | None = None
    claimed_at: str | None = None

    def older_than(self, limit: datetime) -> bool:
        return self.claimed_at is None or datetime.fromisoformat(self.claimed_at) <= limit


class Events:
    """The event store of one database, shared by any number of processes."""

    def __init__(self, database: Database, keyring: Keyring) -> None:
        self._database = database
        self._keyring = keyring
        self._turn = asyncio.Lock()
        self.single_process = database.is_sqlite
        """SQLite belongs to one process, so what it left unfinished needs no waiting at the next start."""

    @asynccontextmanager
    async def _writing(self, whose: str | Crossing) -> AsyncIterator[WriteSession]:
        """SQLite's waiting writers are served in no order, and some wait for seconds: here they form a queue."""
        async with self._turn if self.single_process else nullcontext(), self._database.write(whose) as session:
            yield session

    async def store(self, event_id: str, tenant_id: str, job: SlackJob) -> bool:
        """False where the event was stored before: a redelivery."""
        row = {
            "event_id": event_id,
            "tenant_id": tenant_id,
            "status": EventStatus.RECEIVED,
            "payload": self._seal(tenant_id, event_id, _Payload(job)),
            "attempts": 0,
            "created_at": now(),
        }
        async with self._writing(tenant_id) as session:
            added = insert_into(session, SlackEvent).values(row).on_conflict_do_nothing()
            stored = await session.execute(added.returning(SlackEvent.event_id))
            return stored.first() is not None

    async def claim(self, event_id: str) -> Claim | None:
        """The event for this worker alone; None where another one has it, or it is finished."""
        async with self._writing(Crossing.EVENTS) as session:
            row = await session.get(SlackEvent, event_id)
            if row is None or row.status != EventStatus.RECEIVED:
                return None
            payload = dataclasses.replace(self._open(row), claimed_at=now().isoformat())
            claimed = await session.execute(
                update(SlackEvent)
                .where(SlackEvent.event_id == event_id, SlackEvent.status == EventStatus.RECEIVED)
                .values(
                    status=EventStatus.WORKING,
                    attempts=SlackEvent.attempts + 1,
                    payload=self._seal(row.tenant_id, event_id, payload),
                )
                .returning(SlackEvent.attempts)
                .execution_options(synchronize_session=False)
            )
            attempt = claimed.scalar_one_or_none()
        return None if attempt is None else Claim(event_id, row.tenant_id, attempt, payload.job, payload.reply_ts)

    async def due(self, *, running: Collection[str], lease: timedelta) -> list[str]:
        """Events that wait for a worker, oldest first. Those claimed longer than `lease` ago by anyone outside `running` are
        set free first: their worker is dead."""
        limit = now() - lease
        query = select(SlackEvent).where(SlackEvent.status.in_([EventStatus.RECEIVED, EventStatus.WORKING]))
        async with self._database.read(Crossing.EVENTS) as session:
            rows = list(await session.scalars(query.order_by(SlackEvent.created_at)))
        waiting: list[str] = []
        for row in rows:
            if row.event_id in running:
                continue
            if row.status == EventStatus.RECEIVED or (self._open(row).older_than(limit) and await self._free(row)):
                waiting.append(row.event_id)
        return waiting

    async def holds(self, claim: Claim) -> bool:
        """Whether the attempt still is the event's current one; ask right before replying."""
        async with self._database.read(claim.tenant_id) as session:
            return await session.scalar(select(SlackEvent.event_id).where(_held(claim))) is not None

    async def began_reply(self, claim: Claim, ts: str) -> None:
        """Remember the message that the reply begins with, so that a later attempt goes on in it."""
        payload = _Payload(claim.job, ts, now().isoformat())
        await self._change(claim, payload=self._seal(claim.tenant_id, claim.event_id, payload))

    async def finish(self, claim: Claim, status: EventStatus = EventStatus.DONE) -> None:
        """The last step. The id stays, so that a redelivery is known; what was asked does not."""
        await self._change(claim, status=status, payload=b"")

    async def release(self, claim: Claim) -> None:
        """Give the event back: the next sweep, here or elsewhere, takes it up."""
        await self._change(claim, status=EventStatus.RECEIVED)

    async def forget(self, claim: Claim) -> None:
        """As though it had never been asked: the same may be asked again."""
        async with self._writing(claim.tenant_id) as session:
            await session.execute(delete(SlackEvent).where(_held(claim)))

    async def purge(self, *, keep: timedelta) -> None:
        """Forget what ended longer ago than a redelivery can come."""
        ended = SlackEvent.status.not_in([EventStatus.RECEIVED, EventStatus.WORKING])
        async with self._writing(Crossing.EVENTS) as session:
            await session.execute(delete(SlackEvent).where(ended, SlackEvent.created_at < now() - keep))

    async def stop(self, tenant_id: str, channel: str, thread_ts: str) -> list[Claim]:
        """End what waits or is worked on in a thread, in whichever process: its worker finds that it holds it no more."""
        open_ = SlackEvent.status.in_([EventStatus.RECEIVED, EventStatus.WORKING])
        ended: list[Claim] = []
        async with self._writing(tenant_id) as session:
            rows = await session.scalars(select(SlackEvent).where(SlackEvent.tenant_id == tenant_id, open_))
            for row in rows:
                payload = self._open(row)
                if (payload.job.channel, payload.job.thread_ts) == (channel, thread_ts):
                    ended.append(Claim(row.event_id, tenant_id, row.attempts, payload.job, payload.reply_ts))
                    row.status, row.payload = EventStatus.STOPPED, b""
        return ended

    async def _free(self, row: SlackEvent) -> bool:
        same = and_(
            SlackEvent.event_id == row.event_id,
            SlackEvent.status == EventStatus.WORKING,
            SlackEvent.attempts == row.attempts,
        )
        async with self._writing(row.tenant_id) as session:
            freed = await session.execute(
                update(SlackEvent).where(same).values(status=EventStatus.RECEIVED).returning(SlackEvent.event_id)
            )
            return freed.first() is not None

    async def _change(self, claim: Claim, **values: object) -> None:
        async with self._writing(claim.tenant_id) as session:
            await session.execute(update(SlackEvent).where(_held(claim)).values(**values))

    def _seal(self, tenant_id: str, event_id: str, payload: _Payload) -> bytes:
        data = json.dumps(dataclasses.asdict(payload)).encode()
        return self._keyring.encrypt(data, context=f"{tenant_id}/slack_events/{event_id}")

    def _open(self, row: SlackEvent) -> _Payload:
        data = self._keyring.decrypt(row.payload, context=f"{row.tenant_id}/slack_events/{row.event_id}")
        value = json.loads(data)
        job = SlackJob(**{**value["job"], "kind": JobKind(value["job"]["kind"])})
        return _Payload(job, value["reply_ts"], value["claimed_at"])


def _held(claim: Claim) -> ColumnElement[bool]:
    return and_(
        SlackEvent.event_id == claim.event_id,
        SlackEvent.status == EventStatus.WORKING,
        SlackEvent.attempts == claim.attempt,
    )
