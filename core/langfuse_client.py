"""Talking to Langfuse's SDK: the only importer of it, and only when a tracer is built.

Its traps that shape this module: the default provider is global and sends other libraries' spans along; a client lives
for ever under its public key; a propagated value that is too long or not ASCII is dropped.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager, ExitStack
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import httpx

from core.telemetry_export import ScrubbingExporter, clip, cut

if TYPE_CHECKING:
    from core.telemetry import ExperimentRow

SEND_TIMEOUT_S = 5
MAX_PROPAGATED = 200


@dataclass(frozen=True, slots=True)
class Connection:
    client: Any
    """The SDK's `Langfuse`."""
    provider: Any
    http: httpx.Client
    public_key: str

    def close(self) -> None:
        """Sends what is left and ends every thread. Blocks for some seconds where the server is gone."""
        from langfuse._client.resource_manager import LangfuseResourceManager

        # First, because the SDK would give this dying client to a tracer that is opened with the same public key meanwhile.
        LangfuseResourceManager._instances.pop(self.public_key, None)
        with ExitStack() as stack:
            stack.callback(self.http.close)
            stack.callback(self.provider.shutdown)
            self.client.shutdown()


def connect(
    *,
    public_key: str,
    secret_key: str,
    base_url: str,
    environment: str,
    release: str,
    sample_rate: float,
    wrap: Callable[[Any], ScrubbingExporter],
) -> Connection:
    """A client with a provider and an HTTP client of its own."""
    from langfuse import Langfuse
    from opentelemetry.exporter.otlp.proto.http import Compression
    from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
    from opentelemetry.sdk.resources import Resource
    from opentelemetry.sdk.trace import TracerProvider
    from opentelemetry.sdk.trace.sampling import TraceIdRatioBased

    credentials = base64.b64encode(f"{public_key}:{secret_key}".encode()).decode("ascii")
    exporter = OTLPSpanExporter(
        endpoint=f"{base_url}/api/public/otel/v1/traces",
        headers={
            "Authorization": f"Basic {credentials}",
            "x-langfuse-public-key": public_key,
            "x-langfuse-ingestion-version": "4",
        },
        timeout=SEND_TIMEOUT_S,
        compression=Compression.Gzip,
    )
    resource = {"service.name": "partner-copilot", "langfuse.environment": environment, "langfuse.release": release}
    provider = TracerProvider(
        sampler=TraceIdRatioBased(sample_rate),
        resource=Resource({key: value for key, value in resource.items() if value}),
        shutdown_on_exit=False,
    )
    http = httpx.Client(timeout=SEND_TIMEOUT_S)
    client = Langfuse(
        public_key=public_key,
        secret_key=secret_key,
        base_url=base_url,
        environment=environment,
        release=release or None,
        timeout=SEND_TIMEOUT_S,
        sample_rate=sample_rate,
        tracer_provider=provider,
        httpx_client=http,
        span_exporter=wrap(exporter),
    )
    return Connection(client, provider, http, public_key)


def propagated(
    name: str, *, session_id: str | None, tags: Sequence[str], metadata: Mapping[str, str]
) -> AbstractContextManager[Any]:
    """What every observation inside shall carry."""
    from langfuse import propagate_attributes

    context: AbstractContextManager[Any] = propagate_attributes(
        trace_name=short(name),
        session_id=short(session_id) if session_id else None,
        tags=[short(tag) for tag in tags],
        metadata={short(key): short(value) for key, value in metadata.items()},
    )
    return context


def run_experiment(
    client: Any, name: str, run_name: str, rows: Sequence[ExperimentRow], totals: Mapping[str, float]
) -> None:
    from langfuse import Evaluation

    by_id = {row.id: row for row in rows}

    def task(*, item: Mapping[str, Any], **_: object) -> object:
        return clip(by_id[item["metadata"]["row"]].output)

    def scores(*, metadata: Mapping[str, str], **_: object) -> list[Any]:
        return [Evaluation(name=metric, value=value) for metric, value in by_id[metadata["row"]].scores.items()]

    def run_scores(**_: object) -> list[Any]:
        return [Evaluation(name=metric, value=value) for metric, value in totals.items()]

    data = [
        {
            "input": clip(row.input),
            "expected_output": clip(row.expected),
            "metadata": {"row": row.id} | {short(key): short(value) for key, value in row.metadata.items()},
        }
        for row in rows
    ]
    client.run_experiment(
        name=name,
        run_name=run_name,
        data=data,
        task=task,
        evaluators=[scores],
        run_evaluators=[run_scores],
        max_concurrency=2,
    )


def short(value: str) -> str:
    """What Langfuse takes as a propagated value: ASCII, at most 200 characters once written as JSON."""
    limit = MAX_PROPAGATED
    while len(json.dumps(text := cut(value.encode("ascii", "replace").decode(), limit))) > MAX_PROPAGATED:
        limit -= 10
    return text
