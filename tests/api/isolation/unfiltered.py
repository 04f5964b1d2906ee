"""Takes the tenant out of every statement's filter, as though each repository had forgotten it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from sqlalchemy import event

from core.database import Database

_FILTER = re.compile(r'(?:"?\w+"?\.)?tenant_id = (%\(\w+\)s(?:::VARCHAR)?|\?)')


@contextmanager
def unfiltered(database: Database) -> Iterator[list[int]]:
    """Statements are rewritten meanwhile; the list holds how many filters were taken out."""
    taken = [0]

    def forget(
        _connection: Any, _cursor: Any, statement: str, parameters: Any, _context: Any, _many: bool
    ) -> tuple[str, Any]:
        found, count = _FILTER.subn(r"\1 IS NOT NULL", statement)
        taken[0] += count
        return found, parameters

    engine = database.engine.sync_engine
    event.listen(engine, "before_cursor_execute", forget, retval=True)
    try:
        yield taken
    finally:
        event.remove(engine, "before_cursor_execute", forget)
