"""Asks a model over and over on a tenant's account, several questions at a time, until it is killed or has asked enough.

The process that is started loads what is needed once, and forks one to be killed for each number that it reads: how many questions
that one may ask. It says the fork's id, and how it ended.
"""

from __future__ import annotations

import asyncio
import os
import sys
from itertools import count

from core.budgets import Budget, Budgets
from core.crossings import Crossing
from core.database import Database
from core.domain import Audience, Principal
from core.llm import Message, OpenAICompatibleLLM
from core.metered_llm import MeteredLLM
from core.metering import Cost, Meter, add
from core.models import Conversation, now

ASKERS = 4


async def ask(url: str, base_url: str, tenant: str, most: int) -> None:
    database = Database(url)
    meter = Meter(database, Budgets(database, Budget()))
    llm = MeteredLLM(OpenAICompatibleLLM(base_url=base_url, model="stub"), meter)
    await meter.recover()
    numbers = count(1)

    async def asker(key: str) -> None:
        principal = Principal(tenant, key, Audience.AGENT, frozenset())
        while next(numbers) <= most:
            async with meter.turn(principal):
                messages = [Message("user", f"question of {key} about the scanner")]
                await llm.complete(messages, max_tokens=64, deadline_s=60)
                async with database.write(Crossing.UPKEEP) as session:  # the turn, as the pipeline keeps it
                    session.add(Conversation(tenant_id=tenant, principal_id=key))
                    await add(session, principal, now().date(), "stub", Cost(), questions=1)

    await asyncio.gather(*(asyncio.create_task(asker(f"key-{n}")) for n in range(ASKERS)))
    await llm.aclose()
    await database.aclose()


def main(url: str, base_url: str, tenant: str) -> None:
    OpenAICompatibleLLM(base_url=base_url, model="stub")  # imports what takes seconds
    print("ready", flush=True)
    for line in sys.stdin:
        child = os.fork()
        if child == 0:
            asyncio.run(ask(url, base_url, tenant, int(line)))
            os._exit(0)
        print(child, flush=True)
        print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), flush=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
