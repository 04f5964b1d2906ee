"""One cache of compiled SQL for all databases of a kind: each test has a database of its own, whose statements SQLAlchemy would
compile anew, which took a fifth of the tests' time. What is compiled depends on the kind alone."""

from __future__ import annotations

from typing import Any

from sqlalchemy.engine import Engine
from sqlalchemy.engine.default import DefaultDialect
from sqlalchemy.util import LRUCache

_compiled: LRUCache[Any, Any] = LRUCache(5_000)


def share() -> None:
    """From now on, in this process."""
    made = Engine.__init__

    def make(engine: Engine, *given: Any, **named: Any) -> None:
        made(engine, *given, **named)
        engine._compiled_cache = _compiled

    Engine.__init__ = make  # type: ignore[method-assign]
    DefaultDialect.__hash__ = lambda dialect: hash(type(dialect))  # type: ignore[method-assign]
    DefaultDialect.__eq__ = lambda one, other: type(one) is type(other)  # type: ignore[method-assign,assignment]
