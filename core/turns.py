"""Who is served next where many tenants want the same few places."""

from __future__ import annotations

import asyncio
from collections import Counter, OrderedDict, deque
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager


class Turns:
    """At most `places` holders at once. A free place goes to the next tenant in turn, not to whoever queued most: one tenant's
    thousand files do not stand before another's one.

    Tenants that asked within the last `lately_s` share the places evenly, one at least each, so that who comes next need not wait
    until a flood gives one back; a tenant that is alone has all of them.
    """

    def __init__(self, places: int, *, lately_s: float = 0.0) -> None:
        self._places = self._free = places
        self._lately_s = lately_s
        self._held: Counter[str] = Counter()
        self._asked: OrderedDict[str, float] = OrderedDict()
        """When each tenant asked last, those who asked longest ago first."""
        self._waiting: OrderedDict[str, deque[asyncio.Future[None]]] = OrderedDict()

    @asynccontextmanager
    async def place(self, tenant_id: str) -> AsyncIterator[None]:
        await self._take(tenant_id)
        try:
            yield
        finally:
            self._give_back(tenant_id)

    async def _take(self, tenant_id: str) -> None:
        if self._lately_s:
            self._asked[tenant_id] = asyncio.get_running_loop().time()
            self._asked.move_to_end(tenant_id)
        if self._free and self._may_have_more(tenant_id):
            self._hold(tenant_id)
            return
        given = asyncio.get_running_loop().create_future()
        self._waiting.setdefault(tenant_id, deque()).append(given)
        try:
            await given
        except asyncio.CancelledError:
            if given.done() and not given.cancelled():
                self._give_back(tenant_id)  # it was ours already
            raise

    def _hold(self, tenant_id: str) -> None:
        self._free -= 1
        self._held[tenant_id] += 1

    def _give_back(self, tenant_id: str) -> None:
        self._free += 1
        self._held[tenant_id] -= 1
        if not self._held[tenant_id]:
            del self._held[tenant_id]
        while self._free and (following := next(filter(self._may_have_more, self._waiting), None)) is not None:
            self._serve(following)

    def _serve(self, tenant_id: str) -> None:
        queue = self._waiting.pop(tenant_id)
        given = queue.popleft()
        if queue:
            self._waiting[tenant_id] = queue  # to the end of the round
        if not given.done():
            self._hold(tenant_id)
            given.set_result(None)

    def _may_have_more(self, tenant_id: str) -> bool:
        """Whoever waits for more than their share holds a place, and is looked at again when it is given back: nobody waits for
        ever beside a free one."""
        if not self._lately_s:
            return True
        since = asyncio.get_running_loop().time() - self._lately_s
        while self._asked and next(iter(self._asked.values())) < since:
            self._asked.popitem(last=False)
        return self._held[tenant_id] < max(1, self._places // max(1, len(self._asked)))
