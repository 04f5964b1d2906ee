"""What leaves for Langfuse: spans with every text scrubbed, in the exporter's thread, and a count of what was lost."""

from __future__ import annotations

import json
import logging
import re
from collections.abc import Callable, Mapping, Sequence

from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.sdk.trace.export import SpanExporter, SpanExportResult
from opentelemetry.trace import Status
from opentelemetry.util.types import AttributeValue

Scrub = Callable[[str], str]

MAX_TEXT = 8_000
"""Characters of one string; the rest is cut and marked."""
MAX_ITEMS = 50
MAX_DEPTH = 5

# Ids and enumerations: an eager recogniser would take them for telephone numbers, and break the links between traces.
_STRUCTURAL = frozenset({"session.id", "langfuse.observation.type", "langfuse.observation.usage_details"})
_IDENTIFIER = re.compile(r'[\w:.{}",-]{1,400}', re.ASCII)
# The SDK uploads what a data URI holds as a file of its own, past every mask.
_DATA_URI = re.compile(r"data:[\w/+.;=-]*;base64,[A-Za-z0-9+/=_-]*")


def clip(value: object, depth: int = 0) -> object:
    """`value` as JSON types, within `MAX_TEXT`, `MAX_ITEMS`, `MAX_DEPTH`. An unknown object becomes its class name."""
    match value:
        case None | bool() | int() | float():
            return value
        case str():
            return cut(value, MAX_TEXT)
        case _ if depth >= MAX_DEPTH:
            return "…"
        case Mapping():
            return {str(key)[:200]: clip(item, depth + 1) for key, item in list(value.items())[:MAX_ITEMS]}
        case list() | tuple() | set() | frozenset():
            return [clip(item, depth + 1) for item in list(value)[:MAX_ITEMS]]
        case _:
            return f"<{type(value).__name__}>"


def cut(text: str, limit: int) -> str:
    """At most about `limit` characters, cut between words only: half an address is known to no scrubber."""
    text = _DATA_URI.sub("[file]", text)
    if len(text) <= limit:
        return text
    head = text[:limit].rsplit(maxsplit=1)
    return f"{head[0]} ..." if len(head) == 2 else f"[{len(text)} characters]"


class ScrubbingExporter(SpanExporter):
    """Gives on rebuilt spans: texts scrubbed, without events (exceptions carry messages) and status descriptions.

    Here rather than where values are set: what the SDK itself writes passes here, too, and no request waits for it.
    """

    def __init__(self, exporter: SpanExporter, *, scrub: Scrub, on_drop: Callable[[int], None]) -> None:
        self._exporter = exporter
        self._scrub = scrub
        self._on_drop = on_drop

    def export(self, spans: Sequence[ReadableSpan]) -> SpanExportResult:
        try:
            result = self._exporter.export([self._scrubbed(span) for span in spans])
        except Exception:  # a raising exporter ends the SDK's thread, and telemetry with it
            result = SpanExportResult.FAILURE
        if result is not SpanExportResult.SUCCESS:
            self._on_drop(len(spans))
        return result

    def shutdown(self) -> None:
        self._exporter.shutdown()

    def force_flush(self, timeout_millis: int = 30_000) -> bool:
        return self._exporter.force_flush(timeout_millis)

    def _scrubbed(self, span: ReadableSpan) -> ReadableSpan:
        return ReadableSpan(
            name=self._scrub(span.name),
            context=span.context,
            parent=span.parent,
            resource=span.resource,
            attributes={key: self._attribute(key, value) for key, value in (span.attributes or {}).items()},
            kind=span.kind,
            status=Status(span.status.status_code),
            start_time=span.start_time,
            end_time=span.end_time,
            instrumentation_scope=span.instrumentation_scope,
        )

    def _attribute(self, key: str, value: AttributeValue) -> AttributeValue:
        if isinstance(value, str):
            return value if key in _STRUCTURAL and _IDENTIFIER.fullmatch(value) else scrub_json(value, self._scrub)
        if isinstance(value, Sequence) and not isinstance(value, bytes):
            return [scrub_json(item, self._scrub) if isinstance(item, str) else item for item in value]
        return value


def scrub_json(text: str, scrub: Scrub) -> str:
    """Scrubs the strings inside where `text` is JSON, so that escapes hide nothing; else `text` itself."""
    if text[:1] in {"{", "[", '"'}:
        try:
            return json.dumps(_scrub_values(json.loads(text), scrub), ensure_ascii=False)
        except ValueError:
            pass
    return scrub(text)


def _scrub_values(value: object, scrub: Scrub) -> object:
    match value:
        case str():
            return scrub(value)
        case dict():
            return {scrub(key): _scrub_values(item, scrub) for key, item in value.items()}
        case list():
            return [_scrub_values(item, scrub) for item in value]
        case _:
            return value


class LostRecords(logging.Handler):
    """Counts what the SDKs report as lost in their logs only: scores, and spans that found the queue full."""

    LOGGERS = ("langfuse", "opentelemetry.sdk._shared_internal")

    def __init__(self, on_drop: Callable[[int], None]) -> None:
        super().__init__(logging.WARNING)
        self._on_drop = on_drop

    def attach(self) -> None:
        for name in self.LOGGERS:
            logging.getLogger(name).addHandler(self)

    def detach(self) -> None:
        for name in self.LOGGERS:
            logging.getLogger(name).removeHandler(self)

    def emit(self, record: logging.LogRecord) -> None:
        if record.levelno >= logging.ERROR or "dropp" in record.msg.lower() or "Queue full" in record.msg:
            self._on_drop(1)
