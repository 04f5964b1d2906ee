"""Answers that are kept for their readers: in the process that writes them, and in another one over the same database."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import event, select
from widget_answers import SENTENCES, FakePipeline

from answers.events import AnswerEvent, Done, Started
from answers.types import Question
from api.widget.kept import LOST_S, KeptAnswers
from api.widget.streams import Streams
from api.widget.visits import CHANNEL
from core.auth import VISITOR
from core.crossings import Crossing
from core.database import Database
from core.domain import Audience, Principal
from core.errors import InvalidRequestError, NotFoundError, UnavailableError
from core.keyring import Keyring
from core.models import Tenant, WidgetStream, now
from core.settings import WidgetSettings

KEYRING = Keyring(b"k" * 32)


@dataclass
class Waiting:
    """Two visitors of one tenant, what answers them, and processes that tell it."""

    database: Database
    tenant: str
    pipeline: FakePipeline = field(default_factory=FakePipeline)
    processes: list[Streams] = field(default_factory=list)

    def process(self, **settings: Any) -> Streams:
        given = WidgetSettings(**settings)
        self.processes.append(Streams(given, self.answers(keep_s=given.resume_s)))
        return self.processes[-1]

    def answers(self, *, keep_s: float = 60.0, **more: Any) -> KeptAnswers:
        return KeptAnswers(self.database, KEYRING, keep_s=keep_s, **more)

    def visitor(self, name: str = "kim", channel: str = CHANNEL) -> Principal:
        return Principal(self.tenant, f"w-{name}", Audience.PUBLIC, VISITOR, channel)

    def events(self, text: str = "How?") -> AsyncIterator[AnswerEvent]:
        return self.pipeline.ask(Question(text, self.visitor()))

    async def lost(self, process: Streams, text: str = "How?") -> str:
        """An answer whose reader hears that it has begun, and is gone: its id."""
        events = await process.kept(self.visitor(), self.events(text))
        started = await anext(events)
        assert isinstance(started, Started)
        await events.aclose()  # type: ignore[attr-defined]
        return started.answer_id

    async def rows(self) -> list[WidgetStream]:
        async with self.database.read(self.tenant) as session:
            return list(await session.scalars(select(WidgetStream)))

    async def until(self, condition: Callable[[], object]) -> None:
        async with asyncio.timeout(10):
            while not condition():
                await asyncio.sleep(0.01)

    async def until_rows(self, count: int) -> list[WidgetStream]:
        async with asyncio.timeout(10):
            while len(rows := await self.rows()) != count:
                await asyncio.sleep(0.02)
        return rows


@pytest.fixture
async def waiting(database: Database) -> AsyncIterator[Waiting]:
    async with database.write(Crossing.UPKEEP) as session:
        row = Tenant(slug="acme", name="acme")
        session.add(row)
    found = Waiting(database, row.id)
    yield found
    for process in found.processes:
        await process.aclose()


async def test_an_answer_goes_on_without_its_reader_and_is_told_in_full_to_the_next(waiting: Waiting) -> None:
    waiting.pipeline.pause = 0.05
    process = waiting.process()
    answer_id = await waiting.lost(process)
    again = [event async for event in await process.again(waiting.visitor(), answer_id, after=1)]
    assert isinstance(again[-1], Done)
    assert again[-1].answer.text == " ".join(SENTENCES)
    assert len(waiting.pipeline.asked) == waiting.pipeline.ended == 1
    with pytest.raises(NotFoundError):
        await process.again(waiting.visitor("ann"), answer_id, after=0)


async def test_another_process_goes_on_with_what_the_first_one_writes(waiting: Waiting) -> None:
    waiting.pipeline.pause = 0.4
    answer_id = await waiting.lost(waiting.process())
    await waiting.until_rows(1)
    other = waiting.process()
    heard = [type(event).__name__ async for event in await other.again(waiting.visitor(), answer_id, after=1)]
    assert heard == ["StatusChanged", "Sentence", "Cited", "Sentence", "Cited", "Done"]
    again = [event async for event in await other.again(waiting.visitor(), answer_id, after=0)]
    assert isinstance(again[-1], Done)
    assert again[-1].answer.answer_id == answer_id
    assert again[-1].answer.citations[0].effective_from is not None
    assert len(waiting.pipeline.asked) == waiting.pipeline.ended == 1
    for who, after in (("ann", 0), ("kim", 7)):
        with pytest.raises(NotFoundError):
            await other.again(waiting.visitor(who), answer_id, after=after)
    with pytest.raises(NotFoundError):
        await other.again(waiting.visitor(), "unknown", after=0)


async def test_stop_in_another_process_ends_the_work_and_nobody_elses_does(waiting: Waiting) -> None:
    waiting.pipeline.pause = 30.0
    answer_id = await waiting.lost(waiting.process())
    await waiting.until_rows(1)
    other = waiting.process()
    await other.drop(waiting.visitor("ann"), answer_id)
    await asyncio.sleep(1.5)
    assert waiting.pipeline.ended == 0
    await other.drop(waiting.visitor(), answer_id)
    await waiting.until(lambda: waiting.pipeline.ended)
    await waiting.until_rows(0)


async def test_a_crowd_that_waits_gives_one_sign_of_life_together(waiting: Waiting) -> None:
    waiting.pipeline.pause = 30.0
    process = waiting.process()
    crowd = {await waiting.lost(process) for _ in range(6)}
    before = max(row.beat_at for row in await waiting.until_rows(6))
    beats: list[str] = []

    def heard(_connection: object, _cursor: object, statement: str, parameters: object, *_: object) -> None:
        if statement.startswith("UPDATE widget_streams"):
            beats.append(str(parameters))

    event.listen(waiting.database.engine.sync_engine, "before_cursor_execute", heard)
    async with asyncio.timeout(30):
        while min(row.beat_at for row in await waiting.rows()) <= before:
            await asyncio.sleep(0.1)
    assert beats and all(answer_id in beat for beat in beats for answer_id in crowd)


async def test_what_is_stored_of_an_answer_cannot_be_read(waiting: Waiting) -> None:
    [row] = await waiting.until_rows(1) if await waiting.lost(waiting.process()) else []
    assert b"SYNC-409" not in row.events


async def test_a_process_that_died_is_not_waited_for(waiting: Waiting) -> None:
    started = Started("a" * 32, "c1", "m", 1)
    dead = waiting.answers(clock=lambda: now() - timedelta(seconds=LOST_S + 1))
    await dead.note(waiting.visitor(), started.answer_id, [started], ended=False)
    events = await waiting.process().again(waiting.visitor(), started.answer_id, after=0)
    assert await anext(events) == started
    with pytest.raises(UnavailableError) as fault:
        await anext(events)
    assert fault.value.code == "connection_lost"


async def test_a_process_that_stops_leaves_what_is_whole_and_nothing_else(waiting: Waiting) -> None:
    first = waiting.process()
    whole = await waiting.lost(first)
    await waiting.until(lambda: waiting.pipeline.ended)
    waiting.pipeline.pause = 30.0
    half = await waiting.lost(first)
    await waiting.until_rows(2)
    await first.aclose()
    second = waiting.process()
    told = [event async for event in await second.again(waiting.visitor(), whole, after=0)]
    assert isinstance(told[-1], Done)
    with pytest.raises(NotFoundError):
        await second.again(waiting.visitor(), half, after=0)


async def test_an_abandoned_answer_ends_when_its_time_is_up(waiting: Waiting) -> None:
    waiting.pipeline.pause = 30.0
    process = waiting.process(resume_s=0.05)
    answer_id = await waiting.lost(process)
    await waiting.until(lambda: waiting.pipeline.ended)
    await waiting.until_rows(0)
    with pytest.raises(NotFoundError):
        await process.again(waiting.visitor(), answer_id, after=0)


async def test_a_reader_who_stays_keeps_it_and_closing_ends_every_answer(waiting: Waiting) -> None:
    process = waiting.process(resume_s=0.01)
    waiting.pipeline.pause = 0.1
    assert len([event async for event in await process.kept(waiting.visitor(), waiting.events())]) == 7
    waiting.pipeline.pause = 30.0
    running = await process.kept(waiting.visitor(), waiting.events())
    await anext(running)
    await process.aclose()
    assert waiting.pipeline.ended == 2
    assert [event async for event in running] != []  # what was told before; then the stream ends, without a `done`


@pytest.mark.parametrize("settings", [{"resume_s": 0}, {"max_kept_answers": 1}])
async def test_where_nothing_is_kept_the_work_ends_with_its_reader(waiting: Waiting, settings: dict[str, Any]) -> None:
    process = waiting.process(**settings)
    if settings.get("max_kept_answers"):
        [_ async for _ in await process.kept(waiting.visitor(), waiting.events())]
    waiting.pipeline.pause, before = 30.0, waiting.pipeline.ended
    await waiting.lost(process)
    assert waiting.pipeline.ended == before + 1


async def test_an_api_keys_answer_is_not_kept(waiting: Waiting) -> None:
    waiting.pipeline.pause = 30.0
    events = await waiting.process().kept(waiting.visitor("key", "api"), waiting.events())
    await anext(events)
    await events.aclose()  # type: ignore[attr-defined]
    assert waiting.pipeline.ended == 1
    assert await waiting.rows() == []


async def test_a_fault_reaches_every_reader_wherever_they_are(waiting: Waiting) -> None:
    async def refused() -> AsyncIterator[AnswerEvent]:
        raise InvalidRequestError("too long", code="question_too_long")
        yield

    process = waiting.process()
    with pytest.raises(InvalidRequestError):
        await process.kept(waiting.visitor(), refused())
    events = await process.kept(waiting.visitor(), waiting.events("broken thing"))
    started = await anext(events)
    assert isinstance(started, Started)
    with pytest.raises(UnavailableError):
        [_ async for _ in events]
    with pytest.raises(UnavailableError):
        [_ async for _ in await process.again(waiting.visitor(), started.answer_id, after=1)]
    await waiting.until_rows(1)
    with pytest.raises(Exception, match="the language model did not answer") as told:
        [_ async for _ in await waiting.process().again(waiting.visitor(), started.answer_id, after=1)]
    assert getattr(told.value, "code", None) == "unavailable"
