"""Who is served next where many tenants want the same few places."""

from __future__ import annotations

import asyncio
from collections import OrderedDict, deque
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager


class Turns:
    """At most `places` holders at once. A free place goes to the next tenant in turn, not to whoever queued most: one tenant's
    thousand files do not stand before another's one."""

    def __init__(self, places: int) -> None:
        self._free = places
        self._waiting: OrderedDict[str, deque[asyncio.Future[None]]] = OrderedDict()

    @asynccontextmanager
    async def place(self, tenant_id: str) -> AsyncIterator[None]:
        await self._take(tenant_id)
        try:
            yield
        finally:
            self._give_back()

    async def _take(self, tenant_id: str) -> None:
        if self._free:
            self._free -= 1
            return
        given = asyncio.get_running_loop().create_future()
        self._waiting.setdefault(tenant_id, deque()).append(given)
        try:
            await given
        except asyncio.CancelledError:
            if given.done() and not given.cancelled():
                self._give_back()  # it was ours already
            raise

    def _give_back(self) -> None:
        while self._waiting:
            tenant_id, queue = self._waiting.popitem(last=False)
            given = queue.popleft()
            if queue:
                self._waiting[tenant_id] = queue  # to the end of the round
            if not given.done():
                given.set_result(None)
                return
        self._free += 1
