"""A stand-in for Langfuse's ingestion: decodes what is really sent. It can also answer 500, or not at all."""

from __future__ import annotations

import gzip
import json
import threading
import time
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any

from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.common.v1.common_pb2 import AnyValue


@dataclass(frozen=True, slots=True)
class SentSpan:
    """One span as it arrived; ids in hexadecimal, attributes of its resource included under `resource`."""

    name: str
    trace_id: str
    span_id: str
    parent_id: str
    attributes: dict[str, Any]
    resource: dict[str, Any]
    events: int
    status: str
    ms: float


class Collector:
    """`with Collector() as langfuse:` → `langfuse.base_url`, then `spans`, `scores`, `requests` (path, headers, decoded bytes)."""

    def __init__(self, *, status: int | None = None, delay_s: float = 0.0) -> None:
        self.status = status
        self.delay_s = delay_s
        self.requests: list[tuple[str, dict[str, str], bytes]] = []
        self.spans: list[SentSpan] = []
        self.scores: list[dict[str, Any]] = []
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self._server.daemon_threads = True
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
        self.base_url = f"http://127.0.0.1:{self._server.server_port}"

    def __enter__(self) -> Collector:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    @property
    def everything(self) -> str:
        """All that was received, as text: for asserting that something is not in it."""
        return "\n".join(f"{path} {headers} {body.decode(errors='replace')}" for path, headers, body in self.requests)

    def span(self, name: str) -> SentSpan:
        (found,) = [span for span in self.spans if span.name == name]
        return found

    def score(self, name: str) -> dict[str, Any]:
        (found,) = [score for score in self.scores if score["name"] == name]
        return found

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        collector = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers.get("content-length", 0)))
                if self.headers.get("content-encoding") == "gzip":
                    body = gzip.decompress(body)
                time.sleep(collector.delay_s)
                status, answer = collector._take(self.path, {k.lower(): v for k, v in self.headers.items()}, body)
                self._answer(status, answer)

            def do_GET(self) -> None:
                self._answer(404, {"message": "not here"})

            def _answer(self, status: int, answer: object) -> None:
                payload = json.dumps(answer).encode()
                try:
                    self.send_response(status)
                    self.send_header("content-type", "application/json")
                    self.send_header("content-length", str(len(payload)))
                    self.end_headers()
                    self.wfile.write(payload)
                except ConnectionError:
                    self.close_connection = True

            def log_message(self, *_: object) -> None:
                return None

        return Handler

    def _take(self, path: str, headers: dict[str, str], body: bytes) -> tuple[int, object]:
        self.requests.append((path, headers, body))
        if self.status is not None:
            return self.status, {"message": "out of order"}
        if path == "/api/public/otel/v1/traces":
            self.spans += _spans(ExportTraceServiceRequest.FromString(body))
            return 200, {}
        if path == "/api/public/scores":
            self.scores += json.loads(body)
            return 202, {"message": "Accepted"}
        return 404, {"message": "not here"}


def _spans(request: ExportTraceServiceRequest) -> list[SentSpan]:
    return [
        SentSpan(
            name=span.name,
            trace_id=span.trace_id.hex(),
            span_id=span.span_id.hex(),
            parent_id=span.parent_span_id.hex(),
            attributes={item.key: _value(item.value) for item in span.attributes},
            resource={item.key: _value(item.value) for item in resource.resource.attributes},
            events=len(span.events),
            status=span.status.message,
            ms=(span.end_time_unix_nano - span.start_time_unix_nano) / 1e6,
        )
        for resource in request.resource_spans
        for scope in resource.scope_spans
        for span in scope.spans
    ]


def _value(value: AnyValue) -> Any:
    kind = value.WhichOneof("value")
    if kind == "array_value":
        return [_value(item) for item in value.array_value.values]
    return getattr(value, kind) if kind else None
