"""A language model on somebody's account."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing

from core.errors import LLMError
from core.llm import LLM, REQUEST_ID, Completion, Message, estimate_prompt
from core.metering import Cost, Meter


class MeteredLLM:
    """Reserves each call before it begins, and settles it at its end, however that comes."""

    def __init__(self, llm: LLM, meter: Meter) -> None:
        self._llm = llm
        self._meter = meter

    @property
    def name(self) -> str:
        return self._llm.name

    @property
    def usage(self) -> Completion | None:
        return self._llm.usage

    async def stream(
        self, messages: Sequence[Message], *, max_tokens: int, deadline_s: float
    ) -> AsyncGenerator[str, None]:
        """Raises `BudgetError` before the model is called."""
        call = await self._meter.reserve(self._llm.name, Cost(estimate_prompt(messages), max_tokens))
        REQUEST_ID.set(call.id)
        left = True
        try:
            async with aclosing(self._llm.stream(messages, max_tokens=max_tokens, deadline_s=deadline_s)) as pieces:
                async for piece in pieces:
                    yield piece
            left = False
        except LLMError:
            left = False
            raise
        finally:
            # A reader that hangs up cancels this task: the price must be written all the same.
            await asyncio.shield(self._meter.settle(call, self._llm.usage, unknown=left))

    async def complete(self, messages: Sequence[Message], *, max_tokens: int, deadline_s: float) -> str:
        async with aclosing(self.stream(messages, max_tokens=max_tokens, deadline_s=deadline_s)) as pieces:
            return "".join([piece async for piece in pieces])

    async def aclose(self) -> None:
        await self._llm.aclose()
