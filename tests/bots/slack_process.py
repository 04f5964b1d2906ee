"""A bot in a process of its own, to be killed: it never finishes an answer. Arguments: folder, Slack's address, the event."""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import AsyncIterator
from pathlib import Path

from slack_stub import SlackStub
from slack_world import World, post

from answers.events import AnswerEvent, Sentence, Started
from answers.types import Question


class EndlessAnswerer:
    async def ask(self, question: Question) -> AsyncIterator[AnswerEvent]:
        yield Started("a" * 32, "c1", "m", 1)
        yield Sentence(0, "Half of the", "sentence")
        await asyncio.Event().wait()


async def main(folder: str, url: str, event: str) -> None:
    world = World(Path(folder), SlackStub(url=url))
    bot = await world.bot(answerer=EndlessAnswerer())
    response = await post(bot, json.loads(event))
    print(response.status_code, flush=True)
    await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
