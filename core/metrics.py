"""Counters and histograms for `GET /metrics`. No label holds a text or an id of a person."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from prometheus_client import CollectorRegistry, Counter, Histogram, generate_latest
from prometheus_client.core import CounterMetricFamily
from prometheus_client.registry import Collector


class Metrics:
    """One registry for a process; built once, handed down."""

    def __init__(self) -> None:
        self._registry = CollectorRegistry()
        self._answers = Counter(
            "copilot_answers_total", "Answers by outcome", ["outcome", "channel", "degraded"], registry=self._registry
        )
        self._stages = Histogram(
            "copilot_stage_seconds",
            "Time spent in a stage of an answer",
            ["stage"],
            registry=self._registry,
            buckets=(0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30),
        )
        self._telemetry_dropped = Counter(
            "copilot_telemetry_dropped_total", "Traces or scores that could not be sent", registry=self._registry
        )

    def crossings(self, counts: Mapping[str, int]) -> None:
        """Sessions for several tenants, by why they were opened; read when the metrics are."""
        self._registry.register(_Crossings(counts))

    def answered(self, outcome: str, channel: str, *, degraded: bool) -> None:
        self._answers.labels(outcome, channel, str(degraded).lower()).inc()

    def stage(self, name: str, seconds: float) -> None:
        self._stages.labels(name).observe(seconds)

    def telemetry_dropped(self) -> None:
        self._telemetry_dropped.inc()

    def render(self) -> bytes:
        """Prometheus' text format."""
        return generate_latest(self._registry)


class _Crossings(Collector):
    def __init__(self, counts: Mapping[str, int]) -> None:
        self._counts = counts

    def collect(self) -> Iterator[CounterMetricFamily]:
        family = CounterMetricFamily(
            "copilot_crossings", "Transactions that saw several tenants' rows, by purpose", labels=["purpose"]
        )
        for purpose, count in sorted(self._counts.items()):
            family.add_metric([purpose], count)
        yield family
