"""What really leaves for Langfuse, decoded from the wire, and that its absence costs nothing."""

from __future__ import annotations

import asyncio
import importlib
import json
import re
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

import pytest

from core.errors import ConfigurationError
from core.llm import Completion
from core.telemetry import ExperimentRow, LangfuseTracer, NullTracer, StageKind, Tracer
from core.telemetry_export import MAX_TEXT, clip
from tests.servers.collector import Collector
from tests.servers.ports import free_port

EMAIL = "jana.novak@filiale.example"


def scrub(text: str) -> str:
    return re.sub(r"[\w.]+@[\w.]+", "<EMAIL>", text)


@pytest.fixture(scope="module", autouse=True)
def _sdk_loaded() -> None:
    """Its import takes seconds, which entry points spend before they serve."""
    importlib.import_module("langfuse")


@asynccontextmanager
async def tracing(
    base_url: str,
    *,
    environment: str = "test",
    sample_rate: float = 1.0,
    scrub: Callable[[str], str] = scrub,
    on_drop: Callable[[], None] = lambda: None,
) -> AsyncIterator[LangfuseTracer]:
    tracer = LangfuseTracer(
        public_key="pk-lf-1",
        secret_key="sk-lf-1",
        base_url=base_url,
        environment=environment,
        release="1.2.3",
        sample_rate=sample_rate,
        scrub=scrub,
        on_drop=on_drop,
    )
    try:
        yield tracer
    finally:
        await tracer.aclose()


async def answer(tracer: Tracer, *, tenant: str = "acme", seed: str = "answer-1", text: str = "Restart.") -> None:
    """One answer's trace, as the pipeline makes it; across tasks, as `asyncio` runs it."""

    async def search() -> None:
        with tracer.stage("find", StageKind.RETRIEVER, input=text) as span:
            with tracer.stage("embed", StageKind.EMBEDDING):
                await asyncio.sleep(0.01)
            span.update(output=[{"source": "runbook.md", "quote": text}])

    metadata = {"release": "4", "channel": "slack", "note": text}
    with tracer.trace("answer", trace_id_seed=seed, tenant=tenant, session_id="conv-1", metadata=metadata) as root:
        with tracer.stage("screen_input", StageKind.GUARDRAIL):
            pass
        async with asyncio.TaskGroup() as group:
            group.create_task(search())
        with tracer.stage("compose", StageKind.GENERATION, input=[f"user: {text}"]) as span:
            span.update(output=text, model="smollm2", usage=Completion(120, 9))
        root.update(output=text, metadata={"outcome": "answered"})
    tracer.score(seed, "confidence", 0.75)
    tracer.score(seed, "user_feedback", "down", comment=f"wrong, says {text}", score_id="fb-1")


class TestOnTheWire:
    async def test_stages_nest_under_the_answer_with_their_kinds(self) -> None:
        with Collector() as langfuse:
            async with tracing(langfuse.base_url) as tracer:
                await answer(tracer)
                await tracer.flush()
                assert tracer.dropped == 0
            root = langfuse.span("answer")
            parents = {span.name: span.parent_id for span in langfuse.spans}
            assert parents["find"] == parents["compose"] == parents["screen_input"] == root.span_id
            assert parents["embed"] == langfuse.span("find").span_id
            assert langfuse.span("find").ms >= 10
            kinds = {span.name: span.attributes["langfuse.observation.type"] for span in langfuse.spans}
            assert kinds == {
                "answer": "span",
                "screen_input": "guardrail",
                "find": "retriever",
                "embed": "embedding",
                "compose": "generation",
            }
            assert len({span.trace_id for span in langfuse.spans}) == 1

    async def test_tenant_release_session_and_metadata_stand_on_every_span(self) -> None:
        with Collector() as langfuse:
            async with tracing(langfuse.base_url) as tracer:
                await answer(tracer)
            assert len(langfuse.spans) == 5
            for span in langfuse.spans:
                assert span.attributes["langfuse.trace.metadata.tenant"] == '"acme"'
                assert span.attributes["langfuse.trace.metadata.channel"] == '"slack"'
                assert span.attributes["langfuse.trace.metadata.release"] == '"4"'
                assert span.attributes["langfuse.trace.tags"] == ["tenant:acme"]
                assert span.attributes["session.id"] == "conv-1"
                assert span.attributes["langfuse.trace.name"] == "answer"
                assert span.resource["langfuse.release"] == "1.2.3"
                assert span.resource["langfuse.environment"] == "test"

    async def test_a_generation_carries_model_and_usage(self) -> None:
        with Collector() as langfuse:
            async with tracing(langfuse.base_url) as tracer:
                await answer(tracer)
            attributes = langfuse.span("compose").attributes
            assert attributes["langfuse.observation.model.name"] == "smollm2"
            assert json.loads(attributes["langfuse.observation.usage_details"]) == {"input": 120, "output": 9}
            assert json.loads(attributes["langfuse.observation.input"]) == ["user: Restart."]
            assert attributes["langfuse.observation.output"] == "Restart."

    async def test_requests_are_authenticated_and_in_langfuse_5s_form(self) -> None:
        with Collector() as langfuse:
            async with tracing(langfuse.base_url) as tracer:
                await answer(tracer)
            assert {path for path, _, _ in langfuse.requests} == {"/api/public/otel/v1/traces", "/api/public/scores"}
            for path, headers, _ in langfuse.requests:
                assert headers["authorization"] == "Basic cGstbGYtMTpzay1sZi0x"
                if path.endswith("traces"):
                    assert headers["x-langfuse-ingestion-version"] == "4"
                    assert headers["content-encoding"] == "gzip"
                    assert headers["content-type"] == "application/x-protobuf"

    async def test_a_score_sent_later_finds_the_trace_of_its_answer(self) -> None:
        with Collector() as langfuse:
            async with tracing(langfuse.base_url) as tracer:
                await answer(tracer, seed="answer-7")
            async with tracing(langfuse.base_url) as later:
                later.score("answer-7", "late", 1.0)
            trace_id = langfuse.span("answer").trace_id
            assert {score["traceId"] for score in langfuse.scores} == {trace_id}
            assert langfuse.score("confidence")["value"] == 0.75
            feedback = langfuse.score("user_feedback")
            assert (feedback["id"], feedback["value"], feedback["dataType"]) == ("fb-1", "down", "CATEGORICAL")

    async def test_concurrent_answers_keep_their_tenants_apart(self) -> None:
        with Collector() as langfuse:
            async with tracing(langfuse.base_url) as tracer:
                await asyncio.gather(*(answer(tracer, tenant=f"t{n}", seed=f"a{n}") for n in range(8)))
            by_trace: dict[str, set[str]] = {}
            for span in langfuse.spans:
                by_trace.setdefault(span.trace_id, set()).add(span.attributes["langfuse.trace.metadata.tenant"])
            assert sorted(map(sorted, by_trace.values())) == [[f'"t{n}"'] for n in range(8)]

    async def test_an_exception_shows_as_its_class_name_only(self) -> None:
        with Collector() as langfuse:
            async with tracing(langfuse.base_url) as tracer:
                with (
                    pytest.raises(LookupError),
                    tracer.trace("answer", trace_id_seed="a", tenant="acme", session_id=None, metadata={}),
                    tracer.stage("find", StageKind.RETRIEVER),
                ):
                    raise LookupError("Meyer's till")
            for span in langfuse.spans:
                assert span.attributes["langfuse.observation.level"] == "ERROR"
                assert span.attributes["langfuse.observation.status_message"] == "LookupError"
                assert (span.events, span.status) == (0, "")
            assert "Meyer" not in langfuse.everything

    async def test_sampling_keeps_traces_whole_and_scores_with_them(self) -> None:
        with Collector() as langfuse:
            async with tracing(langfuse.base_url, sample_rate=0.5) as tracer:
                for n in range(40):
                    await answer(tracer, seed=f"a{n}")
            traces = [span.trace_id for span in langfuse.spans]
            assert 5 < len(set(traces)) < 35
            assert all(traces.count(trace) == 5 for trace in traces)
            assert {score["traceId"] for score in langfuse.scores} == set(traces)


class TestSecondNet:
    @pytest.mark.parametrize(
        "text",
        [
            EMAIL,
            f"line\n{EMAIL}",
            f'say "{EMAIL}"',
            f"{{{EMAIL}",
            f"ü\t{EMAIL}",
            "x " * 10_000 + EMAIL,
            "x" * (MAX_TEXT - 5) + EMAIL,
        ],
    )
    async def test_nothing_unscrubbed_leaves(self, text: str) -> None:
        with Collector() as langfuse:
            async with tracing(langfuse.base_url) as tracer:
                await answer(tracer, text=text, tenant=EMAIL)
                with tracer.stage(f"stage of {EMAIL}", StageKind.SPAN, input={EMAIL: (EMAIL, {EMAIL})}) as span:
                    span.update(metadata={"who": EMAIL}, model=EMAIL)
                rows = [ExperimentRow("q1", text, text, text, {"recall": 1.0}, {"who": EMAIL})]
                await tracer.experiment("golden", "run 1", rows, totals={"recall": 1.0})
            assert langfuse.spans
            assert langfuse.scores
            assert "jana" not in langfuse.everything
            assert "<EMAIL>" in langfuse.everything

    async def test_an_image_in_a_text_is_not_uploaded(self) -> None:
        with Collector() as langfuse:
            async with tracing(langfuse.base_url) as tracer:
                await answer(tracer, text="see data:image/png;base64,iVBORw0KGgo=")
            assert "iVBORw0" not in langfuse.everything
            assert {path for path, _, _ in langfuse.requests} == {"/api/public/otel/v1/traces", "/api/public/scores"}

    async def test_where_the_scrubber_fails_nothing_leaves(self) -> None:
        def broken(_text: str) -> str:
            raise LookupError

        with Collector() as langfuse:
            async with tracing(langfuse.base_url, scrub=broken) as tracer:
                await answer(tracer, text=EMAIL)
                await tracer.flush()
                assert tracer.dropped == 5 + 2
            assert langfuse.requests == []

    async def test_ids_are_left_whole_for_an_eager_scrubber(self) -> None:
        with Collector() as langfuse:
            async with tracing(langfuse.base_url, scrub=lambda text: re.sub(r"\w*\d\w*", "<PHONE>", text)) as tracer:
                with tracer.trace("answer", trace_id_seed="a", tenant="t", session_id="4500017834-9", metadata={}):
                    pass
            assert langfuse.span("answer").attributes["session.id"] == "4500017834-9"

    def test_values_are_cut_to_size(self) -> None:
        nested: object = "deep"
        for _ in range(20):
            nested = [nested]
        assert len(json.dumps(clip(nested))) < 50
        assert clip(list(range(1000))) == list(range(50))
        assert len(str(clip("word " * 10_000))) <= MAX_TEXT + 4
        assert clip(object()) == "<object>"

    async def test_propagated_values_stay_within_langfuses_limits(self) -> None:
        with Collector() as langfuse:
            async with tracing(langfuse.base_url) as tracer:
                metadata = {"long": 'a"\\ ' * 200, "näme": "Müller"}
                with tracer.trace(
                    "a" * 300, trace_id_seed="a", tenant="Märkte " * 60, session_id="s" * 300, metadata=metadata
                ):
                    pass
            (span,) = langfuse.spans
            assert span.attributes["session.id"] == "[300 characters]"
            assert 150 < len(span.attributes["langfuse.trace.metadata.long"]) <= 200
            assert span.attributes["langfuse.trace.metadata.n?me"] == '"M?ller"'
            assert span.attributes["langfuse.trace.metadata.tenant"].startswith('"M?rkte')
            assert span.attributes["langfuse.trace.tags"][0].startswith("tenant:M?rkte")


class TestExperiment:
    async def test_rows_arrive_as_traces_with_scores_and_the_run_with_totals(self) -> None:
        rows = [
            ExperimentRow(f"q{n}", f"question {n}", f"answer {n}", f"expected {n}", {"recall": n / 2}, {"lang": "de"})
            for n in (0, 1, 2)
        ]
        with Collector() as langfuse:
            async with tracing(langfuse.base_url) as tracer:
                await tracer.experiment("golden", "2026-11-21", rows, totals={"recall": 0.5, "abstention": 0.25})
                assert tracer.dropped == 0
            tasks = [span for span in langfuse.spans if span.name == "experiment-item-task"]
            assert {span.attributes["langfuse.observation.input"] for span in tasks} == {row.input for row in rows}
            assert {span.attributes["langfuse.experiment.name"] for span in tasks} == {"2026-11-21"}
            (run,) = {span.attributes["langfuse.experiment.id"] for span in tasks}
            by_row = {s["observationId"]: s["value"] for s in langfuse.scores if "observationId" in s}
            for n, row in enumerate(rows):
                (task,) = [span for span in tasks if span.attributes["langfuse.observation.input"] == row.input]
                assert task.attributes["langfuse.observation.output"] == row.output
                assert task.attributes["langfuse.experiment.item.expected_output"] == row.expected
                assert by_row[task.span_id] == n / 2
            totals = {s["name"]: s["value"] for s in langfuse.scores if s.get("datasetRunId") == run}
            assert totals == {"recall": 0.5, "abstention": 0.25}


class TestFailsOpen:
    async def within(self, tracer: Tracer, *, each_ms: float) -> None:
        """Work under stages goes on, and each costs less than `each_ms` in the median."""
        spent = []
        with tracer.trace("answer", trace_id_seed="a", tenant="acme", session_id=None, metadata={}):
            for _ in range(50):
                began = time.perf_counter()
                with tracer.stage("find", StageKind.RETRIEVER, input="x" * 500) as span:
                    span.update(output=["y" * 500])
                tracer.score("a", "confidence", 0.5)
                spent.append(1000 * (time.perf_counter() - began))
        assert sorted(spent)[25] < each_ms

    async def test_nobody_listening_costs_nothing_and_is_counted(self) -> None:
        drops: list[int] = []
        async with tracing(f"http://127.0.0.1:{free_port()}", on_drop=lambda: drops.append(1)) as tracer:
            await self.within(tracer, each_ms=20)
            await tracer.flush()
            assert tracer.dropped >= 51
        assert len(drops) == tracer.dropped

    async def test_server_errors_are_counted_and_not_raised(self) -> None:
        with Collector(status=500) as langfuse:
            async with tracing(langfuse.base_url) as tracer:
                await self.within(tracer, each_ms=20)
                await tracer.experiment("golden", "run", [ExperimentRow("q", "a", "b")], totals={"recall": 1.0})
                await tracer.flush()
                assert tracer.dropped >= 51
            assert langfuse.requests

    async def test_rejected_keys_are_counted(self) -> None:
        with Collector(status=401) as langfuse:
            async with tracing(langfuse.base_url) as tracer:
                await answer(tracer)
                await tracer.flush()
                assert tracer.dropped >= 5 + 1

    @pytest.mark.slow
    async def test_a_server_that_never_answers_holds_nothing_up(self) -> None:
        with Collector(delay_s=90) as langfuse:
            began = time.monotonic()
            async with tracing(langfuse.base_url) as tracer:
                await self.within(tracer, each_ms=20)
                flushing = asyncio.create_task(tracer.flush())
                await asyncio.sleep(0)
                tick = time.monotonic()
                await asyncio.sleep(0.05)
                assert time.monotonic() - tick < 3, "the event loop was held up"
                await flushing
                assert tracer.dropped >= 1
            assert time.monotonic() - began < 60

    async def test_a_failing_counter_is_of_no_consequence(self) -> None:
        def broken() -> None:
            raise LookupError

        async with tracing(f"http://127.0.0.1:{free_port()}", on_drop=broken) as tracer:
            await answer(tracer)
            await tracer.flush()
            assert tracer.dropped >= 5

    async def test_after_closing_everything_is_still_safe(self) -> None:
        with Collector() as langfuse:
            async with tracing(langfuse.base_url) as tracer:
                pass
            await answer(tracer)
            await tracer.flush()
            await tracer.aclose()
            assert tracer.dropped >= 2

    def test_an_environment_that_langfuse_would_drop_is_refused_at_start(self) -> None:
        with pytest.raises(ConfigurationError, match="COPILOT_LANGFUSE__ENVIRONMENT"):
            LangfuseTracer(
                public_key="pk", secret_key="sk", base_url="http://x", environment="Langfuse Prod", scrub=scrub
            )


@pytest.fixture(params=["null", "langfuse"])
async def tracer(request: pytest.FixtureRequest) -> AsyncIterator[Tracer]:
    if request.param == "null":
        yield NullTracer()
        return
    with Collector() as langfuse:
        async with tracing(langfuse.base_url) as real:
            yield real


class TestContract:
    async def test_blocks_run_once_and_values_pass(self, tracer: Tracer) -> None:
        await answer(tracer)
        await tracer.experiment("golden", "run", [ExperimentRow("q", "a", "b")], totals={})
        await tracer.flush()

    async def test_an_exception_of_the_block_reaches_the_caller_unchanged(self, tracer: Tracer) -> None:
        error = LookupError("mine")
        with pytest.raises(LookupError) as caught, tracer.stage("find", StageKind.SPAN):
            raise error
        assert caught.value is error

    async def test_cancellation_is_not_swallowed(self, tracer: Tracer) -> None:
        async def work() -> None:
            with tracer.stage("find", StageKind.SPAN):
                await asyncio.sleep(30)

        task = asyncio.create_task(work())
        await asyncio.sleep(0.01)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    async def test_stages_outside_a_trace_and_strange_values_are_no_fault(self, tracer: Tracer) -> None:
        with tracer.stage("", StageKind.TOOL, input=object()) as span:
            span.update(output={1: {2, 3}, "self": span}, metadata={}, usage=Completion(0, 0, estimated=True))
        tracer.score("", "", float("nan"))

    async def test_closing_twice_is_no_fault(self, tracer: Tracer) -> None:
        await tracer.aclose()
        await tracer.aclose()
