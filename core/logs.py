"""Logs on standard error, one event a line. No question, answer or passage is logged; what slips in is scrubbed."""

from __future__ import annotations

import logging
import sys
import traceback
from collections.abc import Callable, Iterator, Mapping, MutableMapping
from contextlib import suppress
from typing import Any, TextIO

import structlog
from structlog.typing import EventDict, Processor

CONTENT_KEYS = frozenset(
    {
        "question",
        "text",
        "answer",
        "query",
        "prompt",
        "messages",
        "content",
        "passage",
        "quote",
        "comment",
        "correction",
        "body",
    }
)
"""Keys whose values are a partner's words; they are left out whole, redacted or not."""

MAX_TEXT = 2_000
"""Characters of one value."""

# Loggers of servers and vendors that bring handlers of their own, which would print around the scrubber.
_FOREIGN = (
    "uvicorn",
    "uvicorn.error",
    "uvicorn.access",
    "httpx",
    "langfuse",
    "sqlalchemy",
    "sqlalchemy.engine",
    "presidio-analyzer",
)
# At INFO these print statements with their parameters, or addresses with their queries.
_QUIET = (
    "alembic",
    "mcp",
    "sentence_transformers",
    "sqlalchemy",
    "httpx",
    "httpcore",
    "openai",
    "urllib3",
    "unstructured",
    "presidio-analyzer",
    "slack_bolt",
    "slack_sdk",
)


def configure_logging(*, level: str, json: bool | None, scrub: Callable[[str], str]) -> None:
    """Routes structlog and the standard library's loggers through one scrubber; called once, in an entry point.

    `json` `None` means JSON lines unless standard error is a terminal.
    """
    as_json = not sys.stderr.isatty() if json is None else json
    shared: list[Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_logger_name,
        structlog.stdlib.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        _exceptions,
        Scrubber(scrub),
    ]
    renderer: Processor = (
        structlog.processors.JSONRenderer(ensure_ascii=False)
        if as_json
        else structlog.dev.ConsoleRenderer(exception_formatter=structlog.dev.plain_traceback)
    )
    handler = _Handler(sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=[structlog.stdlib.PositionalArgumentsFormatter(), *shared],
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, renderer],
        )
    )
    _route(handler, level)
    structlog.configure(
        processors=[
            structlog.stdlib.filter_by_level,
            structlog.stdlib.PositionalArgumentsFormatter(),
            *shared,
            structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
        ],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=False,
    )


def _route(handler: logging.Handler, level: str) -> None:
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level.upper())
    for name in _FOREIGN:
        foreign = logging.getLogger(name)
        foreign.handlers.clear()
        foreign.propagate = True
    for name in _QUIET:
        logging.getLogger(name).setLevel(max(logging.WARNING, root.level))
    logging.captureWarnings(True)


def _exceptions(_logger: Any, _method: str, event: EventDict) -> EventDict:
    """`exc_info` as classes, first lines of messages and places in the code.

    Later lines of a message hold what was being processed: SQL's parameters, pydantic's inputs, PostgreSQL's keys.
    """
    info = event.pop("exc_info", None)
    event.pop("stack_info", None)
    if info is True:
        info = sys.exc_info()
    error = info[1] if isinstance(info, tuple) else info
    if isinstance(error, BaseException):
        frames = traceback.extract_tb(error.__traceback__)[-12:]
        event["error"] = [_first_line(one) for one in _chain(error)]
        event["error_at"] = [f"{frame.filename}:{frame.lineno} {frame.name}" for frame in frames]
    return event


def _chain(error: BaseException | None) -> Iterator[BaseException]:
    for _ in range(5):
        if error is None:
            return
        yield error
        error = error.__cause__ or (None if error.__suppress_context__ else error.__context__)


def _first_line(error: BaseException) -> str:
    message = str(error).strip().partition("\n")[0]
    return f"{type(error).__name__}: {message[:300]}" if message else type(error).__name__


class _Handler(logging.StreamHandler[TextIO]):
    def handleError(self, record: logging.LogRecord) -> None:
        """Instead of printing the record's raw arguments, as the standard library would."""
        with suppress(OSError, ValueError):
            self.stream.write(f"a log line of {record.name} could not be written\n")


_OURS = ("_record", "_from_structlog", "timestamp", "level", "logger", "request_id")


class Scrubber:
    """A structlog processor: leaves out `CONTENT_KEYS`, scrubs and cuts every other string, at any depth.

    Where the scrubber itself fails, the value is withheld: the line still tells that something happened.
    """

    def __init__(self, scrub: Callable[[str], str]) -> None:
        self._scrub = scrub

    def __call__(self, _logger: Any, _method: str, event: EventDict) -> EventDict:
        own = {
            key: event.pop(key)
            for key in ("_record", "_from_structlog", "timestamp", "level", "logger")
            if key in event
        }
        event.pop("positional_args", None)
        return {**self._mapping(event), **own}

    def _mapping(self, values: Mapping[str, object]) -> MutableMapping[str, Any]:
        return {
            self._text(str(key)): "[left out]" if str(key).lower() in CONTENT_KEYS else self._value(value)
            for key, value in values.items()
        }

    def _value(self, value: object) -> object:
        match value:
            case None | bool() | int() | float():
                return value
            case Mapping():
                return self._mapping(value)
            case list() | tuple() | set() | frozenset():
                return [self._value(item) for item in value]
            case _:
                return self._text(str(value))

    def _text(self, text: str) -> str:
        try:
            # Scrubbed before it is cut, and cut between words: half an address is known to no pattern.
            clean = self._scrub(text if len(text) <= 2 * MAX_TEXT else text[: 2 * MAX_TEXT].rsplit(maxsplit=1)[0])
        except Exception:
            return "[withheld: the scrubber failed]"
        return clean if len(clean) <= MAX_TEXT else clean[:MAX_TEXT] + "…"
