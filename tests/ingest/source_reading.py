"""What a source gives, as tests look at it."""

from __future__ import annotations

import pytest

from core.errors import CopilotError, DocumentError
from ingest.sources.base import Source, SourceItem, SourceVanishedError


async def listed(source: Source) -> dict[str, SourceItem]:
    return {item.path: item async for item in source.discover()}


async def read(source: Source) -> dict[str, bytes | str]:
    """Path → bytes, or the code of the item's problem."""
    found: dict[str, bytes | str] = {}
    for path, item in (await listed(source)).items():
        try:
            found[path] = await source.fetch(item)
        except DocumentError as problem:
            found[path] = problem.code
    return found


async def fault(source: Source) -> CopilotError:
    """Of a source that cannot be listed."""
    with pytest.raises(SourceVanishedError) as caught:
        await listed(source)
    return caught.value
