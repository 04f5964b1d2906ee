"""Tries a key without pause until it is refused; then prints when it was last accepted and when refused, in seconds."""

from __future__ import annotations

import asyncio
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2]))

from core.auth import Keys
from core.database import Database
from core.errors import UnauthenticatedError
from core.keyring import Keyring

PATIENCE_S = 60.0


async def watch(url: str, token: str) -> None:
    database = Database(url)
    keys, until = Keys(database, Keyring(bytes(range(32)))), time.time() + PATIENCE_S
    await keys.authenticate(token)
    print("accepted", flush=True)
    accepted = time.time()
    try:
        while time.time() < until:
            await keys.authenticate(token)
            accepted = time.time()
    except UnauthenticatedError:
        pass
    print(accepted, time.time(), flush=True)
    await database.aclose()


asyncio.run(watch(*sys.argv[1:]))
