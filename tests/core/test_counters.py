from __future__ import annotations

from prometheus_client.parser import text_string_to_metric_families

from core.metrics import Metrics


def samples(metrics: Metrics) -> dict[tuple[str, tuple[tuple[str, str], ...]], float]:
    families = text_string_to_metric_families(metrics.render().decode())
    return {
        (sample.name, tuple(sorted(sample.labels.items()))): sample.value
        for family in families
        for sample in family.samples
    }


def test_answers_are_counted_by_outcome_channel_and_state() -> None:
    metrics = Metrics()
    metrics.answered("answered", "api", degraded=False)
    metrics.answered("answered", "api", degraded=False)
    metrics.answered("abstained", "slack", degraded=True)
    found = samples(metrics)
    name = "copilot_answers_total"
    assert found[name, (("channel", "api"), ("degraded", "false"), ("outcome", "answered"))] == 2
    assert found[name, (("channel", "slack"), ("degraded", "true"), ("outcome", "abstained"))] == 1


def test_stages_are_timed_in_seconds() -> None:
    metrics = Metrics()
    metrics.stage("find", 0.02)
    metrics.stage("find", 4.0)
    found = samples(metrics)
    assert found["copilot_stage_seconds_count", (("stage", "find"),)] == 2
    assert found["copilot_stage_seconds_sum", (("stage", "find"),)] == 4.02
    assert found["copilot_stage_seconds_bucket", (("le", "0.025"), ("stage", "find"))] == 1
    assert found["copilot_stage_seconds_bucket", (("le", "5.0"), ("stage", "find"))] == 2


def test_lost_telemetry_is_counted() -> None:
    metrics = Metrics()
    assert samples(metrics)["copilot_telemetry_dropped_total", ()] == 0
    metrics.telemetry_dropped()
    assert samples(metrics)["copilot_telemetry_dropped_total", ()] == 1


def test_two_services_in_one_process_count_apart() -> None:
    first, second = Metrics(), Metrics()
    first.answered("answered", "api", degraded=False)
    assert b'outcome="answered"' not in second.render()


def test_label_values_that_hold_quotes_and_newlines_stay_one_sample() -> None:
    metrics = Metrics()
    metrics.stage('a"b\nc', 0.1)
    assert samples(metrics)["copilot_stage_seconds_count", (("stage", 'a"b\nc'),)] == 1
